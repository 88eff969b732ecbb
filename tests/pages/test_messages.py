"""Pages of a home of messages: texts are shown as they were sent and never rendered, their numbers never."""

from __future__ import annotations

import pytest

from core.data.datasets import Dataset
from core.home import Home
from core.schema import levels
from tests import make_categories, screen
from tests.pages.test_words import NUMBER
from tests.screen import Visit


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Dataset]:
    home = Home.open(tmp_path_factory.mktemp("messages"))
    return home, make_categories.home_of(home)


@pytest.mark.parametrize("panel", ["One feature", "Segments"])
def test_explore_says_what_can_be_counted_in_texts_and_never_their_numbers(
    visit: Visit, told: tuple[Home, Dataset], panel: str
) -> None:
    home, dataset = told
    at = visit(home, "explore", dataset=dataset.id, panel=panel)
    assert not at.exception
    shown = screen.sentences(at) + "".join(str(frame.value.to_dict()) for frame in (*at.dataframe, *at.table))
    assert not NUMBER.search(shown)
    assert levels.WRITTEN not in shown
    assert "1 carries two labels (2 rows)" in shown
    assert panel != "One feature" or "body (characters)" in shown
    features = [box for box in at.selectbox if box.label == "Feature"]
    assert all("body" not in box.options for box in features)


def test_messages_are_stored_as_they_were_sent_beside_their_numbers(told: tuple[Home, Dataset]) -> None:
    home, dataset = told
    frame = home.datasets.frame(dataset.id)
    assert frame[levels.written("body")].tolist()[2] == make_categories.HOSTILE
    assert frame.loc[[1, 2], "body"].nunique() == 1
    assert frame[levels.written("type")].fillna("").tolist()[:2] == ["", "abuse"]
    assert dataset.context == ("author",)
