"""A reviewer's hour in the browser: verdicts by keyboard alone, several at once, and several people at once."""

from __future__ import annotations

import re
from contextlib import ExitStack

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from app.words import UNKNOWN
from core.home import Home
from tests.e2e.desk import WORD, case_of, desk_of, lines, note, on_desk, press, rows, standing, user_of
from tests.e2e.gestures import HEADER, ROW, idle, queue_run, run_in, table

#: Results take a moment on a busy machine.
expect.set_options(timeout=60_000)
SCORE = re.compile(r"^score [<>]?0\.\d{3}")


@pytest.fixture(scope="module")
def waiting(chromium: Browser, server: str) -> str:
    """The demo file scored and sent to review on its page; the run."""
    with chromium.new_context(base_url=server, viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto("/score-file")
        page.get_by_role("button", name="Use the demo file").click()
        expect(page.get_by_text("5,000 scored")).to_be_visible()
        idle(page)
        queue_run(page, "Mara")
        run = run_in(page)
        page.get_by_role("button", name="Review", exact=True).click()
        on_desk(page)
        press(page, "ArrowRight")
        return run


@pytest.mark.parametrize("verdicts", [12, pytest.param(30, marks=pytest.mark.slow)])
def test_verdicts_and_an_undo_by_keyboard_are_in_the_file_as_they_were_given(
    tab: Page, bundled: Home, waiting: str, verdicts: int
) -> None:
    tab.goto("/review")
    tab.get_by_label("Your name").fill(f"Ada {verdicts}")
    tab.keyboard.press("Enter")
    on_desk(tab)
    given: list[tuple[str, str, str]] = []
    blind = 0
    for i in range(verdicts):
        user, key = user_of(tab), "slu"[i % 3]
        if i == 4:
            press(tab, "ArrowRight")
            assert user_of(tab) != user
            user = user_of(tab)
        if i == 6:
            case = case_of(tab)
            tab.reload()
            assert on_desk(tab) == user
            assert case_of(tab) == case
        hidden = bundled.cases.find(case_of(tab)).blind
        expect(tab.get_by_text("score hidden until your verdict")).to_have_count(int(hidden))
        expect(tab.get_by_text(SCORE)).to_have_count(int(not hidden))
        blind += hidden
        written = f"slu: seen {i} times" if i in {8, 20} else ""  # letters that are keys, too
        if written:
            note(tab, written)
        press(tab, key)
        given.append((user, WORD[key], written))
        if i == 10:
            press(tab, "z")
            assert user_of(tab) == user
            press(tab, "l")
            given += [(user, "withdrawn", written), (user, "legitimate", written)]

    assert blind > 0
    stored = rows(bundled, f"Ada {verdicts}")
    told = [(user, word, "" if word == "withdrawn" else text) for user, word, text in lines(stored)]
    assert told == [(user, word, text) for user, word, text in given]
    assert len(standing(stored)) == verdicts
    assert standing(stored)["user"].is_unique
    assert stored["seconds"][stored["verdict"] != "withdrawn"].astype(float).between(0, 60).all()
    assert stored["prediction"].str.startswith(f"{waiting}-").all()


@pytest.mark.slow
def test_ten_cases_judged_in_one_step_are_in_the_file_and_one_undo_takes_them_back(
    tab: Page, bundled: Home, waiting: str
) -> None:
    tab.goto('/review?as=Tom&review_panel=Triage&columns=["case","with"]')  # all in sight, else they are not told
    expect(table(tab).locator("tbody tr").first).to_be_attached()
    idle(tab)
    heads = [head.strip() for head in table(tab).locator("[role=columnheader]").all_text_contents()]
    cells = {
        name: table(tab).locator(f"tbody [aria-colindex='{heads.index(name) + 1}']").all_text_contents()
        for name in ("Case", "User", "With")
    }
    # Not one after the other, and none that somebody else has.
    places = [place for place, held in enumerate(cells["With"][:12]) if held == UNKNOWN and place != 1][:10]
    chosen = [(cells["Case"][place], cells["User"][place]) for place in places]
    assert len(chosen) == 10
    for n, place in enumerate(places, 1):
        tab.get_by_test_id("stDataFrame").first.click(position={"x": 14, "y": HEADER + ROW * place + ROW // 2})
        expect(tab.get_by_role("button", name=f"{n} case{'s' * (n > 1)}: legitimate")).to_be_enabled()
        idle(tab)

    tab.get_by_role("button", name="10 cases: legitimate").click()

    expect(tab.get_by_role("button", name="Undo last 10")).to_be_enabled()
    idle(tab)
    stored = rows(bundled, "Tom")
    assert sorted(stored[["case", "user"]].itertuples(index=False, name=None)) == sorted(chosen)
    assert set(stored["verdict"]) == {"legitimate"}

    tab.keyboard.press("z")

    expect(tab.get_by_role("button", name="Undo last", exact=False)).to_be_disabled()
    idle(tab)
    stored = rows(bundled, "Tom")
    assert stored["verdict"].tolist() == ["legitimate"] * 10 + ["withdrawn"] * 10
    assert standing(stored).empty


@pytest.mark.slow
def test_people_and_tabs_that_judge_at_once_never_get_the_same_case(
    chromium: Browser, server: str, bundled: Home, waiting: str
) -> None:
    with ExitStack() as stack:
        pages = [stack.enter_context(desk_of(chromium, server, name)) for name in ("Bob", "Eve", "Bob")]
        shown = []
        for i in range(10):
            before = [case_of(page) for page in pages]
            assert len(set(before)) == len(pages)
            shown += before
            for page in pages:  # all of them before any waits
                page.keyboard.press("slu"[i % 3])
            for page, case in zip(pages, before, strict=True):
                on_desk(page, but=case)
        for page in pages[::2]:  # both of Bob's: what is done in one is counted in the other
            press(page, "ArrowRight")
            expect(page.get_by_text(re.compile(r"\b20 of [\d,]+ today"))).to_be_visible()

    stored = pd.concat([standing(rows(bundled, name)) for name in ("Bob", "Eve")])
    assert stored.groupby("reviewer").size().to_dict() == {"Bob": 20, "Eve": 10}
    assert stored["case"].is_unique
    assert sorted(stored["case"]) == sorted(shown)


def test_a_double_click_judges_one_user(tab: Page, bundled: Home, waiting: str) -> None:
    tab.goto("/review?as=Dora")
    user, case = on_desk(tab), case_of(tab)

    tab.get_by_role("button", name="Spammer").dblclick()
    on_desk(tab, but=case)
    press(tab, "l")

    stored = rows(bundled, "Dora")
    assert stored["verdict"].tolist() == ["spammer", "legitimate"]
    assert stored["user"].iloc[0] == user
