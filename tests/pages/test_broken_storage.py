"""Pages whose storage fails: an error that says what is wrong and what to do, where Streamlit would tell of a bug."""

from __future__ import annotations

import errno
import re

import pandas as pd
import pytest

from app import guard
from core.errors import StorageError
from core.home import Home
from core.settings import ROOT
from core.store import database
from tests import broken_storage, screen
from tests.broken_storage import Fault
from tests.core.review import reviewing
from tests.screen import Visit

#: All pages stand in the same frame, which asks the database first who is there.
PAGES = ("overview", "review", "score_file")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (broken_storage.no_database, r"state\\?\.db is damaged"), (broken_storage.busy_database, "in use by something"),
        (broken_storage.full_disk, "cannot be (written|used)"), (broken_storage.removed_folder, "data is gone"),
    ],
)  # fmt: skip
def test_a_page_says_what_is_wrong_with_the_storage(
    visit: Visit, own: Home, to_score: pd.DataFrame, fault: Fault, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY", 0.05)
    run = reviewing.planned(own, to_score)
    at = visit(own, "overview")
    with fault(own):
        for page in PAGES:
            at.switch_page(str(ROOT / "pages" / f"{page}.py"))
            at.query_params["run"] = run.id
            at.run()
            assert not at.exception, (page, at.exception)
            assert re.search(said, screen.errors(at)[0]), (page, screen.errors(at))


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (StorageError("state.db", "the disk is full"), True), (OSError(errno.ENOSPC, "full", "runs"), True),
        (OSError(errno.EBADF, "bad"), False), (KeyError("x"), False),
    ],
)  # fmt: skip
def test_what_a_callback_raises_is_shown_as_its_sentence_unless_it_is_a_bug(error: Exception, shown: bool) -> None:
    assert guard.uncaught(error) is shown
