"""What to know of the users at a glance: who is looked at, and what was found, gravest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import streamlit as st

from app.components.explore.choice import lead
from app.components.explore.evidence import EVIDENCE, evidence
from app.components.explore.source import filter_words
from app.components.shared.working import working
from app.queries import explore, services
from app.words import count, legible, percent, plain
from core.errors import listed
from core.explore.interval import wilson
from core.explore.quality import Finding
from core.scoring.view import View
from core.wording import count as counted

_ICON: Final = {"warning": ":material/warning:", "note": ":material/info:", "fine": ":material/check:"}


def glance(view: View) -> None:
    """One sentence on who is looked at, then the findings on the whole dataset."""
    st.markdown(who(view))
    if missing := explore.absent(view):
        st.caption(f"This file was stored without {legible(listed(missing))}: bring it again to look at all features.")
    with working(f"Looking through {len(explore.schema(view).names)} features") as progress:
        findings = explore.noted(view, progress=progress)
    grave = [finding for finding in findings if finding.severity != "fine"]
    fine = [finding for finding in findings if finding.severity == "fine"]
    if view.whole:
        with st.container(gap="xxsmall"):
            for finding in grave:
                _line(view, finding)
    with st.container(horizontal=True, gap="small"):
        if grave and not view.whole:
            everyone = count(services.home().datasets.find(view.dataset).accepted)
            _folded(view, f"{counted(len(grave), 'finding')} among all {everyone} users", "search_insights", grave)
        if fine:
            _folded(view, f"{counted(len(fine), 'check')} found nothing", "check_circle", fine)


def _folded(view: View, title: str, icon: str, findings: Sequence[Finding]) -> None:
    """Findings that are sent only to who opens them: they do not change with the filters."""
    place = st.popover(title, icon=f":material/{icon}:", type="tertiary", on_change="rerun", key=f"folded-{icon}")
    if place.open:
        with place:
            for finding in findings:
                _line(view, finding)


def who(view: View) -> str:
    """'train.csv · r-0001 · 458,798 users × 51 features · 2.69 % spammers (2.64 to 2.73)', as markdown."""
    dataset = services.home().datasets.find(view.dataset)
    users, label = int(explore.rows(view).sum()), explore.label(view)
    parts = [f"**{plain(dataset.name)}**", f"{count(users)} users × {len(explore.schema(view).names)} features"]
    if not view.whole:
        parts[1] = f"{count(users)} of {count(dataset.accepted)} users ({plain(filter_words(view))})"
    if label is None:
        parts.append("no label")
    elif (known := int((~np.isnan(label)).sum())) > 0:
        spammers = int(np.nansum(label))
        low, high = wilson([spammers], [known])
        parts.append(f"{percent(spammers / known, 2)} spammers ({100 * low[0]:.2f} to {100 * high[0]:.2f})")
    if view.run:
        parts.insert(1, view.run)  # near the beginning, where no narrow page breaks it at its hyphen
    return " · ".join(parts)


def _line(view: View, finding: Finding) -> None:
    """A finding in a sentence, and the way to its evidence beside it, however narrow the page."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.markdown(f"{_ICON[finding.severity]} {plain(finding.sentence)}")
        if finding.code in EVIDENCE:
            if st.button(EVIDENCE[finding.code].button, key=f"see-{finding.code}", type="tertiary"):
                evidence(view, finding)
        elif finding.code == "near_copies":
            st.button("See correlations", key="see-near_copies", type="tertiary", on_click=lead, args=("Correlations",))
        elif finding.features:
            name = finding.features[0]
            st.button(
                f"Look at {plain(name)}", key=f"see-{finding.code}-{name}", type="tertiary", on_click=look_at,
                args=(name,),
            )  # fmt: skip


def look_at(feature: str) -> None:
    """Make a feature the one that is shown."""
    lead("One feature", feature=feature)
