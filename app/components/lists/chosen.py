"""What somebody has chosen in a list, kept in the session over its pages, filters and orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

Ids = npt.NDArray[np.int64]
_NONE: Ids = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chosen ones of the list `key`, by number."""

    key: str

    @property
    def ids(self) -> Ids:
        """Ascending, each once."""
        found: Ids = st.session_state.get(f"_chosen-{self.key}", _NONE)
        return found

    @property
    def times(self) -> int:
        """How often the choice was changed by another way than a box of the table: it then needs other boxes."""
        return int(st.session_state.get(f"_times-{self.key}", 0))

    def only(self, ids: npt.ArrayLike) -> None:
        """Choose these and nobody else."""
        self._keep(np.unique(np.asarray(ids, np.int64)))
        st.session_state[f"_times-{self.key}"] = self.times + 1

    def clear(self) -> None:
        self.only(_NONE)

    def of_page(self, shown: Ids, boxes: Ids) -> None:
        """Of those shown these have their boxes checked."""
        self._keep(np.union1d(np.setdiff1d(self.ids, shown), boxes))

    def _keep(self, ids: Ids) -> None:
        st.session_state[f"_chosen-{self.key}"] = ids
