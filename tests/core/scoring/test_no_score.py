"""What a model says of a user and is no finite number is an error of that row: rejected and told, never a band."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.comparison import common_rows, flips
from core.data import intake
from core.errors import NoScoreError
from core.home import Home
from core.policy.decide import decide
from core.registry import registry
from core.scoring import export, table_marks
from core.scoring.online import Asked
from core.scoring.scorer import Scorer
from tests import make
from tests.core.registry.crafted import one_bad_leaf, without_score
from tests.core.scoring.test_online import serving

USERS = make.users(40, seed=9)
#: An id that is there twice.
TEXT = make.csv(pd.concat([USERS, USERS.iloc[[3]]]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_row_without_a_score_is_rejected_and_told(own: Home, tmp_path: Path, value: float) -> None:
    model = one_bad_leaf(own, value)
    bad = without_score(model, USERS)
    assert 0 < bad.sum() < len(USERS)

    done = own.file_scoring.score_file("users.csv", TEXT, make.SCHEMA, model, make.policy(), now=make.NOW)
    run = done.run
    assert run.received == run.users + run.rejected == 41
    assert run.users == len(done.frame) == len(done.results) == sum(run.counts.values()) == 40 - bad.sum()
    assert done.results.index.tolist() == done.frame.index.tolist() == (np.flatnonzero(~bad) + 1).tolist()
    assert np.isfinite(own.runs.scores(run.id)["probability"]).all()

    rejected = own.datasets.rejected(run.dataset)
    assert rejected["row"].tolist() == sorted(rejected["row"])
    ours = rejected[rejected["code"] == "no_score"]
    assert (ours["row"] == np.flatnonzero(bad) + 1).all()
    assert ours["sentence"].iloc[0].startswith(f"Row {ours['row'].iloc[0]}: the model gives no score")
    assert all(user in record for user, record in zip(USERS["user"][bad], ours["record"], strict=True))
    assert set(rejected["code"]) == {"no_score", "duplicate_id"}
    assert rejected.set_index("code").loc["duplicate_id", "line"] == 42
    first = done.dataset.problems[0]
    assert (first.code, first.rows, first.rejected) == ("no_score", bad.sum(), True)
    assert sum(each.rows for each in done.dataset.problems if each.rejected) == run.rejected

    target = own.exports.rejected_target(tmp_path / "scores.csv", table_marks.REJECTED)
    assert export.write_rejected(own.exports.rejected_table(run.dataset), target)
    assert target.path.read_text(encoding="utf-8").count("no_score") == bad.sum()


def test_what_is_made_of_such_a_run_has_its_scored_rows_only(own: Home) -> None:
    model = one_bad_leaf(own)
    done = own.file_scoring.score_file("users.csv", TEXT, make.SCHEMA, model, make.policy(), now=make.NOW)
    table: pa.Table = own.exports.run_table(done.run)
    assert table.column("user").to_pylist() == USERS["user"][~without_score(model, USERS)].tolist()
    assert not table.column("score").null_count
    assert done.reasons.index.tolist() == done.frame.index.tolist()
    assert table.column("reason_1").null_count == 0


def test_the_whole_file_stays_for_a_model_that_scores_everybody(own: Home) -> None:
    first = own.file_scoring.score_file("u.csv", TEXT, make.SCHEMA, one_bad_leaf(own), make.policy(), now=make.NOW).run
    again = own.file_scoring.score_file("u.csv", TEXT, make.SCHEMA, one_bad_leaf(own), make.policy(), now=make.NOW).run
    sound = own.file_scoring.score_file(
        "u.csv", TEXT, make.SCHEMA, own.registry.load(), make.policy(), now=make.NOW
    ).run
    assert first.dataset == again.dataset != sound.dataset
    assert (sound.users, sound.rejected) == (40, 1)
    assert sound.dataset in {each.id for each in own.datasets.labelled()}
    assert first.dataset not in {each.id for each in own.datasets.labelled()}


def test_a_row_of_a_stored_dataset_without_a_score_is_rejected_too(own: Home) -> None:
    model, checked = one_bad_leaf(own), intake.read("users.csv", TEXT, make.SCHEMA)
    dataset = own.datasets.put(checked, make.SCHEMA, now=make.NOW)
    run = own.file_scoring.score_stored(dataset, make.SCHEMA, model, make.policy(), now=make.NOW)
    assert run.received == run.users + run.rejected == 41
    assert run.rejected == 1 + without_score(model, USERS).sum()
    assert own.datasets.frame(run.dataset).index.tolist() == own.runs.scores(run.id).index.tolist()


def test_a_file_in_which_nobody_has_a_score_is_a_run_of_nobody(own: Home) -> None:
    model = one_bad_leaf(own)
    text = make.csv(USERS[without_score(model, USERS)])
    run = own.file_scoring.score_file("users.csv", text, make.SCHEMA, model, make.policy(), now=make.NOW).run
    assert (run.users, run.rejected, run.flagged) == (0, run.received, 0)
    assert own.exports.run_table(run).num_rows == 0


def everyone() -> list[Asked]:
    return [
        Asked(row, user)
        for row, user in zip(USERS[list(make.SCHEMA.names)].to_numpy(float), USERS["user"], strict=True)
    ]


def test_a_user_without_a_score_is_told_so_and_nothing_is_stored(own: Home) -> None:
    model, ours = one_bad_leaf(own), serving(own)
    bad = without_score(model, USERS)
    ours.model, ours._scorer = model, Scorer(model)
    ours.warm_up()
    with pytest.raises(NoScoreError, match=f"v0001 gives {bad.sum()} of 40 users no score") as told:
        ours.score(everyone(), now=make.NOW)
    assert told.value.at == tuple(np.flatnonzero(bad))
    assert own.online_runs.growing() == ()
    with pytest.raises(NoScoreError, match="gives this user no score"):
        ours.score([everyone()[int(np.flatnonzero(bad)[0])]], now=make.NOW)
    scored = [user for user, none in zip(everyone(), bad, strict=True) if not none]
    assert len(ours.score(scored, now=make.NOW)) == len(scored)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_policy_has_a_band_for_what_is_no_number(value: float) -> None:
    for given in (value, [value], [0.1, value, 0.9]):
        with pytest.raises(ValueError, match="a score that is not finite has no band"):
            decide(make.policy(), given)
    with pytest.raises(ValueError, match="a score that is not finite has no band"):
        flips.severity([0.1, value], {"monitor": 0.3})


def test_nobody_is_judged_by_scores_that_are_none(own: Home) -> None:
    model, dataset = one_bad_leaf(own), own.datasets.put(
        intake.read("u.csv", make.csv(make.users(400, seed=5)), make.SCHEMA), make.SCHEMA, now=make.NOW
    )  # fmt: skip
    with pytest.raises(NoScoreError):
        own.training.judged(model, dataset, make.SCHEMA, make.policy().thresholds)
    with pytest.raises(NoScoreError):
        common_rows.contender(own.common_rows.rows([model], dataset, make.SCHEMA), model)


def test_a_challenger_is_held_against_the_champion_where_it_has_scores(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = own.registry.load()
    parts = registry.Parts(
        sound.predictor, sound.calibration, sound.metadata, sound.baseline(), np.arange(3, dtype=np.uint64)
    )
    version = own.registry.publish(parts)
    own.shadow.appoint(version, by="Ada", now=make.NOW - timedelta(days=1))
    own.file_scoring.score_file("users.csv", TEXT, make.SCHEMA, sound, make.policy(), now=make.NOW)
    bad = one_bad_leaf(own)
    monkeypatch.setattr(registry.Registry, "load", lambda *_: bad)
    assert len(own.shadow.catch_up()) == 1
    found = own.shadow.challenger()
    assert found is not None
    told = own.shadow.standing(found)
    none = int(without_score(bad, USERS).sum())
    assert (told.flips.n, told.without) == (40 - none, none)
    assert f"It gives {none} other user" in told.sentence
