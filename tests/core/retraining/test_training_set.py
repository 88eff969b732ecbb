"""Whom a retraining learns from: feedback joined with the history, the weight of each, and who stays out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import split
from core.errors import SchemaError
from core.feedback.table import FIELDS
from core.retraining import training_set as sets
from core.retraining.training_set import TrainingSet, training_set
from core.schema.schema import Schema
from tests import make
from tests.make import SCHEMA

SALT = b"\x5a" * 16
#: Without users who share every feature: of these some judge nobody.
HISTORY = make.users(400).drop_duplicates([*SCHEMA.names], ignore_index=True)
FEATURES = list(SCHEMA.names)


def feedback(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Verdicts as `Ledger.effective` gives them; each names a user and what differs from a certain spammer."""
    told = [
        {"user": "u", "verdict": "spammer", "stratum": "certain", "inclusion": 1.0}
        | {"links": 9.0, "verified": 0.0, "tier": 1.0, "ratio": np.nan, "constant": 4.0 + i} | row
        for i, row in enumerate(rows)  # nobody shares every feature with another
    ]  # fmt: skip
    return pd.DataFrame(told, columns=[*FIELDS, *FEATURES])


def made(*rows: dict[str, Any], seen: Any = None) -> TrainingSet:
    return training_set(HISTORY, feedback(rows), SCHEMA, SALT, seen=seen)


def users(part: sets.Labelled) -> list[str]:
    return part.frame["user"].tolist()


def in_test(names: Iterable[str]) -> Any:
    return split.in_test(split.keys(pd.DataFrame({"user": list(names)}), SCHEMA, SALT))


def learners(n: int, name: str = "new") -> list[str]:
    """n names of users outside the test part."""
    names = [f"{name}-{i}" for i in range(3 * n)]
    return [each for each, out in zip(names, in_test(names), strict=True) if not out][:n]


NEW = learners(40)


def test_without_feedback_the_history_is_split_as_in_training() -> None:
    found = made()

    test = in_test(HISTORY["user"])
    assert users(found.learnt) == HISTORY["user"][~test].tolist()
    assert users(found.judges) == HISTORY["user"][test].tolist()
    assert found.test.all()
    assert (found.learnt.weight == 1).all()
    assert found.learnt.label.tolist() == HISTORY["spam"][~test].tolist()
    assert len(found.golden) == 0


def test_feedback_wins_over_the_old_label_and_the_old_values_of_a_user() -> None:
    user = HISTORY["user"][~in_test(HISTORY["user"])].iloc[0]
    row = HISTORY[HISTORY["user"] == user].iloc[0]
    said = "legitimate" if row["spam"] else "spammer"
    found = made({"user": user, "verdict": said, "links": 17.0})

    at = users(found.learnt).index(user)
    assert users(found.learnt).count(user) == 1
    assert found.learnt.label[at] == 1 - row["spam"]
    assert found.learnt.frame["links"].iloc[at] == 17
    assert np.isnan(found.learnt.frame["ratio"].iloc[at])
    assert found.learnt.judged[at]
    assert found.replaced == 1


def test_of_several_verdicts_on_a_user_the_last_that_says_something_counts() -> None:
    user = NEW[0]
    found = made(
        {"user": user, "verdict": "spammer"}, {"user": user, "verdict": "legitimate"},
        {"user": user, "verdict": "unsure"}, {"user": NEW[1], "verdict": "unsure"},
    )  # fmt: skip

    assert found.learnt.label[users(found.learnt).index(user)] == 0
    assert NEW[1] not in users(found.learnt)


def test_each_user_counts_as_many_as_he_stands_for() -> None:
    found = made(
        {"user": NEW[0]}, {"user": NEW[1], "stratum": "uncertain"},
        {"user": NEW[2], "stratum": "flip", "inclusion": None},
        {"user": NEW[3], "stratum": "random", "inclusion": 0.25},
        {"user": NEW[4], "stratum": "certain", "inclusion": None},
        {"user": NEW[5], "stratum": "random", "inclusion": 0.001},
        {"user": NEW[3], "stratum": "second", "inclusion": None, "verdict": "legitimate"},
    )  # fmt: skip

    weight = dict(zip(users(found.learnt), found.learnt.weight, strict=True))
    assert [weight[name] for name in NEW[:6]] == [1, 1, 1, 4, 1, sets.MOST_WEIGHT]
    assert found.learnt.label[users(found.learnt).index(NEW[3])] == 0


def repeated(row: pd.Series[Any], **changes: Any) -> dict[str, Any]:
    """What a verdict says of a user whom the history holds with these values and this label."""
    said = {"user": row["user"], "verdict": "spammer" if row["spam"] else "legitimate"}
    return said | {name: float(row[name]) for name in FEATURES} | {"stratum": "random", "inclusion": 0.05} | changes


def test_verdicts_that_repeat_the_history_change_nothing_that_is_learnt() -> None:
    known = split.fingerprints(split.keys(HISTORY, SCHEMA, SALT))
    found, before = made(*(repeated(row) for _, row in HISTORY[::3].iterrows()), seen=known), made(seen=known)

    assert users(found.learnt) == users(before.learnt)
    assert (found.learnt.weight == 1).all()
    assert found.learnt.label.tolist() == before.learnt.label.tolist()
    assert np.array_equal(found.learnt.frame[FEATURES], before.learnt.frame[FEATURES], equal_nan=True)
    assert set(users(found.judges)) == set(users(before.judges))
    assert (found.judges.weight == 1).all()


def test_a_weight_stands_for_users_whom_the_history_does_not_hold() -> None:
    row = HISTORY[~in_test(HISTORY["user"])].iloc[0]
    user = row["user"]

    def weight(**changes: Any) -> float:
        learnt = made(repeated(row, **changes), {"user": NEW[0], "stratum": "random", "inclusion": 0.05}).learnt
        assert learnt.weight[users(learnt).index(NEW[0])] == 20
        return float(learnt.weight[users(learnt).index(user)])

    assert weight() == 1
    assert weight(verdict="legitimate" if row["spam"] else "spammer") == 1
    assert weight(links=float(row["links"]) + 5) == 20  # as the history does not hold anybody


def test_the_newest_audited_users_judge_unless_the_champion_knows_them() -> None:
    audit = [{"user": name, "stratum": "random", "inclusion": 0.1} for name in NEW]
    found = made(*audit, {"user": "new", "stratum": "certain"})

    newest = NEW[-int(sets.JUDGES * len(NEW)) :]
    assert [user for user, test in zip(users(found.judges), found.test, strict=True) if not test] == newest
    assert not set(newest) & set(users(found.learnt))

    known = split.fingerprints(split.keys(pd.DataFrame({"user": NEW[20:]}), SCHEMA, SALT))
    found = made(*audit, seen=known)
    assert [user for user, test in zip(users(found.judges), found.test, strict=True) if not test] == NEW[14:20]
    assert set(NEW[20:]) <= set(users(found.learnt))


def test_nobody_judges_who_shares_every_feature_with_a_user_learnt_from() -> None:
    learnt, test = (HISTORY[part].iloc[0] for part in (~in_test(HISTORY["user"]), in_test(HISTORY["user"])))
    copy = {name: float(learnt[name]) for name in FEATURES}
    found = made({"user": test["user"], **copy}, {"user": NEW[0]})

    assert users(found.copies) == [test["user"]]
    assert test["user"] not in users(found.judges) + users(found.learnt)
    assert len(found.test) == len(found.judges)


def test_users_of_the_test_part_judge_with_their_newest_label_and_golden_ones_stay_apart() -> None:
    user = HISTORY["user"][in_test(HISTORY["user"])].iloc[0]
    found = made({"user": user, "links": 8.0}, {"user": NEW[0], "stratum": "golden", "inclusion": None})

    at = users(found.judges).index(user)
    assert found.test[at]
    assert found.judges.label[at] == 1
    assert users(found.golden) == [NEW[0]]
    assert NEW[0] not in users(found.learnt) + users(found.judges)


verdicts = st.fixed_dictionaries(
    {
        "user": st.sampled_from([*NEW[:6], *HISTORY["user"][:10]]),
        "verdict": st.sampled_from(["spammer", "legitimate", "unsure"]),
        "stratum": st.sampled_from(["certain", "random", "uncertain", "golden", "second", "flip", "appeal"]),
        "inclusion": st.sampled_from([None, 0.01, 0.5, 1.0]),
    }
)


@given(st.lists(verdicts, max_size=25))
def test_nobody_is_in_two_parts_and_nobody_with_a_label_is_lost(rows: list[dict[str, Any]]) -> None:
    found = made(*rows)

    parts = [users(part) for part in (found.learnt, found.judges, found.golden)]
    together = [user for part in parts for user in part]
    labelled = {row["user"] for row in rows if row["verdict"] != "unsure"}
    assert sorted(together) == sorted({*HISTORY["user"], *labelled})
    assert not in_test(users(found.learnt)).any()
    assert ((found.learnt.weight >= 1) & (found.learnt.weight <= sets.MOST_WEIGHT)).all()
    last = {row["user"]: float(row["verdict"] == "spammer") for row in rows if row["verdict"] != "unsure"}
    truth = dict(zip(HISTORY["user"], HISTORY["spam"].astype(float), strict=True)) | last
    assert all(truth[user] == label for user, label in zip(parts[0], found.learnt.label, strict=True))


def test_without_a_label_in_the_schema_there_is_nothing_to_learn_from() -> None:
    with pytest.raises(SchemaError):
        training_set(HISTORY, feedback([]), Schema(SCHEMA.features, id="user"), SALT)


@given(st.lists(st.floats(1, 20), min_size=1, max_size=60))
def test_in_a_population_everybody_is_there_as_often_as_by_whom_he_stands_for(weights: list[float]) -> None:
    w = np.array(weights)
    n = len(w)
    part = sets.Labelled(HISTORY.iloc[:n], np.zeros(n), w, np.arange(n, dtype=np.uint64), np.ones(n, bool))
    found = part.as_population()
    size = w.sum() ** 2 / (w**2).sum()

    assert len(found) == pytest.approx(size, abs=0.5)
    expected = len(found) * w / w.sum()
    times = np.bincount(found, minlength=n)
    assert (np.abs(times - expected) < 1 + 1e-9).all()


def test_where_all_stand_for_as_many_the_population_is_all_of_them_once() -> None:
    part = made({"user": "u1"}).learnt

    assert part.as_population().tolist() == list(range(len(part)))
