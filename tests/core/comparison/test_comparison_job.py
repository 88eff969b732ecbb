"""Comparisons that are kept: of versions, training runs and predictions from outside, made once and read back whole."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from core.comparison import result
from core.comparison.comparison_job import Asked
from core.data import intake, split
from core.errors import BadOptionError, FileProblemError, TooFewRowsError, UnknownItemError, UnknownVersionError
from core.files import write_text
from core.home import Home
from core.policy.decide import decide
from core.scoring.scorer import Scorer
from core.training.training_runs import Scores, TrainingRun
from tests import make
from tests.make import NOW, SCHEMA

THRESHOLDS = {str(band): above for band, above in make.policy().thresholds.items()}
ON = make.users(900, seed=3)


@pytest.fixture(scope="module")
def twice(tmp_path_factory, trained):
    """The trained home with v0002, of other users, and on.csv, whom neither knows."""
    home = Home.open(tmp_path_factory.mktemp("twice"))
    shutil.copytree(trained.settings.home, home.settings.home, dirs_exist_ok=True)
    second = stored(home, "second.csv", make.users(1500, seed=1))
    home.training.learn(second, SCHEMA, make.policy().thresholds, now=NOW, seed=1)
    stored(home, "on.csv", ON)
    return home


def stored(settings, name, frame):
    checked = intake.read(name, make.csv(frame), SCHEMA, need_label=True)
    return settings.datasets.put(checked, SCHEMA, now=NOW, need_label=True)


def named(settings, name):
    return next(found for found in settings.datasets.stored() if found.name == name)


def asked(settings, a, b, on="on.csv"):
    return Asked(a, b, named(settings, on).id if on else "", THRESHOLDS)


def given(settings, frame, score, name="theirs.csv"):
    """Predictions for the users of a frame, stored; their id."""
    table = pd.DataFrame({"id": frame["user"], "y_true": frame["spam"], "y_proba": score})
    return settings.prediction_files.put(name, make.csv(table), now=NOW).id


def scores(settings, version, frame=ON):
    return Scorer(settings.registry.load(version)).score(frame).probability


def quiet(_done, _of, _message=""): ...


def test_what_is_kept_is_what_was_found_and_is_found_once(twice, monkeypatch):
    question = asked(twice, "v0001", "v0002")
    assert twice.comparer.look(question) is None
    arguments = {"a": question.a, "b": question.b, "on": question.on, "thresholds": THRESHOLDS}
    twice.comparer.compare_stored(quiet, **arguments)
    kept, made = twice.comparer.look(question), twice.comparer.made(question)
    assert kept is not None
    assert kept.comparison == made.comparison
    assert (kept.rows, kept.reasons, kept.cautions) == (made.rows, made.reasons, made.cautions)
    pd.testing.assert_frame_equal(kept.users, made.users)
    pd.testing.assert_frame_equal(kept.why, made.why)
    for one, other in zip(kept.segments, made.segments, strict=True):
        pd.testing.assert_frame_equal(one, other)
    monkeypatch.setattr(result, "beside", lambda *_args, **_options: pytest.fail("it was compared again"))
    twice.comparer.compare_stored(quiet, **arguments)


def test_two_versions_stand_as_the_two_scorers_say(twice):
    found = twice.comparer.made(asked(twice, "v0001", "v0002"))
    assert found.contenders == found.names == ("v0001", "v0002")
    assert found.users["user"].tolist() == ON["user"].tolist()
    assert found.users["label"].tolist() == ON["spam"].tolist()
    for side, version in (("a", "v0001"), ("b", "v0002")):
        assert (found.users[side] == scores(twice, version)).all()
    severity = [decide(make.policy(), found.users[side]).severity for side in ("a", "b")]
    flipped = found.users.index[severity[0] != severity[1]]
    assert found.users.index[found.flips().rows].tolist() == flipped.tolist()
    assert 0 < found.why["row"].nunique() <= len(flipped)
    assert set(found.why["row"]) <= set(flipped)
    assert "top-3 reasons" in found.reasons


def test_the_same_question_has_one_identity_and_every_other_one_another(twice):
    question = asked(twice, "v0001", "v0002")
    others = [
        asked(twice, "v0002", "v0001"),
        asked(twice, "v0001", "v0002", "train.csv"),
        Asked("v0001", "v0002", question.on, THRESHOLDS | {"monitor": 0.4}),
        Asked("v0001", "v0002", question.on, THRESHOLDS, seed=1),
    ]
    found = [twice.comparer.identity(each) for each in [question, asked(twice, "v0001", "v0002"), *others]]
    assert found[0] == found[1]
    assert len(set(found)) == 5


@pytest.mark.slow
def test_another_version_under_the_same_number_is_another_comparison(own):
    checked = stored(own, "second.csv", make.users(400, seed=1))
    own.training.learn(checked, SCHEMA, make.policy().thresholds, now=NOW, seed=1)
    before = own.comparer.identity(Asked("v0001", "v0002", checked.id, THRESHOLDS))
    shutil.rmtree(own.settings.models / "v0002")
    own.training.learn(checked, SCHEMA, make.policy().thresholds, now=NOW, seed=2)
    assert own.comparer.identity(Asked("v0001", "v0002", checked.id, THRESHOLDS)) != before


def test_predictions_by_id_meet_a_version_on_the_users_it_did_not_learn_from(twice):
    train = make.users(1500)
    theirs = given(twice, train, np.clip(scores(twice, "v0002", train) * 0.9, 0, 1))
    found = twice.comparer.made(asked(twice, theirs, "v0001", "train.csv"))
    held_out = make.in_test(twice, train)
    assert found.names == ("theirs.csv", "v0001")
    assert found.users["user"].tolist() == train["user"][held_out].tolist()
    assert (found.users["b"].to_numpy() == scores(twice, "v0001", train)[held_out]).all()
    assert (found.why, found.reasons) == (None, "")
    assert "that v0001 learnt from are left out" in found.rows


def test_two_files_of_predictions_meet_on_their_own_rows_without_a_dataset(twice):
    ids = [given(twice, ON, score, "same.csv") for score in (scores(twice, "v0001"), scores(twice, "v0002"))]
    found = twice.comparer.made(asked(twice, *ids, on=""))
    assert found.users["user"].tolist() == ON["user"].tolist()
    versions = twice.comparer.made(asked(twice, "v0001", "v0002"))
    assert found.comparison.difference("pr_auc").difference == versions.comparison.difference("pr_auc").difference
    assert found.names[0] != found.names[1]
    assert all(each.empty for each in found.segments)
    twice.comparer.compare_stored(quiet, a=ids[0], b=ids[1], on="", thresholds=THRESHOLDS)
    kept = twice.comparer.look(asked(twice, *ids, on=""))
    assert all(each.empty for each in kept.segments)


def test_predictions_without_ids_meet_only_the_identical_rows(twice):
    table = pd.DataFrame({"y_test": ON["spam"], "y_pred": 0, "y_proba": scores(twice, "v0001")})
    mine = twice.prediction_files.put("mine.csv", make.csv(table), now=NOW).id
    same = twice.prediction_files.put("same.csv", make.csv(table.assign(y_proba=0.5)), now=NOW).id
    fewer = twice.prediction_files.put("fewer.csv", make.csv(table[:-1]), now=NOW).id
    found = twice.comparer.made(asked(twice, mine, same, on=""))
    assert (found.users["label"] == ON["spam"].to_numpy()).all()
    with pytest.raises(BadOptionError, match="y_test differs"):
        twice.comparer.made(asked(twice, mine, fewer, on=""))
    with pytest.raises(BadOptionError, match="has no ids to match"):
        twice.comparer.made(asked(twice, mine, "v0001"))


def test_predictions_of_other_users_or_against_the_labels_get_a_sentence(twice):
    missing = given(twice, ON[:-3], scores(twice, "v0001")[:-3], "missing.csv")
    contrary = given(twice, ON.assign(spam=1 - ON["spam"]), scores(twice, "v0001"), "contrary.csv")
    with pytest.raises(BadOptionError, match=r"missing\.csv: it lacks 3 ids of on\.csv"):
        twice.comparer.made(asked(twice, missing, "v0001"))
    with pytest.raises(BadOptionError, match=r"contrary\.csv: y_true differs from on\.csv for 900 users"):
        twice.comparer.made(asked(twice, contrary, "v0001"))


def kept_run(settings, version, **changes):
    """A training run whose scores are those of a version on the test part of its dataset; its id."""
    model = settings.registry.load(version)
    metadata = model.metadata
    frame = settings.datasets.frame(metadata.data.dataset)
    keys = split.keys(frame, SCHEMA, settings.split.salt())
    part = split.in_test(keys, settings.split.moved())
    kept = TrainingRun(
        created=NOW, by=None, family="forest", options={}, data=metadata.data, figures=metadata.figures,
        folds=(0.7, 0.7, 0.7), training_pr_auc=0.8, rounds=None, seconds=1.0, seed=0,
    )  # fmt: skip
    known = Scores.of(keys[part], frame["spam"][part].to_numpy(), Scorer(model).score(frame[part]).probability)
    for name, value in changes.items():
        object.__setattr__(kept, name, value)
    return settings.training_runs.keep(kept, known)


def test_a_training_run_meets_a_version_on_the_test_part_by_user(twice):
    run = kept_run(twice, "v0001")
    found = twice.comparer.made(asked(twice, run, "v0001", "train.csv"))
    train = make.users(1500)
    held_out = make.in_test(twice, train)
    assert found.users["user"].tolist() == train["user"][held_out].tolist()
    assert (found.users["a"] == found.users["b"]).all()
    assert found.comparison.sentence.startswith("No evidence of a difference")
    assert len(found.flips().rows) == 0
    other = twice.comparer.made(asked(twice, run, "v0002", "train.csv"))
    assert len(other.users) == held_out.sum()
    assert f"{1500 - held_out.sum():,} that {run} learnt from are left out" in other.rows


def test_a_training_run_is_compared_on_its_own_dataset_only(twice):
    run = kept_run(twice, "v0001")
    with pytest.raises(BadOptionError, match=r"only its scores of the test part of train\.csv are kept"):
        twice.comparer.made(asked(twice, run, "v0002"))


def test_what_is_known_of_the_training_is_held_against_the_figures(twice):
    run = kept_run(twice, "v0001", folds=(0.2, 0.9, 0.6), training_pr_auc=0.999)
    found = twice.comparer.made(asked(twice, run, "v0002", "train.csv"))
    assert any(f"The folds of {run} have PR-AUCs from 0.200 to 0.900" in said for said in found.cautions)
    assert any(f"{run} has a PR-AUC of 0.999 on the users it learnt from" in said for said in found.cautions)


def test_contenders_and_users_that_are_not_there_are_named(twice):
    with pytest.raises(UnknownVersionError, match="v0009"):
        twice.comparer.identity(asked(twice, "v0001", "v0009"))
    for nobody, what in {
        "t-0099": "training run",
        "p-0123456789abcdef": "predictions",
        "../../etc": "predictions",
    }.items():
        with pytest.raises(UnknownItemError, match=f"no {what}"):
            twice.comparer.identity(asked(twice, "v0001", nobody))
    with pytest.raises(UnknownItemError, match="no dataset"):
        twice.comparer.made(Asked("v0001", "v0002", "nowhere", THRESHOLDS))
    with pytest.raises(BadOptionError, match="choose labelled users"):
        twice.comparer.made(asked(twice, "v0001", "v0002", on=""))
    with pytest.raises(BadOptionError, match="different names"):
        twice.comparer.made(asked(twice, "v0001", "v0001"))


def test_users_all_of_one_class_cannot_be_compared(twice):
    one = stored(twice, "one.csv", ON.assign(spam=0))
    with pytest.raises(TooFewRowsError, match="0 positive"):
        twice.comparer.made(Asked("v0001", "v0002", one.id, THRESHOLDS))


def test_a_file_of_predictions_is_stored_once_and_read_back_as_it_was(twice):
    payload = b"id,y_true,y_proba\nx,0,0.1\ny,1,0.7\n"
    first = twice.prediction_files.put("first.csv", payload, now=NOW)
    again = twice.prediction_files.put("again.csv", payload, now=NOW)
    assert first == again
    found = twice.prediction_files.load(first.id)
    assert (found.name, found.ids.tolist(), found.label.tolist(), found.probability.tolist()) == (
        "first.csv", ["x", "y"], [0, 1], [0.1, 0.7],
    )  # fmt: skip
    assert first in twice.prediction_files.listed()
    with pytest.raises(FileProblemError, match='line 3 has y_true "7"'):
        twice.prediction_files.put("bad.csv", payload.replace(b"y,1", b"y,7"), now=NOW)


def test_files_are_named_without_their_folders_and_numbered_where_they_are_alike(own):
    payloads = [f"id,y_true,y_proba\nx,0,0.1\ny,1,0.{digit}\n".encode() for digit in (7, 8, 9)]
    names = ["C:\\runs\\out.csv", "runs/2/out.csv", "out.csv"]
    stored_as = [own.prediction_files.put(*each, now=NOW).name for each in zip(names, payloads, strict=True)]
    assert stored_as == ["out.csv", "out.csv (2)", "out.csv (3)"]


@pytest.mark.parametrize("column", ["y_score", "y_pred"])
def test_scores_and_labels_alone_are_kept_and_read_back_with_what_is_left_out(twice, column):
    score = scores(twice, "v0002")
    table = pd.DataFrame({"id": ON["user"], "y_true": ON["spam"], column: score > 0.5})
    table = table if column == "y_pred" else table.assign(y_score=100 * score - 30)
    theirs = twice.prediction_files.put(f"{column}.csv", make.csv(table), now=NOW).id
    question = asked(twice, "v0001", theirs)
    twice.comparer.compare_stored(quiet, a="v0001", b=theirs, on=question.on, thresholds=THRESHOLDS)
    kept, made = twice.comparer.look(question), twice.comparer.made(question)
    assert kept.comparison == made.comparison
    assert kept.lead() == made.lead()
    assert kept.lead().left_out[0].startswith(f"{column}.csv holds")
    if column == "y_score":
        assert kept.lead().decisions.a.flagged == (scores(twice, "v0001") > THRESHOLDS["human_review"]).sum()


def test_predictions_stored_before_there_were_others_are_probabilities(twice):
    theirs = given(twice, ON, scores(twice, "v0001"), "before.csv")
    about = twice.settings.predictions / theirs / "predictions.json"
    raw = {key: value for key, value in json.loads(about.read_text()).items() if key not in {"kind", "note"}}
    write_text(about, json.dumps({**raw, "format": 1}))
    assert twice.prediction_files.load(theirs).kind == "probability"


def test_a_comparison_says_its_format_and_what_was_found(twice):
    question = asked(twice, "v0002", "v0001")
    twice.comparer.compare_stored(
        quiet, a="v0002", b="v0001", on=question.on, thresholds=THRESHOLDS
    )  # fmt: skip
    raw = json.loads((twice.settings.compared / twice.comparer.identity(question) / "comparison.json").read_text())
    assert (raw["format"], raw["contenders"]) == (2, ["v0002", "v0001"])
    assert raw["comparison"]["sentence"] == twice.comparer.look(question).comparison.sentence


def test_a_comparison_that_was_cut_off_is_made_again(twice):
    question = asked(twice, "v0001", "v0002", "second.csv")
    folder = twice.settings.compared / twice.comparer.identity(question)
    write_text(folder / "users.parquet", "half of it")
    assert twice.comparer.look(question) is None
