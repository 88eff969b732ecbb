"""The list of a run's users, as tests of pages read and click it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from streamlit.testing.v1 import AppTest

from app.components.lists.grid import MARK


def table(at: AppTest) -> pd.DataFrame:
    return at.dataframe[0].value


def users(at: AppTest) -> list[str]:
    """The ids on the page, in order."""
    return [str(each) for each in table(at).iloc[:, 1]]


def everyone(at: AppTest) -> AppTest:
    """The page with everybody on it, the most a page."""
    run = at.query_params["run"]
    at.button_group(key=f"views-{run}").set_value(1).run()
    return at.selectbox(key=f"size-{run}").set_value(100).run()


def _key(at: AppTest) -> str:
    """The key of the table that is shown."""
    return str(at.dataframe[0].proto.id).split("-", 2)[2]


def clicked(at: AppTest, row: int) -> AppTest:
    """The page after a click into a row, which opens its user."""
    return _selected(at, cells=[(row, str(table(at).columns[1]))])


def checked(at: AppTest, rows: Sequence[int]) -> AppTest:
    """The page after the boxes of these rows, and no others of its page, were checked."""
    return _selected(at, rows=list(rows))


def _selected(at: AppTest, **selection: Any) -> AppTest:
    at.session_state[_key(at)] = {"selection": {"rows": [], "columns": [], "cells": []} | selection}
    return at.run()


def opened(at: AppTest) -> list[str]:
    """The id that carries the mark."""
    shown = table(at)
    return [str(each) for each in shown.iloc[:, 1][shown[MARK] != ""]]
