"""The audit log says who did what, and gives away who changed it."""

from __future__ import annotations

import json
from datetime import timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.home import Home
from tests.make import NOW

COLUMNS = ["time", "who", "what", "about", "why", "details"]


def test_notes_are_read_newest_first(home: Home) -> None:
    home.audit.note(who="Ada", what="promote", about="v0002", why="better recall", details={"gain": 0.02}, now=NOW)
    home.audit.note(who="Bo", what="roll back", about="v0001", now=NOW + timedelta(hours=1))

    notes = home.audit.read()

    assert notes.columns.tolist() == COLUMNS
    assert notes["who"].tolist() == ["Bo", "Ada"]
    assert notes["time"].tolist() == [pd.Timestamp(NOW + timedelta(hours=1)), pd.Timestamp(NOW)]
    assert json.loads(notes["details"][1]) == {"gain": 0.02}
    assert notes["details"][0] == ""
    assert home.audit.read(most=1)["who"].tolist() == ["Bo"]


def test_a_log_without_notes_is_an_empty_table(home: Home) -> None:
    notes = home.audit.read()

    assert notes.columns.tolist() == COLUMNS
    assert notes.empty
    assert home.audit.verify().whole


def test_times_are_kept_in_utc(home: Home) -> None:
    home.audit.note(who="Ada", what="x", about="y", now=NOW.astimezone(timezone(timedelta(hours=5))))

    assert f"{NOW:%Y-%m-%dT%H:%M:%S}+00:00" in home.settings.audit.read_text(encoding="utf-8")


def test_facts_that_json_cannot_hold_are_written_as_text(home: Home) -> None:
    home.audit.note(who="Ada", what="x", about="y", details={"file": home.settings.audit, "when": NOW}, now=NOW)

    assert json.loads(home.audit.read()["details"][0]) == {"file": str(home.settings.audit), "when": str(NOW)}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=3, max_size=3))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    home = Home.open(tmp_path_factory.mktemp("audit"))
    home.audit.note(who=texts[0], what="say", about=texts[1], why=texts[2], now=NOW)

    assert home.audit.read().loc[0, ["who", "about", "why"]].tolist() == texts


def test_half_a_character_does_not_stop_a_note(home: Home) -> None:
    home.audit.note(who="Ada", what="say", about="\ud800", now=NOW)

    assert home.audit.read()["about"].tolist() == ["?"]


def test_a_changed_note_is_found(home: Home) -> None:
    for who in ("Ada", "Bo"):
        home.audit.note(who=who, what="promote", about="v0002", now=NOW)
    home.settings.audit.write_text(
        home.settings.audit.read_text(encoding="utf-8").replace("Ada", "Eve"), encoding="utf-8"
    )

    assert str(home.audit.verify().broken).startswith("audit.csv, line 2")
