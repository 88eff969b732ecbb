"""Automatic removal: whether it is armed, what blind verdicts prove, how soon a fall would be seen, and the buttons."""

from __future__ import annotations

import math
from typing import Final

import streamlit as st

from app import charts, guard, session
from app.components.policy import drafting
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.queries import policy as queries
from app.queries import services
from app.queries.policy import Standing
from app.words import count, percent, plain
from core.errors import RefusedError
from core.policy import arming
from core.wording import count as counted

#: Verdicts from which on there is something to draw, and to guess from.
_FEWEST: Final = 10


def automation() -> None:
    """How automation stands, and the way to arm or disarm it; nothing without a model."""
    found = queries.standing()
    if found is None:
        return
    state = found.state
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        sub = f"users above {state.policy.remove:.3g} by the score of {state.proof.model} under {state.proof.policy}"
        section("Automatic removal", sub, width="stretch")
        if drafting.may_change():
            _deed(found)
    armed = ":red-badge[:material/bolt: Armed]" if state.armed else ":gray-badge[Not armed]"
    st.markdown(f"{armed} &nbsp; {plain(_plain(state.sentence))}")
    if found.course is not None and state.arming.verdicts >= _FEWEST:
        bound = charts.proof(
            found.course.share, found.course.bound, state.terms.target, title=_finding(found), theme=theme()
        )
        figure(bound, key="proof")
    st.caption(" · ".join(_facts(found)))
    st.caption(
        "While it is armed, rules and lists that say auto-remove remove as well, as people wrote them: what they do is "
        "not part of this proof. While it is not, a person looks first at all of them."
    )


def _plain(sentence: str) -> str:
    """Without the state, which the badge says."""
    told = sentence.removeprefix("Not armed: ").removeprefix("Armed ")
    return told[:1].upper() + told[1:]


def _finding(found: Standing) -> str:
    """What the verdicts say, as a heading."""
    now, course, target = found.state.arming, found.course, percent(found.state.terms.target)
    if now.armed or now.proven:
        return f"Precision lies above {percent(now.bound)}: {counted(now.verdicts, 'blind verdict')} prove it"
    if course is not None and course.more is not None:
        return f"About {count(_rounded(course.more))} more blind verdicts like these would prove {target}"
    return f"{counted(now.verdicts, 'blind verdict')} do not show a precision above {target}"


def _rounded(number: int) -> int:
    """To two digits: it is a guess."""
    step: int = 10 ** max(len(str(number)) - 2, 0)
    return math.ceil(number / step) * step


def _facts(found: Standing) -> list[str]:
    """What the evidence is of, and how soon a fall would be seen."""
    of, audit = found.state.found, found.audit
    whole = f"Since {found.state.proof.policy} is in force with {found.state.proof.model}: "
    told = [f"{whole}{count(of.spammer)} judged spammer, {count(of.legitimate)} legitimate"]
    told += [f"{count(of.unsure)} unsure, counted against it"] * bool(of.unsure)
    told += [f"{counted(of.appeals, 'appeal')} upheld"] * bool(of.appeals)
    if audit.outlook is None:
        return [*told, "nobody is audited yet: no run has users in the band, or there are no reviews a day"]
    seen = audit.outlook
    told.append(f"{audit.verdicts_a_day:,.0f} of {audit.removed_a_day:,.0f} users of the band are audited a day")
    told.append(
        f"a fall to {percent(seen.fallen, 0)} disarms in {seen.days:,.1f} days on average, in {seen.days_mostly:,.1f} "
        f"in 95 of 100 cases; {seen.wrong_removals:,.0f} wrong removals until then"
    )
    if state_error := found.state.policy.removal.reviewer_error:
        told.append(f"reviewers are taken to be wrong in {percent(state_error)} of cases, either way")
    return told


def _deed(found: Standing) -> None:
    """The popover that arms or disarms, or says why nobody may arm now."""
    state = found.state
    if state.armed:
        with st.popover("Disarm", icon=":material/pan_tool:"):
            st.markdown(f"From the next user on, a person looks first at everybody above {state.policy.remove:.3g}.")
            why, who = _asked("disarm")
            if st.button("Disarm automation", type="primary"):
                with guard.shown() as failure:
                    by = drafting.authorised(who)
                    services.home().automation.disarm(by=by, why=why, now=services.now())
                _done(failure.error, "Automation is disarmed")
        return
    with st.popover("Arm", icon=":material/bolt:"):
        if refusal := _refusal(found):
            st.markdown(plain(refusal))
            return
        st.markdown(
            f"From the next user on, everybody above {state.policy.remove:.3g} is removed without a person. It is "
            "disarmed by itself when verdicts show that precision falls."
        )
        why, who = _asked("arm")
        if st.button("Arm automation", type="primary"):
            with guard.shown() as failure:
                by = drafting.authorised(who)
                services.home().arming_desk.arm(by=by, why=why, now=services.now())
            _done(failure.error, "Automation is armed")


def _asked(key: str) -> tuple[str, str]:
    why = st.text_input("Comment", max_chars=500, placeholder="Why", key=f"comment-{key}")
    return why, drafting.whose(key)


def _refusal(found: Standing) -> str:
    """Why nobody may arm now; "" where a lead may."""
    try:
        arming.require(found.state.arming, found.audit.verdicts_a_day)
    except RefusedError as error:
        return str(error)
    return ""


def _done(error: Exception | None, said: str) -> None:
    if error is None:
        session.say(said)
        st.rerun()
