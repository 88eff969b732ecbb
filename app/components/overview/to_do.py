"""What waits for a person: each a sentence with its figure and the way there."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import navigation
from app.components.shared.heading import section
from app.queries import services
from app.words import count, plain
from core.monitoring.incidents import Finding
from core.registry.registry import Model
from core.review.automation.automation import lost_words
from core.review.cases import CaseFilters
from core.scoring.runs import Run
from core.wording import count as counted


def needs_you(runs: Sequence[Run], model: Model) -> None:
    """runs: newest first. Says so when nothing waits."""
    section("Needs attention")
    waiting = _automation()
    waiting += _reviews()
    waiting += _interrupted()
    open_ = [each.finding for each in services.home().incidents.recent() if each.open]
    waiting += _rules([each for each in open_ if each.kind == "rule"])
    if others := sum(each.kind != "rule" for each in open_):
        waiting += _line(f":material/warning: **{counted(others, 'incident')}** open", "Monitor", "monitor")
    if model.metadata.notice:
        waiting += _line(f":material/warning: **{model.version}** is {plain(model.metadata.notice)}", "Train", "train")
    if runs and runs[0].rejected:
        rows, verb = counted(runs[0].rejected, "row"), "was" if runs[0].rejected == 1 else "were"
        text = f":material/warning: **{rows}** of {plain(runs[0].name)} {verb} rejected"
        waiting += _line(text, "See why", "score_file", run=runs[0].id)
    if runs and runs[0].model != model.version:
        text = f":material/info: {runs[0].id} was scored by {runs[0].model}; {model.version} is live now"
        waiting += _line(text, "Score again", "score_file")
    if not waiting:
        st.caption("Nothing waits for you.")


def _automation() -> int:
    """That automation does not remove any more, since when and why, while nobody has armed it again."""
    last = services.home().automation.last()
    model = services.champion()
    if last is None or model is None or services.policy().armed:
        return 0
    told = lost_words(last, services.home().policies.proof(model.version)).removeprefix("Not armed: ")
    text = f":material/pan_tool: **Automatic removal is not armed.** {plain(told[:1].upper() + told[1:])}"
    return _line(f"{text} These users go to human review.", "Policy", "policy")


def _rules(found: Sequence[Finding]) -> int:
    """Rules of the policy that decide nobody, are hidden, or are not right often enough."""
    if not found:
        return 0
    if len(found) == 1:
        text = f":material/rule: {plain(found[0].sentence)}"
    else:
        text = f":material/rule: **{count(len(found))} rules** of the policy need attention."
    return _line(text, "Rules", "policy")


def _reviews() -> int:
    """Users that wait to be judged, those over their time first of all."""
    home, now = services.home(), services.now()
    open_, late = (
        home.cases.count(CaseFilters(min_age_hours=hours), now=now)
        for hours in (0.0, services.guidance().service_hours)
    )
    if not open_:
        return 0
    text = f", **{count(late)}** of them over their time" if late else ""
    return _line(f":material/rate_review: **{counted(open_, 'user')}** to review{text}", "Review", "review")


def _interrupted() -> int:
    """Files whose scoring was cut off: each is stored and can be scored again."""
    cut = [job for job in services.home().score_jobs.left() if job.interrupted]
    if not cut:
        return 0
    text = f"**{plain(cut[0].title)}**" if len(cut) == 1 else f"Scoring **{count(len(cut))} files**"
    return _line(f":material/warning: {text} was interrupted", "Resume", "score_file")


def _line(text: str, button: str, page: str, **where: str) -> int:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(text, width="stretch")
        if st.button(
            button, icon=":material/arrow_forward:", icon_position="right", type="tertiary", key=f"go-{button}"
        ):
            navigation.go(page, **where)
    return 1
