"""Which users of a run to look at: a frozen value, applied to frames in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.policy.bands import BANDS, Band
from core.policy.decide import flagged

#: Those to choose from.
Choice = Literal["flagged", "everyone"] | Band
#: `not_flagged` is what the flagged are held against.
Group = Choice | Literal["not_flagged"]
Label = Literal["any", "spammer", "legitimate"]
GROUPS: Final[tuple[Choice, ...]] = ("flagged", *reversed(BANDS), "everyone")


@dataclass(frozen=True, slots=True)
class Filters:
    """All conditions must hold. Ranges include both ends; a missing value lies in no range.

    `text` is looked for, without regard to case, in the id, in the context and as the name of a feature
    among the reasons. `values` of the context column `context`; `within` for the feature `feature`. `label`
    keeps spammers or legitimate users only, and so nobody whose label is not known. `reason`: the feature that a reason
    names; `decided_by`: `score`, `rule:<name>` or `list:<name>`; `category`: of a violation.
    """

    group: Group = "flagged"
    text: str = ""
    scores: tuple[float, float] = (0.0, 1.0)
    feature: str | None = None
    within: tuple[float, float] | None = None
    context: str | None = None
    values: tuple[str, ...] = ()
    novel: bool = False
    incomplete: bool = False
    label: Label = "any"
    reason: str | None = None
    decided_by: str | None = None
    category: str | None = None

    @property
    def extra(self) -> int:
        """How many conditions hold beyond the group and the text."""
        ranged = self.feature is not None and self.within is not None
        listed = self.context is not None and bool(self.values)
        named = sum(each is not None for each in (self.reason, self.decided_by, self.category))
        return named + sum(
            [self.scores != (0.0, 1.0), ranged, listed, self.novel, self.incomplete, self.label != "any"]
        )

    @property
    def scored(self) -> bool:
        """Whether any condition is about the score or what was noted when scoring."""
        told = self.decided_by is not None or self.category is not None
        return self.group != "everyone" or self.scores != (0.0, 1.0) or self.novel or self.incomplete or told

    def matches(
        self, people: pd.DataFrame, *,
        texts: tuple[str, ...] = (), reasons: pd.DataFrame | None = None, values: pd.Series[float] | None = None,
        label: npt.NDArray[np.float64] | None = None,
    ) -> npt.NDArray[np.bool_]:  # fmt: skip
        """Whether each user passes, (n,).

        people: `probability`, `severity`, `n_missing`, `novel_features`, `decided_by`, `category` as a condition needs
        them, and the columns named in `texts` and `context`; reasons: `reason_1` ... of some users; values: of
        `feature`. All indexed by input row. label (n,) in the order of people: 1, 0, NaN where not known; None where
        nobody's is.
        """
        probability = people["probability"].to_numpy()
        kept = self._in_group(people)
        kept &= (probability >= self.scores[0]) & (probability <= self.scores[1])
        if self.feature is not None and self.within is not None and values is not None:
            kept &= values.reindex(people.index).between(*self.within).to_numpy(bool)
        if self.context is not None and self.values:
            kept &= people[self.context].isin(self.values).to_numpy(bool)
        if self.novel:
            kept &= (people["novel_features"].fillna("") != "").to_numpy(bool)
        if self.incomplete:
            kept &= (people["n_missing"] > 0).to_numpy(bool)
        for column, wanted in (("decided_by", self.decided_by), ("category", self.category)):
            if wanted is not None:
                kept &= (people[column] == wanted).to_numpy(bool) if column in people else False
        if self.reason is not None:
            kept &= _named(people, reasons, self.reason, ignore_case=False)
        if self.label != "any":
            kept &= (label == (self.label == "spammer")) if label is not None else np.zeros(len(people), bool)
        if self.text.strip():
            kept &= self._mentions(people, texts, reasons)
        return np.asarray(kept, bool)

    def _in_group(self, people: pd.DataFrame) -> npt.NDArray[np.bool_]:
        if self.group == "everyone":
            return np.ones(len(people), bool)
        severity = people["severity"].to_numpy(np.int8)
        if self.group == "flagged":
            return flagged(severity)
        if self.group == "not_flagged":
            return ~flagged(severity)
        return np.asarray(severity == BANDS.index(self.group))

    def _mentions(
        self, people: pd.DataFrame, texts: tuple[str, ...], reasons: pd.DataFrame | None
    ) -> npt.NDArray[np.bool_]:
        wanted = self.text.strip()
        found = np.zeros(len(people), bool)
        for column in texts:
            found |= people[column].str.contains(wanted, case=False, regex=False).fillna(False).to_numpy(bool)
        return found | _named(people, reasons, wanted, ignore_case=True)


def _named(
    people: pd.DataFrame, reasons: pd.DataFrame | None, feature: str, *, ignore_case: bool
) -> npt.NDArray[np.bool_]:  # fmt: skip
    """Whether a reason of each user names a feature, (n,)."""
    if reasons is None or not len(reasons.columns):
        return np.zeros(len(people), bool)
    # `X1=`, not `X1`: looking for X1 must not find X19. Of a text it is `body: `.
    told = [
        pc.starts_with(pa.array(reasons[column], from_pandas=True), pattern=f"{feature}{mark}", ignore_case=ignore_case)
        for column in reasons
        for mark in ("=", ": ")
    ]
    named = np.logical_or.reduce([each.fill_null(False).to_numpy(zero_copy_only=False) for each in told])
    return people.index.isin(reasons.index[named])
