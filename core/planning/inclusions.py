"""With which probability users were chosen to be judged, as the stored plans say it now: every plan may raise it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.feedback import standing
from core.planning.backlog import MOST_RUNS
from core.scoring.runs import Run, Runs
from core.scoring.user_names import UserNames, latest


@dataclass(frozen=True, slots=True, eq=False)
class Inclusions:
    """Reads the plans of a home."""

    runs: Runs
    user_names: UserNames

    def of(self, run: Run) -> pd.DataFrame | None:
        """`user`, `inclusion` and `chosen` of each user of a run by the latest row, indexed by it. None: no plan.

        Who was sent by hand is certain.
        """
        if (plan := self.runs.plan(run.id)) is None:
            return None
        names = self.user_names.of(run)
        once = plan.loc[plan.index.isin(latest(names))]
        by_hand = once.index.isin(self.runs.sent(run.id).index)
        inclusion = np.where(by_hand, 1.0, once["inclusion"].to_numpy())
        chosen = once["chosen"].to_numpy() | by_hand
        return pd.DataFrame({"user": names.loc[once.index], "inclusion": inclusion, "chosen": chosen}, once.index)

    def as_of_now(self, verdicts: pd.DataFrame) -> pd.DataFrame:
        """Verdicts (k rows, as `Ledger.effective`), each with the largest `inclusion` that any plan gave its user.

        As the permanent random number of a user never changes, that is the probability of having been chosen by any
        plan; a verdict stores that of its own day. Of a user who was not chosen by chance it stays as it is; so it
        does where the stored one is larger, as a plan may be older than the runs looked through.
        """
        sampled = standing.sampled(verdicts)
        users = pd.Index(verdicts["user"][sampled].unique())
        largest = np.zeros(len(users))
        for run in self.runs.recent(MOST_RUNS) if len(users) else ():
            if (plan := self.of(run)) is None:
                continue
            at = users.get_indexer(pd.Index(plan["user"]))
            np.maximum.at(largest, at[at >= 0], plan["inclusion"].to_numpy()[at >= 0])
        inclusion = verdicts["inclusion"].to_numpy(np.float64, copy=True)
        inclusion[sampled] = np.maximum(inclusion[sampled], largest[users.get_indexer(verdicts["user"][sampled])])
        return verdicts.assign(inclusion=inclusion)
