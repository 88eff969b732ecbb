"""What every family of models learns from and gives: rows and options in, margins out (`core.ports.Family`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.float64]
Margins = npt.NDArray[np.floating[Any]]
#: How good margins (n,) of the rows left out are: higher is better.
Judge = Callable[[Margins], float]
#: Told how far the work is: what is being done, and the share done so far (0 to 1).
Progress = Callable[[str, float], None]
#: The same, of one step of it. What it raises ends the work.
Share = Callable[[float], None]

#: Below this many rows a single early-stopped fold is too noisy a judge of the number of rounds.
SMALL: Final = 5_000
#: Of so many users one is learnt from once more without a text that everybody has.
BLANK: Final = 20


class Strongest(NamedTuple):
    """The k largest contributions above 0 of n rows, the largest first, of equal ones that of the first feature.

    `features` (n, k): positions in the model's order, -1 where a row has fewer; `pushes` (n, k): log-odds, 0 there.
    """

    features: npt.NDArray[np.int32]
    pushes: npt.NDArray[np.float32]

    def only(self, chosen: npt.NDArray[Any]) -> Strongest:
        """Those of the rows of a mask or of positions, in their order."""
        return Strongest(self.features[chosen], self.pushes[chosen])

    @classmethod
    def of(cls, contributions: npt.NDArray[np.float32], k: int) -> Strongest:
        """The k largest of all contributions, (n, f)."""
        n, least = len(contributions), min(k, contributions.shape[1])
        features, pushes = np.full((n, k), -1, np.int32), np.zeros((n, k), np.float32)
        order = np.argsort(-contributions, axis=1, kind="stable")[:, :least]
        largest = np.take_along_axis(contributions, order, axis=1)
        features[:, :least], pushes[:, :least] = np.where(largest > 0, order, -1), np.maximum(largest, 0)
        return cls(features, pushes)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Users to learn from: x (n, f) with NaN for missing, y (n,) of 0 and 1, and how much each counts (n,).

    Without a `weight` all count alike. `levels` (f,): of a column of categories how many codes it has, from 0 on, and 0
    for numbers; nothing where all columns are numbers. `stacked`: by position, the columns that another model made,
    (folds, n): what each user has there for whom learns without a fold. `blanks`: positions of columns that are told
    of one text, for each text that hardly anybody lacks (see `taught`).
    """

    x: Matrix
    y: Labels
    weight: Labels | None = None
    levels: tuple[int, ...] = ()
    stacked: Mapping[int, Matrix] = field(default_factory=dict)
    blanks: tuple[tuple[int, ...], ...] = ()

    def only(self, chosen: npt.NDArray[Any]) -> Rows:
        """The users of a mask or of positions, in their order."""
        weight = None if self.weight is None else self.weight[chosen]
        stacked = {at: values[:, chosen] for at, values in self.stacked.items()}
        return Rows(self.x[chosen], self.y[chosen], weight, self.levels, stacked, self.blanks)

    def weighing(self, weight: Labels | None) -> Rows:
        """The same users, each of whom counts so much (n,)."""
        return replace(self, weight=weight)

    def without(self, fold: int) -> Rows:
        """The same users as they are for whom learns from all but a fold: no column of theirs has seen it."""
        if not self.stacked:
            return self
        x = self.x.copy()
        for at, values in self.stacked.items():
            x[:, at] = values[fold]
        return replace(self, x=x, stacked={})

    def taught(self) -> Rows:
        """The same users, and copies of one in `BLANK` who lack a text: what trees make of that is learnt, not left to
        the way that they happen to send what is missing. The copies have both labels as often as the users.
        """
        if not self.blanks:
            return self
        order = np.random.default_rng(0).permutation(len(self.y))
        order = order[np.argsort(self.y[order], kind="stable")]
        taken = order[BLANK // 2 :: BLANK]
        copies = []
        for columns in self.blanks:
            x = self.x[taken]
            x[:, columns] = np.nan
            copies.append(x)
        many = np.tile(taken, len(copies))
        return replace(
            self, x=np.concatenate([self.x, *copies]), y=np.concatenate([self.y, self.y[many]]),
            weight=None if self.weight is None else np.concatenate([self.weight, self.weight[many]]),
            stacked={}, blanks=(),
        )  # fmt: skip

    @property
    def categories(self) -> list[int]:
        """Positions of the columns of categories."""
        return [at for at, levels in enumerate(self.levels) if levels]


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of a family, and of the search for the number of rounds where it learns in rounds.

    It is judged every `every` rounds on the fold left out, up to `most_rounds`, and given up after `patience` rounds
    without a better judgement where it `stops_early`. A family that does not learn in rounds has `most_rounds` 1.
    """

    parameters: Mapping[str, Any]
    folds: int
    most_rounds: int = 1
    stops_early: bool = False
    every: int = 1
    patience: int = 100

    def having(self, parameters: Mapping[str, Any]) -> Options:
        """The same with other values of some parameters."""
        return replace(self, parameters={**self.parameters, **parameters})

    def over(self, curve: list[float]) -> bool:
        """Whether the best of the judgements so far lies so far back that no better one is waited for."""
        return self.stops_early and (len(curve) - 1 - int(np.argmax(curve))) * self.every >= self.patience


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A model of some folds and how it did on the one left out: judgement after each step (`every` rounds).

    `margin`: number of steps -> margins of the rows left out after so many of them, or after all where there are fewer.
    """

    curve: list[float]
    margin: Callable[[int], Margins]
