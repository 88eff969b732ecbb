"""The table of a page: boxes choose for what is done to many, a click into a cell opens one, which carries a mark."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from app.components.lists.chosen import Chosen, Ids
from app.tables.cells import safe
from app.words import UNKNOWN

#: The column of the mark; the dot keeps our names apart from those of files.
MARK: Final = "·open"
_ROW, _HEAD = 32, 35


@dataclass(frozen=True, slots=True)
class Grid:
    """The table of the ids `shown` of a list; a table of its own wherever others are shown."""

    chosen: Chosen
    shown: Ids

    @property
    def key(self) -> str:
        digest = hashlib.blake2b(self.shown.tobytes(), digest_size=8).hexdigest()
        return f"{self.chosen.key}-{digest}-{self.chosen.times}"

    def clicked(self) -> int | None:
        """Take over what was chosen since the table was drawn; the id that was clicked, None where none was."""
        state = st.session_state.get(self.key)
        if not state:
            return None
        selection = state["selection"]
        rows = [row for row in selection["rows"] if row < len(self.shown)]
        self.chosen.of_page(self.shown, self.shown[rows] if rows else self.shown[:0])
        cell = next(iter(selection["cells"]), None)
        # A cell stays chosen while boxes are checked: it opens once.
        if cell is None or st.session_state.get(f"_cell-{self.key}") == tuple(cell):
            return None
        st.session_state[f"_cell-{self.key}"] = tuple(cell)
        return int(self.shown[cell[0]]) if cell[0] < len(self.shown) else None

    def draw(self, frame: pd.DataFrame, config: Mapping[str, Any], *, opened: int | None, most: int, alt: str) -> None:
        """frame: a row for each id shown; most: rows in sight before the table scrolls."""
        marked = frame.copy()
        marked.insert(0, MARK, np.where(self.shown == opened, "◆", ""))
        boxes = np.flatnonzero(np.isin(self.shown, self.chosen.ids)).tolist()
        st.dataframe(
            safe(marked), hide_index=True, placeholder=UNKNOWN, row_height=_ROW,
            height=_HEAD + _ROW * min(len(frame), most) + 3,
            key=self.key, on_select="rerun", selection_mode=["multi-row", "single-cell"], alt=alt,
            selection_default={"selection": {"rows": boxes}},
            column_config={
                MARK: st.column_config.TextColumn("", width=26, pinned=True, help="Marks the one that is open"),
                **config,
            },
        )  # fmt: skip
