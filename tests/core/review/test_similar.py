"""Who is most like a user: the same as comparing one by one, and always of the verdicts as they are now."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.feedback.verdict import Verdict
from core.home import Home
from core.registry.population import Population
from core.review.similar import APART, Judged, alike
from tests import make
from tests.core.feedback.verdicts import verdict
from tests.core.review.reviewing import fresh
from tests.make import NOW

NAMES = ("links", "verified", "tier", "ratio")
SAMPLE = make.users(200, seed=5)
POPULATION = Population.of(SAMPLE[[*NAMES, "spam"]], make.features(*NAMES))
WEIGHTS = {"links": 2.0, "ratio": 1.0, "tier": 0.5}
PEOPLE = make.users(30, seed=6)

ranks = st.one_of(st.just(np.nan), st.floats(0, 1, width=32))
sizes = st.integers(1, 6)


def of(m: int, f: int) -> Any:
    return arrays(np.float32, (m, f), elements=ranks)


def weights(f: int) -> Any:
    return arrays(np.float64, f, elements=st.floats(0, 1e6, allow_subnormal=False))


two = sizes.flatmap(lambda f: st.tuples(of(2, f), weights(f)))
many = st.tuples(st.integers(0, 8), sizes).flatmap(lambda s: st.tuples(of(*s), of(1, s[1]), weights(s[1])))


def one_by_one(a: Any, b: Any, weight: Any) -> float:
    """How alike two users are, feature by feature."""
    each = []
    for x, y in zip(a, b, strict=True):
        missing = np.isnan(x), np.isnan(y)
        each.append(0.0 if all(missing) else APART if any(missing) else abs(float(x) - float(y)))
    total = float(sum(weight))
    share = [w / total for w in weight] if total else [1 / len(weight)] * len(weight)
    return 1 - sum(w * gap for w, gap in zip(share, each, strict=True))


# The measure


@given(many)
def test_it_is_one_less_the_weighted_mean_distance(drawn: Any) -> None:
    points, one, weight = drawn
    expected = [one_by_one(point, one[0], weight) for point in points]
    assert alike(points, one[0], weight) == pytest.approx(np.array(expected), abs=1e-5)


@given(many)
def test_it_lies_between_0_and_1(drawn: Any) -> None:
    points, one, weight = drawn
    found = alike(points, one[0], weight)
    assert found.shape == (len(points),)
    assert ((found >= 0) & (found <= 1)).all()


@given(two)
def test_the_same_values_are_wholly_alike_missing_ones_too(drawn: Any) -> None:
    points, weight = drawn
    assert (alike(points[:1], points[0], weight) == 1).all()


@given(two)
def test_two_users_are_as_alike_either_way(drawn: Any) -> None:
    (a, b), weight = drawn
    assert alike(a[None, :], b, weight) == pytest.approx(alike(b[None, :], a, weight), abs=1e-6)


def test_far_ends_in_all_that_counts_are_not_alike_at_all() -> None:
    points = np.array([[0, 1, 0.3], [np.nan, 1, 0.3]], np.float32)
    assert alike(points, [1, 0, 0.3], [1, 3, 0]).tolist() == [0, 0]
    assert alike(points, [1, 0, 0.3], [0, 0, 1]).tolist() == [1, 1]


def test_where_nothing_weighs_all_features_weigh_alike() -> None:
    assert alike(np.array([[0.5, 0.0]], np.float32), [0, 0], [0, 0]) == pytest.approx([0.75])


# The users of a ledger


def on(person: int, judgement: Any = "spammer", name: str = "", **changes: Any) -> Verdict:
    """A verdict on one of PEOPLE."""
    row = PEOPLE.iloc[person]
    values = {name: None if pd.isna(row[name]) else float(row[name]) for name in NAMES}
    return verdict(name or person, user=row["user"], verdict=judgement, **{"features": values} | changes)


def record(home: Home, *verdicts: Verdict) -> None:
    home.feedback.record(verdicts)
    fresh(home)


def like(judged: Judged, person: int, k: int = 5, values: Any = None) -> pd.DataFrame:
    row = PEOPLE.iloc[person]
    asked = values or {name: None if pd.isna(row[name]) else float(row[name]) for name in NAMES}
    return judged.like(row["user"], asked, WEIGHTS, k)


def known(home: Home) -> Judged:
    return Judged(home.ledger, POPULATION)


def brute(person: int, others: list[int]) -> dict[str, float]:
    """How alike each of the others is to a person."""
    at = POPULATION.percentile(PEOPLE[list(NAMES)].to_numpy(np.float64)) / 100
    weight = [WEIGHTS.get(name, 0.0) for name in NAMES]
    return {PEOPLE["user"][i]: one_by_one(at[i], at[person], weight) for i in others}


@pytest.mark.parametrize("person", range(0, 30, 6))
def test_who_is_found_are_the_most_alike_when_all_are_compared(home: Home, person: int) -> None:
    record(home, *(on(i, "spammer" if i % 3 else "legitimate") for i in range(30)))
    expected = brute(person, [i for i in range(30) if i != person])
    found = like(known(home), person)
    assert found.columns.tolist() == ["user", "verdict", "time", "alike"]
    assert found["alike"].tolist() == pytest.approx(sorted(expected.values(), reverse=True)[:5], abs=1e-5)
    assert [expected[user] for user in found["user"]] == pytest.approx(found["alike"].tolist(), abs=1e-5)
    judgements = {PEOPLE["user"][i]: "spammer" if i % 3 else "legitimate" for i in range(30)}
    assert found["verdict"].tolist() == [judgements[user] for user in found["user"]]
    assert (found["time"] == NOW).all()


def test_of_equals_the_one_judged_last_comes_first(home: Home) -> None:
    same = on(0).features
    record(home, *(on(i, features=same) for i in (3, 1, 2)))
    found = like(known(home), 0)
    assert found["user"].tolist() == PEOPLE["user"][[2, 1, 3]].tolist()
    assert found["alike"].tolist() == [1, 1, 1]


def test_where_nobody_was_judged_nobody_is_like(home: Home) -> None:
    judged = known(home)
    assert like(judged, 0).empty
    record(home, on(0))
    assert like(judged, 0).empty


def test_the_user_is_never_among_those_alike(home: Home) -> None:
    record(home, on(0), on(1))
    assert like(known(home), 0)["user"].tolist() == [PEOPLE["user"][1]]


def test_new_verdicts_are_found_at_the_next_question(home: Home) -> None:
    judged = known(home)
    for i in range(1, 8):
        record(home, on(i))
        found = like(judged, 0, k=50)
        assert set(found["user"]) == set(PEOPLE["user"][1 : i + 1])
        expected = brute(0, list(range(1, i + 1)))
        assert [expected[user] for user in found["user"]] == pytest.approx(found["alike"].tolist(), abs=1e-5)


def test_a_changed_mind_shows_the_last_verdict_and_the_values_judged_then(home: Home) -> None:
    judged = known(home)
    first = on(1, "spammer", "first")
    record(home, first)
    assert like(judged, 0)["verdict"].tolist() == ["spammer"]
    record(home, on(1, "legitimate", "second", supersedes=first.id))
    assert like(judged, 0)["verdict"].tolist() == ["legitimate"]
    # Judged again in another case, on other values: nothing is superseded, and the last one counts.
    record(home, on(1, "spammer", "third", features=on(0).features))
    found = like(judged, 0)
    assert found["verdict"].tolist() == ["spammer"]
    assert found["alike"].tolist() == [1]


@pytest.mark.parametrize("last", ["unsure", "withdrawn"])
def test_who_is_no_longer_judged_is_not_shown(home: Home, last: str) -> None:
    judged = known(home)
    first = on(1, "spammer", "first")
    record(home, first, on(2))
    assert len(like(judged, 0)) == 2
    record(home, first.withdrawn(NOW) if last == "withdrawn" else on(1, "unsure", "second", case=first.case))
    assert like(judged, 0)["user"].tolist() == [PEOPLE["user"][2]]


def test_a_forgotten_user_vanishes_and_the_others_stay_who_they_are(home: Home) -> None:
    judged = known(home)
    record(home, *(on(i) for i in range(1, 8)))
    assert len(like(judged, 0, k=50)) == 7
    home.feedback.forget(PEOPLE["user"][3], by="Lea", now=NOW)
    # As many as before: nothing but the numbers of the rows tells that one is another.
    record(home, on(8))
    found = like(judged, 0, k=50)
    left = [1, 2, 4, 5, 6, 7, 8]
    assert set(found["user"]) == {PEOPLE["user"][i] for i in left}
    expected = brute(0, left)
    assert [expected[user] for user in found["user"]] == pytest.approx(found["alike"].tolist(), abs=1e-5)


def test_features_that_the_model_does_not_have_or_nobody_was_judged_by_do_no_harm(home: Home) -> None:
    record(home, on(1, features={"links": 1.0, "another": 5.0}), on(2))
    found = like(known(home), 0, values={"links": 1.0, "score": 3.0})
    assert set(found["user"]) == {PEOPLE["user"][1], PEOPLE["user"][2]}
    assert found["user"][0] == PEOPLE["user"][1]
    assert found["alike"][0] == 1


@pytest.mark.slow
def test_threads_may_ask_while_others_record(home: Home) -> None:
    record(home, on(1))
    judged, broken = known(home), []

    def ask() -> None:
        for _ in range(100):
            found = like(judged, 0, k=50)
            expected = brute(0, list(range(1, 30)))
            if [expected[user] for user in found["user"]] != pytest.approx(found["alike"].tolist(), abs=1e-5):
                broken.append(found)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(2, 30):
        record(home, on(i))
    for thread in threads:
        thread.join()
    assert not broken
    assert len(like(judged, 0, k=50)) == 29
