"""Scoring users as they are asked for: the model, policy and reasons of a run of a file, for one user or for many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from core.access.idempotency import Kept
from core.data.kinds import given
from core.data.kinds.given import Value
from core.errors import BadOptionError, FeaturesError, WrongFeaturesError
from core.policy.bands import BANDS, POSITIVE, Action, Band
from core.policy.decide import Decided, decide
from core.policy.lists import Lists
from core.policy.policy import Policy
from core.registry.registry import Model
from core.schema.glossary import Glossary
from core.schema.levels import written
from core.schema.schema import RESERVED, Schema, key
from core.scoring.decisions.deciding import Deciding
from core.scoring.export import TOP
from core.scoring.online_runs import Growing, OnlineRuns, Served
from core.scoring.reasons import Reason, strongest_reasons
from core.scoring.scorer import SEPARATOR, Scored, Scorer
from core.scoring.streaming.block_scoring import Which
from core.text.normalise import remembered

Values = npt.NDArray[np.float64]
_UNKNOWN: Final = float("nan")
_NUMBERS: Final = frozenset({float, int})
_NUMBERS_OR_NONE: Final = _NUMBERS | {type(None)}
_ZERO: Final = "it holds a zero byte, which no text does: take it out."
_NOTHING: Final[Mapping[str, str | None]] = MappingProxyType({})


class Asked(NamedTuple):
    """A user to score. `values`: of the schema's features, NaN for missing; `user` is "" without a name.

    `which` says whose score is explained, by up to `top` reasons.
    """

    values: Sequence[float]
    user: str = ""
    context: Mapping[str, str | None] = _NOTHING
    which: Which = "all"
    top: int = TOP
    #: Texts of which no more than their columns keep was taken.
    cut: tuple[str, ...] = ()


class Prediction(NamedTuple):
    """What the model and the policy say of one user. `missing`, `novel`: features without a value, and those outside
    the training range; `cut`: texts that were scored up to the length that their columns keep; `reasons`: the strongest
    pushes towards "spammer", none where they were not asked for.
    """

    id: str
    probability: float
    band: Band
    action: Action
    missing: tuple[str, ...]
    novel: tuple[str, ...]
    reasons: tuple[Reason, ...]
    model: str
    policy: str
    decided_by: str
    category: str = ""
    category_probability: float | None = None
    cut: tuple[str, ...] = ()

    @property
    def is_spammer(self) -> bool:
        return self.band in POSITIVE

    @property
    def confidence(self) -> float:
        """|p - .5| x 2, as `Scored.confidence`."""
        return abs(self.probability - 0.5) * 2


class Serving:
    """Scores users with one model version under one policy; threads may share it. `lists`: those that stand; whoever
    serves keeps them as they are now.

    Raises WrongFeaturesError when the schema lacks a feature of the model.
    """

    def __init__(
        self, online_runs: OnlineRuns, deciding: Deciding, model: Model, schema: Schema, glossary: Glossary,
        policy: Policy, lists: Lists,
    ) -> None:  # fmt: skip
        absent = [name for name in model.metadata.columns if name not in schema.names]
        if absent:
            raise WrongFeaturesError(model.version, absent)
        self.model, self.schema, self.policy = model, schema, policy
        self.lists = lists
        self._deciding, self._glossary, self._scorer = deciding, glossary, Scorer(model)
        self._names, self._known = schema.names, frozenset(schema.inputs)
        self._spoken = schema.worded
        # What is counted in a text is missing where the text is, which is said once.
        counted = {each.name for column in schema.features if column.kind == "text" for each in column.derived()}
        self._own = np.array([name in schema.inputs or name not in counted for name in schema.names])
        self._today = schema
        self._texts = schema.texts
        self._later = any(column.later for column in schema.features)
        # Of one name alone an item getter gives no tuple.
        self._all = itemgetter(*schema.names) if not self._later and len(schema.names) > 1 else None
        # What is counted of phrases is in no table, and stands last: of those the model asks the texts.
        self._at = [schema.names.index(name) for name in model.metadata.columns]
        self._further = len(model.metadata.counted)
        self._keys = {key(name): name for name in schema.inputs}
        names = (*schema.names, *schema.inputs, schema.id, schema.label and schema.label.column)
        self._taken = {key(name) for name in names if name}
        self._growing = Growing(online_runs, schema.names, model.version, policy)

    def asked(
        self, features: Mapping[str, Value], *, user: str = "", context: Mapping[str, str | None] = _NOTHING,
        allow_missing: bool = False, which: Which = "all", top: int = TOP, now: datetime | None = None,
    ) -> Asked:  # fmt: skip
        """A user as `score` takes them, from values by the names of features. Raises FeaturesError, BadOptionError."""
        if "\0" in user:
            raise BadOptionError("user_id", _ZERO)
        self.check_context(context)
        values, words = self.values(features, allow_missing=allow_missing, now=now)
        long = given.cut(self.schema, self._renamed(features)) if self._texts else ()
        return Asked(values, user.strip(), {**context, **words} if words else context, which, top, long)

    def values(
        self, features: Mapping[str, Value], *, allow_missing: bool = False, now: datetime | None = None
    ) -> tuple[Sequence[float], dict[str, str]]:
        """The values of the schema's features, NaN where a feature is null, or absent with `allow_missing`, and for
        what `score` finds in texts; and the words among them, by the names of the columns that hold such.

        Names are compared as those of columns are. Raises FeaturesError, BadOptionError for a value of another kind.
        """
        if (numbers := self._numbers(features)) is not None:
            return numbers, {}
        if not self._known.issuperset(features):
            features = self._renamed(features)
        if not allow_missing and len(features) < len(self._known):
            raise FeaturesError([name for name in self.schema.inputs if name not in features], ())
        if self._later or not _NUMBERS_OR_NONE.issuperset(map(type, features.values())):
            values, words = given.values(self._as_of((now or datetime.now(UTC)).date()), features)
            return values, given.as_context(words)
        found: list[Any] = [*map(features.get, self._names)]
        return [_UNKNOWN if value is None else value for value in found] if None in found else found, {}

    def check_context(self, context: Mapping[str, str | None]) -> None:
        """Raises BadOptionError where context has the name of another column, or two names that are one."""
        if not context:
            return
        folded = [key(name) for name in context]
        if bad := sorted({name for name in folded if name in self._taken or folded.count(name) > 1 or not name}):
            raise BadOptionError("context", f'"{bad[0]}" is empty, used twice, or the name of another column.')
        if any(name.startswith(RESERVED) for name in folded):
            raise BadOptionError("context", f"names that begin with {RESERVED} are Trustdesk's own.")
        if any("\0" in text for pair in context.items() for text in pair if text):
            raise BadOptionError("context", _ZERO)

    def score(
        self, asked: Sequence[Asked], *, now: datetime,
        kept: Callable[[Sequence[Prediction]], Iterable[Kept]] = lambda _: (),
    ) -> list[Prediction]:  # fmt: skip
        """Score users, store them and give their predictions in order; all are on disk when this returns.

        kept: the replies that tell of these predictions; they are stored with them, or neither is. Raises
        ClaimLostError and, where the model gives one of them no score, NoScoreError: then nobody is stored.
        """
        values = np.array([each.values for each in asked], np.float64).reshape(len(asked), len(self._names))
        texts = {name: [each.context.get(written(name)) for each in asked] for name in self._texts}
        most = max((each.top for each in asked if each.which != "none"), default=0)
        with remembered():
            for name, found in given.of_texts(self.schema, texts).items():
                values[:, self._names.index(name)] = found
            in_order = np.pad(values[:, self._at], ((0, 0), (0, self._further)), constant_values=np.nan)
            scored = self._scorer.score_values(in_order, top=most, texts=texts).checked()
            decided = self._decided(asked, values, scored, now)
            reasons = self._reasons(asked, in_order, scored, decided)
        predictions: list[Prediction] = []

        def told(ids: Sequence[str]) -> Iterable[Kept]:
            predictions.extend(self._predictions(asked, ids, values, scored, decided, reasons))
            return kept(predictions)

        self._growing.add(_served(asked, values, scored, decided), now=now, kept=told)
        return predictions

    def warm_up(self) -> None:
        """Score and explain somebody, and store nothing: what is made once is made before anybody asks."""
        nobody = np.full((1, len(self._at) + self._further), np.nan)
        self._scorer.score_values(nobody, top=TOP, texts={name: [None] for name in self.model.texts})

    def ended(self, *, now: datetime, everything: bool = False) -> list[str]:
        """As `Growing.ended`."""
        return self._growing.ended(now=now, everything=everything)

    def _numbers(self, features: Mapping[str, Any]) -> Sequence[float] | None:
        """The values of who has a number for every feature by its own name, which most have; None of anybody else."""
        if self._all is None or len(features) != len(self._names):
            return None
        try:
            found: tuple[Any, ...] = self._all(features)
        except KeyError:
            return None
        return found if _NUMBERS.issuperset(map(type, found)) else None

    def _as_of(self, today: date) -> Schema:
        """The schema with ages as of today, as those who are asked about now are told, whatever files were read at."""
        if not self.schema.dated:
            return self.schema
        if self._today.as_of != today:
            self._today = replace(self.schema, as_of=today)
        return self._today

    def _renamed(self, features: Mapping[str, Value]) -> Mapping[str, Value]:
        """The features under the schema's own names."""
        given = {key(name): value for name, value in features.items()}
        unknown = [name for name in features if key(name) not in self._keys]
        if unknown or len(given) < len(features):
            twice = [name for name in features if sum(key(other) == key(name) for other in features) > 1]
            raise FeaturesError((), unknown or twice)
        return {self._keys[name]: value for name, value in given.items()}

    def _decided(self, requests: Sequence[Asked], values: Values, scored: Scored, now: datetime) -> Decided:
        if not (self.lists or self.policy.rules):
            return decide(self.policy, scored.probability)
        columns: dict[str, Any] = {key(name): values[:, at] for at, name in enumerate(self._names)}
        context = {name: at for each in requests for name, at in zip(each.context, map(key, each.context), strict=True)}
        for name, at in context.items():
            columns[at] = np.array([each.context.get(name) for each in requests], object)
        if self.schema.id:
            columns[key(self.schema.id)] = np.array([each.user or None for each in requests], object)
        return self._deciding.of_some(self.policy, columns, scored, self.schema, self.lists, now=now)

    def _reasons(
        self, requests: Sequence[Asked], values: Values, scored: Scored, decided: Decided
    ) -> list[tuple[Reason, ...]]:  # fmt: skip
        if scored.strongest is None:
            return [()] * len(requests)
        most = [
            each.top if each.which == "all" or (each.which == "flagged" and flagged) else 0
            for each, flagged in zip(requests, decided.flagged.tolist(), strict=True)
        ]
        words = [{name: each.context.get(written(name)) for name in self._spoken} for each in requests]
        return strongest_reasons(values, scored.strongest, self.model, self._glossary, most, words)

    def _predictions(
        self, asked: Sequence[Asked], ids: Sequence[str], values: Values, scored: Scored, decided: Decided,
        reasons: Sequence[tuple[Reason, ...]],
    ) -> list[Prediction]:  # fmt: skip
        return [
            Prediction(
                identity, probability, BANDS[band], action, missing, tuple(novel.split(SEPARATOR)) if novel else (),
                told, self.model.version, self.policy.version, by, kind[0], kind[1], each.cut,
            )
            for each, identity, probability, band, action, by, missing, novel, told, kind in zip(
                asked, ids, scored.probability.tolist(), decided.severity.tolist(), decided.actions.tolist(),
                decided.decided_by.tolist(), self._missing(values), scored.novel, reasons, _kinds(scored), strict=True,
            )
        ]  # fmt: skip

    def _missing(self, values: Values) -> list[tuple[str, ...]]:
        """The features without a value of each."""
        missing: list[tuple[str, ...]] = [()] * len(values)
        unknown = np.isnan(values) & self._own
        for row in np.flatnonzero(unknown.any(axis=1)):
            missing[row] = tuple(self._names[at] for at in np.flatnonzero(unknown[row]))
        return missing


def _kinds(scored: Scored) -> Sequence[tuple[str, float | None]]:
    """The category of each and how likely it is, where the version knows categories."""
    if scored.categories is None:
        return [("", None)] * len(scored.margin)
    found = scored.categories
    return list(zip(found.category.tolist(), found.probability.astype(np.float64).tolist(), strict=True))


def _served(requests: Sequence[Asked], values: Values, scored: Scored, decided: Decided) -> list[Served]:
    return [
        Served(each.user, row, each.context, margin, probability, missing, novel, severity, by, *kind)
        for each, row, margin, probability, missing, novel, severity, by, kind in zip(
            requests, values, scored.margin.tolist(), scored.probability.tolist(), scored.missing.tolist(),
            scored.novel, decided.severity.tolist(), decided.decided_by.tolist(), _kinds(scored), strict=True,
        )
    ]  # fmt: skip
