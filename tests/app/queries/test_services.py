"""What is cached for pages is what the files say now, and of the home that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from app.queries import services
from core.home import Home
from core.schema import schema as schemas
from core.settings import HOME_VARIABLE
from tests import make


@pytest.fixture(autouse=True)
def _nothing_is_cached() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def test_a_glossary_and_a_schema_that_somebody_edits_are_read_anew(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(own.settings.home))
    glossary = own.settings.glossary_file
    glossary.write_text("feature,name,description\nlinks,Links,Links that a user has posted\n", encoding="utf-8")
    before = services.meanings().sentence("links")
    glossary.write_text("feature,name,description\nlinks,Links,Links in the profile\n", encoding="utf-8")
    schemas.save(services.schema().only(["links", "tier"]), own.settings.schema_file)

    assert before != services.meanings().sentence("links")
    assert services.schema().names == ("links", "tier")


def test_two_homes_have_caches_of_their_own(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Home.open(tmp_path / "other")
    make.trained_home(other, n=600, seed=4)
    found = []
    for home in (own, other):
        monkeypatch.setenv(HOME_VARIABLE, str(home.settings.home))
        assert services.home() is services.home()
        found.append(services.model("v0001").metadata)

    assert found == [own.registry.load("v0001").metadata, other.registry.load("v0001").metadata]
    assert found[0] != found[1]
