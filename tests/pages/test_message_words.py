"""Pages of a home of messages: words that move the score, what if they were struck, the thread, and blind cases."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from app.words import plain
from core.home import Home
from core.schema import schema as schemas
from core.schema.label import Thread
from core.scoring.runs import Run
from tests import make, make_messages, screen
from tests.screen import Visit

HOSTILE = "<b>free</b> crypto :material/home: $x^2$ [a](http://a.b) write me on t e l e g r a m, mail a@b.com"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Run]:
    """A home with a live version and a run: rows 1 to 3 are a thread, of which the third is hostile."""
    home = make_messages.home_of(Home.open(tmp_path_factory.mktemp("written")))
    columns = replace(make_messages.SCHEMA, author="by", thread=Thread("talk", "at"))
    schemas.save(columns, home.settings.schema_file)
    people = make_messages.messages(40, seed=3, prefix="n").drop(columns="removed")
    talks = [f"t{max(at, 2)}" for at in range(40)]
    people = people.assign(by="Ada", talk=talks, at=[f"2026-02-01 10:{at:02}" for at in range(40)])
    people.loc[2, "body"] = HOSTILE
    people.loc[20:31, "body"] += " *zebra*"
    done = home.file_scoring.score_file(
        "new.csv", make.csv(people), columns, home.registry.load(), make.policy(), now=make.NOW
    )
    home.plans.queue_run(done.run.id, by="Lea", now=make.NOW)
    return home, done.run


@pytest.fixture
def opened(visit: Visit, written: tuple[Home, Run]) -> AppTest:
    home, run = written
    return visit(home, "score_user", run=run.id, row="3")


def score(at: AppTest) -> str:
    return next(text.value for text in at.markdown if text.value.startswith("score **"))


def marked(at: AppTest) -> str:
    """The message with its words."""
    return next((text.value for text in at.markdown if "background[" in text.value and "raises" not in text.value), "")


def test_the_text_has_a_field_its_words_are_numbered_and_what_is_counted_has_no_field(opened: AppTest) -> None:
    assert not opened.exception
    assert [area.value for area in opened.text_area] == [HOSTILE]
    assert [each.label for each in opened.number_input] == [plain("sent_7d")]
    assert "crypto" in marked(opened)
    assert "(&#61; telegram" in marked(opened)
    assert not re.search(r"<b>|:material/|\$x|\]\(http", screen.sentences(opened))


def test_an_edit_and_a_struck_word_change_the_score_and_a_reset_brings_it_back(opened: AppTest) -> None:
    before = score(opened)
    pills = next(each for each in opened.pills if each.label.startswith("Strike words"))
    opened = pills.set_value([1]).run()
    assert "~~" in marked(opened)
    struck = score(opened)
    assert struck != before
    assert opened.text_area[0].value == HOSTILE
    next(each for each in opened.button if each.label == "Reset").click().run()
    assert score(opened) == before
    opened.text_area[0].set_value("thanks for the quick answer").run()
    assert score(opened) not in {before, struck}
    opened.text_area[0].set_value("  ").run()
    assert not opened.exception
    assert "body is missing." in screen.sentences(opened)


def test_a_case_shows_its_message_in_its_thread_and_a_blind_one_no_words(
    visit: Visit, written: tuple[Home, Run]
) -> None:
    home, _ = written
    at = visit(home, "review", **{"as": "Ada"})
    seen = set[bool]()
    while len(seen) < 2:
        assert not at.exception
        text = screen.sentences(at)
        assert "judged message" in text
        blind = "score hidden until your verdict" in text
        assert ("background[" in marked(at)) is not blind
        seen.add(blind)
        at = next(each for each in at.button if each.label == "Skip").click().run()


def test_the_page_of_a_user_shows_what_was_written_round_it_and_masks_contacts(
    visit: Visit, written: tuple[Home, Run]
) -> None:
    home, run = written
    frame = home.datasets.frame(run.dataset, ["message_id"])
    at = visit(home, "user", id=str(frame.loc[3, "message_id"]))
    assert not at.exception
    text = screen.sentences(at)
    assert "scored message" in text
    assert "███" in text
    assert "a&#64;" not in text
    assert plain("2026-02-01 10:02") in text


def test_a_text_that_is_cut_is_said_to_be(opened: AppTest) -> None:
    opened = opened.text_area[0].set_value("free crypto " * 300).run()
    assert not opened.exception
    said = "Only the first 1,996 of 3,600 characters are scored: body keeps up to 2,000."
    assert said in [each.value for each in opened.caption]


def test_monitor_names_the_words_that_rise(visit: Visit, written: tuple[Home, Run]) -> None:
    home, run = written
    report = home.drift.of_run(run.id)
    assert [(each.word, each.texts, each.before) for each in report.texts[0].rising] == [("zebra", 12, 0.0)]
    at = visit(home, "monitor")
    assert not at.exception
    assert any(plain(report.texts[0].sentence) == each.value for each in at.markdown)
    words = next(each.value for each in at.dataframe if "Word" in each.value)
    assert words["Word"].tolist() == ["zebra"]
