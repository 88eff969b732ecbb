"""The places of a day: never more than the capacity, and words that say who waits for how long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.home import Home
from core.planning import day
from core.planning.day import Given, Outlook, Places, Tally, outlook, places
from core.review.guidance import Guidance
from tests.make import NOW

RULES = Guidance(capacity=200, random_share=0.2, uncertain=0)
NOBODY = Tally(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("tally", "expected"),
    [
        (NOBODY, (160, 0, 40)),
        (Tally(50, 10, 0, 0), (120, 0, 30)),  # carried over: part of the capacity, and of the random share
        (Tally(50, 45, 0, 20), (130, 0, 0)),
        (Tally(190, 0, 0, 0), (0, 0, 10)),
        (Tally(200, 40, 0, 0), (0, 0, 0)),
        (Tally(4_744, 4_500, 20, 0), (0, 0, 0)),
    ],
)
def test_what_is_carried_over_is_part_of_the_capacity(tally: Tally, expected: tuple[int, int, float]) -> None:
    assert places(RULES, tally, Given(), unseen=False) == Places(*expected)


def test_unsure_picks_are_part_of_the_capacity_and_never_more_than_half_of_what_is_not_drawn() -> None:
    assert places(replace(RULES, uncertain=20), NOBODY, Given(), unseen=False) == Places(140, 20, 40)
    assert places(replace(RULES, uncertain=20), Tally(9, 0, 9, 0), Given(), unseen=False) == Places(140, 11, 40)
    assert places(replace(RULES, uncertain=500), NOBODY, Given(), unseen=False) == Places(80, 80, 40)


def test_a_day_whose_places_were_given_away_has_none_however_the_draw_went() -> None:
    given = Given("2026-03-01", 200.0, 40.0)
    for drawn in (25, 40, 55):
        assert places(RULES, Tally(160 + drawn, drawn, 0, 0), given, unseen=False).free == 0
    assert places(RULES, Tally(20, 3, 0, 170), given, unseen=False).free == 0
    assert places(replace(RULES, capacity=300), Tally(200, 40, 0, 0), given, unseen=False) == Places(80, 0, 20)


def test_users_of_a_new_file_can_be_drawn_although_the_random_share_is_carried_over() -> None:
    assert places(RULES, Tally(60, 60, 0, 0), Given(), unseen=True) == Places(139, 0, 1)
    assert places(RULES, Tally(200, 60, 0, 0), Given(), unseen=True).free == 0


def test_a_home_without_capacity_has_no_places_and_says_so() -> None:
    none = replace(RULES, capacity=0)
    assert places(none, NOBODY, Given(), unseen=True).free == 0
    told = outlook(none, NOBODY, Places(0, 0, 0), flagged=3)
    assert told.sentence == (
        "There are no reviews a day: a lead sets them in Guidance. 3 more flagged users wait, and no day has "
        "a place for them: raise the reviews a day in Guidance."
    )


def of(flagged: int, tally: Tally = NOBODY, rules: Guidance = RULES) -> Outlook:
    return outlook(rules, tally, places(rules, tally, Given(), unseen=False), flagged=flagged)


def test_the_outlook_says_who_is_reviewed_today_who_waits_and_for_how_many_days() -> None:
    assert of(4_975).sentence == (
        "4,975 flagged users: 160 today, the last in 31 days at 200 reviews a day. Also reviewed today: about "
        "40 drawn at random."
    )
    assert of(4_975).days == 31


@pytest.mark.parametrize(("flagged", "days"), [(0, 0), (160, 0), (161, 1), (320, 1), (321, 2)])
def test_days_are_counted_from_today(flagged: int, days: int) -> None:
    assert of(flagged).days == days


def test_what_is_carried_over_is_said_first_and_delays_the_others() -> None:
    late = of(100, Tally(500, 40, 0, 0))
    assert late.days == 3
    assert late.sentence == (
        "Today's 200 places are all taken: 500 open cases come first. 100 more flagged users wait: they are reviewed "
        "in 2 to 3 days at 200 reviews a day."
    )


@pytest.mark.parametrize(
    ("flagged", "carried", "told"),
    [
        (1, 200, "1 more flagged user waits: reviewed tomorrow at 200 reviews a day."),
        (160, 200, "160 more flagged users wait: they are reviewed tomorrow at 200 reviews a day."),
        (
            161,
            200,
            "161 more flagged users wait: they are reviewed from tomorrow on, the last in 2 days at 200 reviews a day.",
        ),
        (500, 401, "500 more flagged users wait: they are reviewed in 2 to 5 days at 200 reviews a day."),
        (
            159,
            201,
            "159 more flagged users wait: they are reviewed tomorrow at 200 reviews a day.",
        ),  # one more was drawn
        (0, 200, "No other flagged user waits."),
    ],
)
def test_once_the_day_is_full_it_says_so_and_when_the_others_are_reviewed(
    flagged: int, carried: int, told: str
) -> None:
    full = of(flagged, Tally(carried, 40, 0, 0))
    assert full.full
    assert full.sentence == f"Today's 200 places are all taken: {carried} open cases come first. {told}"


def test_a_day_of_which_every_case_was_judged_has_no_case_that_comes_first() -> None:
    assert of(9, Tally(0, 0, 0, 200)).sentence == (
        "Today's 200 places are all taken. 9 more flagged users wait: they are reviewed tomorrow at 200 reviews a day."
    )


def test_where_no_place_is_for_flagged_users_it_says_what_to_do() -> None:
    drawn_only = replace(RULES, capacity=1, random_share=0.5)
    assert of(9, Tally(1, 1, 0, 0), drawn_only).a_day == 0
    assert of(9, Tally(1, 1, 0, 0), drawn_only).sentence == (
        "Today's 1 place is taken: 1 open case comes first. 9 more flagged users wait, and no day has a place for "
        "them: raise the reviews a day in Guidance."
    )


def test_who_leaves_places_over_leaves_them_to_the_draw() -> None:
    told = of(12, rules=replace(RULES, uncertain=20))
    assert (told.today, told.random, told.uncertain) == (12, 168, 20)
    assert of(0).sentence == "No flagged user waits. Also reviewed today: about 200 drawn at random."


def test_a_day_begins_at_midnight_in_utc(home: Home) -> None:
    with home.database.writing() as connection:
        day.give(connection, Given("2026-03-01", 200.0, 40.0))
    with home.database.connect() as connection:
        assert day.given(connection, NOW).used == 200
        assert day.given(connection, NOW.replace(day=2, hour=0)) == Given("2026-03-02")
        assert day.last(connection) == "2026-03-01"
