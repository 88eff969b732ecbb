"""A verdict is valid from birth, and says what it means for the prediction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from core.errors import BadOptionError
from core.policy.bands import BANDS
from tests.core.feedback.verdicts import verdict
from tests.make import NOW


@pytest.mark.parametrize(
    ("judgement", "label"), [("spammer", 1), ("legitimate", 0), ("unsure", None), ("withdrawn", None)]
)
def test_the_label_is_what_was_said(judgement: str, label: int | None) -> None:
    assert verdict(verdict=judgement, supersedes="v0").actual_label == label


@pytest.mark.parametrize("band", BANDS)
def test_a_prediction_is_correct_when_its_band_says_the_same(band: str) -> None:
    says_spammer = band in {"human_review", "auto_remove"}

    assert verdict(band=band, verdict="spammer").is_correct is says_spammer
    assert verdict(band=band, verdict="legitimate").is_correct is not says_spammer
    assert verdict(band=band, verdict="unsure").is_correct is None


def test_the_time_is_kept_in_utc() -> None:
    there = datetime(2026, 3, 1, 17, tzinfo=timezone(timedelta(hours=5)))

    assert verdict(time=there).time == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert verdict(time=there).time.tzinfo is UTC


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": " "}, "id: this must not be empty."),
        ({"user": ""}, "user: this must not be empty."),
        ({"reviewer": ""}, "reviewer: this must not be empty."),
        ({"prediction": ""}, "prediction: this must not be empty."),
        ({"id": "x" * 201}, "id: this has 201 characters; at most 200 are kept."),
        ({"notes": "x" * 10_001}, "notes: this has 10,001 characters; at most 10,000 are kept."),
        ({"notes": "\udc80"}, "notes: this holds half a character, which no file can keep."),
        ({"time": NOW.replace(tzinfo=None)}, "time: give a time with its zone."),
        ({"verdict": "spam"}, "verdict: spam is none of spammer, legitimate, unsure, withdrawn."),
        ({"band": "red"}, "band: red is none of allow, monitor, human_review, auto_remove."),
        ({"action": "ban"}, "action: ban is none of"),
        ({"stratum": "odd"}, "stratum: odd is none of certain, random"),
        ({"score": 1.01}, "score: a probability lies between 0 and 1, not at 1.01."),
        ({"score": float("nan")}, "score: a probability lies between 0 and 1, not at nan."),
        ({"inclusion": 0.0}, "inclusion: a probability of being reviewed is above 0 and up to 1, not 0.0."),
        ({"inclusion": 1.5}, "inclusion: a probability of being reviewed is above 0 and up to 1, not 1.5."),
        ({"seconds": -1.0}, "seconds: a duration is 0 or more, not -1.0."),
        ({"seconds": float("inf")}, "seconds: a duration is 0 or more, not inf."),
        ({"features": {"links": float("nan")}}, "links: nan is no number that can be judged. Give None"),
        ({"features": {"links": float("inf")}}, "links: inf is no number that can be judged."),
        ({"features": {"": 1.0}}, "features: this must not be empty."),
        ({"supersedes": "v1"}, "supersedes: a verdict cannot replace itself."),
        ({"verdict": "withdrawn"}, "supersedes: name the verdict that is taken back."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadOptionError) as told:
        verdict(**changes)
    assert str(told.value).startswith(sentence)


def test_an_undo_names_what_it_takes_back_and_is_the_same_each_time() -> None:
    given = verdict(notes="a slip")
    undo, again = given.withdrawn(NOW), given.withdrawn(NOW + timedelta(minutes=1))

    assert (undo.verdict, undo.supersedes, undo.user, undo.notes) == ("withdrawn", given.id, given.user, "")
    assert undo.id == again.id != given.id
    assert undo.id != verdict(2).withdrawn(NOW).id
