"""What changed between two runs of the same users: scores, bands, who is flagged now and who no longer is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.comparison.flips import Flips, Ints, flips
from core.errors import RefusedError
from core.policy.bands import BANDS, POSITIVE
from core.scoring.runs import Run, Runs
from core.scoring.table_marks import Mark, exactly
from core.scoring.user_names import UserNames, latest
from core.wording import count

_FLAGGED: Final = np.array([band in POSITIVE for band in BANDS])
_SIDES: Final = tuple(f"{name}_{side}" for name in ("score", "band", "decided_by") for side in ("before", "after"))
#: A table of users whose band changed.
MARK: Final = Mark("changes", exactly("user", *_SIDES, "change", "prediction_id"))


@dataclass(frozen=True, eq=False)
class Changes:
    """The users that two runs share, by their latest row in each, in the order of the second.

    `users`: a row each, indexed by the input row of the second run: `user`, `score_before`, `score_after`,
    `band_before`, `band_after`, `decided_by_before`, `decided_by_after`. `only_before`, `only_after`: how many users
    one run has and the other lacks.
    """

    before: Run
    after: Run
    users: pd.DataFrame
    only_before: int
    only_after: int

    @cached_property
    def bands(self) -> Flips:
        """Who changes band."""
        return flips(self._severity["before"], self._severity["after"], BANDS)

    @cached_property
    def newly_flagged(self) -> pd.DataFrame:
        """Those who are for review or removal now and were not, the highest score first."""
        chosen = self.users[~self._flagged("before") & self._flagged("after")]
        return chosen.sort_values("score_after", ascending=False, kind="stable")

    @cached_property
    def no_longer_flagged(self) -> pd.DataFrame:
        """Those who were for review or removal and are not now, the highest score of before first."""
        chosen = self.users[self._flagged("before") & ~self._flagged("after")]
        return chosen.sort_values("score_before", ascending=False, kind="stable")

    @property
    def sentence(self) -> str:
        """How many changed, in figures; who is in one run only."""
        names = f"{self.before.id} ({_by(self.before)}) and {self.after.id} ({_by(self.after)})"
        lone = [
            f"{count(users, 'user')} only in {run.id}"
            for users, run in ((self.only_before, self.before), (self.only_after, self.after))
            if users
        ]
        return (
            f"{names} share {count(len(self.users), 'user')}{''.join(f', {each}' for each in lone)}. "
            f"{self.bands.sentence} {len(self.newly_flagged):,} newly flagged, "
            f"{len(self.no_longer_flagged):,} no longer."
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """Everybody whose band changed, as a file has them."""
        rows = self.bands.rows
        found, before, after = self.users.iloc[rows], self._flagged("before")[rows], self._flagged("after")[rows]
        change = np.select([~before & after, before & ~after], ["newly flagged", "no longer flagged"], "other band")
        return found.assign(change=change, prediction_id=[f"{self.after.id}-{row}" for row in found.index])

    def as_json(self) -> dict[str, Any]:
        """The figures, without the users."""
        return {
            "before": self.before.id, "after": self.after.id, "users": len(self.users),
            "only_before": self.only_before, "only_after": self.only_after, "changed": len(self.bands.rows),
            "newly_flagged": len(self.newly_flagged), "no_longer_flagged": len(self.no_longer_flagged),
            "moves": self.bands.frame().to_dict("records"), "sentence": self.sentence,
        }  # fmt: skip

    @cached_property
    def _severity(self) -> dict[str, Ints]:
        places = {band: at for at, band in enumerate(BANDS)}
        return {
            side: self.users[f"band_{side}"].map(places).to_numpy().astype(np.int64) for side in ("before", "after")
        }

    def _flagged(self, side: str) -> npt.NDArray[np.bool_]:
        return _FLAGGED[self._severity[side]]


def between(runs: Runs, user_names: UserNames, before: Run, after: Run) -> Changes:
    """What changed from one run to another. Raises RefusedError where they have no user in common."""
    a, b = (_latest(runs, user_names, run) for run in (before, after))
    if before.dataset == after.dataset:  # the same users in the same rows
        both = b.add_suffix("_after").join(a.drop(columns="user").add_suffix("_before"), how="inner")
        both = both.rename(columns={"user_after": "user"})
    else:
        both = b.reset_index(names="row").merge(a, on="user", suffixes=("_after", "_before")).set_index("row")
    if both.empty:
        raise RefusedError(f"{before.id} and {after.id} have no user in common: there is nothing to compare.")
    return Changes(before, after, both[["user", *_SIDES]], len(a) - len(both), len(b) - len(both))


def _latest(runs: Runs, user_names: UserNames, run: Run) -> pd.DataFrame:
    """user, score, band and decided_by, indexed by the latest row of each user."""
    scores = runs.scores(run.id)
    named = user_names.of(run).reindex(scores.index)
    rows = latest(named)
    chosen = scores.loc[rows]
    return pd.DataFrame({
        "user": named.loc[rows], "score": chosen["probability"],
        "band": pd.Categorical.from_codes(chosen["severity"].to_numpy(np.int64), pd.Index(BANDS)),
        "decided_by": chosen["decided_by"].astype("str"),
    })  # fmt: skip


def _by(run: Run) -> str:
    return f"{run.model} under {run.policy.version}"
