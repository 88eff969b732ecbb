"""What the draft is made for: reviews a day, what decisions cost, and floors for a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from app import guard, navigation
from app.components.policy import drafting
from app.components.shared import costs
from app.queries import services
from app.queries.policy import Desk
from app.words import count, percent
from core.policy.thresholds.aims import MOST_REVIEWS, RANDOM_SHARES, Aims


def change_aims(desk: Desk) -> None:
    """A popover that changes all of it in the draft."""
    key = f"aims-{desk.in_force.version}-{desk.number}"
    with st.popover("Capacity", icon=":material/groups:", key=key):
        now = desk.policy.aims
        capacity, prices, floors = _capacity(now, key), _prices(now, key), _floors(now, key)
        name = drafting.whose(key)
        if st.button("Save in the draft", type="primary", key=f"save-{key}"):
            with guard.shown() as failure:
                changed = replace(desk.policy, aims=Aims(**capacity, **prices, **floors))
            if failure.error is None and drafting.save(desk, changed, name):
                st.rerun()
        if st.button("Plan thresholds for it", icon=":material/speed:", type="tertiary", key=f"plan-{key}"):
            navigation.go("planner")


def _capacity(now: Aims, key: str) -> dict[str, Any]:
    """What the queue has from the activation on; what stays as it is there is not said in the policy either."""
    queue, (least, most) = services.guidance(), RANDOM_SHARES
    with st.container(horizontal=True):
        usual = queue.capacity if now.reviews_a_day is None else now.reviews_a_day
        reviews = st.number_input(
            "Reviews a day", 0, MOST_REVIEWS, usual, 10, key=f"reviews-{key}", width=180,
            help="The queue has so many places from the activation on; *Triage* can change them in between",
        )  # fmt: skip
        part = queue.random_share if now.random_share is None else now.random_share
        share = st.number_input(
            "Drawn at random, %", 100 * least, 100 * most, 100 * part, 5.0, format="%g", key=f"share-{key}", width=180,
            help="Of these reviews, from every band, those allowed, blocked and decided by rules included",
        )  # fmt: skip
    return {
        "reviews_a_day": None if now.reviews_a_day is None and reviews == usual else reviews,
        "random_share": None if now.random_share is None and abs(share / 100 - part) < 1e-9 else round(share / 100, 6),
    }


def _prices(now: Aims, key: str) -> dict[str, Any]:
    with st.container(horizontal=True):
        return {
            field: st.number_input(
                f"{word} costs", 0.0, value=float(getattr(now, field)), step=step, key=f"{field}-{key}", width=116
            )
            for field, (word, step) in costs.FIELDS.items()
        }  # fmt: skip


def _floors(now: Aims, key: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    with st.container(horizontal=True):
        for field, word in (("min_recall", "Recall at least, %"), ("min_precision", "Auto-remove right in, %")):
            share = st.number_input(
                word, 0.0, 100.0, 100 * (getattr(now, field) or 0.0), 5.0, format="%g", key=f"{field}-{key}",
                width=180, help="A floor for plans; 0 for none",
            )  # fmt: skip
            given[field] = round(share / 100, 6) or None
    return given


def made_for(desk: Desk) -> None:
    """In a line, what the thresholds on the page are made for."""
    aims, queue = desk.policy.aims, services.guidance()
    if aims.reviews_a_day is None:
        told = [f"{count(queue.capacity)} reviews a day, as set in *Triage*"]
    else:
        told = [f"made for {count(aims.reviews_a_day)} reviews a day"]
        differs = aims.reviews_a_day != queue.capacity and desk.draft is None
        told += [f"the queue has {count(queue.capacity)} at present, as set in *Triage*"] * differs
    told.append(
        f"a wrong removal costs {aims.cost_removal:g}, a review {aims.cost_review:g}, a missed spammer "
        f"{aims.cost_miss:g}"
    )
    told += [f"recall at least {percent(aims.min_recall)}"] if aims.min_recall else []
    told += [f"auto-remove right in at least {percent(aims.min_precision)}"] if aims.min_precision else []
    sentence = "; ".join(told)
    st.caption(f"{sentence[:1].upper()}{sentence[1:]}.")
