"""Comparing in the browser: predictions dropped, the finding, a tab, a threshold moved, and the same after a reload."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core.data import intake
from core.home import Home
from core.policy.decide import decide
from core.schema import schema as schemas
from core.scoring.scorer import Scorer
from core.settings import DEMO_LABELLED
from tests import make
from tests.e2e.gestures import idle

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)
USERS = 3_000


@pytest.fixture(scope="module")
def users(bundled: Home) -> pd.DataFrame:
    return pd.read_csv(bundled.settings.demo / DEMO_LABELLED, nrows=USERS)


@pytest.fixture(scope="module")
def on(bundled: Home, users: pd.DataFrame) -> str:
    """The users as a dataset of the home; what stands for it in the address."""
    checked = intake.read("on.csv", make.csv(users), schemas.load(bundled.settings.schema_file))
    return bundled.datasets.put(checked, schemas.load(bundled.settings.schema_file), now=make.NOW).id[:12]


@pytest.fixture(scope="module")
def theirs(bundled: Home, users: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Predictions that are those of the live model for seven users of ten; how many then change band."""
    score = Scorer(bundled.registry.load()).score(users).probability
    other = np.where(np.arange(USERS) % 10 < 7, score, np.random.default_rng(0).permutation(score))
    path = tmp_path_factory.mktemp("theirs") / "theirs.csv"
    pd.DataFrame({"id": users["user_id"], "y_true": users["label"], "y_proba": other}).to_csv(path, index=False)
    return path, int((decide(make.policy(), score).severity != decide(make.policy(), other).severity).sum())


@pytest.mark.slow
def test_predictions_are_dropped_and_held_against_the_model_in_charge(
    tab: Page, on: str, theirs: tuple[Path, int]
) -> None:
    path, moved = theirs
    tab.goto(f"/compare?a=v0001&on={on}")
    idle(tab)
    tab.get_by_role("button", name="Add predictions").click()
    tab.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(path)

    finding = tab.get_by_role("heading", name=re.compile(r"^v0001 is better than theirs\.csv by 0\.\d+ PR-AUC, 95 %"))
    expect(finding).to_be_visible()
    expect(tab.get_by_text(re.compile(f"^{moved} users change band"))).to_be_visible()
    expect(tab).to_have_url(re.compile(r"b=p-[0-9a-f]{16}"))
    idle(tab)
    tab.keyboard.press("Escape")

    tab.get_by_role("tab", name="Calibration").click()
    expect(tab.get_by_text(re.compile("^Predicted and observed"))).to_be_visible()
    tab.get_by_role("slider").first.focus()
    tab.keyboard.press("ArrowLeft")
    expect(tab.get_by_text(re.compile("^v0001 above 0.69"))).to_be_visible()
    expect(tab.get_by_text(re.compile(r"^theirs\.csv above 0.69"))).to_be_visible()

    tab.reload()
    expect(finding).to_be_visible()
