"""`python3 -m app retrain` and `watch`: learn from the feedback, now or whenever it is time."""

from __future__ import annotations

import contextlib
import functools
import json
import shlex
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app import guard
from app.commands.shared import AsJson, By, HomeOption, home_of, name_of, tell_tracking
from app.guard import tell
from app.progress import Progress
from app.stdout import put
from core.errors import BadOptionError

if TYPE_CHECKING:
    from core.home import Home
    from core.retraining.gate import Gate
    from core.retraining.scheduler import Decision
    from core.retraining.timetable import Program

#: What steps of the schedule run that name no command.
STEPS: Final = {
    "rescan": ("rescan", "--days", "28", "--json"), "monitor": ("drift", "--alert", "--json"),
    "retrain": ("retrain", "--if-due", "--json"),
}  # fmt: skip
_MARKS = {"passed": "ok  ", "open": "open", "failed": "FAIL"}


def retrain(
    context: typer.Context,
    if_due: Annotated[
        bool, typer.Option("--if-due", help="Only when enough new verdicts have come in and enough time has passed.")
    ] = False,
    warm: Annotated[bool, typer.Option("--warm", help="Add trees to the live model instead.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of everything random.")] = 0,
    by: By = None,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """Learn from all history and the feedback; a candidate is published with what the gate says of it."""
    from core.retraining.retrain import Request

    home, progress = home_of(context, home_dir), Progress()
    with guard.command(home), contextlib.ExitStack() as stack:
        stack.callback(progress.end)
        if if_due:
            due = home.schedule.due(now=datetime.now(UTC))
            tell(due.sentence)
            if not due.is_due:
                return
        request = Request(home.policies.in_force().thresholds, "warm" if warm else "full", name_of(by), seed)
        done = home.retraining.retrain(request, now=datetime.now(UTC), progress=progress)
        progress.end()
        if as_json:
            put(json.dumps(done.gate.as_json() | {"promoted": done.promoted}, indent=1) + "\n")
        else:
            put(_table(done.gate))
        tell(done.gate.judges)
        tell(f"{done.version}: {done.gate.verdict}. {done.gate.sentence}")
        tell(f"{done.version} is live." if done.promoted else f"{done.version} is not live.")
        tell_tracking(home)


def watch(
    context: typer.Context,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 60,
    once: Annotated[bool, typer.Option("--once", help="Look once, then end.")] = False,
    schedule: Annotated[
        bool, typer.Option("--schedule", help="Say which step runs when and how it went, then end.")
    ] = False,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """Look again and again whether it is time to retrain and what is wrong; decisions are in data/logs/watch.log.

    It runs the steps that [schedule] of data/settings.toml names, at their times. --json goes with --schedule.
    """

    home = home_of(context, home_dir)
    with guard.command(home):
        if as_json and not schedule:
            raise BadOptionError("--json", "give --schedule too: a look prints no table.")
        if schedule:
            put(_schedule(home, as_json=as_json))
            return
        thresholds = home.policies.in_force().thresholds
        if once:
            with home.scheduler.alone():
                _tell(home, home.scheduler.decide(thresholds, now=datetime.now(UTC)))
        else:
            told = functools.partial(_tell, home)
            home.scheduler.watch(thresholds, every=every, now=lambda: datetime.now(UTC), told=told)


def _tell(home: Home, decision: Decision) -> None:
    """The decision, what a look at all that is live has found since the last one, and texts erased at their end."""

    now = decision.at
    scheduled = home.timetable.news(_program(), now=now)
    for sentence in (decision.sentence, *scheduled, *home.rounds.news(now=now), *home.retention.news(now=now)):
        tell(f"{decision.at:%Y-%m-%d %H:%M:%S} UTC  {sentence}")
    tell_tracking(home)


def _program() -> Program:
    from core.retraining.timetable import Program

    return Program((sys.executable, "-m", "app"), STEPS)


def _schedule(home: Home, *, as_json: bool) -> str:
    """The steps with their next time and how they went last, as JSON or a line each."""
    now, ran = datetime.now(UTC), home.timetable.ran()
    steps, last = home.timetable.steps(STEPS), {each.step: asdict(each) for each in ran}
    rows: list[dict[str, Any]] = [
        {"step": each.name, "at": each.at, "run": shlex.join(each.words), "next": _iso(each.after(now)),
         "last": last.get(each.name)}
        for each in steps
    ]  # fmt: skip
    if as_json:
        return json.dumps({"format": 1, "steps": rows, "ran": [asdict(each) for each in ran]}, indent=1) + "\n"
    if not rows:
        return "Nothing is scheduled: docs/flows.md says how.\n"
    lines = []
    for each in rows:
        went = each["last"]
        how = (
            "not run yet" if went is None else f"{'failed' if went['failed'] else 'done'} {went['due']} {went['said']}"
        )
        lines.append("\t".join([each["step"], each["at"], each["next"] or "run by another scheduler", how]) + "\n")
    return "".join(lines)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _table(gate: Gate) -> str:
    width = max(len(each.name) for each in gate.checks)
    return "".join(f"{_MARKS[each.state]}  {each.name:<{width}}  {each.sentence}\n" for each in gate.checks)
