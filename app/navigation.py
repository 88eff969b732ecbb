"""The pages, their order, and how one leads to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.settings import ROOT

_PAGES: Final = ROOT / "pages"


def sections() -> Mapping[str, list[StreamlitPage]]:
    return {
        "": [
            _page("overview", "Overview", "home", default=True),
            _page("user", "User", "person_search", hidden=True),  # led to by the field "Find a user"
        ],
        "Decide": [
            _page("score_user", "Score a user", "person"),
            _page("score_file", "Score a file", "upload_file"),
            _page("review", "Review", "rate_review"),
            _page("policy", "Policy", "balance"),
            _page("planner", "Planner", "tune"),
        ],
        "Understand": [_page("explore", "Explore", "query_stats"), _page("compare", "Compare", "compare_arrows")],
        "Run": [
            _page("monitor", "Monitor", "monitor_heart"),
            _page("train", "Train", "model_training"),
            _page("registry", "Registry", "inventory_2"),
            _page("data", "Data", "database"),
            _page("audit", "Audit", "receipt_long"),
        ],
    }


def go(page: str, /, **where: str) -> None:
    """Leave for another page; `where` becomes its address, so that it can be shared and gone back from."""
    st.switch_page(_PAGES / f"{page}.py", query_params=where)


def _page(name: str, title: str, icon: str, *, default: bool = False, hidden: bool = False) -> StreamlitPage:
    return st.Page(
        _PAGES / f"{name}.py", title=title, icon=f":material/{icon}:", default=default,
        url_path=name.replace("_", "-"), visibility="hidden" if hidden else "visible",
    )  # fmt: skip
