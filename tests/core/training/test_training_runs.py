"""Training runs are kept: told as they were, in order, whole, and under a number of their own."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import numpy as np
import pytest

from core.errors import UnknownItemError
from core.evaluation import metrics
from core.evaluation.cautions import Caution
from core.home import Home
from core.registry.metadata import Data
from core.training.training_runs import Scores, TrainingRun, Trial, Validation
from tests import make

LABEL = np.array([0.0, 1.0, 0.0, 1.0, 0.0])
PROBABILITY = np.array([0.2, 0.9, 1 / 3, 0.4, 0.1])
KEYS = np.array([2**63 + 7, 3, 2**64 - 1, 9, 5], np.uint64)
KEPT = TrainingRun(
    created=make.NOW,
    by="Ada",
    family="random_forest",
    options={"class_weight": "balanced", "hard_negatives": False, "parameters": {"trees": 300, "depth": None}},
    data=Data("users.csv", "d" * 64, "5" * 64, "1" * 16, rows=40, positives=9, trained_on=35, tested_on=5),
    figures=metrics.judge(LABEL, PROBABILITY, {"monitor": 0.3}, replicates=50),
    folds=(0.5, 0.75, 2 / 3),
    training_pr_auc=0.99,
    rounds=None,
    seconds=1.5,
    seed=3,
    search=(
        Trial(0, "complete", 0.7, {"depth": 4, "eta": 0.1}, 2.5),
        Trial(1, "pruned", 0.2, {"depth": 9, "eta": 0.3}, 0.5),
        Trial(2, "failed", None, {"depth": 1}, 0.0),
    ),
    validation=Validation(0.7, 0.1, 0.02, (0.5, 0.75, 2 / 3)),
    without=Validation(0.6, 0.12, 0.01, (0.4, 0.65, 0.6)),
    notes=("It learnt from 20 of 35 users.",),
)
SCORES = Scores.of(KEYS, LABEL, PROBABILITY)


def test_a_run_is_told_as_it_was_kept(home: Home) -> None:
    assert home.training_runs.keep(KEPT, SCORES) == "t-0001"
    assert home.training_runs.find("t-0001") == replace(KEPT, id="t-0001")


def test_a_run_without_search_options_or_person_is_told_so(home: Home) -> None:
    plain = replace(KEPT, by=None, search=(), validation=None, without=None, notes=(), rounds=12, version="v0003")
    home.training_runs.keep(plain, SCORES)
    assert home.training_runs.find("t-0001") == replace(plain, id="t-0001")


def test_scores_are_kept_to_the_last_bit_and_come_in_order_of_the_keys(home: Home) -> None:
    home.training_runs.keep(KEPT, SCORES)
    found = home.training_runs.scores("t-0001")
    assert found.keys.dtype == np.uint64
    assert found.keys.tolist() == [3, 5, 9, 2**63 + 7, 2**64 - 1]
    by_key = dict(zip(KEYS.tolist(), zip(LABEL.tolist(), PROBABILITY.tolist(), strict=True), strict=True))
    told = zip(found.keys.tolist(), found.label.tolist(), found.probability.tolist(), strict=True)
    assert {key: (label, probability) for key, label, probability in told} == by_key


def test_the_list_begins_with_the_newest_also_beyond_9999(home: Home) -> None:
    home.training_runs.keep(KEPT, SCORES)
    (home.settings.candidates / "t-0001").rename(home.settings.candidates / "t-9999")
    assert home.training_runs.keep(KEPT, SCORES) == "t-10000"
    assert home.training_runs.keep(KEPT, SCORES) == "t-10001"
    assert [kept.id[2:] for kept in home.training_runs.listed()][:2] == ["10001", "10000"]


def test_runs_of_before_keep_their_ids_and_the_next_one_goes_on_above_them(home: Home) -> None:
    home.training_runs.keep(KEPT, SCORES)
    (home.settings.candidates / "t-0001").rename(home.settings.candidates / "c-0003")

    assert home.training_runs.keep(KEPT, SCORES) == "t-0004"
    assert home.training_runs.scores("c-0003").keys.tolist() == SCORES.keys.tolist()
    assert [run.figures == KEPT.figures for run in home.training_runs.listed()] == [True, True]


def test_what_was_left_half_written_is_no_run(home: Home) -> None:
    home.training_runs.keep(KEPT, SCORES)
    (home.settings.candidates / ".t-0002.99-aa.tmp").mkdir()
    (home.settings.candidates / "notes").mkdir()
    assert [kept.id for kept in home.training_runs.listed()] == ["t-0001"]


def test_runs_kept_at_once_get_numbers_of_their_own(home: Home) -> None:
    threads = [threading.Thread(target=home.training_runs.keep, args=(replace(KEPT, seed=i), SCORES)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = home.training_runs.listed()
    assert [kept.id for kept in found] == [f"t-{number:04d}" for number in range(8, 0, -1)]
    assert sorted(kept.seed for kept in found) == list(range(8))


@pytest.mark.parametrize("identity", ["t-0002", "v0001", "", "..", "../candidates/t-0001", "t-1", "t-0001\n"])
def test_an_unknown_run_is_refused_and_no_name_leads_out_of_the_store(home: Home, identity: str) -> None:
    home.training_runs.keep(KEPT, SCORES)
    for found in (home.training_runs.find, home.training_runs.scores):
        with pytest.raises(UnknownItemError, match="no training run"):
            found(identity)


def test_a_home_without_runs_has_none(home: Home) -> None:
    assert home.training_runs.listed() == ()
    assert not home.settings.candidates.exists()


def test_trials_are_told_while_the_search_goes_on(home: Home) -> None:
    assert home.training_runs.trials_so_far("train-0001") == ()
    for many in (1, 3):
        home.training_runs.note_trials("train-0001", KEPT.search[:many])
        assert home.training_runs.trials_so_far("train-0001") == KEPT.search[:many]
    assert home.training_runs.trials_so_far("train-0002") == ()


def test_the_file_says_its_format(home: Home) -> None:
    home.training_runs.keep(KEPT, SCORES)
    raw = json.loads((home.settings.candidates / "t-0001" / "candidate.json").read_text(encoding="utf-8"))
    assert (raw["format"], raw["id"], raw["created"]) == (2, "t-0001", "2026-03-01T12:00:00+00:00")


def test_a_run_of_format_1_is_read_and_nobody_has_looked_for_cautions(home: Home) -> None:
    home.training_runs.keep(replace(KEPT, cautions=(Caution("leak", "Too good."),)), SCORES)
    assert home.training_runs.find("t-0001").cautions == (Caution("leak", "Too good."),)
    path = home.settings.candidates / "t-0001" / "candidate.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    del raw["cautions"]
    path.write_text(json.dumps(raw | {"format": 1}), encoding="utf-8")
    assert home.training_runs.find("t-0001").cautions is None
