"""The short form of feedback: rows read from CSV or JSON Lines, and what each one says.

A row has `prediction_id` and `is_correct`, `actual_label` or both; `feedback_notes`, `reviewer`, `feedback_id` (or
`id`) and `judged_at` may be there.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from core.access import accounts
from core.access.accounts import Person
from core.data import problems, records
from core.data.cells import MISSING
from core.data.payload import open_text
from core.data.records import BAD_QUOTE, GOOD, KEPT, RAGGED
from core.errors import BadOptionError, FileProblemError, listed
from core.schema.schema import key

COLUMNS: Final = (
    "prediction_id", "is_correct", "actual_label", "feedback_notes", "reviewer", "feedback_id", "judged_at"
)  # fmt: skip
_JSON_LINES: Final = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_PREDICTION: Final = re.compile(r"(r-[0-9]{4,18})-([1-9][0-9]{0,17})")
_YES: Final = {"1": True, "1.0": True, "true": True, "yes": True, "0": False, "0.0": False, "false": False, "no": False}
_SPAMMER: Final = _YES | {"spammer": True, "legitimate": False}

_NO_WORDS: Final[Mapping[str, bool]] = MappingProxyType({})

#: A run and an input row of it.
Prediction = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was given: `number` from 1, cells by column, its text, and why it cannot be read at all."""

    number: int
    cells: Mapping[str, object]
    text: str
    fault: str = ""

    @classmethod
    def of(cls, number: int, cells: Mapping[str, object]) -> Row:
        """A row that comes as names and values."""
        return cls(number, cells, json.dumps(dict(cells), ensure_ascii=False, default=str))


@dataclass(frozen=True, slots=True)
class Said:
    """A row, understood. `spammer`, `correct` or `judged`, when it was judged, is None when it was not said; `id` is ""
    when there was none. `label`: what the user is, in the words of the row.
    """

    prediction: Prediction
    spammer: bool | None
    correct: bool | None
    notes: str
    reviewer: str
    id: str
    judged: datetime | None = None
    label: str = ""


def read(name: str, payload: bytes | Path) -> tuple[Row, ...]:
    """The rows of a file: JSON Lines by its name (.jsonl, .ndjson), else CSV; either may be gzipped.

    Raises FileProblemError when it cannot be read as either, or has no column that the short form needs.
    """
    data = open_text(name, payload).data
    if name.lower().endswith(_JSON_LINES):
        lines = enumerate(io.BytesIO(data), 1)
        return tuple(_json_row(number, line.decode().rstrip("\n")) for number, line in lines if line.strip())
    return _csv_rows(name, data)


def understood(row: Row, person: Person, words: Mapping[str, bool] = _NO_WORDS) -> Said:
    """What a row says that this person gives; raises BadOptionError, named for the column to change.

    words: what the words of the home's own label mean, in lower case; True for a spammer.
    """
    cells = {key(str(name)): value for name, value in row.cells.items()}
    text = {name: _text(name, cells.get(name)) for name in (*COLUMNS, "id")}
    if not (found := _PREDICTION.fullmatch(text["prediction_id"])):
        raise unknown(text["prediction_id"])
    reviewer = _reviewer(text["reviewer"], person)
    return Said(
        (found[1], int(found[2])),
        _label(text["actual_label"], words),
        _choice("is_correct", text["is_correct"], _YES, "true or false"),
        text["feedback_notes"],
        reviewer,
        text["feedback_id"] or text["id"],
        _moment("judged_at", text["judged_at"]),
        text["actual_label"],
    )


def unknown(prediction: str, *, forgotten: bool = False) -> BadOptionError:
    """The error for a prediction that this home has not made, or whose user it has forgotten."""
    if forgotten:
        return BadOptionError("prediction_id", f"the user of {prediction} was forgotten: no verdict is kept any more.")
    sentence = f"{problems.quoted(prediction)} is no prediction of this workspace. Copy it from the scores of a run."
    return BadOptionError("prediction_id", sentence)


def _reviewer(given: str, person: Person) -> str:
    """The name as it is stored; an account's own however it was typed."""
    name = accounts.named(given or person.name)
    if name.casefold() == person.name.casefold():
        return person.name
    # Who may judge may not do so in the name of others; who decides about others' decisions may pass theirs on.
    if not person.may("reopen"):
        raise BadOptionError("reviewer", f"{person.name} may import verdicts of {person.name} only. Ask a lead to.")
    return name


def _text(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise BadOptionError(name, "give text or a number, no list and no object.")
    if "\0" in (text := str(value)):
        raise BadOptionError(name, "it holds a zero byte, which no text does: take it out.")
    return text.strip()


def _choice(column: str, text: str, meanings: Mapping[str, bool], allowed: str) -> bool | None:
    if text.lower() in MISSING:
        return None
    if text.lower() not in meanings:
        raise BadOptionError(column, f"{problems.quoted(text)} is none of the answers; write {allowed}.")
    return meanings[text.lower()]


def _label(text: str, words: Mapping[str, bool]) -> bool | None:
    """Whether the user is a spammer, in our words or in those of the home; where they contradict, in neither."""
    said = key(text)
    if said in words and _SPAMMER.get(said, words[said]) != words[said]:
        ours, own = ("spammer", "legitimate") if _SPAMMER[said] else ("legitimate", "spammer")
        raise BadOptionError(
            "actual_label",
            f"{problems.quoted(text)} means {own} in the label of this workspace and {ours} in feedback. "
            "Write spammer or legitimate.",
        )
    allowed = "1 for a spammer, 0 for a legitimate user"
    if own_words := [problems.quoted(word) for word in words if word not in _SPAMMER]:
        allowed += f", or the label's own {listed(own_words)}"
    return _choice("actual_label", text, {**words, **_SPAMMER}, allowed)


def _moment(column: str, text: str) -> datetime | None:
    """A time in ISO 8601; one without a zone is in UTC, as all times of the product are."""
    if text.lower() in MISSING:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        sentence = (
            f"{problems.quoted(text)} is no time; write it as 2026-11-28T09:30:00+01:00, or in UTC without a zone."
        )
        raise BadOptionError(column, sentence) from None
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given


def _json_row(number: int, line: str) -> Row:
    try:
        cells = json.loads(line)
    except (ValueError, RecursionError):
        return Row(number, {}, line, "this is not JSON; write one object a line")
    if not isinstance(cells, dict):
        return Row(number, {}, line, "this is JSON, but no object; write names and values in braces")
    return Row(number, cells, line)


def _csv_rows(name: str, data: bytes) -> tuple[Row, ...]:
    found = records.split(name, data, wanted=COLUMNS)
    header = [key(column) for column in found.header]
    _check_header(name, header)
    if found.unusable > KEPT:
        sentence = f"{found.unusable:,} of its rows are blank or cannot be split into the header's columns: look at it."
        raise FileProblemError(name, "unusable_rows", sentence)
    columns = found.columns(dict.fromkeys(range(len(header)), pa.string()))
    good = zip(*(columns[at].to_pylist() for at in range(len(header))), strict=True)
    return tuple(
        Row(at + 1, dict(zip(header, next(good), strict=True)), found.text(at))
        if kind == GOOD
        else Row(at + 1, {}, found.text(at), _fault(kind, int(found.fields[at]), len(header)))
        for at, kind in enumerate(found.state.tolist())
    )


def _check_header(name: str, header: Sequence[str]) -> None:
    if "prediction_id" not in header:
        sentence = "it has no column prediction_id. Name in it the prediction that each row is about, as in the scores."
        raise FileProblemError(name, "no_prediction_id", sentence)
    if not {"is_correct", "actual_label"} & set(header):
        sentence = "it has neither a column is_correct nor actual_label. Say in one of them what was found out."
        raise FileProblemError(name, "no_label", sentence)


def _fault(kind: int, fields: int, expected: int) -> str:
    if kind == RAGGED:
        return problems.ragged(fields, expected)
    return problems.clause("bad_quote" if kind == BAD_QUOTE else "blank")
