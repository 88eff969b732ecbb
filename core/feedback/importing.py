"""Feedback in the short form becomes verdicts: what was predicted, of whom and on which values, is in the run."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from core import accounts, audit
from core.data import datasets
from core.data import schema as schemas
from core.decision import runs, served
from core.decision.marks import Mark, exactly
from core.decision.policy import POSITIVE
from core.decision.runs import Run
from core.decision.served import Users
from core.decision.strata import Stratum
from core.errors import BadOptionError, RefusedError, UnknownItemError
from core.feedback import csv_store, ledger, plans, review
from core.feedback.csv_store import CsvStore
from core.feedback.short_form import Prediction, Row, Said, understood, unknown
from core.feedback.verdict import Judgement, Verdict
from core.settings import Settings

#: Verdicts written at once: one wait for the disk each time, and no reviewer waits long for the lock.
_BATCH: Final = 500
#: What the short form calls that which errors call otherwise.
_COLUMN: Final = {"id": "feedback_id", "notes": "feedback_notes", "name": "reviewer"}
_WORD: Final[Mapping[bool, Judgement]] = {True: "spammer", False: "legitimate"}

#: The rows turned away, as `table` gives them.
REJECTED: Final = Mark("rejected feedback", exactly("row", "column", "sentence", "record"))
Ready = Callable[[Sequence["Refusal"]], None]

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was turned away, the column to change ("" for the whole row), and what to do about it."""

    row: int
    column: str
    sentence: str
    text: str


@dataclass(frozen=True, slots=True)
class Imported:
    """`ids` of the verdicts that are stored now, in the order of their rows; those in `fresh` were not there before."""

    ids: tuple[str, ...]
    fresh: frozenset[str]
    refused: tuple[Refusal, ...]

    @property
    def new(self) -> int:
        return len(self.fresh)


def record(
    settings: Settings,
    rows: Sequence[Row],
    *,
    by: str,
    now: datetime,
    source: str = "feedback",
    ready: Ready = lambda _refused: None,
) -> Imported:
    """Store a verdict for every row that can be used; they are on disk when this returns. The others are refused.

    Without a reviewer in the row it is `by`. An id that is not given follows from what is said, so that importing the
    same rows again stores nothing new. `ready` is given the rows refused so far before anything is stored; what it
    raises is raised here. Raises NotAllowedError, SchemaError and StorageError.
    """
    person = accounts.authorise(settings, by, "judge")
    refused = [Refusal(row.number, "", f"Row {row.number}: {row.fault}.", row.text) for row in rows if row.fault]
    said = _kept(((row, row) for row in rows if not row.fault), lambda row: understood(row, person), refused)
    known = _predictions(settings, (each.prediction for _, each in said))
    judged = _kept(said, lambda each: _verdict(each, known, now), refused)
    ready(refused)
    before = _ids(settings)
    # The id of a verdict that was imported before follows from all that it says: nothing else can be stored under it.
    _store(settings, [each for each in judged if not (each[1].id in before and _derived(each[1]))], refused)
    review.catch_up(settings)
    unused = {refusal.row for refusal in refused}
    ids = tuple(verdict.id for row, verdict in judged if row.number not in unused)
    fresh = frozenset(ids) - before
    if fresh:
        facts = {"new": len(fresh), "known": len(ids) - len(fresh), "refused": len(refused)}
        audit.note(settings, who=person.name, what="import feedback", about=source, details=facts, now=now)
    return Imported(ids, fresh, tuple(sorted(refused, key=lambda refusal: refusal.row)))


def table(refused: Sequence[Refusal]) -> pa.Table:
    """The rows turned away: row, column, sentence, record (the row as it was given)."""
    numbers = pa.array([each.row for each in refused], pa.int64())
    texts = {"column": "column", "sentence": "sentence", "record": "text"}
    columns = {name: pa.array([getattr(each, of) for each in refused], pa.string()) for name, of in texts.items()}
    return REJECTED.on(pa.table({"row": numbers} | columns))


def _kept(
    given: Iterable[tuple[Row, T]], step: Callable[[T], U], refused: list[Refusal]
) -> list[tuple[Row, U]]:  # fmt: skip
    """What the step makes of each; where it raises BadOptionError, the row is refused instead."""
    kept = []
    for row, each in given:
        try:
            kept.append((row, step(each)))
        except BadOptionError as error:
            column, sentence = _COLUMN.get(error.option, error.option), str(error).removeprefix(f"{error.option}: ")
            refused.append(_refusal(row, column, sentence))
    return kept


def _refusal(row: Row, column: str, sentence: str) -> Refusal:
    return Refusal(row.number, column, _storable(f"Row {row.number}, {column}: {sentence}"), _storable(row.text))


def _storable(text: str) -> str:
    """The text with what no file can hold, half of a surrogate pair, as a question mark."""
    return text.encode("utf-8", "replace").decode()


def _verdict(said: Said, known: Mapping[Prediction, Mapping[str, Any]], now: datetime) -> Verdict:
    prediction = "-".join(map(str, said.prediction))
    facts = known.get(said.prediction)
    if facts is None:
        raise unknown(prediction)
    verdict = _WORD[_label(said, predicted=facts["band"] in POSITIVE, band=facts["band"])]
    identity = said.id or _identity(prediction, said.reviewer, verdict, said.notes)
    # Whether a score was seen before the label was found is not known, so that nothing is called blind.
    return Verdict(
        id=identity, time=now, prediction=prediction, reviewer=said.reviewer, verdict=verdict, notes=said.notes,
        blind=False, **facts,
    )  # fmt: skip


def _label(said: Said, *, predicted: bool, band: str) -> bool:
    """Whether the user is a spammer."""
    if said.correct is None:
        if said.spammer is None:
            raise BadOptionError("actual_label", "it is missing, and so is is_correct. Fill in one of them.")
        return said.spammer
    label = predicted == said.correct
    if said.spammer not in {None, label}:
        raise BadOptionError(
            "is_correct",
            f"{str(said.correct).lower()} contradicts actual_label {int(not label)}: the prediction was "
            f"{_WORD[predicted]} ({band}). Correct one of the two, or leave is_correct empty.",
        )
    return label


def _identity(prediction: str, reviewer: str, verdict: str, notes: str) -> str:
    said = json.dumps([prediction, reviewer, verdict, notes])
    return f"import-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def _derived(verdict: Verdict) -> bool:
    return verdict.id == _identity(verdict.prediction, verdict.reviewer, verdict.verdict, verdict.notes)


def _predictions(settings: Settings, asked: Iterable[Prediction]) -> dict[Prediction, dict[str, Any]]:
    """What a verdict holds of each prediction that there is; each run is read once."""
    rows: defaultdict[str, set[int]] = defaultdict(set)
    for run, row in asked:
        rows[run].add(row)
    found: dict[Prediction, dict[str, Any]] = {}
    for run, wanted in rows.items():
        with contextlib.suppress(UnknownItemError):  # none of its rows is known then
            found |= _of_run(settings, run, wanted)
    return found


def _of_run(settings: Settings, name: str, rows: set[int]) -> Iterator[tuple[Prediction, dict[str, Any]]]:
    # First those of a run that grows: if it is closed meanwhile, the run that is read afterwards is the closed one.
    grown = served.find(settings, name, rows)
    run = runs.find(settings, name)
    if grown is not None:
        yield from _of_growing(run, grown)
        return
    schema = schemas.load(settings.schema_file)
    scores = runs.scores(settings, name)["probability"]
    scores = scores[scores.index.isin(rows)]
    users = plans.users(settings, run, schema).loc[scores.index]
    drawn = _drawn(settings, name)
    bands, actions = run.policy.bands(scores).tolist(), run.policy.actions(scores).tolist()
    for row, score, user, band, action, features in zip(
        scores.index.tolist(), scores.tolist(), users.tolist(), bands, actions,
        _features(datasets.frame(settings, run.dataset).loc[scores.index], schema.names), strict=True,
    ):  # fmt: skip
        # Whom nobody drew counts as certain without an inclusion probability: the label speaks for this user alone,
        # and figures that stand for others leave it out.
        stratum, inclusion = drawn.get(row, ("certain", None))
        yield (name, row), {
            "user": user, "score": score, "band": band, "action": action, "model": run.model,
            "policy": run.policy.version, "stratum": stratum, "inclusion": inclusion, "features": features,
        }  # fmt: skip


def _of_growing(run: Run, grown: Users) -> Iterator[tuple[Prediction, dict[str, Any]]]:
    """The same of a run of the API that still grows: nobody was drawn from it yet."""
    for row, user in grown.by_row.items():
        values = (None if np.isnan(value) else float(value) for value in user.values)
        yield (run.id, row), {
            "user": user.user, "score": user.probability, "band": str(run.policy.bands(user.probability)),
            "action": str(run.policy.actions(user.probability)), "model": run.model, "policy": run.policy.version,
            "stratum": "certain", "inclusion": None, "features": dict(zip(grown.names, values, strict=True)),
        }  # fmt: skip


def _features(frame: pd.DataFrame, names: Sequence[str]) -> list[dict[str, float | None]]:
    """The values of each row, None where missing; a column that the file was read without is left out."""
    present = [name for name in names if name in frame.columns]
    values = frame[present].to_numpy(np.float64)
    cells = values.astype(object)
    cells[np.isnan(values)] = None
    return [dict(zip(present, row, strict=True)) for row in cells.tolist()]


def _drawn(settings: Settings, run: str) -> dict[int, tuple[Stratum, float]]:
    """Stratum and inclusion of the rows of a run that its plan chose or that were sent by hand."""
    plan, found = runs.plan(settings, run), dict[int, tuple[Stratum, float]]()
    if plan is not None:
        chosen = plan[plan["chosen"]]
        found |= zip(chosen.index.tolist(), zip(chosen["stratum"], chosen["inclusion"], strict=True), strict=True)
    return found | dict.fromkeys(runs.sent(settings, run).index.tolist(), ("certain", 1.0))


def _ids(settings: Settings) -> set[str]:
    known = ledger.of(settings)
    known.refresh()
    return set(known.frame()["id"])


def _store(settings: Settings, judged: Sequence[tuple[Row, Verdict]], refused: list[Refusal]) -> None:
    store = csv_store.of(settings)
    for start in range(0, len(judged), _BATCH):
        _store_batch(store, judged[start : start + _BATCH], refused)


def _store_batch(store: CsvStore, judged: Sequence[tuple[Row, Verdict]], refused: list[Refusal]) -> None:
    """A batch is stored whole or not at all, so one that is refused is halved until what is wrong is alone."""
    try:
        store.record([verdict for _, verdict in judged])
    except RefusedError as error:
        if len(judged) == 1:
            refused.append(_refusal(judged[0][0], "feedback_id", str(error)))
            return
        half = len(judged) // 2
        _store_batch(store, judged[:half], refused)
        _store_batch(store, judged[half:], refused)
