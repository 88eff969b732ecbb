"""What is decided of users that were scored: by the lists of the home, the rules of a policy, and the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data.kinds import spoken
from core.policy.decide import Decided, decide, decide_users
from core.policy.list_store import ListStore
from core.policy.lists import USER, Lists, compared
from core.policy.policy import Policy
from core.policy.users import CATEGORY, CATEGORY_PROBABILITY, Kinds, Users, fold
from core.ports import DatasetStore
from core.schema.schema import Schema, key
from core.scoring.decisions.times_seen import TimesSeen
from core.scoring.runs import Run
from core.scoring.scorer import SEPARATOR, Scored


@dataclass(frozen=True, slots=True, eq=False)
class Decider:
    """Decides users, frame after frame, by a policy and by the lists as they stood at one moment."""

    deciding: Deciding
    policy: Policy
    schema: Schema
    lists: Lists
    now: datetime

    def decide(self, frame: pd.DataFrame, scored: Scored) -> Decided:
        """What is decided of the users of a frame, scored in its order."""
        if not (self.lists or self.policy.rules):
            return decide(self.policy, scored.probability)
        return decide_users(self.policy, self.deciding.users(frame, scored, self.schema), self.lists, now=self.now)

    def as_json(self) -> dict[str, Any]:
        """The same where the same is decided of the same users, but for how often they were seen."""
        rules = [rule.name for rule in (*self.policy.acting(self.now), *self.policy.shadowed(self.now))]
        lists = sorted([*place, *sorted(values)] for place, values in self.lists.values.items())
        return {"policy": self.policy.as_json(), "rules": rules, "lists": lists}


@dataclass(frozen=True, slots=True, eq=False)
class Deciding:
    """Decides by the lists that stand in a home."""

    datasets: DatasetStore
    lists: ListStore
    times_seen: TimesSeen

    def of_file(self, policy: Policy, frame: pd.DataFrame, scored: Scored, schema: Schema, *, now: datetime) -> Decided:
        """What is decided of the users of a frame, scored in its order."""
        return self.decider(policy, schema, now=now).decide(frame, scored)

    def decider(self, policy: Policy, schema: Schema, *, now: datetime) -> Decider:
        """What decides by the lists as they stand now; those whose time has come are ended."""
        self.lists.settle(now)
        return Decider(self, policy, schema, self.lists.in_force(now), now)

    def of_some(
        self, policy: Policy, columns: Mapping[str, Any], scored: Scored, schema: Schema, lists: Lists, *, now: datetime
    ) -> Decided:  # fmt: skip
        """As `of_file`, of a few users by their columns as `Users` has them, and by lists read before."""
        if not (lists or policy.rules):
            return decide(policy, scored.probability)
        return decide_users(policy, self._users(columns, scored, schema), lists, now=now)

    def listed(self, dataset: str, column: str, values: Sequence[str]) -> int:
        """How many users of a stored dataset have one of these values in a column, or one of these ids."""
        found = self.datasets.find(dataset)
        names = {key(name): name for name in found.context} | {USER: found.id_column}
        if column not in names:
            return 0
        series = self.datasets.frame(dataset, [names[column]])[names[column]]
        wanted = {compared(column, value) for value in values}
        texts = series.dropna().astype("str")
        return int((texts if column == USER else texts.map(fold)).isin(wanted).sum())

    def users(self, frame: pd.DataFrame, scored: Scored, schema: Schema, before: Run | None = None) -> Users:
        """The users of a frame as rules see them; before: the run that they are of, where they were scored earlier."""
        columns = {key(str(name)): frame[name] for name in frame.columns}
        return self._users(columns, scored, schema, before)

    def _users(self, columns: Mapping[str, Any], scored: Scored, schema: Schema, before: Run | None = None) -> Users:
        kinds = Kinds.of(schema)
        in_words = {**columns, **spoken.texts(schema, columns)}
        if kinds.categories:
            in_words = _with_category(in_words, scored)
        return Users(
            in_words, scored.probability, scored.missing, counted(scored.novel), kinds,
            lambda ids: self.times_seen.of(ids, before),
        )  # fmt: skip


def _with_category(columns: Mapping[str, Any], scored: Scored) -> dict[str, Any]:
    """The columns with the category that was said of each; without one where the version says none, whatever a column
    of that name holds.
    """
    others = {name: held for name, held in columns.items() if name not in {CATEGORY, CATEGORY_PROBABILITY}}
    if scored.categories is None:
        return others
    said = {CATEGORY: scored.categories.category, CATEGORY_PROBABILITY: scored.categories.probability}
    return others | said


def counted(novel: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    """How many features each of `Scored.novel` names, (n,)."""
    return np.array([text.count(SEPARATOR) + 1 if text else 0 for text in novel], np.int64)
