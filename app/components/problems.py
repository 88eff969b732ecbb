"""The strip of problems of a file: how many, which, and the rejected rows to take away."""

from __future__ import annotations

import streamlit as st

from app import services
from app.words import count, plain
from core.data.datasets import Dataset
from core.errors import listed


def problems(dataset: Dataset) -> None:
    """One line where there are problems, nothing where there are none; every sentence in a popover."""
    if not dataset.problems:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(_counted(len(dataset.problems)), icon=":material/warning:", color="yellow")
        st.markdown(_summary(dataset), width="content")
        with st.popover("What exactly?", type="tertiary"):
            for problem in dataset.problems:
                st.markdown(f"**{'Rejected' if problem.rejected else 'Kept'}** · {plain(problem.sentence)}")
        if dataset.rejected:
            st.download_button(
                "Rejected rows", lambda: services.rejected_file(dataset.id), f"{_stem(dataset.name)}.rejected.csv",
                "text/csv", icon=":material/download:", type="tertiary", on_click="ignore", key="rejected_rows",
            )  # fmt: skip


def _summary(dataset: Dataset) -> str:
    rejected = f"**{count(dataset.rejected)} {'row' if dataset.rejected == 1 else 'rows'} rejected**"
    missing = sum(problem.rows for problem in dataset.problems if problem.code == "missing")
    outside = sum(problem.rows for problem in dataset.problems if problem.code in {"out_of_range", "not_whole"})
    parts = [rejected] if dataset.rejected else []
    parts += [f"**{plain(listed(dataset.absent, most=3))}** absent, missing in every row"] if dataset.absent else []
    parts += [f"**{count(missing)} missing** values, kept as missing"] if missing else []
    parts += [f"**{count(outside)} values** outside their range, kept"] if outside else []
    return " &nbsp;·&nbsp; ".join(parts or ["Nothing was rejected"])


def _counted(n: int) -> str:
    return "1 problem" if n == 1 else f"{n} problems"


def _stem(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".csv")
