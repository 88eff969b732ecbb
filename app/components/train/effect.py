"""What class weights and hard negatives do on validation: the same recipe with and without them."""

from __future__ import annotations

from typing import cast

import pandas as pd
import streamlit as st

from app.components.shared.heading import section
from app.components.train import run_words
from app.words import decimal, signed
from core.training.training_runs import TrainingRun, Validation
from core.wording import count as counted


def effect(kept: TrainingRun) -> None:
    """Nothing is drawn where neither was chosen."""
    with_, without = kept.validation, kept.without
    if with_ is None or without is None:
        return
    what = run_words.recipe(kept)
    section(f"Effect of {what}", f"on validation: users the recipe had not seen, {counted(len(with_.folds), 'fold')}")
    st.markdown(sentence(what, with_, without))
    if kept.search:
        st.caption("Both use the settings that the search found with them, which puts the figures without at a loss.")
    frame = pd.DataFrame(
        [(name, one, other, one - other) for name, one, other in (
            ("PR-AUC", with_.pr_auc, without.pr_auc),
            ("Brier", with_.brier, without.brier),
            ("ECE", with_.ece, without.ece),
        )],
        columns=["Figure", "With", "Without", "Difference"],
    )  # fmt: skip
    shown = frame.style.format({"With": _four, "Without": _four, "Difference": _change})
    st.table(shown, border="horizontal", hide_index=True, width=520)


def sentence(what: str, with_: Validation, without: Validation) -> str:
    """Whether PR-AUC rises or falls, by how much, and whether the folds agree.

    >>> one = Validation(0.45, 0.1, 0.02, (0.5, 0.4, 0.45))
    >>> sentence("balanced weights", one, Validation(0.44, 0.1, 0.02, (0.48, 0.41, 0.43))).split(": ")[1]
    'higher in 2 of 3 folds, which is no evidence of an effect.'
    """
    pairs = list(zip(with_.folds, without.folds, strict=True))
    higher = sum(one > other for one, other in pairs)
    agree = higher == len(pairs) or all(one < other for one, other in pairs)
    change = (
        f"{decimal(with_.pr_auc)} instead of {decimal(without.pr_auc)} ({signed(with_.pr_auc - without.pr_auc, 3)})"
    )
    folds = f"higher in {higher} of {counted(len(pairs), 'fold')}"
    return f"With {what}, PR-AUC is {change}: {folds}{'.' if agree else ', which is no evidence of an effect.'}"


def _four(value: object) -> str:
    return decimal(cast(float, value), 4)


def _change(value: object) -> str:
    return signed(cast(float, value), 4)
