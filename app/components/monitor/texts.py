"""Whether people still write as they did in training: what is new, and the words that rise."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.components.shared.heading import section
from app.tables.cells import safe
from app.words import UNKNOWN, legible, plain
from core.monitoring.drift import Drift
from core.monitoring.text_drift import TextDrift
from core.text.shown import escaped


def texts(found: Drift) -> None:
    """A section for the texts of the version, none where it has none."""
    if not found.texts:
        return
    section("What people write", "words that more texts have than in training, beyond chance, and five texts at least")
    for each in found.texts:
        st.markdown(plain(each.sentence))
        if each.rising:
            _table(each)


def _table(each: TextDrift) -> None:
    frame = pd.DataFrame(
        {
            "Word": [escaped(rise.word) for rise in each.rising],
            "Texts": [rise.texts for rise in each.rising],
            "Now": [100 * rise.share for rise in each.rising],
            "In training": [100 * rise.before for rise in each.rising],
        }
    )
    share = st.column_config.NumberColumn(format="%.2f %%")
    st.dataframe(
        safe(frame), hide_index=True, placeholder=UNKNOWN, row_height=32, width=560, key=f"rising-{each.name}",
        column_config={"Now": share, "In training": share}, alt=f"Words of {legible(each.name)} that rise",
    )  # fmt: skip
