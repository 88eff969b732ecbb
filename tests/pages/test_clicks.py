"""What a click on a picture leads to, as the browser tells of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app import charts, navigation
from app.components.compare import changed
from app.components.monitor import over_time
from app.components.policy import thresholds
from app.components.shared.figure import tell
from core.policy.bands import BANDS


@pytest.fixture
def went(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Where the last click has led to."""
    found: dict[str, str] = {}
    monkeypatch.setattr(navigation, "go", lambda page, /, **where: found.update(page=page, **where))
    return found


@pytest.fixture
def clicked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the browser has told of, by figure."""
    state: dict[str, Any] = {}
    for module in ("app.components.shared.figure", "app.components.compare.changed"):
        monkeypatch.setattr(f"{module}.st.session_state", state)
    return state


def test_a_bar_of_the_policy_lists_the_users_who_score_so(went: dict[str, str], clicked: dict[str, Any]) -> None:
    desk: Any = SimpleNamespace(run=SimpleNamespace(id="r-0002"))
    clicked["draft-light"] = {"selection": {"points": [{"x": 0.31, "y": 7}]}}

    tell("draft-light", lambda point: thresholds._open(desk, float(point["x"])))

    assert went == {"page": "score_file", "run": "r-0002", "group": "everyone", "score": "0.3..0.32"}


def test_a_point_of_the_scores_opens_its_run(went: dict[str, str], clicked: dict[str, Any]) -> None:
    clicked["score-levels-light"] = {"selection": {"points": [{"customdata": "r-0003"}]}}

    tell("score-levels-light", over_time._run)

    assert went == {"page": "score_file", "run": "r-0003"}


def test_a_cell_of_the_flips_chooses_its_two_bands_and_the_diagonal_everybody(clicked: dict[str, Any]) -> None:
    view: Any = SimpleNamespace(identity="one comparison")
    drawn = charts.flips(np.arange(16).reshape(4, 4), BANDS, a="v0001", b="v0002", theme="light")
    cells = next(each.customdata for each in drawn.data if each.customdata is not None)
    bands = [tuple(each) for each in np.asarray(cells, object).reshape(-1, 2)]

    for band, shown in (((BANDS[1], BANDS[2]), (BANDS[1], BANDS[2])), ((BANDS[3], BANDS[3]), None)):
        clicked["flips-light"] = {"selection": {"points": [{"customdata": bands[bands.index(band)]}]}}
        tell("flips-light", lambda point: changed._choose(view, *point["customdata"]))
        assert changed.chosen(view) == shown
