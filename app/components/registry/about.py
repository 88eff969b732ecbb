"""What is known of one version: its difference from the champion, and its card."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd
import streamlit as st

from app.components.registry.what_it_brings import what_it_brings
from app.components.shared.heading import section
from app.components.shared.model_notice import model_notice
from app.components.shared.model_page import calibration, figures, judged_elsewhere, lineage, thresholds
from app.components.shared.swarm import swarm
from app.queries import services
from app.tables.cells import safe
from app.words import UNKNOWN, legible, moment, plain
from core.registry import card
from core.registry.card import Section
from core.registry.metadata import Metadata
from core.registry.registry import Listed, Model

#: Words that a table could not break; a digest is one. It stands whole under "What it was made from".
_LONG: Final = re.compile(r"\S{33,}")


def about(listed: Listed, champion: Listed | None) -> None:
    """How good a version is, how it differs from the champion, and what it was made from."""
    if listed.metadata is None:
        section(listed.version, "damaged")
        st.caption(plain(listed.damage))
        _promoted(listed)
        return
    model = services.model(listed.version)
    section(model.version, "its figures come from users it was never trained on")
    model_notice(model)
    if model.origin is not None:
        st.caption(
            f"Pulled from {plain(model.origin.place)}, {moment(model.origin.at)} UTC by {plain(model.origin.by)}"
        )
    _promoted(listed)
    difference(listed, champion)
    halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
    with halves.cell():
        figures(model)
    with halves.cell():
        calibration(model)
    thresholds(model)
    what_it_brings(model)
    contributions(model)
    judged_elsewhere(model)
    lineage(model)
    model_card(listed)


def _promoted(listed: Listed) -> None:
    """When, by whom and why, whole; of the live version it is said above."""
    if listed.promotion is not None and not listed.in_charge:
        promoted = listed.promotion
        st.caption(f"Last promoted {moment(promoted.at)} UTC, by {plain(promoted.by)}: “{plain(promoted.why)}”")


def contributions(model: Model) -> None:
    """How the version uses its features; nothing where it came without its users."""
    found = services.contributions(model)
    if len(found.pushes):
        swarm(found, model, "users it was trained on, drawn at random")


def difference(listed: Listed, champion: Listed | None) -> None:
    """Facts and figures in which the version differs from the champion; nothing for that one itself."""
    if champion is None or champion.metadata is None or listed.metadata is None or listed.in_charge:
        return
    section(f"Difference from {champion.version}", "facts and figures that are not the same, 95\u202f% intervals")
    rows = [row for row in card.difference(listed.metadata, champion.metadata) if not row.same]
    if not rows:
        st.caption("Nothing differs.")
        return
    frame = pd.DataFrame(
        {
            "Fact": [legible(row.fact) for row in rows],
            listed.version: [legible(row.first) for row in rows],
            f"{champion.version}, live": [legible(row.second) for row in rows],
        }
    )
    st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN,
        row_height=32, height=min(35 + 32 * len(frame) + 3, 356), key="difference",
        alt=f"{listed.version} and {champion.version} side by side",
    )  # fmt: skip
    st.caption(_comparable(listed.metadata, champion.metadata))


def model_card(listed: Listed) -> None:
    """The card, folded; as a file too."""
    if listed.metadata is None:
        return
    with st.expander("Model card"):
        keeping = services.home().messages.load().sentence
        text = card.markdown(listed.version, listed.metadata, listed.promotion, listed.origin, keeping=keeping)
        st.download_button(
            "Download", text, f"{listed.version}.card.md", "text/markdown", icon=":material/download:",
            on_click="ignore", key="card",
        )  # fmt: skip
        halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
        parts = card.sections(listed.metadata, listed.promotion, listed.origin, _shown, keeping=keeping)
        for column in (parts[::2], parts[1::2]):
            with halves.cell():
                for part in column:
                    _part(part)


def _shown(text: str) -> str:
    return plain(_LONG.sub(lambda word: "\u200b".join(word[0]), text))


def _part(part: Section) -> None:
    section(part.title)
    st.markdown(part.body)


def _comparable(one: Metadata, other: Metadata) -> str:
    if card.same_users(one, other):
        return "Both were judged on the same held-out users."
    return "The two were judged on different users: their figures cannot be compared side by side."
