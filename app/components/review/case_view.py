"""One case: who it is, what the model saw, and for a blind case only what the user did."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from app import charts
from app.components.review import key_guard
from app.components.shared.figure import figure, theme
from app.components.shared.judged_message import judged_message, summed
from app.queries import services
from app.tables.cells import LONGEST, safe
from app.words import UNKNOWN, badge, count, link, plain, probability, signed
from core.policy.decide import SCORE
from core.registry.registry import Model
from core.review import evidence
from core.review.cases import Case
from core.review.evidence import SHOWN
from core.review.threads import Message, Talk
from core.scoring.reasons import Reason
from core.text.shown import escaped

#: Letters of what a case is called by.
_TITLE: Final = 120


def reasons(case: Case, model: Model) -> tuple[Reason, ...]:
    """A reason for every feature of the case as it was scored, the largest push to spammer first."""
    return evidence.reasons(case, model, services.meanings())


def case_view(case: Case, model: Model, told: tuple[Reason, ...], earlier: int) -> None:
    """Header, figure and all values; `earlier`: how many verdicts there are on this user."""
    _header(case, model, earlier)
    if (found := services.talk(case.dataset, case.row) or _alone(case, model)) is not None:
        judged_message(found, None if case.blind else told, case.id)
        if not case.blind and told:
            st.caption(summed(found.feature, told, model.metadata.bias, case.score))
        told = tuple(each for each in told if each.feature != found.feature)
    if evidence.erased(case, model):
        st.info("What the user wrote was erased at its end. Judge on what else is known, or say *unsure*.")
        return
    shown = _shown(case, model, told)
    figure(
        charts.evidence(shown, theme=theme()), key="evidence", of=model.version, watched=key_guard.watched("evidence")
    )
    st.caption(_rest(case, told, known=services.population(model.version).tells_apart))
    with st.expander(f"All {len(told)} values"):
        _everything(case, model, told)


def _alone(case: Case, model: Model) -> Talk | None:
    """The text of a case whose thread is not known any more."""
    name = next((name for name in model.texts if case.context.get(name)), None)
    return None if name is None else Talk(name, (Message(case.row, "", "", case.context[name]),), 0)


def _header(case: Case, model: Model, earlier: int) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"#### {plain(_title(case, model))}", width="content")
        if case.blind:
            st.markdown(":gray-badge[:material/visibility_off: score hidden until your verdict]", width="content")
        else:
            text = f"score **{probability(case.score)}** &nbsp; {badge(case.band)}"
            text += f" :gray-badge[{plain(case.category)}, if a violation]" if case.category else ""
            st.markdown(text + f" :gray-badge[run {case.run}]", width="content")
    context = [value[:LONGEST] for value in _context(case, model)[1:] if value]
    parts = [f"user {plain(case.user)}"] * bool(case.context) + [*map(plain, context)]
    if case.assigned_to:
        parts.append(f"assigned to {plain(case.assigned_to)} by {plain(str(case.assigned_by))}")
    parts.append(f"{count(earlier)} earlier verdicts" if earlier != 1 else "1 earlier verdict")
    if not case.blind:
        by = "" if case.decided_by == SCORE else f", decided by {plain(case.decided_by.replace(':', ' ', 1))}"
        parts.append(f"{case.model} under {case.policy}{by}")
    if (profile := services.guidance().profile(case.user)) and (address := link(profile)):
        parts.append(f"[Open the profile]({address})")
    st.markdown(f":gray[{' · '.join(parts)}]")
    if case.reopened:
        st.caption(f"Reopened. {plain(case.reopened)}")


def _title(case: Case, model: Model) -> str:
    first = next(iter(_context(case, model)), None)
    return " ".join(first[:_TITLE].split()) if first else f"User {case.user}"


def _context(case: Case, model: Model) -> list[str | None]:
    """What was there to be judged beside the numbers; texts stand by themselves."""
    return [None if value is None else str(value) for name, value in case.context.items() if name not in model.texts]


def _shown(case: Case, model: Model, told: tuple[Reason, ...]) -> pd.DataFrame:
    """The rows of the figure: those that moved the score most, or, blind, those that set spammers apart."""
    population = services.population(model.version)
    most = SHOWN + len(population.names) - len(told)
    if case.blind:
        apart = np.abs(population.spammer - population.legitimate)
        rows = population.blind(evidence.values(case, model), apart, most)
    else:
        push = {each.feature: each.contribution for each in told}
        rows = population.moved(evidence.values(case, model), [push.get(name, 0.0) for name in population.names], most)
    rows = rows[rows["feature"].isin([each.feature for each in told])].head(SHOWN)
    meaning = {each.feature: each.meaning or None for each in told}
    said = {each.feature: _said(case, each) for each in told}
    return rows.assign(meaning=rows["feature"].map(meaning), value_text=rows["feature"].map(said))


def _said(case: Case, reason: Reason) -> str:
    """The value as people write it. Of a text it is what contributed most, which a blind case does not tell."""
    if not reason.words or not case.blind:
        return reason.said
    return " ".join(escaped(str(case.context.get(reason.feature))[:_TITLE]).split())


def _rest(case: Case, told: tuple[Reason, ...], *, known: bool) -> str:
    """`known`: whether the model came with what sets spammers apart; one that was pulled may not."""
    parts = ["Meanings marked assumed are guesses."] if services.meanings().assumed else []
    if not known:
        parts.append("The model was pulled without its users: medians of spammers and others are not known.")
    if case.blind and not known:
        parts.append("Blind: no score and no contributions, and the features are the first of the model.")
    elif case.blind:
        parts.append("Blind: no score and no contributions, and the features are those that set spammers apart most.")
    else:
        rest = sorted((each.contribution for each in told), key=abs)[:-SHOWN] if len(told) > SHOWN else []
        parts += [f"The other {len(rest)} features contribute {signed(sum(rest))} together."] if rest else []
    return " ".join(parts)


def _everything(case: Case, model: Model, told: tuple[Reason, ...]) -> None:
    by_name = {each.feature: each for each in told}
    ordered = [each.feature for each in told]
    if case.blind:  # the order of their contributions would tell
        ordered = [name for name in model.metadata.names if name in by_name]
    frame = pd.DataFrame(
        {
            "Feature": ordered,
            "Value": [_said(case, by_name[name]) for name in ordered],
            "Against training": [by_name[name].direction for name in ordered],
            "Meaning": [by_name[name].meaning for name in ordered],
        }
    )
    if not case.blind:
        frame.insert(3, "Contribution", [signed(by_name[name].contribution) for name in ordered])
    st.dataframe(safe(frame), hide_index=True, placeholder=UNKNOWN, row_height=32, alt="All values of this user")
