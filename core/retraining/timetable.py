"""Steps that run at times: the table `[schedule]` of `data/settings.toml`, times as cron writes them, in UTC.

    [schedule]
    fetch = { at = "*/15 * * * *", run = "watch-folder /srv/arrivals /srv/scores --once" }
    score = { at = "5 * * * *", run = "score /srv/users.csv --output /srv/scores.csv --overwrite" }
    rescan = { at = "30 2 * * *" }
    monitor = { at = "10 * * * *" }
    retrain = { at = "0 3 * * *" }

`run` are the words of a command of this program; those of `rescan`, `monitor` and `retrain` are known. "elsewhere" in
place of times stands for those of another scheduler that runs the step. The gate is part of a retraining and has no
time. Steps that are due together run one after the other in the order of STEPS, in a job; after one that has failed,
those behind it are left out. `data/schedule.json` has what ran when.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

from croniter import croniter
from croniter.croniter import CroniterError

from core import formats
from core.access.home_options import HomeOptions
from core.errors import BadOptionError, CancelledError, TrustdeskError, listed
from core.files import write_text
from core.jobs import Jobs, Report
from core.settings import child_environment
from core.wording import count

#: The one description of the pipeline. The last one is no command: it is what a retraining says of its candidate.
STEPS: Final = ("fetch", "score", "rescan", "monitor", "retrain", "gate")
TABLE: Final = "schedule"
JOB: Final = "schedule"
PREFIX: Final = "schedule-"
FORMAT: Final = 1
#: Stands where times do, for a step that another scheduler runs.
ELSEWHERE: Final = "elsewhere"
#: Exit codes of a step that has done its work: all of it, but for rejected rows, and, of `monitor`, that users drifted.
DONE: Final[Mapping[str, frozenset[int]]] = {"monitor": frozenset({0, 3, 4})}
_DONE: Final = frozenset({0, 3})
#: How many results are kept, and how many times that have passed are counted.
_KEPT: Final = 500
_MOST_COUNTED: Final = 1_000
_FIELDS: Final = 5
#: Seconds between two looks whether a step is to be cancelled, and letters of what it said.
_LOOK_EVERY: Final = 0.5
_MOST_SAID: Final = 500


@dataclass(frozen=True, slots=True)
class Program:
    """How a command is begun, and the words of steps that name none."""

    start: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """A step, when it runs or ELSEWHERE, and the words of its command."""

    name: str
    at: str
    words: tuple[str, ...]

    def after(self, moment: datetime) -> datetime | None:
        """The first time after a moment; None where another scheduler runs it."""
        return None if self.at == ELSEWHERE else _next(self.at, moment)


@dataclass(frozen=True, slots=True)
class Result:
    """How a step went. `due`, `began`, `ended`: times in ISO 8601, "" where there is none; `missed`: times that passed
    before it; `code`: the exit code, None where it was left out; `said`: its last line.
    """

    step: str
    due: str
    began: str = ""
    ended: str = ""
    code: int | None = None
    said: str = ""
    missed: int = 0
    failed: bool = False


@dataclass(slots=True)
class _State:
    """`looked`: by step, its times and until when they were looked at; `job` with the steps it was begun for."""

    looked: dict[str, tuple[str, str]] = field(default_factory=dict)
    job: str = ""
    asked: list[Result] = field(default_factory=list)
    ran: list[Result] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """The steps of a home. `path`: where it is kept what ran when; `home`: the folder that commands are given."""

    jobs: Jobs
    options: HomeOptions
    path: Path
    home: Path

    def steps(self, words: Mapping[str, tuple[str, ...]]) -> tuple[Step, ...]:
        """What is set up, in order; `words`: of steps that name none. Raises BadOptionError, which says the line."""
        table = self.options.table(TABLE, STEPS[:-1])
        return tuple(self._step(name, table[name], words) for name in STEPS if name in table)

    def ran(self) -> tuple[Result, ...]:
        """What ran, the oldest first. Raises NewerFormatError."""
        return tuple(self._load().ran)

    def failures(self) -> Iterator[tuple[str, str]]:
        """What is wrong now: steps that failed or were left out the last time, and settings that cannot be used."""
        try:
            names = set(self.options.table(TABLE, STEPS[:-1]))
            last = {each.step: each for each in self.ran()}
        except TrustdeskError as error:
            yield "settings", str(error)
            return
        yield from ((name, f"{name}: {each.said}") for name, each in last.items() if each.failed and name in names)

    def news(self, program: Program, *, now: datetime) -> tuple[str, ...]:
        """`look`, for who goes on whatever it finds."""
        try:
            return self.look(program, now=now)
        except TrustdeskError as error:  # settings that somebody edits just now: the next look reads them again
            return (str(error),)

    def look(self, program: Program, *, now: datetime) -> tuple[str, ...]:
        """Keep what has ended and begin what is due; a sentence for each. Raises BadOptionError, NewerFormatError.

        A step that is due while another job of the schedule goes on is left out. One whose times have passed while
        nobody looked runs once. What is set up anew, or at other times, counts from now.
        """
        state, steps = self._load(), self.steps(program.words)
        before = json.dumps(_raw(state))
        said, due = self._over(state, now), list(_due(steps, state, now))
        begins = bool(due) and not state.job
        if begins:
            number = max((int(each.id.removeprefix(PREFIX)) for each in self.jobs.listed(PREFIX)), default=0) + 1
            state.job, state.asked = f"{PREFIX}{number:04d}", [result for _, result in due]
            said += [f"{each.step} {_missed(each)}" for each in state.asked if each.missed]
        else:
            text = f"It was due at %s while {state.job} was under way, and was left out."
            state.ran += [replace(result, said=text % result.due, failed=True) for _, result in due]
            said += [f"{result.step}: {text % result.due}" for _, result in due]
        if json.dumps(_raw(state)) != before:
            self._write(state)  # before the job begins: a step is rather left out than run twice
        if begins:
            names = listed([step.name for step, _ in due])
            work = [[step.name, result.due, *step.words] for step, result in due]
            arguments = {"start": program.start, "work": work}
            self.jobs.start(JOB, arguments, title=f"Schedule: {names}", identity=state.job, lane="long")
            said.append(f"{state.job} has started: {names}.")
        return tuple(said)

    def work(self, report: Report, *, start: Sequence[str], work: Sequence[Sequence[str]]) -> None:
        """The job: each step a process, one after the other; what comes behind one that failed is left out."""
        results = list[Result]()
        for number, (name, due, *words) in enumerate(work):
            if failed := next((each.step for each in results if each.failed), ""):
                results.append(Result(name, due, said=f"It was left out, as {failed} had failed.", failed=True))
            else:
                results += self._run(report, (number, len(work)), Result(name, due), [*start, *words])
            report.keep({"ran": [asdict(each) for each in results]})

    def _run(self, report: Report, at: tuple[int, int], result: Result, command: Sequence[str]) -> list[Result]:
        began = datetime.now(UTC)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
            environment = child_environment(self.home)
            with subprocess.Popen(command, stdout=out, stderr=said, env=environment) as process:  # noqa: S603 - ours
                try:
                    while process.poll() is None:
                        report(*at, result.step)
                        with contextlib.suppress(subprocess.TimeoutExpired):
                            process.wait(_LOOK_EVERY)
                except CancelledError:
                    process.terminate()
                    raise
            code, last = process.returncode, _last_line(said)
            done = code in DONE.get(result.step, _DONE)
            text = last if done else f"It has failed (exit code {code}). {last}".strip()
            found = replace(
                result, began=_iso(began), ended=_iso(datetime.now(UTC)), code=code, said=text, failed=not done
            )
            return [found, *_gate(found, out)]

    def _over(self, state: _State, now: datetime) -> list[str]:
        """Take up what a job has come to that is over; sentences of it."""
        job = self.jobs.look(state.job) if state.job else None
        if not state.job or (job is not None and not job.over):
            return []
        told = (self.jobs.result(state.job) or {"ran": []})["ran"]
        ran = [Result(**each) for each in told]
        why = job.message if job is not None and job.message else "It ended early."
        missing = [each for each in state.asked if each.step not in {one.step for one in ran}]
        missed = {each.step: each.missed for each in state.asked}
        found = [replace(each, missed=missed.get(each.step, 0)) for each in ran]
        found += [replace(each, ended=_iso(now), said=why, failed=True) for each in missing]
        state.ran, state.job, state.asked = [*state.ran, *found], "", []
        return [f"{each.step}: {each.said or 'Done.'}" for each in found]

    def _step(self, name: str, raw: object, words: Mapping[str, tuple[str, ...]]) -> Step:
        if not isinstance(raw, Mapping) or not set(raw) <= {"at", "run"} or not isinstance(raw.get("at"), str):
            raise self._bad(name, 'give its times, as in { at = "0 3 * * *" }, and the words of a command as run.')
        at, run = raw["at"], raw.get("run", "")
        if why := _unusable(at):
            text = f'"{at}" is no time as cron writes it ({why}): minute, hour, day, month, weekday, as in "0 3 * * *".'
            raise self._bad(name, text)
        try:
            given = tuple(shlex.split(run)) if isinstance(run, str) else ()
        except ValueError:
            raise self._bad(name, "run has a quotation mark without its other one.") from None
        if not (given or words.get(name)):
            raise self._bad(name, 'say what runs, as in run = "score users.csv --output scores.csv".')
        return Step(name, at, given or words[name])

    def _bad(self, name: str, text: str) -> BadOptionError:
        line = _line(self.options.options_file.read_text(encoding="utf-8-sig"), name)
        return BadOptionError(f"{self.options.options_file.name}, line {line}", f"{name} of [{TABLE}]: {text}")

    def _load(self) -> _State:
        if not self.path.is_file():
            return _State()
        raw = formats.load(self.path, known=FORMAT)
        asked, ran = ([Result(**each) for each in raw[name]] for name in ("asked", "ran"))
        return _State({name: (at, since) for name, (at, since) in raw["looked"].items()}, raw["job"], asked, ran)

    def _write(self, state: _State) -> None:
        write_text(self.path, json.dumps({"format": FORMAT} | _raw(state), ensure_ascii=False, indent=1) + "\n")


def _due(steps: Sequence[Step], state: _State, now: datetime) -> Iterator[tuple[Step, Result]]:
    """The steps whose time has come since they were looked at, which they are from now on."""
    for step in steps:
        if step.at == ELSEWHERE:
            continue
        at, since = state.looked.get(step.name, ("", ""))
        if at != step.at:
            state.looked[step.name] = (step.at, _iso(now))
            continue
        passed, moment = list[datetime](), datetime.fromisoformat(since)
        while len(passed) < _MOST_COUNTED and (moment := _next(step.at, moment)) <= now:
            passed.append(moment)
        if passed:
            state.looked[step.name] = (step.at, _iso(now))
            last: datetime = croniter(step.at, now + timedelta(microseconds=1)).get_prev(datetime)
            yield step, Result(step.name, _iso(last), missed=len(passed) - 1)


def _next(at: str, moment: datetime) -> datetime:
    found: datetime = croniter(at, moment).get_next(datetime)
    return found


def _unusable(at: str) -> str:
    """Why this is no time, "" where it is one or stands for one."""
    if at == ELSEWHERE:
        return ""
    if len(at.split()) != _FIELDS:
        return "it has not five fields"
    try:
        croniter(at, datetime(2024, 1, 1, tzinfo=UTC)).get_next(datetime)
    except CroniterError as error:  # one that never comes, too
        return str(error)
    return ""


def _missed(result: Result) -> str:
    return f"was not run {count(result.missed, 'time')} before {result.due}, while nobody looked; it runs once."


def _gate(retrained: Result, out: IO[bytes]) -> list[Result]:
    """What the gate said of the candidate of a retraining that made one."""
    if retrained.step != "retrain" or retrained.failed:
        return []
    out.seek(0)
    try:
        found = json.loads(out.read())
        said = f"{found['candidate']}: {found['verdict']}. {found['sentence']}"
    except (ValueError, TypeError, KeyError):  # none was due, or `run` asks for no JSON
        return []
    return [replace(retrained, step=STEPS[-1], said=said[:_MOST_SAID])]


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").split("\n")
    return next((each.strip() for each in reversed(lines) if each.strip()), "")[:_MOST_SAID]


def _line(text: str, name: str) -> int:
    """The line of a step in the settings; the last one where it is written in a way of its own."""
    table, number, begins = "", 0, {TABLE: rf"\s*{name}\b", f"{TABLE}.{name}": r"\s*(at|run)\b"}
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^\]]+?)\s*\]", line):
            table = header[1]
        elif table in begins and re.match(begins[table], line):
            return number
    return number


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _raw(state: _State) -> dict[str, Any]:
    asked, ran = ([asdict(each) for each in some] for some in (state.asked, state.ran[-_KEPT:]))
    return {"looked": state.looked, "job": state.job, "asked": asked, "ran": ran}
