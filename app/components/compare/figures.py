"""All figures of both models with their intervals, and every paired test in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
import streamlit as st

from app import comparing
from app.comparing import View
from app.components.heading import section
from app.words import UNKNOWN, count, interval, legible, p_value, plain, signed
from core.model.evaluate import Estimate

_NAMES: Final[Mapping[str, str]] = {
    "pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "brier": "Brier", "ece": "ECE", "precision": "Precision",
    "recall": "Recall", "f1": "F1", "fpr": "FPR", "cost": "Cost per user",
}  # fmt: skip
#: Figures that are small where models are good.
_FINE: Final = frozenset({"brier", "ece", "fpr", "cost"})


def figures(view: View) -> None:
    """The table; below it the tests, folded."""
    found = view.found.comparison
    section("Figures", f"95\u202f% intervals, {count(found.n)} users, {count(found.positives)} spammers")
    a, b = (legible(comparing.short(name)) for name in view.names)
    rows = [_row(view, "", name) for name in found.figures[0].overall]
    rows += [_row(view, band, name) for band in view.found.thresholds for name in found.figures[0].at[band]]
    right = {name: st.column_config.TextColumn(name, alignment="right") for name in ("Above", a, b, "Difference", "p")}
    frame = pd.DataFrame(rows).rename(columns={"a": a, "b": b})
    st.dataframe(
        frame, hide_index=True, row_height=32, height=min(35 + 32 * len(frame) + 3, 330), key="compare_figures",
        column_config=right, alt=f"Every figure of {a} and {b} with its interval, and the difference",
    )  # fmt: skip
    with st.expander("Every test in a sentence"):
        told = [each.sentence for each in found.differences] + [each.sentence for each in found.verdicts]
        st.markdown("\n".join(f"- {plain(comparing.spoken(sentence))}" for sentence in told))


def _row(view: View, band: str, name: str) -> dict[str, str]:
    found, digits = view.found.comparison, 4 if name in _FINE else 3
    of_a, of_b = ((each.at[band] if band else each.overall)[name] for each in found.figures)
    tested = {(each.figure, each.band): each for each in found.differences}.get((name, band))
    return {
        "Figure": _NAMES[name], "Above": f"{view.found.thresholds[band]:g}" if band else "",
        "a": _told(of_a, digits), "b": _told(of_b, digits),
        "Difference": UNKNOWN if tested is None else _gap(tested.difference, digits),
        "p": UNKNOWN if tested is None or tested.p is None else p_value(tested.p).removeprefix("p ").removeprefix("= "),
        "Test": "not tested" if tested is None else tested.method,
    }  # fmt: skip


def _told(found: Estimate, digits: int) -> str:
    if found.value is None or found.low is None or found.high is None:
        return UNKNOWN
    return interval(found.value, found.low, found.high, digits)


def _gap(found: Estimate, digits: int) -> str:
    if found.value is None:
        return UNKNOWN
    if found.low is None or found.high is None:
        return f"{signed(found.value, digits)} (too few users)"
    return f"{signed(found.value, digits)} ({signed(found.low, digits)} to {signed(found.high, digits)})"
