"""Which kind a column of text seems to be: yes or no, a moment, a number with something beside it, words, texts.

What has two readings that lead to other models (01/02/2026, 1,234) is asked about, and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from core.data.cells import Marks
from core.data.kinds import flag, moment, number
from core.data.problems import quoted
from core.data.proposal import telltale
from core.data.records import Bools
from core.errors import BadOptionError, RefusedError, listed
from core.schema.column import CHARACTERS, KINDS, Column, Kind, key
from core.wording import count

#: Users with a word, from which it counts as one of a category; the same that a version needs for a level.
ENOUGH_USERS: Final = 10
#: Share of the users who have one of these words.
COVERED: Final = 0.5
#: Moments of a table, at most, between which days are counted.
MOST_MOMENTS: Final = 4
#: Share of the texts of a column that no other row has, and letters and words of the one in the middle, from which on
#: they are what people write. Scripts without spaces say as much in fewer letters.
DISTINCT: Final = 0.5
LETTERS, WORDS = 20, 3
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
CONTEXT: Final = "context"
THOUSANDS: Final = "thousands"
_ONE_GROUP: Final = re.compile(r"\D*[0-9]{1,3},[0-9]{3}\D*")


class UnclearColumnError(RefusedError):
    """A column that can be read in two ways; `answers`: what a person may say, and the kind that it stands for."""

    def __init__(self, column: str, about: str, answers: Mapping[str, str]) -> None:
        self.column, self.answers = column, dict(answers)
        ways = " or ".join(f'--kind "{column}={kind}" for {what}' for what, kind in answers.items())
        #: For a person who can be asked; the answer is one of `answers`.
        self.question = f"{column}: {about}. Which is it?"
        super().__init__(f"Say what {column} is: {about}. Add {ways}.")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person says a column is: a kind, with the form of a moment, or that it is left out of the model."""

    kind: Kind | None
    form: str = ""
    thousands: str = ""

    def column(self, name: str, words: Sequence[str]) -> Column | None:
        """Raises BadOptionError for a flag whose words nobody can tell apart."""
        if self.kind is None:
            return None
        if self.kind == "flag" and {*words} - {"0", "1", "0.0", "1.0"}:
            pair = flag.pair(words)
            if pair is None:
                raise BadOptionError("--kind", f"{name} has other words than a yes and a no: make it a category.")
            return Column(name, "flag", yes=pair[0], no=pair[1])
        if self.kind in {"date", "time"}:
            found = None if self.form else _moment(name, words)
            if found is None and not self.form:
                raise BadOptionError("--kind", f"{name} has cells that are no moments in any form that is known.")
            return Column(name, self.kind, parts=_parts(self.kind), form=self.form or (found.form if found else ""))
        if self.kind == "real":
            beside = number.beside(words)
            unit, thousands = beside or ("", "")
            return Column(name, "real", unit=unit, thousands=self.thousands or thousands)
        if self.kind == "text":
            return Column(name, "text", high=CHARACTERS)
        return Column(
            name, self.kind, 0 if self.kind in {"count", "flag"} else None, 1 if self.kind == "flag" else None
        )


def chosen(options: Iterable[str]) -> dict[str, Choice]:
    """Choices as a person writes them, by the `key` of the column. Raises BadOptionError.

    >>> chosen(["joined=date:%d/%m/%Y", "plan = category", "notes=context"])["joined"]
    Choice(kind='date', form='%d/%m/%Y', thousands='')
    """
    found = {}
    for option in options:
        name, equals, what = option.rpartition("=")
        kind, _, form = what.strip().partition(":")
        if not equals or not name.strip():
            raise BadOptionError("--kind", f"write it as NAME=KIND, not {quoted(option)}.")
        if kind == CONTEXT:
            found[key(name)] = Choice(None)
        elif kind == THOUSANDS:
            found[key(name)] = Choice("real", thousands=",")
        elif kind in KINDS:
            found[key(name)] = Choice(kind, form)
        else:
            raise BadOptionError("--kind", f"{kind} is no kind; known kinds are {listed([*KINDS, CONTEXT])}.")
    return found


def of_texts(name: str, texts: Any, there: Bools, label: Any, marks: Marks) -> tuple[Column | None, str, str]:
    """The feature that a column of text becomes, nulls where missing; None and why not, as a code and, where that is no
    fact about users, in words that follow its name.

    label (n,): 1 for a spammer, 0, NaN where not known. Raises UnclearColumnError where a person has to say it.
    """
    if why := telltale.filled(there, label):
        return None, "text", why
    counts = _counts(texts, marks)
    words = [*counts]
    if pair := flag.pair(words):
        return Column(name, "flag", yes=pair[0], no=pair[1]), "", ""
    if found := _moment(name, words) or _number(name, words):
        return found, "", ""
    found, reason = _category(name, counts)
    return (
        (Column(name, "text", high=CHARACTERS), "", "") if reason == "text" and written(counts) else (found, reason, "")
    )


def _counts(texts: Any, marks: Marks) -> dict[str, int]:
    """How many rows have each text that is there, the most frequent first."""
    each = pc.value_counts(texts.combine_chunks() if hasattr(texts, "combine_chunks") else texts)
    pairs = zip(each.field("values").to_pylist(), each.field("counts").to_pylist(), strict=True)
    found: dict[str, int] = {}
    for text, rows in pairs:
        if text is not None and not marks.missing(text):
            found[text.strip()] = found.get(text.strip(), 0) + rows
    return dict(sorted(found.items(), key=lambda entry: -entry[1]))


def _moment(name: str, words: Sequence[str]) -> Column | None:
    forms = moment.form_of(words[:1]) and moment.form_of(words)
    if len(forms) > 1:
        about = f"{quoted(words[0])} can have the day or the month first"
        raise UnclearColumnError(name, about, {_order(form): f"date:{form}" for form in forms})
    if not forms:
        return None
    seconds = np.array([moment.parsed(word, forms[0]) for word in words], np.float64)
    kind: Kind = "date" if not (seconds % moment.DAY).any() else "time"
    return Column(name, kind, parts=_parts(kind), form=forms[0])


def _order(form: str) -> str:
    """
    >>> _order("%d/%m/%Y")
    'day first (23/11/2026)'
    """
    first = "day" if form.startswith("%d") else "month" if form.startswith("%m") else "year"
    return f"{first} first ({moment.allowed(Column('', 'date', form=form))})"


def _parts(kind: Kind) -> Any:
    return ("age", "weekday") if kind == "date" else ("age", "weekday", "hour")


def _number(name: str, words: Sequence[str]) -> Column | None:
    if not words or number.beside(words[:1]) is None or (found := number.beside(words)) is None:
        return None
    grouped = [word for word in words if "," in word]
    if grouped and all(_ONE_GROUP.fullmatch(word) for word in grouped):
        about = f"{quoted(grouped[0])} can stand for thousands, or for a decimal comma"
        raise UnclearColumnError(name, about, {THOUSANDS: THOUSANDS, "neither, and left out": CONTEXT})
    return Column(name, "real", unit=found[0], thousands=found[1])


def _category(name: str, counts: Mapping[str, int]) -> tuple[Column | None, str]:
    rows = np.array([*counts.values()])
    frequent = rows[rows >= ENOUGH_USERS]
    if len(frequent) < 2 or frequent.sum() < COVERED * rows.sum():
        return None, "text" if len(rows) > 1 else "constant"
    return Column(name, "category"), ""


def written(counts: Mapping[str, int]) -> bool:
    """Whether texts, with the rows that have each, are what people write: long, of several words, mostly distinct.

    >>> written({"win a free prize today, text WIN": 1, "see you at lunch then, ok?": 2}), written({"Ann Smith": 1})
    (True, False)
    """
    if not counts or len(counts) < DISTINCT * sum(counts.values()):
        return False
    letters = float(np.median([len(text) for text in counts]))
    if letters >= LETTERS and np.median([text.count(" ") + 1 for text in counts]) >= WORDS:
        return True
    unspaced = np.median([len(_UNSPACED.findall(text[:LETTERS])) for text in counts])
    return bool(2 * letters >= LETTERS and unspaced >= LETTERS / 4)


def related(columns: Sequence[Column], values: Mapping[str, Any]) -> list[Column]:
    """The columns, with the days between the moments of a table, and no age of the latest of them: it may be that of
    the row itself. values: texts by name, as `of_texts` takes them.
    """
    moments = [column for column in columns if column.moment]
    if not 2 <= len(moments) <= MOST_MOMENTS:
        return [*columns]
    middle = {each.name: _median(each, values[each.name]) for each in moments}
    order = sorted(middle, key=lambda name: middle[name])
    made = []
    for column in columns:
        if column.moment:
            earlier = tuple(order[: order.index(column.name)])
            parts = column.parts if column.name != order[-1] else tuple(part for part in column.parts if part != "age")
            column = replace(column, since=earlier, parts=parts)  # noqa: PLW2901
        made.append(column)
    return made


def _median(column: Column, texts: Any) -> float:
    found = [moment.parsed(text.strip(), column.form) for text in texts.unique().to_pylist() if text]
    known = [each for each in found if each is not None]
    return float(np.median(known)) if known else 0.0


def told(columns: Sequence[Column]) -> Iterable[str]:
    """What a person should know of the kinds that were chosen."""
    for kind, words in (("category", "words, each of which is a level of its own"), ("flag", "yes or no")):
        names = [column.name for column in columns if column.kind == kind and column.later]
        if names:
            yield f"{listed(names)}: {words}."
    if texts := [column.name for column in columns if column.kind == "text"]:
        yield (
            f"{listed(texts)}: what people write, read as words and letters, up to {CHARACTERS:,} characters. Where it "
            f'was written after the label was known, such as a note on the decision, give --kind "{texts[0]}=context".'
        )
    moments = [column for column in columns if column.moment]
    if moments:
        gets = listed([each.name for column in moments for each in column.derived()], most=6)
        yield f"{listed([column.name for column in moments])}: never given as they are; the model gets {gets}."
    if dated := [column.name for column in moments if column.dated]:
        yield (
            f"{listed(dated)}: ages are told as of the day on which a file is read, or --as-of; where a column says "
            'when each row was seen, write at = "COLUMN" in the schema instead.'
        )
    units = [column for column in columns if column.unit or column.thousands]
    for column in units:
        beside = listed(
            [*filter(None, (column.unit, f"{column.thousands} between thousands" * bool(column.thousands)))]
        )
        yield f"{column.name}: numbers with {beside}."


def left_out(total: int, reach: int) -> str:
    """How many of the columns of a file do not reach the model, as a sentence; "" where all do."""
    if reach == total:
        return ""
    verb = "does" if total - reach == 1 else "do"
    return f"{total - reach} of {count(total, 'column')} {verb} not reach the model, for the reasons above."
