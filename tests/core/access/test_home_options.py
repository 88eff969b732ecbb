"""The file of what a home has chosen: what is written into it is read back, and the rest of it is left alone."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access import home_options
from core.errors import BadOptionError
from core.home import Home

OTHER = '# ours\n[alerts]\nlink = "https://desk.example"  # the desk\n\n[alerts.more]\nlist = [1, 2]\n'
words = st.text(max_size=20)


@given(words, st.integers(1, 10**6), st.floats(0.001, 1), st.sampled_from(["", OTHER, "a = 1\n"]))
def test_what_is_written_is_read_back(promoter: str, samples: int, rate: float, before: str) -> None:
    values: dict[str, Any] = {"min_samples": samples, "learning_rate": rate, "promoter": promoter}
    once = home_options.with_table(before, "learning", values)

    assert tomllib.loads(once) == {**tomllib.loads(before), "learning": values}
    assert home_options.with_table(once, "learning", values) == once


def test_a_file_nested_without_end_is_told(home: Home) -> None:
    home.settings.data.mkdir()
    home.settings.options_file.write_text("a = " + "[" * 100_000)
    with pytest.raises(BadOptionError, match="it cannot be read: it is nested too deep"):
        home.options.table("learning", ())
