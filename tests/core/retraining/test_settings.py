"""The settings of learning: what is told of a file that people edit, and what saving leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import BadOptionError, NotAllowedError
from core.home import Home
from core.retraining.settings import Learning
from tests.make import NOW

OTHER = '# ours\n[alerts]\nlink = "https://desk.example"  # the desk\n\n[alerts.more]\nlist = [1, 2]\n'


def written(home: Home, text: str) -> Home:
    home.settings.data.mkdir(parents=True, exist_ok=True)
    home.settings.options_file.write_text(text, encoding="utf-8")
    return home


def test_without_a_file_and_without_the_table_all_is_as_it_comes(home: Home) -> None:
    assert home.learning.load() == Learning(1000, 3600, 25, 0.05, "by_hand", "")
    assert written(home, OTHER).learning.load() == Learning()


def test_what_the_file_says_counts_and_the_rest_stays(home: Home) -> None:
    assert written(home, "[learning]\nmin_samples = 20\n").learning.load() == Learning(min_samples=20)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[learning]\nmin_sample = 20\nx = 1\n", r"has min_sample and x; known are min_samples"),
        ("learning = 3\n", "is a table"),
        ("[learning\n", "cannot be read"),
        ("[learning]\nmin_samples = 0\n", "from 1 to"),
        ("[learning]\nmin_samples = true\n", "not True"),
        ("[learning]\nmin_samples = 1.5\n", "whole number"),
        ("[learning]\nbatch_size = 0\n", "from 1 to"),
        ("[learning]\nretrain_interval = -1\n", "from 0 to"),
        ("[learning]\nretrain_interval = nan\n", "not nan"),
        ('[learning]\nlearning_rate = "fast"\n', "not fast"),
        ("[learning]\nlearning_rate = 0\n", "above 0"),
        ('[learning]\npromotion = "always"\n', "by_hand or automatic"),
        ('[learning]\npromotion = "automatic"\n', "in whose name"),
        ("[learning]\npromoter = 3\n", "give a name"),
    ],
)
def test_what_cannot_be_is_told_with_the_reason(home: Home, text: str, said: str) -> None:
    with pytest.raises(BadOptionError, match=said):
        written(home, text).learning.load()


def test_saving_changes_the_table_alone_and_is_noted_with_what_changed(home: Home) -> None:
    written(home, OTHER + '[learning]\nmin_samples = 7\n\n[last]\nword = "yes"\n')
    home.learning.save(replace(home.learning.load(), min_samples=50), by="Ada", now=NOW)

    text = home.settings.options_file.read_text(encoding="utf-8")
    assert text.startswith(OTHER)
    assert text.endswith('\n[last]\nword = "yes"\n')
    assert home.learning.load() == Learning(min_samples=50)
    noted = home.audit.read()
    assert noted[["who", "what", "about", "details"]].to_numpy().tolist() == [
        ["Ada", "change settings", "learning", '{"min_samples": 50}']
    ]
    home.learning.save(Learning(min_samples=50), by="Ada", now=NOW)
    assert len(home.audit.read()) == 1


def test_automation_promotes_in_the_name_of_who_switched_it_on_and_may_promote(home: Home) -> None:
    home.accounts.create("Ada", "admin", "long enough to be one", now=NOW)
    home.accounts.create("Rea", "reviewer", "long enough to be one", now=NOW)
    automatic = Learning(promotion="automatic", promoter="Somebody else")
    with pytest.raises(NotAllowedError):
        home.learning.save(automatic, by="Rea", now=NOW)

    assert home.learning.save(automatic, by="Ada", now=NOW).promoter == "Ada"
    assert home.learning.load().automatic
    assert home.learning.save(Learning(), by="Ada", now=NOW).promoter == ""
