"""From a frame of users to calibrated scores. Knows no policy: what a score leads to is decided elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import NoScoreError
from core.model.categories.head import Likeliest
from core.model.encoding import Coded, Texts
from core.model.learner import Matrix, Strongest
from core.registry.metadata import PHRASES
from core.registry.registry import Model
from core.wording import count

#: Between the names in `Scored.novel`.
SEPARATOR: Final = "; "
#: Users scored at once where progress is told: a fraction of a second.
BLOCK: Final = 65_536
_ARRAYS: Final = ("margin", "probability", "missing", "novel")


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of n users in the order given, all arrays (n,).

    `margin` is the model's own log-odds, `probability` the calibrated risk of being a spammer.
    `novel` names the features outside the training range, separated by semicolons; empty for most.
    What is not `finite` is no score: whoever asks tells the user so, and no policy takes it. `strongest`: what pushed
    each score up most; None where it was not asked for.
    """

    margin: npt.NDArray[np.float32]
    probability: npt.NDArray[np.float64]
    missing: npt.NDArray[np.int64]
    novel: npt.NDArray[np.object_]
    version: str
    strongest: Strongest | None = None
    #: Of which category a violation is; None where there are no categories.
    categories: Likeliest | None = None

    @classmethod
    def of(cls, scores: pd.DataFrame, version: str) -> Scored:
        """What `Runs.scores` gives, without reasons."""
        return cls(
            margin=scores["margin"].to_numpy(np.float32), probability=scores["probability"].to_numpy(np.float64),
            missing=scores["n_missing"].to_numpy(np.int64),
            novel=scores["novel_features"].fillna("").to_numpy(object), version=version,
            categories=Likeliest(
                scores["category"].to_numpy(object), scores["category_probability"].to_numpy(np.float32)
            ) if "category" in scores else None,
        )  # fmt: skip

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """Who has a score."""
        return np.isfinite(self.margin) & np.isfinite(self.probability)

    def only(self, chosen: npt.NDArray[np.bool_]) -> Scored:
        """The chosen users, in their order."""
        return Scored(
            self.margin[chosen], self.probability[chosen], self.missing[chosen], self.novel[chosen], self.version,
            self.strongest and self.strongest.only(chosen), self.categories and self.categories.only(chosen),
        )  # fmt: skip

    def checked(self) -> Scored:
        """The same. Raises NoScoreError unless everybody has a score."""
        finite = self.finite
        if not finite.all():
            raise NoScoreError(self.version, np.flatnonzero(~finite).tolist(), len(finite))
        return self

    @property
    def confidence(self) -> npt.NDArray[np.float64]:
        """|p - .5| x 2: how far from undecided the score is, 0 to 1. A column to read, not a rule."""
        return np.abs(self.probability - 0.5) * 2


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores users with one model version. The same row gets the same bits in any batch."""

    model: Model

    def matrix(self, frame: pd.DataFrame) -> Matrix:
        """The features in the model's order as float32, (n, f), NaN for missing.

        Raises WrongFeaturesError when the frame lacks a feature of the model.
        """
        return self._coded(frame).x

    def score(self, frame: pd.DataFrame, *, top: int = 0) -> Scored:
        """Score the users of a frame (n rows) that has every feature of the model, whatever else it has.

        top: how many of the largest contributions to give, in the same pass.
        """
        coded = self._coded(frame)
        return self._scored(coded, self._novel(frame, self._strange(coded)), top)

    def score_in_blocks(self, frame: pd.DataFrame, progress: Callable[[int, int], None], *, top: int = 0) -> Scored:
        """As `score`, telling how many of the users are done, before the first and after each block."""
        users, parts = len(frame), []
        for start in range(0, max(users, 1), BLOCK):
            progress(start, users)
            parts.append(self.score(frame.iloc[start : start + BLOCK], top=top))
        progress(users, users)
        strongest = [each.strongest for each in parts if each.strongest is not None]
        return Scored(
            **{name: np.concatenate([getattr(each, name) for each in parts]) for name in _ARRAYS},
            version=self.model.version,
            strongest=Strongest(*map(np.concatenate, zip(*strongest, strict=True))) if strongest else None,
            categories=Likeliest.joined([each.categories for each in parts if each.categories is not None]),
        )

    def score_values(
        self, values: npt.NDArray[np.float64], *, top: int = 0, texts: Mapping[str, Texts] = MappingProxyType({})
    ) -> Scored:  # fmt: skip
        """As `score`, a few users by their values (n, f) in the model's order, NaN for missing; the same bits.

        texts: of the columns of text, (n,) each. Raises WrongFeaturesError where they are absent.
        """
        coded = self.coded(values, texts)
        return self._scored(coded, self._novel_of_few(values, self._strange(coded)), top)

    def coded(
        self, values: npt.NDArray[np.float64], texts: Mapping[str, Texts] = MappingProxyType({})
    ) -> Coded:  # fmt: skip
        """As the model sees users of such values (n, f) in its order, and such texts."""
        return self.model.encoding.of_values(values, self.model.metadata.names, texts)

    def _coded(self, frame: pd.DataFrame) -> Coded:
        return self.model.encoding.of_frame(frame, self.model.metadata.names, self.model.version)

    def _strange(self, coded: Coded) -> Mapping[str, npt.NDArray[np.bool_]]:
        """Who (n,) has words or a text unlike those learnt from; no text is one where everybody learnt from had one."""
        always = {each.name for each in self.model.metadata.features if each.kind == "text" and not each.missing}
        return {name: rows | coded.missing[name] if name in always else rows for name, rows in coded.strange.items()}

    def _scored(self, coded: Coded, novel: npt.NDArray[np.object_], top: int) -> Scored:
        features, head = coded.x, self.model.head
        strongest, unknown = None, np.isnan(features)
        # A word that is not known is there all the same.
        for name, rows in coded.missing.items():
            unknown[:, self.model.metadata.names.index(name)] = rows
        if top:
            margin, strongest = self.model.explainer.strongest(features, top)
        else:
            margin = np.asarray(self.model.predictor.margin(features), np.float32)
        return Scored(
            margin=margin,
            probability=self.model.calibration.probability(margin),
            missing=unknown.sum(axis=1) if not self.model.texts else unknown[:, self.model.metadata.given].sum(axis=1),
            novel=novel,
            version=self.model.version,
            strongest=strongest,
            categories=None if head is None else head.likeliest(np.hstack([features, coded.further])),
        )

    def _novel(
        self, frame: pd.DataFrame, strange: Mapping[str, npt.NDArray[np.bool_]]
    ) -> npt.NDArray[np.object_]:  # fmt: skip
        """Feature by feature: of many users no second copy is made. strange: whose words or texts are new (n,)."""
        novel = np.full(len(frame), "", dtype=object)
        for feature, low, high in zip(self.model.metadata.features, *self.model.metadata.ranges, strict=True):
            if feature.kind == PHRASES:  # of more phrases than anybody had there is nothing new to say
                continue
            outside = strange.get(feature.name)
            rows = np.flatnonzero(_outside(_floats(frame[feature.name]), low, high) if outside is None else outside)
            novel[rows] = [f"{before}{SEPARATOR}{feature.name}".removeprefix(SEPARATOR) for before in novel[rows]]
        return novel

    def _novel_of_few(
        self, values: npt.NDArray[np.float64], strange: Mapping[str, npt.NDArray[np.bool_]]
    ) -> npt.NDArray[np.object_]:  # fmt: skip
        """All at once: of one user, asking feature by feature would take longer than scoring."""
        novel = np.full(len(values), "", dtype=object)
        outside, names = _outside(values, *self.model.metadata.ranges), self.model.metadata.names
        for name, rows in strange.items():
            outside[:, names.index(name)] = rows
        outside[:, [names.index(name) for name in self.model.metadata.counted]] = False
        for row in np.flatnonzero(outside.any(axis=1)):
            novel[row] = SEPARATOR.join(names[at] for at in np.flatnonzero(outside[row]))
        return novel


def strangers(novel: Iterable[str], model: Model) -> Iterator[str]:
    """Of how many users each column of words has one that the model has not learnt from, as sentences."""
    counts = Counter(name for names in novel if names for name in names.split(SEPARATOR))
    for name, levels in model.metadata.levels.items():
        if users := counts[name]:
            as_ = "like other rare words" if levels.other else "as if it were missing"
            verb = "has" if users == 1 else "have"
            yield f"{name}: {count(users, 'user')} {verb} a word that {model.version} never met; it is taken {as_}."


def _outside(
    values: npt.NDArray[np.float64],
    low: npt.NDArray[np.float64] | np.float64,
    high: npt.NDArray[np.float64] | np.float64,
) -> npt.NDArray[np.bool_]:
    return np.asarray((values < low) | (values > high))


def _floats(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    return values.to_numpy(np.float64)
