"""The file of what a home has chosen: what is written into it is read back, and the rest of it is left alone."""

from __future__ import annotations

import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadOptionError
from core.home import Home
from tests.make import NOW

OTHER = '# ours\n[alerts]\nlink = "https://desk.example"  # the desk\n\n[alerts.more]\nlist = [1, 2]\n'
words = st.text(max_size=20)


def saved(home: Home, before: str, values: dict[str, Any]) -> str:
    """The file after the table `learning` of it was saved."""
    path = home.settings.options_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(before, encoding="utf-8")
    old = tomllib.loads(before).get("learning", {})
    home.options.save("learning", values, before=lambda: dict.fromkeys(values) | old, by="Ada", now=NOW)
    return path.read_text(encoding="utf-8")


@given(
    words, st.integers(1, 10**6), st.floats(0.001, 1),
    st.sampled_from([
        "", OTHER, "a = 1", "[learning]\n", "learning = {min_samples = 3}\n", "learning.min_samples = 3\n" + OTHER,
        OTHER + "[learning]\npromoter = 'Bob'\n\n# the end\n[end]\n", "[[a]]\n[learning]\n[[a]]\n",
    ]),
)  # fmt: skip
def test_what_is_written_is_read_back(promoter: str, samples: int, rate: float, before: str) -> None:
    values: dict[str, Any] = {"min_samples": samples, "learning_rate": rate, "promoter": promoter}
    with TemporaryDirectory() as folder:
        text = saved(Home.open(Path(folder)), before, values)
    assert tomllib.loads(text) == {**tomllib.loads(before), "learning": values}


def test_comments_and_order_stay_where_people_put_them(home: Home) -> None:
    ours = OTHER + "\n# how it learns\n[learning]  # ask Ada\nmin_samples = 3  # few\n{}\n# the last\n[last]\nb = 1\n"
    text = saved(home, ours.format(""), {"min_samples": 4, "promoter": "Ada"})
    assert text == ours.replace("samples = 3", "samples = 4").format('promoter = "Ada"\n')


def test_what_cannot_be_read_is_neither_noted_nor_written_over(home: Home) -> None:
    path = home.settings.options_file
    path.parent.mkdir()
    path.write_text("[learning\n")
    with pytest.raises(BadOptionError, match="it cannot be read"):
        home.options.save("learning", {"a": 1}, before=lambda: {"a": 0}, by="Ada", now=NOW)
    assert path.read_text() == "[learning\n"
    assert not len(home.audit.read())


def test_a_file_nested_without_end_is_told(home: Home) -> None:
    home.settings.data.mkdir()
    home.settings.options_file.write_text("a = " + "[" * 100_000)
    with pytest.raises(BadOptionError, match="it cannot be read: it is nested too deep"):
        home.options.table("learning", ())
