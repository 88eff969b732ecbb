"""What every page tells beside itself: the jobs under way, with the way to stop them."""

from __future__ import annotations

import pytest

from core.home import Home
from tests.pages.conftest import Note
from tests.screen import Visit


@pytest.mark.parametrize("page", ["overview", "policy"])
def test_jobs_under_way_are_listed_on_every_page_and_can_be_cancelled(
    visit: Visit, own: Home, note: Note, page: str
) -> None:
    note("train-0001", "running", done=30, of=100)
    note("train-0002", "done", done=100, of=100)
    at = visit(own, page)

    assert not at.exception
    assert [button.key for button in at.sidebar.button if str(button.key).startswith("jobs-")] == ["jobs-train-0001"]
    at.button(key="jobs-train-0001").click().run()

    assert (own.settings.jobs / "train-0001" / "cancel").exists()


def test_without_a_job_under_way_nothing_is_listed(visit: Visit, own: Home) -> None:
    assert not [button for button in visit(own).sidebar.button if str(button.key).startswith("jobs-")]
