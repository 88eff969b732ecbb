"""The desk: which case lies on it, what was said of it, and what was said last. One desk a tab.

The case is in the address, so that a reload takes it up again; what the keys do happens here, in callbacks.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypedDict

import streamlit as st

from app import guard, session
from app.components.review import key_guard
from app.queries import services
from app.words import badge, plain, probability
from core.feedback.verdict import Verdict
from core.review.cases import Case, CaseFilters
from core.review.verdicts import Given
from core.wording import count

Judgement = Literal["spammer", "legitimate", "unsure"]
_DESK: Final = "_desk"
ADDRESS: Final = "case"
_NOT_KEPT: Final = ". The reason belongs to another verdict and was not kept"
#: Longer than this somebody was away, and the time says nothing.
_AWAY: Final = 30 * 60.0


class Desk(TypedDict):
    """`case` on it, since `shown`; the id its verdict will have; what was skipped."""

    case: str | None
    shown: float
    verdict: str
    skipped: list[str]


def desk() -> Desk:
    empty: Desk = {"case": None, "shown": 0.0, "verdict": "", "skipped": []}
    found: Desk = st.session_state.setdefault(_DESK, empty)
    return found


def on_the_desk(name: str, filters: CaseFilters) -> Case | None:
    """The case on the desk; where there is none, the one in the address, else the next of the queue."""
    own, now, home = desk(), services.now(), services.home()
    if own["case"] is None and (asked := st.query_params.get(ADDRESS)):
        st.query_params.pop(ADDRESS)
        with guard.noted():
            _put(home.queue.take(asked, name, now=now, lease=services.guidance().lease, session=session.tab()))
    if own["case"] is None:
        case = home.queue.claim(
            name, now=now, lease=services.guidance().lease, filters=filters, session=session.tab(),
            but=own["skipped"],
        )  # fmt: skip
        if case is None and own["skipped"]:  # everything else is done: what was skipped comes back
            own["skipped"] = []
            return on_the_desk(name, filters)
        if case is None:
            st.query_params.pop(ADDRESS, None)
            return None
        _put(case)
        return case
    return home.cases.find(own["case"])


def judge(name: str, case: str, judgement: Judgement, reasons: str, category: str = "") -> None:
    """Record the verdict on the case that was seen, and clear the desk for the next.

    Nothing is recorded when another case lies there by now: the second click of two is not for the next user.
    """
    own = desk()
    if own["case"] != case:
        key_guard.too_early()
        return
    if key_guard.unseen():
        return
    given = Given(own["verdict"], judgement, _reason(judgement), _notes(), _seconds(own), reasons, category)
    with guard.noted() as failure:
        verdict = services.home().verdicts.judge(case, given, by=name, session=session.tab(), now=services.now())
        session.say(_told(verdict))
    if failure.error is None or not _still_mine(case, name):
        clear()


def judge_several(
    name: str, cases: Sequence[str], judgement: Judgement, *, category: str, reason: str | None = None, notes: str = "",
    then: Callable[[], None] | None = None,
) -> None:  # fmt: skip
    """Record one verdict on each of these cases, in one step, which can be undone; the desk stays. reason: a code, kept
    where it is one of this judgement; then: called once they are recorded.
    """
    said = _of(judgement, reason)
    given = Given(secrets.token_hex(8), judgement, said, notes, category=category)
    with guard.noted() as failure:
        done = services.home().verdicts.triage(cases, given, by=name, session=session.tab(), now=services.now())
        told = f"{count(len(done.verdicts), 'verdict')} saved: {plain(category) or judgement}"
        if done.refused:
            told += f". {len(done.refused)} not judged: {plain(next(iter(done.refused.values())))}"
        session.say(told + (_NOT_KEPT if reason and not said else ""))
    if failure.error is None and then is not None:
        then()


def let_go(name: str) -> None:
    """Put the case back, so that another one can be taken."""
    own = desk()
    if own["case"] is not None:
        services.home().queue.release(own["case"], name, session=session.tab())
        clear()


def skip(name: str, case: str) -> None:
    """Put the case back; it returns to this tab when there is nothing else."""
    own = desk()
    if own["case"] == case and not key_guard.unseen():
        services.home().queue.release(case, name, session=session.tab())
        own["skipped"].append(case)
        clear()


def undo(name: str, verdicts: Sequence[str], *, on_desk: bool) -> None:
    """Take a step back, however many verdicts it had; its first case lies on the desk again.

    on_desk: the button stands below a case. It counts once that is in sight, so that the second click of two does not
    take back the step before.
    """
    if key_guard.unseen() if on_desk else key_guard.covered():
        return
    with guard.noted():
        opened = services.home().verdicts.undo(verdicts, by=name, now=services.now())
        let_go(name)
        clear()
        took = services.home().queue.take(
            opened[0], name, now=services.now(), lease=services.guidance().lease,
            session=session.tab(),
        )  # fmt: skip
        _put(took)
        session.say(f"{len(opened)} verdicts taken back" if len(opened) > 1 else "Verdict taken back")


def clear() -> None:
    """Nothing on the desk, and nothing said of it."""
    own = desk()
    own["case"] = None
    st.query_params.pop(ADDRESS, None)
    st.session_state["reason"], st.session_state["notes"] = None, ""


def _put(case: Case) -> None:
    own = desk()
    own["case"], own["shown"], own["verdict"] = case.id, services.clock(), secrets.token_hex(8)
    key_guard.hidden()
    st.query_params[ADDRESS] = case.id


def _reason(judgement: Judgement) -> str:
    """The reason chosen, when it is one of this judgement."""
    return _of(judgement, st.session_state.get("reason"))


def _of(judgement: Judgement, reason: str | None) -> str:
    return reason if reason in {code.code for code in services.guidance().codes(judgement)} else ""


def _notes() -> str:
    return str(st.session_state.get("notes") or "").strip()


def _seconds(own: Desk) -> float | None:
    took = services.clock() - own["shown"]
    return round(took, 1) if took <= _AWAY else None


def _still_mine(case: str, name: str) -> bool:
    return services.home().cases.find(case).held(name, session.tab(), services.now())


def _told(verdict: Verdict) -> str:
    """What was recorded; of a blind case, what the score was."""
    seen: dict[str, Any] = {"spammer": "spammer", "legitimate": "legitimate", "unsure": "unsure"}
    told = f"{plain(verdict.user)}: {seen[verdict.verdict]}, saved"
    if verdict.blind:
        told += f". The score was {probability(verdict.score)}, {badge(verdict.band)}"
    if st.session_state.get("reason") and not verdict.reason:
        told += _NOT_KEPT
    return told
