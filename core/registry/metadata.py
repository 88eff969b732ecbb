"""What is known about a model version besides its trees: lineage, training ranges, figures. Plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core import formats
from core.evaluation.cautions import Caution
from core.evaluation.metrics import AT_THRESHOLD, Figures
from core.model.encoding import Levels
from core.store.strict_json import typed
from core.wording import value_text

#: The newest format; a version of numbers alone is written in the first, one without texts in the second, one without
#: the owner's phrases in the third.
FORMAT: Final = 4
#: The kind of a feature that is a count of phrases.
PHRASES: Final = "phrases"
#: What a word is called that a version does not know.
OTHER: Final = "another word"


@dataclass(frozen=True, slots=True)
class Trained:
    """One feature as it was in training; `median`, `low`, `high` are None where every value was missing, and of words.

    `levels`: of a category; `words`: what 0, 1 ... are called, nothing where numbers are said as such.
    """

    name: str
    kind: str
    low: float | None
    high: float | None
    median: float | None
    missing: int
    levels: Levels | None = None
    words: tuple[str, ...] = ()

    @property
    def constant(self) -> bool:
        """Whether no row differed from another: the model cannot have learnt anything from it."""
        if self.levels is not None:
            return self.levels.size + bool(self.missing) <= 1
        if self.kind == "text":
            return False
        return self.low == self.high and (self.low is None or self.missing == 0)

    def say(self, value: float | None) -> str:
        """A value of a table of users as a person would write it.

        >>> Trained("plan", "category", None, None, None, 0, Levels(("free", "pro"))).say(None)
        'missing'
        """
        if value is None or value != value:  # noqa: PLR0124 - NaN is the one value that differs from itself
            return value_text(value)
        if self.levels is not None:
            return self.levels.word(value) or OTHER
        return self.words[int(value)] if value in range(len(self.words)) else value_text(value)

    def as_json(self) -> dict[str, Any]:
        raw = asdict(self)
        return {name: value for name, value in raw.items() if value or name not in {"levels", "words"}}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Trained:
        entry = dict(raw)
        if (levels := entry.get("levels")) is not None:
            entry["levels"] = Levels(tuple(levels["words"]), tuple(levels["rare"]), levels["other"])
        return cls(**entry | {"words": tuple(entry.get("words", ()))})


@dataclass(frozen=True, slots=True)
class Data:
    """What the model was fitted on. `dataset` is the id of the dataset, `sha256` that of the file's bytes,
    `salt` the digest of the home's salt: without the same salt nobody can tell who was trained on.
    """

    name: str
    dataset: str
    sha256: str
    salt: str
    rows: int
    positives: int
    trained_on: int
    tested_on: int


@dataclass(frozen=True, slots=True)
class Metadata:
    """`parent`: the champion when this one was trained, "" when none was; `trained_by`: who had it trained.
    `cautions`: what speaks against the figures. All are None where that is not known, as in versions older than these
    entries. `augmented`: whether it learnt from disguised copies of texts too.
    """

    created: datetime
    data: Data
    features: tuple[Trained, ...]
    figures: Figures
    seed: int
    rounds: int
    parameters: Mapping[str, Any]
    libraries: Mapping[str, str]
    seconds: float
    bias: float
    notice: str = ""
    parent: str | None = None
    trained_by: str | None = None
    cautions: tuple[Caution, ...] | None = None
    augmented: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the order of the model's columns."""
        return tuple(feature.name for feature in self.features)

    @property
    def levels(self) -> dict[str, Levels]:
        """The levels of the features that are words."""
        return {feature.name: feature.levels for feature in self.features if feature.levels is not None}

    @property
    def texts(self) -> tuple[str, ...]:
        """The features that are texts."""
        return tuple(feature.name for feature in self.features if feature.kind == "text")

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that a table of users has, in their order: what is counted of phrases is in none."""
        return tuple(feature.name for feature in self.features if feature.kind != PHRASES)

    @property
    def counted(self) -> tuple[str, ...]:
        """The features that are counts of phrases."""
        return tuple(feature.name for feature in self.features if feature.kind == PHRASES)

    @property
    def format(self) -> int:
        if self.counted:
            return 4
        if self.texts:
            return 3
        return 2 if any(feature.levels or feature.words for feature in self.features) else 1

    @property
    def ranges(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Lowest and highest values in training, each (f,); where a feature had none, any value is outside.

        Words, texts and languages have no range: `Levels.unseen` and `TextModel.unseen` tell which are new.
        """
        spoken = [feature.levels is not None or feature.kind in {"text", "language"} for feature in self.features]
        edge = [-np.inf if each else np.inf for each in spoken]
        low = [each if feature.low is None else feature.low for feature, each in zip(self.features, edge, strict=True)]
        high = [
            -each if feature.high is None else feature.high for feature, each in zip(self.features, edge, strict=True)
        ]
        return np.array(low), np.array(high)

    @property
    def given(self) -> npt.NDArray[np.bool_]:
        """Which features (f,) have values of their own: what is counted in a text is missing where the text is."""
        told = tuple(f"{name} (" for name in self.texts)
        return np.array([not (told and name.startswith(told)) for name in self.names])

    @property
    def constants(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features if feature.constant)

    def as_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "created": self.created.isoformat(),
            "notice": self.notice,
            "parent": self.parent,
            "trained_by": self.trained_by,
            "data": asdict(self.data),
            "seed": self.seed,
            "rounds": self.rounds,
            "bias": self.bias,
            "parameters": dict(self.parameters),
            "libraries": dict(self.libraries),
            "seconds": self.seconds,
            "constants": list(self.constants),
            "figures": self.figures.as_json(),
            "features": [feature.as_json() for feature in self.features],
            **({"augmented": True} if self.augmented else {}),
        } | ({} if self.cautions is None else {"cautions": [each.as_json() for each in self.cautions]})

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Metadata:
        """Raises AttributeError, KeyError, TypeError or ValueError when the JSON is no metadata, NewerFormatError."""
        formats.number(raw["format"], "metadata.json", FORMAT)
        metadata = cls(
            created=datetime.fromisoformat(raw["created"]),
            data=Data(**raw["data"]),
            features=tuple(Trained.from_json(entry) for entry in raw["features"]),
            figures=Figures.from_json(raw["figures"]),
            seed=raw["seed"],
            rounds=raw["rounds"],
            parameters=raw["parameters"],
            libraries=raw["libraries"],
            seconds=raw["seconds"],
            bias=raw["bias"],
            notice=raw["notice"],
            parent=raw.get("parent"),
            trained_by=raw.get("trained_by"),
            cautions=tuple(map(Caution.from_json, raw["cautions"])) if "cautions" in raw else None,
            augmented=raw.get("augmented", False),
        )
        if not 0 < len(set(metadata.names)) == len(metadata.names):
            raise ValueError("names no features, or one twice")
        if any(each.keys() != set(AT_THRESHOLD) for each in metadata.figures.at.values()):
            raise ValueError("has other figures above a threshold than it should")
        return typed(metadata)
