"""Reasons: the largest pushes towards "spammer", told as `X19=7 (+1.83)`, and as words where words exist.

The push of a text is that of all its words, of which a reason names the strongest: `body: "free crypto" (+1.52)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.model.learner import Strongest
from core.registry.metadata import PHRASES, Trained
from core.registry.registry import Model
from core.schema.column import phrase_column
from core.schema.glossary import Glossary
from core.schema.levels import written
from core.scoring.texts.places import places as where
from core.scoring.texts.shares import phrases, quoted, shared
from core.text.lists.phrases import Phrases
from core.text.text_model import TextModel, Word
from core.wording import value_text

#: Pushes are written to the hundredth.
_CENTS: Final = 100
#: What is said of a text that has none.
NO_WORDS: Final = "no words"
Direction = Literal["high", "low", "typical", "missing"]


class Reason(NamedTuple):
    """One feature of one user: its value (None when missing, and of texts) and its push on the score, in log-odds.

    `direction` compares the value with the training median; `meaning` and `category` come from the
    glossary, the former marked where it is assumed, and are empty where nothing is known.
    """

    feature: str
    value: float | None
    contribution: float
    direction: Direction
    meaning: str
    category: str
    #: What the value is called, where it is no number to people.
    word: str = ""
    #: Of a text, the shares of its words in the contribution, by where they stand in the text as sent.
    words: tuple[Word, ...] = ()
    #: Of what is counted in a text, where that stands, each with its share of the contribution.
    places: tuple[Word, ...] = ()

    @property
    def text(self) -> str:
        """As written to files: `X19=7 (+1.83)`."""
        return f"{_stated(self.feature, self.said, text=bool(self.words))}{_push(self.contribution)}"

    @property
    def unquoted(self) -> str:
        """The same without the words of a text."""
        return f"{self.feature}{_push(self.contribution)}" if self.words else self.text

    @property
    def said(self) -> str:
        """The value as a person would write it."""
        return self.word or value_text(self.value)

    @property
    def sentence(self) -> str:
        """'X19 high' or 'country PH', with the meaning behind it where there is one."""
        return f"{self.feature} {self.word or self.direction}" + (f" ({self.meaning})" if self.meaning else "")

    @property
    def explanation(self) -> str:
        """'X19 high (count of links) raises the score by 1.83 log-odds.'"""
        return f"{self.sentence}{effect(self.contribution)}"


def effect(contribution: float) -> str:
    """What a contribution does, behind what does it.

    >>> effect(-0.5)
    ' lowers the score by 0.50 log-odds.'
    """
    return f" {'raises' if contribution > 0 else 'lowers'} the score by {abs(contribution):.2f} log-odds."


def _stated(feature: str, said: str, *, text: bool) -> str:
    return f"{feature}: {said}" if text else f"{feature}={said}"


def _push(contribution: float) -> str:
    return f" ({contribution:+.2f})"


def texts(
    frame: pd.DataFrame, features_of: Sequence[Trained], strongest: Strongest,
    models: Mapping[str, TextModel] = MappingProxyType({}), lists: Mapping[str, Phrases] = MappingProxyType({}),
) -> pd.DataFrame:  # fmt: skip
    """`reason_1` to `reason_k` of each row of a frame (n rows), empty where a row has fewer.

    strongest: of these features, whose values, and words where it has them, are read from the frame. models: of the
    features that are texts; lists: the phrases that are counted in these.
    """
    # There are far fewer different values and pushes, as they are written, than users: each is written once.
    values, value_of = [""], np.zeros(strongest.features.shape, np.int64)
    # Features are looked for all at once: 16 bits, which name any column of a table, are sorted in one go over them.
    features = strongest.features.astype(np.int16).ravel()
    order = np.argsort(features, kind="stable")
    ends = np.searchsorted(features, np.arange(len(features_of) + 1), sorter=order)
    for position, trained in enumerate(features_of):
        at, name = order[ends[position] : ends[position + 1]], trained.name
        rows = at // strongest.features.shape[1]
        if name in models:
            value_of.flat[at] = len(values) + np.arange(len(at))
            values += _of_texts(frame, name, models[name], rows, strongest.pushes.ravel()[at])
            continue
        own = _counts(frame, name, lists, rows) if trained.kind == PHRASES else frame[name].to_numpy(np.float64)[rows]
        codes, distinct = pd.factorize(own, use_na_sentinel=False)
        value_of.flat[at] = len(values) + codes
        as_written = trained.levels and written(name) in frame
        said = _words(frame, name, rows, codes) if as_written else map(trained.say, distinct.tolist())
        values += [f"{name}={value}" for value in said]
    # A product of a 32-bit float and a hundred is exact in 64 bits, so that it is rounded as `told` rounds.
    cents = np.rint(strongest.pushes.astype(np.float64) * _CENTS)
    codes, distinct = pd.factorize(np.where(strongest.features < 0, np.nan, cents).ravel())
    as_text, pushes = pa.array(values), pa.array(["", *(_push(cent / _CENTS) for cent in distinct.tolist())])
    push_of = 1 + codes.reshape(cents.shape)
    columns = {
        f"reason_{j + 1}": pc.binary_join_element_wise(as_text.take(value_of[:, j]), pushes.take(push_of[:, j]), "")
        for j in range(cents.shape[1])
    }
    return pd.DataFrame(pa.table(columns).to_pandas().astype("str")).set_axis(frame.index)


def reasons(
    row: pd.Series[float], contributions: npt.NDArray[np.float32], model: Model, glossary: Glossary,
    words: Mapping[str, str | None] = MappingProxyType({}),
) -> tuple[Reason, ...]:  # fmt: skip
    """A Reason for every feature of one user, the largest push towards "spammer" first.

    row: values by feature name; contributions: (f,) in the model's order. words: words and texts as they were written,
    by feature.
    """
    metadata = model.metadata
    order, known = np.argsort(-contributions, kind="stable"), _known(model, glossary)
    return tuple(_reason(model, known[i], float(row[metadata.names[i]]), float(contributions[i]), words) for i in order)


def strongest_reasons(
    values: npt.NDArray[np.float64], strongest: Strongest, model: Model, glossary: Glossary, most: Sequence[int],
    words: Sequence[Mapping[str, str | None]],
) -> list[tuple[Reason, ...]]:  # fmt: skip
    """The first of `reasons` of each of n users: as many as `most` (n,) says, and only pushes towards "spammer".

    values: (n, f) in the model's order; words: as those of `reasons`, (n,).
    """
    known = _known(model, glossary)
    theirs = np.take_along_axis(values, np.maximum(strongest.features, 0), axis=1)
    return [
        tuple([_reason(model, known[at], value, push, said) for at, value, push in told[:k] if at >= 0])
        for k, said, told in zip(most, words, _together(strongest, theirs), strict=True)
    ]


def _together(strongest: Strongest, values: npt.NDArray[np.float64]) -> Iterator[list[tuple[int, float, float]]]:
    """Of each row the strongest features with their values and pushes."""
    rows = zip(strongest.features.tolist(), values.tolist(), strongest.pushes.tolist(), strict=True)
    return (list(zip(*row, strict=True)) for row in rows)


def _words(frame: pd.DataFrame, name: str, rows: npt.NDArray[np.int64], codes: npt.NDArray[np.intp]) -> list[str]:
    """The word of each code, as one of the rows with it has it."""
    column = frame[written(name)].to_numpy(object)[rows]
    _, first = np.unique(codes, return_index=True)
    return [value if isinstance(value, str) else value_text(None) for value in column[first]]


def _of_texts(
    frame: pd.DataFrame, name: str, model: TextModel, rows: npt.NDArray[np.int64], pushes: npt.NDArray[np.float32]
) -> list[str]:
    """The strongest words of the texts of these rows, as reasons state them."""
    column, found = frame[written(name)].to_numpy(object), list[str]()
    there = [text if isinstance(text, str) else None for text in column[rows].tolist()]
    words = model.words_of(text for text in there if text is not None)
    for text, push in zip(there, pushes.tolist(), strict=True):
        shares = shared(next(words), push) if text is not None else ()
        said = _named(text, shares) if text is not None else value_text(None)
        found.append(_stated(name, said, text=bool(shares)))
    return found


def _counts(
    frame: pd.DataFrame, counted: str, lists: Mapping[str, Phrases], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:  # fmt: skip
    """How many phrases of a category stand in the texts of these rows."""
    for name, each in lists.items():
        for category in each.categories:
            if counted == phrase_column(name, category):
                column = frame[written(name)].to_numpy(object)[rows]
                return each.counts([text if isinstance(text, str) else None for text in column])[category]
    raise KeyError(counted)


def _named(text: str, shares: tuple[Word, ...]) -> str:
    """The words of a text that say most for its push."""
    if not shares:
        return NO_WORDS
    return quoted(text, phrases(text, shares, up=sum(word.part for word in shares) > 0))


class _Known(NamedTuple):
    """A feature, and what the glossary says of it; `plain`: a number that is called nothing else, and counts nothing in
    a text.
    """

    trained: Trained
    meaning: str
    category: str
    plain: bool


def _known(model: Model, glossary: Glossary) -> list[_Known]:
    return [
        _Known(
            each, glossary.sentence(each.name), glossary.category(each.name),
            plain=not (model.texts or each.levels or each.words or each.kind == PHRASES),
        )
        for each in model.metadata.features
    ]  # fmt: skip


def _reason(
    model: Model, known_of: _Known, value: float, contribution: float, words: Mapping[str, str | None]
) -> Reason:
    trained = known_of.trained
    if known_of.plain:
        return Reason(
            trained.name, None if math.isnan(value) else value, contribution, direction(value, trained.median),
            known_of.meaning, known_of.category,
        )  # fmt: skip
    places = where(trained.name, contribution, model, words) if model.texts else ()
    if trained.kind == PHRASES:
        value = float(len(places)) if _has_text(trained.name, model, words) else float("nan")
    known = None if math.isnan(value) else value
    text, shares = words.get(trained.name), tuple[Word, ...]()
    if trained.name in model.texts and text is not None:
        shares = shared(model.texts[trained.name].words(text), contribution)
        known, word = None, _named(text, shares)
    else:
        spoken = (trained.levels or trained.words) and known is not None
        word = (text or trained.say(value)) if spoken else ""
    return Reason(
        trained.name,
        known,
        contribution,
        direction(value, trained.median),
        known_of.meaning,
        known_of.category,
        word,
        shares,
        places,
    )


def _has_text(counted: str, model: Model, words: Mapping[str, str | None]) -> bool:
    """Whether there is a text in which phrases could be counted."""
    return any(words.get(name) is not None and counted.startswith(f"{name} (") for name in model.texts)


def direction(value: float, median: float | None) -> Direction:
    """Where a value stands against the training median."""
    if math.isnan(value):
        return "missing"
    if median is None or value == median:
        return "typical"
    return "high" if value > median else "low"
