"""A reviewer's hour in the browser: verdicts by keyboard alone, several at once, and several people at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.words import UNKNOWN
from core.settings import Settings

#: Results take a moment on a busy machine.
expect.set_options(timeout=30_000)
WORD = {"s": "spammer", "l": "legitimate", "u": "unsure"}
#: React learns of a button's key only once what it has drawn was painted; no person is that fast.
AT_REST = "new Promise(done => requestAnimationFrame(() => requestIdleCallback(() => setTimeout(done, 60))))"
HEADER, ROW = 35, 32  # px of the table of cases


def idle(page: Page) -> None:
    """Wait until the page has nothing more to draw; keys pressed before that are dropped."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def case_of(page: Page) -> str:
    """The case in the address; asked of the page itself, as the address changes without a navigation."""
    return str(page.evaluate("new URL(location.href).searchParams.get('case') ?? ''"))


def user_of(page: Page) -> str:
    """The user as the page names them."""
    told = page.get_by_text(re.compile(r"^user \S+ ·")).inner_text()
    return told.split()[1]


def on_desk(page: Page, *, but: str = "") -> str:
    """Wait for a case other than `but`; its user."""
    page.wait_for_function(
        "but => ![null, but].includes(new URL(location.href).searchParams.get('case'))", arg=but, polling=20
    )
    idle(page)
    # Drawn last; its place is there before it, while the browser loads what draws buttons.
    page.locator(f".st-key-verdict-spammer-{case_of(page)}").get_by_role("button").wait_for()
    page.evaluate(AT_REST)
    return user_of(page)


def rows(home: Settings, reviewer: str) -> pd.DataFrame:
    """The lines of the feedback file that a reviewer has caused, as a spreadsheet reads them."""
    found = pd.read_csv(home.feedback / "feedback.csv", dtype=str, keep_default_na=False)
    return found[found["reviewer"] == reviewer]


def standing(found: pd.DataFrame) -> pd.DataFrame:
    return found[(found["verdict"] != "withdrawn") & ~found["id"].isin(found["supersedes"])]


def lines(found: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(found[["user", "verdict", "notes"]].itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def waiting(chromium: Browser, server: str) -> str:
    """The demo file scored and sent to review on its page; the run."""
    with chromium.new_context(base_url=server, viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto("/score-file")
        page.get_by_role("button", name="Use the demo file").click()
        expect(page.get_by_text("5,000 scored")).to_be_visible()
        idle(page)
        page.get_by_role("button", name="Send to review").first.click()
        popover = page.get_by_test_id("stPopoverBody")
        popover.get_by_label("Your name").fill("Mara")
        popover.get_by_label("Your name").press("Enter")
        popover.get_by_role("button", name="Queue them").click()
        expect(page.get_by_text("users of this run are planned for review.")).to_be_visible()
        run = re.search(r"run=(r-\d+)", page.url)[1]  # type: ignore[index]
        page.get_by_role("button", name="Review", exact=True).click()
        on_desk(page)
        press(page, "ArrowRight")
        return run


@contextmanager
def desk_of(chromium: Browser, server: str, name: str) -> Iterator[Page]:
    """A browser of its own in which somebody reviews."""
    with chromium.new_context(base_url=server, viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"/review?as={name}")
        on_desk(page)
        yield page


def note(page: Page, text: str) -> None:
    """Write a note without the mouse."""
    page.keyboard.press("n")
    field = page.get_by_role("dialog").get_by_label("Notes")
    expect(field).to_be_visible()
    idle(page)
    for _ in range(5):
        if field.evaluate("field => field === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    idle(page)


def press(page: Page, key: str) -> None:
    """Press a key that leads to another case."""
    before = case_of(page)
    page.keyboard.press(key)
    on_desk(page, but=before)


def test_thirty_verdicts_and_an_undo_by_keyboard_are_in_the_file_as_they_were_given(
    tab: Page, bundled: Settings, waiting: str
) -> None:
    tab.goto("/review")
    tab.get_by_label("Your name").fill("Ada")
    tab.keyboard.press("Enter")
    on_desk(tab)
    given: list[tuple[str, str, str]] = []
    for i in range(30):
        user, key = user_of(tab), "slu"[i % 3]
        if i == 4:
            press(tab, "ArrowRight")
            assert user_of(tab) != user
            user = user_of(tab)
        if i == 12:
            case = case_of(tab)
            tab.reload()
            assert on_desk(tab) == user
            assert case_of(tab) == case
        written = f"slu: seen {i} times" if i in {8, 20} else ""  # letters that are keys, too
        if written:
            note(tab, written)
        press(tab, key)
        given.append((user, WORD[key], written))
        if i == 16:
            press(tab, "z")
            assert user_of(tab) == user
            press(tab, "l")
            given += [(user, "withdrawn", written), (user, "legitimate", written)]

    stored = rows(bundled, "Ada")
    told = [(user, word, "" if word == "withdrawn" else text) for user, word, text in lines(stored)]
    assert told == [(user, word, text) for user, word, text in given]
    assert len(standing(stored)) == 30
    assert standing(stored)["user"].is_unique
    assert stored["seconds"][stored["verdict"] != "withdrawn"].astype(float).between(0, 60).all()
    assert stored["prediction"].str.startswith(f"{waiting}-").all()


def table(page: Page) -> Locator:
    """The table of cases as it is told to screen readers; what is seen is drawn."""
    return page.get_by_test_id("stDataFrame").first.locator("table[role=grid]")


def test_ten_cases_judged_in_one_step_are_in_the_file_and_one_undo_takes_them_back(
    tab: Page, bundled: Settings, waiting: str
) -> None:
    tab.goto("/review?as=Tom&review_panel=Triage")
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
    assert list(stored[["case", "user"]].itertuples(index=False, name=None)) == chosen
    assert set(stored["verdict"]) == {"legitimate"}

    tab.keyboard.press("z")

    expect(tab.get_by_role("button", name="Undo last", exact=False)).to_be_disabled()
    idle(tab)
    stored = rows(bundled, "Tom")
    assert stored["verdict"].tolist() == ["legitimate"] * 10 + ["withdrawn"] * 10
    assert standing(stored).empty


def test_people_and_tabs_that_judge_at_once_never_get_the_same_case(
    chromium: Browser, server: str, bundled: Settings, waiting: str
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

    stored = pd.concat([standing(rows(bundled, name)) for name in ("Bob", "Eve")])
    assert len(stored) == 30
    assert stored["case"].is_unique
    assert sorted(stored["case"]) == sorted(shown)


def test_a_double_click_judges_one_user(tab: Page, bundled: Settings, waiting: str) -> None:
    tab.goto("/review?as=Dora")
    user, case = on_desk(tab), case_of(tab)

    tab.get_by_role("button", name="Spammer").dblclick()
    on_desk(tab, but=case)
    press(tab, "l")

    stored = rows(bundled, "Dora")
    assert stored["verdict"].tolist() == ["spammer", "legitimate"]
    assert stored["user"].iloc[0] == user


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_review_and_audit_are_drawn_in_light_and_dark(tab: Page, waiting: str, scheme: str, tmp_path: Path) -> None:
    tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for panel in ("One by one", "Triage", "Figures", "Guidance"):
        tab.goto(f"/review?as=Zoe&review_panel={panel}")
        expect(tab.get_by_role("heading", name="Review", exact=True)).to_be_visible()
        idle(tab)
        expect(tab.get_by_test_id("stException")).to_have_count(0)
        expect(tab.get_by_test_id("stAlert")).to_have_count(0)
    tab.goto("/audit")
    expect(tab.get_by_text("chain unbroken")).to_be_visible()
