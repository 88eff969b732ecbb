"""The one interface behind which every family of models learns: rows and options in, margins out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

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


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Users to learn from: x (n, f) with NaN for missing, y (n,) of 0 and 1, and how much each counts (n,).

    Without a `weight` all count alike.
    """

    x: Matrix
    y: Labels
    weight: Labels | None = None

    def only(self, chosen: npt.NDArray[Any]) -> Rows:
        """The users of a mask or of positions, in their order."""
        return Rows(self.x[chosen], self.y[chosen], None if self.weight is None else self.weight[chosen])


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


class Learner(Protocol):
    """A fitted model."""

    def margin(self, x: Matrix, /) -> Margins:
        """Uncalibrated log-odds, (n, f) -> (n,)."""
        ...


class Predictor(Learner, Protocol):
    """A fitted model that may lead: what a version is made of."""

    @property
    def rounds(self) -> int:
        """Of boosting."""
        ...

    def bias(self, features: int, /) -> float:
        """What contributions are added to for the margin, in log-odds."""
        ...

    def on_one_thread(self) -> Predictor:
        """The same, to the bit, for one user at a time."""
        ...

    def reloaded(self) -> Predictor:
        """As it is when it comes from its file."""
        ...

    def save(self, path: Path, /) -> None:
        """Write the file that `LeadingFamily.loaded` reads."""
        ...


class Explainer(Protocol):
    """Exact SHAP values of a predictor: with its bias they add up to the margin."""

    def contributions(
        self, features: Matrix, *, progress: Callable[[int, int], None] = ..., helper: Any = None
    ) -> npt.NDArray[np.float32]:  # fmt: skip
        """In log-odds, (n, f) -> (n, f); missing values (NaN) get theirs too.

        progress: told how many rows of how many are explained; helper: of `helping`, which does a part of the work.
        """
        ...

    def helping(self, file: Path, /) -> AbstractContextManager[Any]:
        """A second process on the file of the predictor, begun at once, so that it is ready when there is work."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A model of some folds and how it did on the one left out: judgement after each step (`every` rounds).

    `margin`: number of steps -> margins of the rows left out after so many of them, or after all where there are fewer.
    """

    curve: list[float]
    margin: Callable[[int], Margins]


class Draw(Protocol):
    """What a search asks for the next value of a parameter (as `optuna.Trial` does)."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...
    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int: ...


class Family(Protocol):
    """A way to learn. `name`: in words. `can_lead`: whether one of it may be put in charge."""

    @property
    def name(self) -> str: ...
    @property
    def can_lead(self) -> bool: ...
    @property
    def available(self) -> bool:
        """Whether its library is installed."""
        ...

    def options(self, rows: int, /) -> Options:
        """What works well on sets of so many rows."""
        ...

    def space(self, draw: Draw, /) -> dict[str, Any]:
        """The parameters of one trial of a search."""
        ...

    def note(self, rows: int, /) -> str:
        """What has to be known when it learns from so many rows, as a sentence, or ""."""
        ...

    def watched(self, seen: Rows, unseen: Matrix, judge: Judge, options: Options, seed: int, told: Share, /) -> Watched:
        """Learn from the rows seen, judged on the others on the way."""
        ...

    def fitted(self, rows: Rows, options: Options, seed: int, rounds: int | None, told: Share, /) -> Learner:
        """Learn from rows, for so many rounds where the family has rounds."""
        ...


class LeadingFamily(Family, Protocol):
    """A family whose models may be put in charge: they are stored, checked before they are loaded, and explained."""

    def features(self, content: bytes, /) -> int:
        """How many features a stored model has. Raises ValueError, with a clause, unless the file is sound."""
        ...

    def loaded(self, content: bytes, /) -> Predictor:
        """The model of a file. Raises ValueError, with a clause, unless it is sound."""
        ...

    def explainer(self, predictor: Predictor, /) -> Explainer:
        """What explains a model of this family. Raises TypeError for another one."""
        ...
