"""When it is time to retrain: both conditions, and which verdicts are new."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import BadOptionError
from core.home import Home
from core.retraining import schedule
from core.retraining.schedule import Last
from core.retraining.settings import Learning
from tests import make
from tests.core.retraining import feeding
from tests.make import NOW

RULES = Learning(min_samples=10, retrain_interval=3600)


@pytest.mark.parametrize(
    ("new", "waited", "is_due"),
    [(10, 3600, True), (9, 9999, False), (10, 3599, False), (10, None, True), (0, None, False)],
)
def test_it_is_time_after_enough_verdicts_and_enough_time(new: int, waited: float | None, is_due: bool) -> None:
    found = schedule.decided(new, None if waited is None else timedelta(seconds=waited), RULES)

    assert found.is_due is is_due
    assert found.sentence.startswith("It is time" if is_due else "Not yet")


def test_only_verdicts_count_that_stand_and_say_something_and_are_new(home: Home) -> None:
    given = feeding.verdicts(make.users(5))
    stored = home.feedback.record(given)
    home.feedback.record([stored[0].withdrawn(NOW)])
    feeding.judged(home, make.users(2, seed=1), name="vague", verdict="unsure")
    assert home.schedule.new_verdicts(Last()) == 4

    home.schedule.note_done("v0002", str(len(given) + 3), now=NOW)
    assert home.schedule.new_verdicts(home.schedule.last()) == 0
    feeding.judged(home, make.users(3, seed=2), name="late")
    assert home.schedule.new_verdicts(home.schedule.last()) == 3


def test_a_failed_attempt_waits_for_the_interval_and_keeps_its_verdicts_new(home: Home) -> None:
    home.settings.data.mkdir(parents=True, exist_ok=True)
    home.settings.options_file.write_text("[learning]\nmin_samples = 2\n", encoding="utf-8")
    feeding.judged(home, make.users(3))
    assert home.schedule.due(now=NOW).is_due

    home.schedule.note_failure("There was no room.", now=NOW)
    assert home.schedule.last() == Last(NOW, "", "", "There was no room.")
    assert not home.schedule.due(now=NOW + timedelta(seconds=3599)).is_due
    assert home.schedule.due(now=NOW + timedelta(seconds=3600)).is_due


def test_settings_that_cannot_be_used_are_told(home: Home) -> None:
    home.settings.data.mkdir(parents=True, exist_ok=True)
    home.settings.options_file.write_text("[learning]\nmin_samples = -2\n", encoding="utf-8")
    with pytest.raises(BadOptionError):
        home.schedule.due(now=NOW)
