"""What the verdicts say of a run, and so of the model and policy that made it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data import datasets
from core.data import schema as schemas
from core.decision import runs
from core.decision.runs import Run
from core.decision.strata import SAMPLED
from core.feedback import estimate, plans
from core.feedback.cells import Labels, Users
from core.feedback.estimate import Figures
from core.feedback.table import column
from core.settings import Settings

_LABEL: Final = {"spammer": 1.0, "legitimate": 0.0, "unsure": np.nan}


def figures(settings: Settings, run: Run, verdicts: pd.DataFrame) -> Figures | None:
    """Precision and recall of a run, or None while it has no plan.

    verdicts: those that stand (`Ledger.effective`). Of each user whom the run has chosen, the last verdict counts that
    was given on the values that the run has, in whichever run it was asked for, if the user was sampled there; a
    user sent by hand is certain to be judged.
    """
    plan = runs.plan(settings, run.id)
    if plan is None:
        return None
    by_hand = plan.index.isin(runs.sent(settings, run.id).index)
    inclusion = np.where(by_hand, 1.0, plan["inclusion"].to_numpy())
    chosen = plan["chosen"].to_numpy() | by_hand
    probability = runs.scores(settings, run.id)["probability"].to_numpy()
    severity = run.policy.severity(probability)
    label, judged = _labels(settings, run, plan.index[chosen], verdicts)
    return estimate.figures(
        Users.of(severity, probability, inclusion),
        Labels(severity[chosen].astype(np.int64), inclusion[chosen], label, judged),
    )


def labelled(settings: Settings, run: Run, verdicts: pd.DataFrame) -> pd.DataFrame | None:
    """`probability`, `inclusion` and `label` (1.0 or 0.0) of the users of a run whose verdict says what they are.

    Indexed by input row; whose verdicts count is as in `figures`. None while the run has no plan.
    """
    plan = runs.plan(settings, run.id)
    if plan is None:
        return None
    by_hand = plan.index.isin(runs.sent(settings, run.id).index)
    inclusion = pd.Series(np.where(by_hand, 1.0, plan["inclusion"].to_numpy()), plan.index)
    rows = plan.index[plan["chosen"].to_numpy() | by_hand]
    label, _ = _labels(settings, run, rows, verdicts)
    probability = runs.scores(settings, run.id)["probability"].loc[rows]
    frame = pd.DataFrame({"probability": probability, "inclusion": inclusion.loc[rows], "label": label}, index=rows)
    return frame[frame["label"].notna()]


def _labels(
    settings: Settings, run: Run, rows: pd.Index[int], verdicts: pd.DataFrame
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The label of each row, (m,), NaN without one, and whether it was judged, (m,)."""
    schema = schemas.load(settings.schema_file)
    names = [name for name in schema.names if column(name) in verdicts.columns]
    # Without an inclusion, a user was not sampled: imported feedback on whomever somebody looked at.
    sampled = verdicts["stratum"].isin(list(SAMPLED)) & verdicts["inclusion"].notna()
    given = verdicts[sampled & verdicts["verdict"].isin(list(_LABEL))]
    at = pd.Index(plans.users(settings, run, schema).loc[rows]).get_indexer(pd.Index(given["user"]))
    given, at = given[at >= 0], at[at >= 0]
    now = datasets.frame(settings, run.dataset, names).loc[rows].to_numpy(np.float64)
    same = _equal(given[[column(name) for name in names]].to_numpy(np.float64), now[at])
    label, judged = np.full(len(rows), np.nan), np.zeros(len(rows), bool)
    # In the order they were given, so that of several the last one is left.
    label[at[same]], judged[at[same]] = given["verdict"].map(_LABEL).to_numpy(np.float64)[same], True
    return label, judged


def _equal(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Whether two rows have the same values, (k,); missing equals missing."""
    return np.asarray(((a == b) | (np.isnan(a) & np.isnan(b))).all(axis=1))
