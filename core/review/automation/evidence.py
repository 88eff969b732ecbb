"""What verdicts are evidence for the band that automation would remove.

Of each user who was drawn for the audit (`core.planning.audits`) the first blind verdict under a policy and model
version counts, in the order of time, with what stands of the user by now: a verdict that was corrected, or overturned
by an appeal, counts as it stands, at the time of the first one. Who was unsure could not defend a removal: that counts
as a verdict that says legitimate. Users whom a list or a rule removes are not in the sample: what is said of them is no
evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from core.feedback.ledger import Ledger
from core.policy.arming import LIGHTEST, Evidence, Verdict

_BAND: Final = "auto_remove"


@dataclass(frozen=True, slots=True)
class Found:
    """The evidence, and what it is of: users drawn, by what stands of them, and `appeals` of other removed users that
    were upheld.
    """

    evidence: Evidence
    spammer: int
    legitimate: int
    unsure: int
    appeals: int


def found(ledger: Ledger, *, policy: str, model: str, since: datetime | None) -> Found:
    """The evidence of a home for a policy and model version, from a moment on; the ledger is read as it is."""
    drawn, appealed = _said(ledger, policy, model, since)
    stands = _standing(ledger, pd.concat([drawn["user"], appealed["user"]]))
    drawn = drawn[drawn["user"].isin(stands.index)]
    inclusion, label = drawn["inclusion"].to_numpy(float), stands.reindex(drawn["user"]).to_numpy(object)
    weight, least = weights(inclusion)
    verdicts = [
        Verdict(each == "spammer", float(by), at.to_pydatetime())
        for each, by, at in zip(label, weight, drawn["time"], strict=True)
    ]
    upheld = appealed[stands.reindex(appealed["user"]).eq("legitimate").to_numpy(bool)]
    verdicts += [Verdict(False, least, at.to_pydatetime(), appeal=True) for at in upheld["time"]]
    spammer, legitimate, unsure = (int((label == word).sum()) for word in ("spammer", "legitimate", "unsure"))
    return Found(Evidence.of(verdicts), spammer, legitimate, unsure, len(upheld))


def users(ledger: Ledger, *, policy: str, model: str, since: datetime | None) -> frozenset[str]:
    """The users whose verdicts are evidence, as `found` counts it."""
    drawn, appealed = _said(ledger, policy, model, since)
    return frozenset([*drawn["user"], *appealed["user"]])


def _said(
    ledger: Ledger, policy: str, model: str, since: datetime | None
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """The first verdict on each user drawn for the audit, and on each who appealed against a removal."""
    rows = ledger.frame()
    ours = rows[(rows["policy"] == policy) & (rows["model"] == model) & (rows["band"] == _BAND)]
    if since is not None:
        ours = ours[ours["time"] >= since]
    said = ours[ours["verdict"] != "withdrawn"].sort_values("time", kind="stable")
    drawn = said[(said["stratum"] == "audit") & said["blind"].astype(bool)].drop_duplicates("user")
    appealed = said[(said["stratum"] == "appeal") & (said["action"] == _BAND)].drop_duplicates("user")
    return drawn, appealed[~appealed["user"].isin(drawn["user"])]


def _standing(ledger: Ledger, users: pd.Series[str]) -> pd.Series[str]:
    """What stands of each of these users, by name; nothing of those whose verdicts were all taken back."""
    effective = ledger.effective()
    of_them = effective[effective["user"].isin(users)]
    return of_them.set_index("user")["verdict"]


def weights(inclusion: np.ndarray) -> tuple[np.ndarray, float]:
    """How many users each verdict stands for, relative to the most that one has stood for so far; and the inverse of
    the most that one stands for, at the end.

    Draws of one plan are equal; from plan to plan their probability changes with the number of users.
    """
    if not len(inclusion):
        return inclusion, 1.0
    lowest = np.minimum.accumulate(inclusion)
    return np.maximum(lowest / inclusion, LIGHTEST), float(lowest[-1])
