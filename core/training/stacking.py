"""Margins of texts as features: none of them may come from a model that has learnt from the label it stands beside.

The margins of a model of texts on the very users it has learnt from say more than they ever will of others, and the
model would believe them (Wolpert, "Stacked generalization", Neural Networks 5, 1992). With folds 0..k-1, the margin
of a user in fold j is that of a model of the other folds. For whom learns from all but fold i it is that of a model of
all but j and i, so that what is judged on fold i owes nothing to it: k (k - 1) / 2 models for pairs of folds, k for one
fold each, and one of all users, which is the one that a version keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.model.encoding import as_texts
from core.model.learner import Labels, Matrix, Progress, Rows
from core.schema.schema import Schema
from core.text.augment import augmented
from core.text.rows import TextRows
from core.text.text_model import TextModel

Folds = npt.NDArray[np.int64]
#: Users without a text, below which nothing is learnt of what that means but from copies.
FEW_ABSENT: Final = 30
_WHAT: Final = "Learning from texts"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of n users: by column the position in the matrix, the rows and, to make disguised copies of, the texts
    as sent; and the positions of all that is told of each.
    """

    at: Mapping[str, int]
    rows: Mapping[str, TextRows]
    sent: Mapping[str, tuple[str | None, ...]]
    told: Mapping[str, tuple[int, ...]]

    def __bool__(self) -> bool:
        return bool(self.at)

    @classmethod
    def of(cls, sent: Mapping[str, list[str | None]], names: tuple[str, ...]) -> Texts:
        """Those of columns that stand among the names of features."""
        return cls(
            {name: names.index(name) for name in sent}, {name: TextRows.of(each) for name, each in sent.items()},
            {name: tuple(each) for name, each in sent.items()},
            {
                name: tuple(at for at, each in enumerate(names) if each == name or each.startswith(f"{name} ("))
                for name in sent
            },
        )  # fmt: skip

    @classmethod
    def of_frame(cls, frame: pd.DataFrame, schema: Schema, names: tuple[str, ...]) -> Texts:
        """Those of the users of a frame, by the names of features."""
        return cls.of({name: as_texts(frame, name) for name in schema.texts}, names)

    def only(self, chosen: npt.NDArray[np.bool_]) -> Texts:
        """Those of the users of a mask (n,), in their order."""
        at = np.flatnonzero(chosen).tolist()
        return replace(
            self, rows={name: rows.only(chosen) for name, rows in self.rows.items()},
            sent={name: tuple(each[i] for i in at) for name, each in self.sent.items()},
        )  # fmt: skip

    def filled(self, features: Matrix, models: Mapping[str, TextModel]) -> tuple[Matrix, Matrix]:
        """Features (n, f) with the margins that the models give, and what they say of each category, (n, t)."""
        filled, further = features.copy(), [np.empty((len(features), 0), np.float32)]
        for name, at in self.at.items():
            margins = models[name].margins(self.rows[name])
            filled[:, at] = margins[:, 0]
            further.append(margins[:, 1:])
        return filled, np.concatenate(further, axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Stacked:
    """Users (n,) with margins of texts from other folds than their own; `further` (n, t): the same of each category.
    `models` are those of all of them.
    """

    rows: Rows
    further: Matrix
    models: Mapping[str, TextModel]


NO_TEXTS: Final = Texts(MappingProxyType({}), MappingProxyType({}), MappingProxyType({}), MappingProxyType({}))


def stacked(
    rest: Rows, texts: Texts, fold: Folds, *, augment: bool, seed: int, progress: Progress, kinds: Matrix | None = None
) -> Stacked:  # fmt: skip
    """The users with the margins of their texts, each from the other folds (n,), and the models of all of them.

    augment: whether each text is learnt once more with misspelt and disguised words. kinds (n, K): 1 for those who are
    of a category, 0 for others, where categories are learnt too.
    """
    x, columns, models = rest.x.copy(), dict[int, Matrix](), dict[str, TextModel]()
    further = [np.empty((len(x), 0), np.float32)]
    targets = np.column_stack([rest.y, *([] if kinds is None else [kinds])])
    folds = int(fold.max()) + 1
    fits = len(texts.at) * (folds * (folds + 1) // 2 + 1)
    for done, (name, at) in enumerate(texts.at.items()):
        copies = _Copies.made(texts.sent[name], seed) if augment else None
        from core.text import linear  # noqa: PLC0415 - the compiler is half a second's import

        strength = linear.strength(texts.rows[name], targets[:, :1], rest.weight, seed)
        learning = _Learning(texts.rows[name], copies, targets, rest.weight, strength)
        margins = np.empty((folds, len(rest.y)), np.float32)
        of_kinds = np.empty((len(rest.y), targets.shape[1] - 1), np.float32)
        strange = np.full(len(rest.y), np.nan)
        for step, out in enumerate(_left_out(folds)):
            progress(_WHAT, (done * fits // len(texts.at) + step) / fits)
            # What a fold left out of the model's own cross-fitting is for: categories are not cross-fitted again.
            model = learning.without(np.isin(fold, out), seed, outputs=None if len(out) == 1 else 1)
            for one, other in {(out[0], out[-1]), (out[-1], out[0])}:
                of = fold == one
                found = model.margins(texts.rows[name].only(of))
                margins[other, of] = found[:, 0]
                if len(out) == 1:
                    of_kinds[of] = found[:, 1:]
                    strange[of] = model.unseen(texts.rows[name].only(of))
        whole = learning.without(np.zeros(len(fold), bool), seed)
        models[name] = replace(whole, strange=_mean(strange))
        x[:, at], columns[at] = margins[fold, np.arange(len(fold))], margins
        further.append(of_kinds)
    blanks = tuple(texts.told[name] for name in texts.at if texts.rows[name].absent.sum() < FEW_ABSENT)
    return Stacked(replace(rest, x=x, stacked=columns, blanks=blanks), np.concatenate(further, axis=1), models)


def _mean(shares: npt.NDArray[np.float64]) -> float:
    """The mean of those that are known, NaN of none; rounded, as people read it."""
    known = shares[~np.isnan(shares)]
    return round(float(known.mean()), 4) if len(known) else float("nan")


def _left_out(folds: int) -> Iterator[tuple[int, ...]]:
    """One fold each, and every pair."""
    yield from ((k,) for k in range(folds))
    yield from combinations(range(folds), 2)


@dataclass(frozen=True, slots=True)
class _Copies:
    """Disguised copies of texts: their rows, and which text each is of (m,)."""

    rows: TextRows
    of: npt.NDArray[np.int64]

    @classmethod
    def made(cls, sent: tuple[str | None, ...], seed: int) -> _Copies:
        copies = augmented(sent, seed)
        return cls(TextRows.of([text for _, text in copies]), np.array([at for at, _ in copies], np.int64))


@dataclass(frozen=True, slots=True)
class _Learning:
    rows: TextRows
    copies: _Copies | None
    targets: Labels
    weight: Labels | None
    strength: float

    def without(self, out: npt.NDArray[np.bool_], seed: int, outputs: int | None = None) -> TextModel:
        """A model of all texts but those out (n,), and of their copies; outputs: of the first targets alone."""
        rows, of = self.rows.only(~out), np.flatnonzero(~out)
        if self.copies is not None:
            kept = ~out[self.copies.of]
            rows, of = rows.joined(self.copies.rows.only(kept)), np.concatenate([of, self.copies.of[kept]])
        from core.text import linear  # noqa: PLC0415

        weight = None if self.weight is None else self.weight[of]
        return linear.fit(rows, self.targets[of, :outputs], weight, seed, strength=self.strength)
