"""The pipeline as commands, for schedulers: a step is a command, its exit code says how it went, its stdout is JSON.

Only the standard library is used, as this is imported where a scheduler is installed and Trustdesk is not.
TRUSTDESK_PYTHON: the Python of Trustdesk; TRUSTDESK_PROGRAM: its folder; TRUSTDESK_HOME: the workspace.
TRUSTDESK_ARRIVALS, TRUSTDESK_USERS and TRUSTDESK_SCORES: what is fetched and scored, and where scores go.
"""

import json
import os
import subprocess

#: Name of a step: the words of its command, in order. The gate is what `retrain` says of its candidate.
STEPS = {
    "fetch": ["watch-folder", "{arrivals}", "{scores}", "--once"],
    "score": ["score", "{users}", "--output", "{scores}/scored.csv", "--overwrite"],
    "monitor": ["drift", "--alert", "--json"],
    "retrain": ["retrain", "--if-due", "--json"],
    "gate": [],
}
#: Exit codes of a step that has done its work: 3 says that rows were rejected, 4 of `drift` that users drifted.
DONE = {"monitor": (0, 3, 4)}


class StepFailedError(Exception):
    """A step that has not done its work, with what it said."""


def words(step):
    """The words of a command, with the places of this machine."""
    places = {name: os.environ.get(f"TRUSTDESK_{name.upper()}", "") for name in ("arrivals", "users", "scores")}
    return [word.format(**places) for word in STEPS[step]]


def run(step):
    """Run a step: its name, exit code, JSON (None for none) and last line. Raises StepFailedError."""
    command = [os.environ.get("TRUSTDESK_PYTHON", "python3"), "-m", "app", *words(step)]
    done = subprocess.run(  # noqa: S603 - words of STEPS and places of this machine
        command, cwd=os.environ.get("TRUSTDESK_PROGRAM") or None, capture_output=True, text=True, check=False
    )
    said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
    if done.returncode not in DONE.get(step, (0, 3)):
        raise StepFailedError(f"{step} has failed (exit code {done.returncode}). {said}")
    try:
        found = json.loads(done.stdout)
    except ValueError:
        found = None
    return {"step": step, "code": done.returncode, "json": found, "said": said}


def gate(retrained):
    """What the gate said of the candidate, from the result of `retrain`; no candidate is no failure."""
    found = retrained["json"]
    said = f"{found['candidate']}: {found['verdict']}. {found['sentence']}" if found else retrained["said"]
    return {"step": "gate", "code": 0, "json": found, "said": said}
