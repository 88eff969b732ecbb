"""What a person does in the browser, from a file with mistakes in it to the table taken away."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from app import words
from core.data import intake
from core.home import Home
from core.schema import schema as schemas
from core.scoring.reasons import texts
from core.scoring.scorer import Scorer
from core.settings import DEMO_USERS
from tests.e2e.gestures import cells, drop, idle, open_user, run_in, table

SECOND = 1000
#: Results take a moment on a busy machine.
expect.set_options(timeout=60 * SECOND)
RESULTS = ["score", "confidence", "band", "action", "decided_by", "reason_1", "reason_2", "reason_3", "n_missing",
           "novel_features", "prediction_id", "model_version", "policy_version"]  # fmt: skip
CONTEXT = ["username", "profile_url", "country"]


def reasons_are_there(page: Page) -> None:
    expect(table(page).locator("tbody tr").first).to_contain_text("(+")
    assert all("(+" in told for told in cells(page, "Reasons, strongest first"))


def set_value(page: Page, feature: str, value: str) -> None:
    field = page.get_by_label(feature, exact=True)
    field.fill(value)
    field.press("Enter")
    idle(page)


def score(page: Page) -> str:
    return page.locator("p").filter(has_text=re.compile(r"^score [<>]?0\.\d{3}")).inner_text()


@pytest.fixture(scope="module")
def good(bundled: Home) -> pd.DataFrame:
    """400 users of the demo file, as text; two of them have names that a spreadsheet would run."""
    frame = pd.read_csv(bundled.settings.demo / DEMO_USERS, dtype=str, nrows=400)
    frame.loc[[0, 1], "username"] = ["=1+1", "@SUM(A1)"]
    return frame


@pytest.fixture
def dirty(good: pd.DataFrame, tmp_path: Path) -> Path:
    """The good users and, after them, five rows that nobody can use."""
    last = good.iloc[-1]
    bad = [
        ",".join(last.mask(last.index == "X7", "many").mask(last.index == "user_id", "900001")),
        ",".join(last.mask(last.index == "user_id", "")),
        ",".join(good.iloc[0]),
        "",
        "900002,short",
    ]
    file = tmp_path / "november.csv"
    file.write_text(good.to_csv(index=False) + "\n".join(bad) + "\n", encoding="utf-8")
    return file


def test_from_a_file_with_mistakes_to_the_table_taken_away(  # noqa: PLR0915 - a journey is long
    tab: Page, bundled: Home, good: pd.DataFrame, dirty: Path, tmp_path: Path
) -> None:
    tab.goto("/score-file")
    drop(tab, dirty)

    # What is wrong with the file, and the rows to mend.
    expect(tab.get_by_text("405 users received, 400 scored, 5 rejected")).to_be_visible()
    run = run_in(tab)
    expect(tab.get_by_text("5 problems")).to_be_visible()
    expect(tab.get_by_text("5 rows rejected")).to_be_visible()
    tab.get_by_role("button", name="What exactly?").click()
    expect(tab.get_by_text('Line 402, X7: "many" is not a number')).to_be_visible()
    tab.keyboard.press("Escape")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Rejected rows").click()
    assert download.value.suggested_filename == "november.rejected.csv"
    rejected = pd.read_csv(download.value.path())
    assert rejected["line"].tolist() == [402, 403, 404, 405, 406]
    assert rejected["code"].tolist() == ["not_a_number", "missing_id", "duplicate_id", "blank", "ragged"]
    assert rejected["record"].fillna("").tolist() == dirty.read_text(encoding="utf-8").splitlines()[401:]

    # The highest risks first, and why.
    reasons_are_there(tab)
    scores = [float(text) for text in cells(tab, "Score")]
    assert scores == sorted(scores, reverse=True)

    # The user at the top, and what a change would do.
    first = cells(tab, "user_id")[0]
    open_user(tab, 0)
    expect(tab.get_by_role("heading", name=f"User {first}")).to_be_visible()
    expect(tab).to_have_url(re.compile(rf"/score-user\?run={run}&open=(\d+)&row=\1$"))
    expect(tab.get_by_text("Why this score")).to_be_visible()
    idle(tab)
    before = score(tab)
    assert before.startswith(f"score {words.probability(scores[0])}")
    tab.get_by_text(re.compile(r"^Message Behavior")).click()
    set_value(tab, "X19", "0")
    expect(tab.get_by_text("What if", exact=True)).to_be_visible()
    assert score(tab) != before

    # Back to the run, and all of it taken away.
    tab.go_back()
    expect(tab.get_by_text("400 scored")).to_be_visible()
    idle(tab)
    assert cells(tab, "user_id")[0] == first
    taken = {}
    for kind, suffix in (("CSV", ".csv"), ("Parquet", ".parquet")):
        tab.get_by_role("button", name="Download", exact=True).click()
        with tab.expect_download() as download:
            tab.get_by_role("button", name=f"All users as {kind}").click()
        assert download.value.suggested_filename == f"november.{run}{suffix}"
        taken[suffix] = tmp_path / f"taken{suffix}"
        download.value.save_as(taken[suffix])
        tab.keyboard.press("Escape")
    columns = schemas.load(bundled.settings.schema_file)
    checked = intake.read(dirty.name, dirty, columns)
    model = bundled.registry.load()
    scored = Scorer(model).score(checked.frame, top=3)
    told = pd.read_csv(taken[".csv"])
    assert told.columns.tolist() == ["user_id", *CONTEXT, *RESULTS]
    assert told["user_id"].astype(str).tolist() == good["user_id"].tolist()
    assert np.array_equal(told["score"], scored.probability)
    assert told["username"].tolist()[:2] == ["'=1+1", "'@SUM(A1)"]
    assert told["prediction_id"].tolist() == [f"{run}-{row}" for row in range(1, 401)]
    assert set(told["action"]) <= {"allow", "monitor", "human_review"}
    reasons = texts(checked.frame, model.metadata.features, scored.strongest)
    assert told[list(reasons)].fillna("").to_numpy().tolist() == reasons.to_numpy().tolist()
    parquet = pd.read_parquet(taken[".parquet"])
    assert parquet.columns.tolist() == told.columns.tolist()
    assert np.array_equal(parquet["score"], scored.probability)
    assert parquet["username"].tolist() == good["username"].tolist()


@pytest.mark.slow
def test_the_demo_file_outlives_a_reload_and_opens_from_its_address_in_another_browser(
    tab: Page, chromium: Browser
) -> None:
    tab.goto("/score-file")
    tab.get_by_role("button", name="Use the demo file").click()
    expect(tab.get_by_text("5,000 scored")).to_be_visible()

    tab.reload()  # while its reasons are worked out

    expect(tab.get_by_text("5,000 scored")).to_be_visible()
    reasons_are_there(tab)
    seen = [cells(tab, column) for column in ("user_id", "Score", "Reasons, strongest first")]
    with chromium.new_context(viewport={"width": 1440, "height": 900}) as elsewhere:
        other = elsewhere.new_page()
        other.goto(tab.url)
        reasons_are_there(other)
        assert [cells(other, column) for column in ("user_id", "Score", "Reasons, strongest first")] == seen


@pytest.mark.slow
def test_what_is_no_table_gets_its_sentence_and_the_next_file_still_works(
    tab: Page, good: pd.DataFrame, tmp_path: Path
) -> None:
    (tmp_path / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    good.drop(columns="X7").to_csv(tmp_path / "short.csv", index=False)
    tab.goto("/score-file")

    drop(tab, tmp_path / "photo.csv")
    expect(tab.get_by_text("photo.csv: this is a picture (PNG), not a table.")).to_be_visible()

    drop(tab, tmp_path / "short.csv")
    expect(tab.get_by_text("X7 is missing from short.csv.")).to_be_visible()
    expect(tab.get_by_text("this is a picture")).to_have_count(0)
    tab.get_by_role("button", name="Go on with X7 as missing").click()
    expect(tab.get_by_text("400 users received, 400 scored, 0 rejected")).to_be_visible()
    expect(tab.get_by_text("X7 absent, missing in every row")).to_be_visible()


@pytest.mark.slow
def test_a_cleared_value_is_missing_and_reset_puts_it_back(tab: Page) -> None:
    tab.goto("/score-user")
    expect(tab.get_by_text("51 assumed")).to_be_visible()
    idle(tab)
    expect(tab.get_by_label("X1", exact=True)).to_have_value(re.compile(r"\d+"))
    before, value = score(tab), tab.get_by_label("X1", exact=True).input_value()

    set_value(tab, "X1", "")
    expect(tab.get_by_text("50 assumed · 1 missing")).to_be_visible()
    expect(tab.get_by_label("X1", exact=True)).to_have_value("")

    set_value(tab, "X1", "0")
    expect(tab.get_by_text("1 given · 50 assumed")).to_be_visible()

    tab.get_by_role("button", name="Reset").click()
    expect(tab.get_by_text("51 assumed")).to_be_visible()
    expect(tab.get_by_label("X1", exact=True)).to_have_value(value)
    assert score(tab) == before
