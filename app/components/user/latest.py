"""The user as last scored: the score, what contributed to it, what else was known, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pandas as pd
import streamlit as st

from app import guard, navigation, session
from app.components.policy import drafting
from app.components.review.side_panel import similar
from app.components.score_user.user_result import Result, contributions, scored, waterfall
from app.components.score_user.user_source import Start, start_of
from app.components.shared.heading import section
from app.components.shared.send_to_review import send_users
from app.queries import services
from app.reports import in_words
from app.reports.in_words import Known
from app.tables.cells import LONGEST
from app.words import badge, escaped, label, link, moment, plain, probability
from core.errors import TrustdeskError
from core.policy.decide import SCORE
from core.policy.list_store import Grounds
from core.policy.lists import USER, ListName
from core.registry.registry import Model
from core.review.cases import Case
from core.review.predictions_of_user import Sighting

_LIST: Final[dict[ListName, str]] = {"block": "Block", "allow": "Allow"}
_DOES: Final[dict[ListName, str]] = {
    "block": "Removed from now on; a person looks first while automatic removal is not armed.",
    "allow": "Nothing is done with this user from now on, whatever the score.",
}


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest prediction whose values are stored, scored again by the version that made it."""

    user: str
    sighting: Sighting
    model: Model
    start: Start
    result: Result

    @classmethod
    def of(cls, user: str, found: Sequence[Sighting], cases: Sequence[Case]) -> Latest | None:
        """found: the predictions, newest first. None where the model or the values are not there any more, and while a
        blind case waits: whoever judges it must not see the score.
        """
        last = next((each for each in found if not each.grows), None)
        if last is None or any(case.blind and case.status == "open" for case in cases):
            return None
        try:
            model = services.model(last.run.model)
            start = start_of(model, services.home().datasets.find(last.run.dataset), last.row)
            return cls(user, last, model, start, scored(model, start.values, start.words))
        except TrustdeskError:
            return None

    def known(self, found: Sequence[Sighting], verdicts: pd.DataFrame) -> Known:
        """What is told in words."""
        told = self.result.scored.categories
        category = None if told is None else (str(told.category[0]), float(told.probability[0]))
        return Known(self.user, self.sighting, self.result.reasons, found, verdicts, category)


def actions(latest: Latest, known: Known) -> None:
    """Buttons of the title row: to a person, onto a list, into a file."""
    send_users(latest.sighting.run, [latest.sighting.row])
    if drafting.may_change() and services.schema().id:
        with st.popover("Add to a list", icon=":material/playlist_add:"):
            _listing(latest.user)
    drawing = contributions(latest.result, latest.model, latest.result, theme="light")
    st.download_button(
        "Report", lambda: in_words.report(known, drawing).encode(), "user-report.html", "text/html", on_click="ignore",
        icon=":material/download:", key="user-report", help="One page, to read, send or print, without a network",
    )  # fmt: skip


def latest_score(latest: Latest, known: Known) -> None:
    """Two thirds: the score and its contributions. One third: the explanation in words, context, look-alikes."""
    thirds = st.grid(3, min_column_width=290, gap=("small", "medium"))
    with thirds.cell(column_span=2):
        _headline(latest)
        waterfall(latest.result, latest.model, latest.result)
        if st.button("All values, and what a change would do", icon=":material/arrow_forward:", type="tertiary"):
            navigation.go("score_user", run=latest.sighting.run.id, row=str(latest.sighting.row))
    with thirds.cell():
        section("In words", "to copy into a ticket")
        text = "\n".join(map(escaped, in_words.explanation(known).splitlines()))
        st.code(text, language=None, wrap_lines=True)
        _context(latest)
        weights = {each.feature: abs(each.contribution) for each in latest.result.reasons}
        values = {str(name): None if pd.isna(value) else float(value) for name, value in latest.start.values.items()}
        similar(services.alike(latest.model.version, latest.user, values, weights))


def _headline(latest: Latest) -> None:
    last = latest.sighting
    text = f"score **{probability(last.probability)}** &nbsp; {badge(last.band)}"
    if last.action != last.band:
        text += f" → {label(last.action)}"
    if last.decided_by != SCORE:
        text += f" :gray-badge[decided by {plain(last.decided_by.replace(':', ' ', 1))}]"
    st.markdown(text)
    run = last.run
    st.caption(
        f"{plain(run.name)}, row {last.row:,} · run {run.id}, {moment(run.created)} UTC · {run.model} under "
        f"{run.policy.version}" + " · auto-remove is not armed, so a person looks first" * (last.action != last.band)
    )


def _context(latest: Latest) -> None:
    told = pd.Series(dict(latest.start.context), dtype=object).dropna().astype(str)
    beside = told[told != latest.user]
    profile = services.guidance().profile(latest.user)
    address = link(profile) if profile else None
    if len(beside) or address:
        section("Context")
        rows = [f"**{plain(str(name))}** {plain(escaped(value[:LONGEST]))}" for name, value in beside.items()]
        st.markdown("  \n".join([*rows, *([f"[Open the profile]({address})"] if address else [])]))


def _listing(user: str) -> None:
    name = st.segmented_control("List", list(_LIST), default="block", required=True, format_func=_LIST.__getitem__)
    st.caption(_DOES[name])
    reason = st.text_input("Reason", key="list-reason")
    days = st.number_input("Ends after days", 0, key="list-days", help="0: stands until taken off")
    who = drafting.whose("list-user")
    if st.button(f"{_LIST[name]} {plain(user)}", type="primary", key="list-user"):
        with guard.shown() as failure:
            now = services.now()
            grounds = Grounds(reason, drafting.authorised(who), now, now + timedelta(days=int(days)) if days else None)
            added = services.home().lists.add(name, USER, [user], grounds)
        if failure.error is None:
            session.say(f"{plain(user)} is on the {name} list" + ("" if added.new else " already"))
            st.rerun()
