"""Feedback in the short form becomes verdicts: what was predicted, of whom and on which values, is in the run."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from core import errors
from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.access.stored_users import users_stay
from core.data.proposal import label_words
from core.errors import BadOptionError, RefusedError, UnknownItemError
from core.feedback import ledger
from core.feedback.revision import Opinion, revised
from core.feedback.short_form import Prediction, Row, Said, understood, unknown
from core.feedback.strata import Stratum
from core.feedback.verdict import Judgement, Verdict
from core.model.encoding import as_texts
from core.policy.bands import BANDS, POSITIVE
from core.policy.decide import acted
from core.ports import DatasetStore, VerdictStore
from core.schema import schema as schemas
from core.schema.levels import written
from core.schema.schema import Schema, key
from core.scoring.online_runs import OnlineRuns, Users, decided_severity
from core.scoring.runs import Run, Runs
from core.scoring.table_marks import Mark, exactly
from core.scoring.user_names import UserNames

#: Verdicts written at once: one wait for the disk each time, and no reviewer waits long for the lock.
_BATCH: Final = 500
#: What the short form calls that which errors call otherwise.
_COLUMN: Final = {"id": "feedback_id", "notes": "feedback_notes", "name": "reviewer"}
#: How far a clock elsewhere may be ahead of ours.
_AHEAD: Final = timedelta(minutes=5)
#: The id of a verdict until it is known what it comes after.
_UNNAMED: Final = "import"
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
    """`ids` of the verdicts that stand for the rows now, in order, refused rows left out.

    Those in `fresh` were not there before; `changed` of them supersede what the same reviewer had said of the same
    prediction; `replaced` rows of a file are followed by a later one of the same reviewer on the same prediction.
    """

    ids: tuple[str, ...]
    fresh: frozenset[str]
    refused: tuple[Refusal, ...]
    changed: int = 0
    replaced: int = 0

    @property
    def new(self) -> int:
        return len(self.fresh)

    @property
    def known(self) -> int:
        """Rows that say what is stored already."""
        return len(self.ids) - self.new - self.replaced


@dataclass(frozen=True, slots=True, eq=False)
class FeedbackImport:
    """Takes verdicts from outside."""

    accounts: Accounts
    audit: AuditLog
    datasets: DatasetStore
    feedback: VerdictStore
    online_runs: OnlineRuns
    runs: Runs
    user_names: UserNames
    schema_file: Path

    @users_stay
    def record(
        self, rows: Sequence[Row], *, by: str, now: datetime, source: str = "feedback",
        cumulative: bool = False, ready: Ready = lambda _refused: None,
    ) -> Imported:  # fmt: skip
        """Store a verdict for every row that can be used; they are on disk when this returns. The others are refused.

        Without a reviewer in the row it is `by`, without a time it was said now. What the same reviewer said before of
        the same prediction is superseded where the row says something else, and the row is known where it does not (see
        `core.feedback.revision`). cumulative: the rows are a file, of which only the last one of each prediction and
        reviewer counts; else each row was said after the one before. `ready` is given the rows refused so far before
        anything is stored; what it raises is raised here. Also raises NotAllowedError, SchemaError and StorageError.
        """
        person = self.accounts.authorise(by, "send feedback")
        refused = [Refusal(row.number, "", f"Row {row.number}: {row.fault}.", row.text) for row in rows if row.fault]
        label = schemas.load(self.schema_file).label
        words, kinds = label_words.own_words(label), {key(each): each for each in label.categories} if label else {}
        said = _kept(((row, row) for row in rows if not row.fault), lambda row: understood(row, person, words), refused)
        known = self._predictions((each.prediction for _, each in said))
        given = _kept(said, lambda each: _opinion(each, known, now, kinds), refused)
        ready(refused)
        counted = _last(given) if cumulative else given
        stored = self._store(counted, refused, cumulative=cumulative)
        of_pair = {opinion.pair: stored[row.number].id for row, opinion in counted if row.number in stored}
        ids = [stored[row.number].id if row.number in stored else of_pair.get(opinion.pair) for row, opinion in given]
        done = Imported(
            tuple(each for each in ids if each),
            frozenset(each.id for each in stored.values() if each.new),
            tuple(sorted(refused, key=lambda refusal: refusal.row)),
            sum(each.changed for each in stored.values()),
            sum(each is not None for each in ids) - len(stored),
        )
        if done.fresh:
            facts = {"new": done.new, "changed": done.changed, "known": done.known, "refused": len(refused)}
            self.audit.note(who=person.name, what="import feedback", about=source, details=facts, now=now)
        return done

    def _predictions(self, asked: Iterable[Prediction]) -> dict[Prediction, dict[str, Any]]:
        """What a verdict holds of each prediction that there is; each run is read once."""
        rows: defaultdict[str, set[int]] = defaultdict(set)
        for run, row in asked:
            rows[run].add(row)
        found: dict[Prediction, dict[str, Any]] = {}
        for run, wanted in rows.items():
            with contextlib.suppress(UnknownItemError):  # none of its rows is known then
                found |= self._of_run(run, wanted)
        return found

    def _of_run(self, name: str, rows: set[int]) -> Iterator[tuple[Prediction, dict[str, Any]]]:
        # First those of a run that grows: if it is closed meanwhile, the run that is read afterwards is the closed one.
        grown = self.online_runs.find(name, rows)
        run = self.runs.find(name)
        if grown is not None:
            yield from _of_growing(run, grown)
            return
        schema = schemas.load(self.schema_file)
        yield from (((name, row), {}) for row in rows.intersection(self.runs.forgotten(name)))
        scores = self.runs.scores(name)
        scores = scores[scores.index.isin(rows)]
        users = self.user_names.of(run).loc[scores.index]
        drawn = self._drawn(name)
        severity = scores["severity"].to_numpy(np.int8)
        bands, actions = np.asarray(BANDS)[severity], np.asarray(BANDS)[acted(severity, armed=run.policy.armed)]
        frame = self.datasets.frame(run.dataset).loc[scores.index]
        for row, score, user, band, action, features, texts in zip(
            scores.index.tolist(), scores["probability"].tolist(), users.tolist(), bands.tolist(), actions.tolist(),
            _features(frame, schema.names), _texts(frame, schema), strict=True,
        ):  # fmt: skip
            # Whom nobody drew counts as certain without an inclusion probability: the label speaks for this user alone,
            # and figures that stand for others leave it out.
            stratum, inclusion = drawn.get(row, ("certain", None))
            yield (name, row), {
                "user": user, "score": score, "band": band, "action": action, "model": run.model,
                "policy": run.policy.version, "stratum": stratum, "inclusion": inclusion, "features": features,
                "texts": texts,
            }  # fmt: skip

    def _drawn(self, run: str) -> dict[int, tuple[Stratum, float]]:
        """Stratum and inclusion of the rows of a run that its plan chose or that were sent by hand."""
        plan, found = self.runs.plan(run), dict[int, tuple[Stratum, float]]()
        if plan is not None:
            chosen = plan[plan["chosen"]]
            found |= zip(chosen.index.tolist(), zip(chosen["stratum"], chosen["inclusion"], strict=True), strict=True)
        return found | dict.fromkeys(self.runs.sent(run).index.tolist(), ("certain", 1.0))

    def _store(
        self, given: Sequence[tuple[Row, Opinion]], refused: list[Refusal], *, cumulative: bool
    ) -> dict[int, _Stored]:
        """What stands for each row now, by row number; those that are refused are added to `refused` instead."""
        store, stored = self.feedback, dict[int, _Stored]()
        for start in range(0, len(given), _BATCH):
            said = f"The first {start:,} rows are stored: send all of them again, and the others are too."
            with errors.stored(said) if start else contextlib.nullcontext():
                _store_batch(store, given[start : start + _BATCH], stored, refused, cumulative=cumulative)
        return stored


def table(refused: Sequence[Refusal]) -> pa.Table:
    """The rows turned away: row, column, sentence, record (the row as it was given)."""
    numbers = pa.array([each.row for each in refused], pa.int64())
    texts = {"column": "column", "sentence": "sentence", "record": "text"}
    columns = {name: pa.array([getattr(each, of) for each in refused], pa.string()) for name, of in texts.items()}
    return REJECTED.on(pa.table({"row": numbers} | columns))


def _kept(given: Iterable[tuple[Row, T]], step: Callable[[T], U], refused: list[Refusal]) -> list[tuple[Row, U]]:
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


def _opinion(
    said: Said, known: Mapping[Prediction, Mapping[str, Any]], now: datetime, kinds: Mapping[str, str]
) -> Opinion:  # fmt: skip
    """kinds: the categories of violations, by `key`."""
    prediction = "-".join(map(str, said.prediction))
    facts = known.get(said.prediction)
    if not facts:
        raise unknown(prediction, forgotten=facts is not None)
    if said.judged is not None and said.judged > now + _AHEAD:
        raise BadOptionError("judged_at", f"{said.judged.isoformat()} lies in the future: say when it was judged.")
    verdict = _WORD[_label(said, predicted=facts["band"] in POSITIVE, band=facts["band"])]
    # Whether a score was seen before the label was found is not known, so that nothing is called blind.
    return Opinion(
        Verdict(
            id=said.id or _UNNAMED, time=said.judged or now, prediction=prediction, reviewer=said.reviewer,
            verdict=verdict, notes=said.notes, blind=False, **facts,
            category=kinds.get(key(said.label), "") if verdict == "spammer" else "",
        ),
        own_id=bool(said.id), timed=said.judged is not None,
    )  # fmt: skip


def _last(given: Sequence[tuple[Row, Opinion]]) -> list[tuple[Row, Opinion]]:
    """Of each prediction and reviewer the last row, by the times where both rows have one; in the order of the rows."""
    last: dict[tuple[str, str], tuple[Row, Opinion]] = {}
    for row, each in given:
        before = last.get(each.pair)
        if before is None or not (before[1].timed and each.timed and before[1].verdict.time > each.verdict.time):
            last[each.pair] = row, each
    return sorted(last.values(), key=lambda kept: kept[0].number)


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


def _of_growing(run: Run, grown: Users) -> Iterator[tuple[Prediction, dict[str, Any]]]:
    """The same of a run of the API that still grows: nobody was drawn from it yet."""
    for row, user in grown.by_row.items():
        values = (None if np.isnan(value) else float(value) for value in user.values)
        severity = np.array(decided_severity(run.policy, user.probability, user.severity), np.int8)
        yield (run.id, row), {
            "user": user.user, "score": user.probability, "band": BANDS[int(severity)],
            "action": BANDS[int(acted(severity, armed=run.policy.armed))],
            "model": run.model, "policy": run.policy.version,
            "stratum": "certain", "inclusion": None, "features": dict(zip(grown.names, values, strict=True)),
            "texts": {name: text for name in grown.names if (text := user.context.get(written(name)))},
        }  # fmt: skip


def _features(frame: pd.DataFrame, names: Sequence[str]) -> list[dict[str, float | None]]:
    """The values of each row, None where missing; a column that the file was read without is left out."""
    present = [name for name in names if name in frame.columns]
    values = frame[present].to_numpy(np.float64)
    cells = values.astype(object)
    cells[np.isnan(values)] = None
    return [dict(zip(present, row, strict=True)) for row in cells.tolist()]


def _texts(frame: pd.DataFrame, schema: Schema) -> list[dict[str, str]]:
    """The texts of each row."""
    columns = {name: as_texts(frame, name) for name in schema.texts if written(name) in frame}
    rows = zip(*columns.values(), strict=True) if columns else [()] * len(frame)
    return [{name: text for name, text in zip(columns, row, strict=True) if text is not None} for row in rows]


@dataclass(frozen=True, slots=True)
class _Stored:
    """The verdict that stands for a row now; whether it was stored by it, and in the place of another one."""

    id: str
    new: bool
    changed: bool


def _store_batch(
    store: VerdictStore, given: Sequence[tuple[Row, Opinion]], stored: dict[int, _Stored], refused: list[Refusal],
    *, cumulative: bool,
) -> None:  # fmt: skip
    """A batch is stored whole or not at all, so one that is refused is halved until what is wrong is alone."""
    found: dict[int, _Stored] = {}

    def decide(said: Mapping[str, Sequence[ledger.Said]]) -> list[Verdict]:
        found.clear()
        before: defaultdict[tuple[str, str], list[ledger.Said]] = defaultdict(list)
        for each in (each for of_one in said.values() for each in of_one):
            before[each.prediction, each.reviewer.casefold()].append(each)
        fresh = []
        for row, opinion in given:
            verdict = revised(opinion, before[opinion.pair], cumulative=cumulative)
            new = isinstance(verdict, Verdict)
            found[row.number] = _Stored(verdict.id, new, new and bool(verdict.supersedes))
            if isinstance(verdict, Verdict):
                before[opinion.pair].append(ledger.Said.of(verdict))
                fresh.append(verdict)
        return fresh

    try:
        store.revise({opinion.verdict.prediction for _, opinion in given}, decide)
    except RefusedError as error:
        if len(given) == 1:
            refused.append(_refusal(given[0][0], "feedback_id", str(error)))
            return
        half = len(given) // 2
        _store_batch(store, given[:half], stored, refused, cumulative=cumulative)
        _store_batch(store, given[half:], stored, refused, cumulative=cumulative)
    else:
        stored |= found
