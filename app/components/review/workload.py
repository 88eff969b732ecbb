"""The shift: how much is done today, how long a verdict takes, what waits too long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import streamlit as st

from app.queries import services
from app.words import count
from core.review.cases import CaseFilters, Progress

#: px of the bar of what is done.
_BAR: Final = 14


def shift(name: str) -> Progress:
    """Badges for the title row; gives the counts for the bar below it."""
    since, now = today(), services.now()
    done = services.home().cases.progress(name, since)
    capacity = services.guidance().capacity
    told = [f":gray-badge[:material/task_alt: {_today_of(done.judged, capacity)}]"]
    took = services.home().ledger.of_reviewer(name, since)["seconds"].median()
    if took == took:  # noqa: PLR0124 - NaN before the first verdict
        told.append(f":gray-badge[:material/timer: median {f'{took:.0f}' if took >= 1 else '<1'} s]")
    late = services.home().cases.count(CaseFilters(min_age_hours=services.guidance().service_hours), now=now)
    if late:
        told.append(f":gray-badge[:material/schedule: {count(late)} over their time]")
    st.markdown(" ".join(told), width="content")
    return done


def bar(done: Progress) -> None:
    of = max(services.guidance().capacity, 1)
    with st.container(height=_BAR, border=False):
        st.progress(min(done.judged / of, 1.0))


def _today_of(judged: int, capacity: int) -> str:
    return (
        f"{count(judged)} of {count(capacity)} today"
        if judged <= capacity
        else f"{count(judged)} today, {count(capacity)} planned"
    )


def shift_began() -> datetime:
    """Midnight where the reader is, or twelve hours ago where that was before: a shift may have begun yesterday."""
    return min(today(), services.now() - timedelta(hours=12))


def today() -> datetime:
    """Midnight where the reader is."""
    offset = timedelta(minutes=-(st.context.timezone_offset or 0))
    local = services.now() + offset
    return services.now() - timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
