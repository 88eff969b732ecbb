"""The answer in a sentence, what the tests say, and what speaks against believing it."""

from __future__ import annotations

import streamlit as st

from app import comparing
from app.comparing import View
from app.words import UNKNOWN, p_value, plain, signed
from core.model.difference import Difference


def finding(view: View) -> None:
    """Header, the tests in one grey line, cautions below."""
    found = view.found.comparison
    with st.container(gap="xxsmall"):
        st.header(plain(found.sentence), anchor=False)
        above = ", ".join(f"{each.above:g}" for each in found.verdicts)
        chances = ", ".join(p_value(each.p).removeprefix("p ").removeprefix("= ") for each in found.verdicts)
        parts = [
            f"Paired bootstrap, {_p(found.difference('pr_auc'))}",
            f"ROC-AUC {_gap(found.difference('roc_auc'))} by DeLong, {_p(found.difference('roc_auc'))}",
            f"right verdicts above {above} by McNemar, p = {chances}",
        ]
        st.markdown(f":gray[{plain(' · '.join(parts))}]")
    if view.found.cautions:
        with st.container(gap="xxsmall"):
            for caution in view.found.cautions:
                st.markdown(f":material/warning: {plain(comparing.spoken(caution))}")


def _p(difference: Difference) -> str:
    return "p not known" if difference.p is None else p_value(difference.p)


def _gap(difference: Difference) -> str:
    value = difference.difference.value
    return UNKNOWN if value is None else signed(value, 4)
