"""What happens to users at each score: the thresholds, how many users each band has, and what the draft changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import streamlit as st

from app import charts, guard, navigation
from app.components.policy import drafting
from app.components.shared.figure import Click, figure, theme
from app.queries import policy as queries
from app.queries.policy import Desk
from app.words import MINUS, badge, count
from core.estimation.backtest import Backtest
from core.policy.bands import BANDS
from core.policy.policy import Policy
from core.scoring.filters import Filters
from core.scoring.listing.list_view import ListView

#: Bars of the histogram.
BINS: Final = 50


def tried(desk: Desk) -> Backtest | None:
    """The policy that is shown, tried on the latest run; None while there is no run."""
    return None if desk.run is None else queries.backtest(desk.run, desk.in_force, desk.policy)


def thresholds(desk: Desk, found: Backtest | None) -> None:
    """Users by action and the histogram of the latest run, between the thresholds."""
    if desk.run is None or found is None:
        st.caption("No file scored yet: what a policy does is shown on the users of the latest run.")
        return
    _counts(desk, found)
    bins = np.histogram(found.users["score"], bins=BINS, range=(0.0, 1.0))[0]
    live, draft = desk.in_force.thresholds, desk.policy.thresholds
    figure(
        charts.draft_histogram(bins, live, draft, title=_finding(desk, found), theme=theme()),
        key="draft",
        of=desk.run.id if desk.run else "",
        click=Click(lambda point: _open(desk, float(point["x"])), "click a bar for its users", leaves=True),
    )


def _open(desk: Desk, score: float) -> None:
    """The users of the run who score as those of a bar."""
    if desk.run is not None:
        scores = charts.chosen_scores(score, BINS, (0.0, 1.0))
        navigation.go("score_file", run=desk.run.id, **ListView(Filters("everyone", scores=scores)).params())


def _finding(desk: Desk, found: Backtest) -> str:
    run = desk.run.id if desk.run else ""
    if desk.draft is None:
        return f"{desk.in_force.version} on the {count(len(found.users))} users of {run}"
    review = BANDS.index("human_review")
    more = int((found.after >= review).sum() - (found.before >= review).sum())
    if not more:
        return f"The draft sends as many users of {run} to review or removal as {desk.in_force.version}"
    many, them = count(abs(more)), "user" if abs(more) == 1 else "users"
    return f"The draft sends {many} {'more' if more > 0 else 'fewer'} {them} of {run} to review or removal"


def _counts(desk: Desk, found: Backtest) -> None:
    """'○ Allow 38,531 −118': users by action, and the change against what is in force."""
    before, after = found.counts(found.before), found.counts(found.after)
    told = []
    for band in BANDS:
        moved = after[band] - before[band]
        change = f" :gray[{'+' if moved > 0 else MINUS}{count(abs(moved))}]" if moved else ""
        told.append(f"{badge(band)} **{count(after[band])}**{change}")
    st.markdown(" &nbsp; ".join(told))
    if not desk.policy.armed and (found.users["score"] > desk.policy.remove).any():
        st.caption("Auto-remove is not armed: its users go to human review.")


def change_thresholds(desk: Desk) -> None:
    """A popover that makes other thresholds the draft's."""
    # Another one for each draft: it closes once it has saved.
    key = f"thresholds-{desk.in_force.version}-{desk.number}"
    with st.popover("Thresholds", icon=":material/tune:", key=key):
        now, given = desk.policy, {}
        for name, word in (("monitor", "Monitor"), ("review", "Human review"), ("remove", "Auto-remove")):
            given[name] = st.number_input(
                f"{word} above", 0.0, 1.0, getattr(now, name), 0.01, format="%.4g", key=f"{name}-{key}"
            )
        given["rule_precision"] = st.number_input(
            "Least precision of a rule, %", 0.0, 100.0, 100 * now.rule_precision, 5.0, key=f"target-{key}",
            help="A rule that is right less often is marked: precision among judged users, or the share rightly spared",
        ) / 100  # fmt: skip
        name = drafting.whose(key)
        if st.button("Save in the draft", type="primary", key=f"save-{key}") and _save(desk, now, given, name):
            st.rerun()


def _save(desk: Desk, now: Policy, given: dict[str, float], name: str) -> bool:
    with guard.shown() as failure:
        changed = replace(now, **given)  # type: ignore[arg-type]
    return failure.error is None and drafting.save(desk, changed, name)
