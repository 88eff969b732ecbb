"""The strip of problems of a file: how many, which, and the rejected rows to take away."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import streamlit as st

from app.queries import services
from app.words import count, plain
from core.data.datasets import Dataset
from core.data.problems import Problem
from core.data.records import KEPT
from core.errors import listed
from core.wording import count as counted

#: Rejecting problems in two or three words; a code not among them is called odd.
_REASON: Final = defaultdict(
    lambda: "odd rows",
    not_a_number="text", not_finite="no finite number", ragged="too many or too few fields", blank="blank lines",
    bad_quote="stray quote", duplicate_id="same id again", missing_id="no id", missing_label="no label",
    no_score="no score", lost_digits="ids that lost digits",
    unknown_label="unknown label", totals_row="row of totals", bad_record="no JSON object",
)  # fmt: skip
#: Those that are about one column.
_IN: Final = frozenset({"not_a_number", "not_finite"})
_TOLD: Final = 3
#: What is said of how a file was read, which is no problem.
_READ: Final = frozenset({"reading", "mapped_column"})


def problems(dataset: Dataset) -> None:
    """One line where there are problems, nothing where there are none; every sentence in a popover."""
    if not dataset.problems:
        return
    real = [problem for problem in dataset.problems if problem.code not in _READ]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if real:
            st.badge(counted(len(real), "problem"), icon=":material/warning:", color="yellow")
            st.markdown(_summary(dataset), width="content")
        with st.popover("What exactly?" if real else "How the file was read", type="tertiary"):
            for problem in dataset.problems:
                st.markdown(f"{_kept(problem)}{plain(problem.sentence)}")
        if dataset.rejected:
            few = dataset.rejected <= KEPT
            st.download_button(
                "Rejected rows" if few else f"First {count(KEPT)} rejected rows",
                lambda: services.rejected_file(dataset.id), f"{_stem(dataset.name)}.rejected.csv",
                "text/csv", icon=":material/download:", type="tertiary", on_click="ignore", key="rejected_rows",
            )  # fmt: skip


def _kept(problem: Problem) -> str:
    if problem.code in _READ:
        return ""
    return f"**{'Rejected' if problem.rejected else 'Kept'}** · "


def _summary(dataset: Dataset) -> str:
    rejected = f"**{count(dataset.rejected)} {'row' if dataset.rejected == 1 else 'rows'} rejected**"
    missing = sum(problem.rows for problem in dataset.problems if problem.code == "missing")
    outside = sum(problem.rows for problem in dataset.problems if problem.code in {"out_of_range", "not_whole"})
    cleaned = sum(problem.rows for problem in dataset.problems if problem.code == "cleaned_id")
    spoilt = sum(problem.rows for problem in dataset.problems if problem.code == "spoilt_id")
    parts = [f"{rejected}, {_why(dataset)}"] if dataset.rejected else []
    parts += [f"**{plain(listed(dataset.absent, most=3))}** absent, missing in every row"] if dataset.absent else []
    parts += [f"**{count(missing)} missing** value{'s' * (missing != 1)}, kept as missing"] if missing else []
    parts += [f"**{counted(outside, 'value')}** outside their range, kept"] if outside else []
    parts += [f"**{counted(cleaned, 'id')}** cleaned"] if cleaned else []
    parts += [f"**{counted(spoilt, 'id')}** {'has' if spoilt == 1 else 'have'} lost digits"] if spoilt else []
    return " &nbsp;·&nbsp; ".join(parts or ["Nothing was rejected"])


def _why(dataset: Dataset) -> str:
    """'text in X7 (9), no id (3)': the commonest reasons, and how many rows each turned away."""
    reasons = [problem for problem in dataset.problems if problem.rejected]
    told = [f"{_words(problem)} ({count(problem.rows)})" for problem in reasons[:_TOLD]]
    return ", ".join(told) + (f" and {counted(len(reasons) - _TOLD, 'problem')} more" if len(reasons) > _TOLD else "")


def _words(problem: Problem) -> str:
    where = f" in {plain(problem.column)}" if problem.column and problem.code in _IN else ""
    return _REASON[problem.code] + where


def _stem(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".csv")
