"""Whether people still write as they did when a version was trained: what is new to it, and the words that rise.

A version has nobody's words. What rises is named from the new texts, and only what several of them have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.explore.value_counts import Ints
from core.registry.registry import Model
from core.text.rising import Rise, rising
from core.text.rows import TextRows, chunks
from core.text.text_model import TextModel
from core.wording import count, percent

#: Texts that are looked at, spread evenly over those there are.
MOST: Final = 20_000
#: Words named of a column.
NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class TextDrift:
    """What was written in a column, in `texts` texts that are not missing.

    `new_now`: the mean share of what a text is made of (its distinct n-grams) that the version has no weight for;
    `new_before`: the same of texts left out in training, None where the version does not say. `rising`: the words that
    rise beyond chance, the plainest first.
    """

    name: str
    texts: int
    new_before: float | None
    new_now: float | None
    rising: tuple[Rise, ...]

    @property
    def sentence(self) -> str:
        """What is new, in figures, without the words."""
        if self.new_now is None:
            return f"{self.name}: there is no text."
        before = "" if self.new_before is None else f" ({percent(self.new_before)} in training)"
        words = f"{count(len(self.rising), 'word')} rise" + ("s" if len(self.rising) == 1 else "")
        return (
            f"{self.name}: {percent(self.new_now)} of what {count(self.texts, 'text')} are made of is new to the "
            f"version{before}; {words if self.rising else 'no word rises'} beyond chance."
        )


def text_drift(model: Model, sent: Callable[[str], Sequence[str | None]]) -> tuple[TextDrift, ...]:
    """Of each text of a version. sent: gives the texts of a column."""
    return tuple(_drift(name, each, _some(sent(name))) for name, each in model.texts.items())


def _some(texts: Sequence[str | None]) -> list[str]:
    there = [text for text in texts if text is not None]
    return [there[at] for at in looked_at(len(there))]


def looked_at(texts: int) -> Ints:
    """Which of so many texts are looked at, by their places, ascending."""
    return np.arange(texts) if texts <= MOST else np.linspace(0, texts - 1, MOST).astype(np.int64)


def _drift(name: str, model: TextModel, texts: list[str]) -> TextDrift:
    new = np.concatenate([np.empty(0), *_new(model, texts)])
    known = new[~np.isnan(new)]
    now = float(known.mean()) if len(known) else None
    before = None if np.isnan(model.strange) else model.strange
    return TextDrift(name, len(texts), before, now, rising(model, texts, most=NAMED))


def _new(model: TextModel, texts: list[str]) -> Iterator[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return (model.unseen(TextRows.of(texts[start:end])) for start, end in chunks(texts))
