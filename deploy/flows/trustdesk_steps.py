"""The pipeline as commands, for schedulers: a step is a command, its exit code says how it went, its stdout is JSON.

Only the standard library is used, as this is imported where a scheduler is installed and Trustdesk is not.
TRUSTDESK_PYTHON: the Python of Trustdesk; TRUSTDESK_PROGRAM: its folder; TRUSTDESK_HOME: the workspace.
A step runs what `[schedule]` of the workspace names under its `run`; where that names nothing, the command below.
TRUSTDESK_ARRIVALS, TRUSTDESK_USERS and TRUSTDESK_SCORES: what these fetch and score, and where scores go.
"""

import json
import os
import shlex
import subprocess

#: Name of a step: the words of its command where the workspace names none, in order. The gate is what `retrain` says
#: of its candidate.
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
    """The words of a command: those of the workspace's schedule, else of STEPS, with the places of this machine."""
    asked = _done("watch", "--schedule", "--json")
    if asked.returncode != 0:
        raise StepFailedError(f"{step} was not begun: its schedule cannot be read. {_said(asked)}")
    named = [each["run"] for each in json.loads(asked.stdout)["steps"] if each["step"] == step]
    if named:
        return shlex.split(named[0])
    places = {name: os.environ.get(f"TRUSTDESK_{name.upper()}", "") for name in ("arrivals", "users", "scores")}
    return [word.format(**places) for word in STEPS[step]]


def run(step):
    """Run a step: its name, exit code, JSON (None for none) and last line. Raises StepFailedError."""
    done = _done(*words(step))
    said = _said(done)
    if done.returncode not in DONE.get(step, (0, 3)):
        raise StepFailedError(f"{step} has failed (exit code {done.returncode}). {said}")
    try:
        found = json.loads(done.stdout)
    except ValueError:
        found = None
    return {"step": step, "code": done.returncode, "json": found, "said": said}


def _done(*given):
    command = [os.environ.get("TRUSTDESK_PYTHON", "python3"), "-m", "app", *given]
    return subprocess.run(  # noqa: S603 - words of the workspace's schedule, or of STEPS and places of this machine
        command, cwd=os.environ.get("TRUSTDESK_PROGRAM") or None, capture_output=True, text=True, check=False
    )


def _said(done):
    return next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")


def gate(retrained):
    """What the gate said of the candidate, from the result of `retrain`; no candidate is no failure."""
    found = retrained["json"]
    said = f"{found['candidate']}: {found['verdict']}. {found['sentence']}" if found else retrained["said"]
    return {"step": "gate", "code": 0, "json": found, "said": said}
