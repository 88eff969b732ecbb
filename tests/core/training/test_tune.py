"""The search for settings: repeatable, honest, bounded, watched, and never worse than the settings as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from core.data import split
from core.errors import BadOptionError, CancelledError
from core.evaluation import metrics
from core.home import Home
from core.jobs import Job, Report
from core.model import scikit
from core.model.families import FAMILIES, Recipe
from core.model.learner import Rows
from core.schema import schema as schemas
from core.training import crossfit, train, training, tune
from core.training.training_runs import Trial
from core.training.tune import Budget, Found
from tests import make
from tests.core.model.test_families import users

SMALL = {"n_estimators": 20}


def search(key: str = "logistic_regression", budget: Budget = Budget(trials=4), **options: object) -> Found:  # noqa: B008
    x, y, keys = users(600)
    family = FAMILIES[key]
    chosen = family.options(len(y))
    chosen = chosen.having(SMALL) if "n_estimators" in chosen.parameters else replace(
        chosen, folds=3, most_rounds=min(chosen.most_rounds, 50)
    )  # fmt: skip
    fold = crossfit.folds(keys, y, chosen.folds, "x")
    return tune.search(family, Rows(x, y), fold, chosen, budget, **{"seed": 0, **options})  # type: ignore[arg-type]


def without_time(found: Found) -> list[Trial]:
    return [replace(trial, seconds=0.0) for trial in found.trials]


@pytest.mark.parametrize("key", FAMILIES)
def test_the_first_trial_is_the_settings_as_they_come_and_the_best_is_at_least_as_good(key: str) -> None:
    found = search(key, Budget(trials=3))
    given = FAMILIES[key].options(600).parameters
    first = found.trials[0]
    assert first.parameters == {name: given[name] for name in first.parameters}
    assert [trial.number for trial in found.trials] == [0, 1, 2]
    best = max((trial for trial in found.trials if trial.state == "complete"), key=lambda trial: trial.value or 0)
    assert (best.value or 0) >= (first.value or 0)
    assert found.parameters == best.parameters
    assert len({str(trial.parameters) for trial in found.trials}) == 3


@pytest.mark.slow
def test_the_same_seed_gives_the_same_trials_and_another_one_others() -> None:
    one = search("xgboost", Budget(trials=12))
    assert without_time(search("xgboost", Budget(trials=12))) == without_time(one)
    assert without_time(search("xgboost", Budget(trials=12), seed=1))[1:] != without_time(one)[1:]


def test_a_complete_trial_is_worth_the_mean_of_its_folds() -> None:
    x, y, keys = users(600)
    fold = crossfit.folds(keys, y, 3, "x")
    trial = search(budget=Budget(trials=2)).trials[1]
    family = FAMILIES["logistic_regression"]
    options = replace(family.options(600), folds=3).having(trial.parameters)
    crossed = crossfit.cross(family, Rows(x, y), fold, options, 0, lambda _what, _share: None)
    assert trial.value == pytest.approx(np.mean(crossed.folds))


def test_trials_worse_than_most_are_given_up_before_their_last_fold() -> None:
    found = search("xgboost", Budget(trials=25))
    states = {trial.state for trial in found.trials}
    assert states == {"complete", "pruned"}
    assert all(trial.state == "complete" for trial in found.trials[: tune.FIRST])


def test_those_who_watch_are_told_after_each_trial() -> None:
    told: list[int] = []
    found = search(watcher=lambda trials: told.append(len(trials)))
    assert told == [1, 2, 3, 4]
    assert len(found.trials) == 4


def test_a_cancellation_reaches_the_search_within_a_trial() -> None:
    ended: list[Sequence[Trial]] = []

    def cancel(_what: str, _share: float) -> None:
        raise CancelledError("The search")

    with pytest.raises(CancelledError):
        search("xgboost", progress=cancel, watcher=ended.append)
    assert not ended


def test_a_budget_in_minutes_ends_the_search_but_never_before_the_first_trial() -> None:
    found = search("xgboost", Budget(minutes=0.02))
    assert found.trials[0].state == "complete"
    assert found.trials[-1].state in {"complete", "pruned"}
    assert found.parameters
    assert len(search("xgboost", Budget(minutes=1e-6)).trials) == 1


def test_progress_tells_the_share_of_the_budget_and_never_goes_back() -> None:
    told: list[float] = []
    search(progress=lambda _what, share: told.append(share))
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] <= 1


@pytest.mark.parametrize(
    "budget", [{"minutes": -1}, {"trials": -1}, {"trials": 10**6}, {"minutes": 10**6}, {"minutes": float("nan")}]
)
def test_a_budget_without_bounds_is_refused(budget: dict[str, float]) -> None:
    with pytest.raises(BadOptionError, match="choose from 0 to"):
        Budget(**budget)  # type: ignore[arg-type]


def test_an_empty_budget_searches_nothing() -> None:
    assert not Budget()
    with pytest.raises(BadOptionError, match="minutes or trials"):
        search(budget=Budget())


def test_of_a_large_set_all_spammers_and_some_others_are_tried_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tune, "MOST_TRIED", 100)
    _, y, _ = users(600)
    rows = tune.thinned(y, 0)
    assert (np.diff(rows) > 0).all()
    assert (y[rows] == 1).sum() == (y == 1).sum()
    assert (y[rows] == 0).sum() == 100
    others = int((y == 0).sum())
    note = search(budget=Budget(trials=1)).note
    assert f"{int(y.sum())} spammers and 100 of {others} legitimate users" in note


def test_users_left_out_are_stood_for_so_that_the_value_stays_that_of_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without that, half the legitimate users would mean a far higher PR-AUC."""
    x, y, keys = users(6000)
    family, fold = FAMILIES["logistic_regression"], crossfit.folds(keys, y, 3, "x")
    rows, options = Rows(x, y), replace(family.options(6000), folds=3)
    whole = tune.search(family, rows, fold, options, Budget(trials=1), seed=0).trials[0].value
    monkeypatch.setattr(tune, "MOST_TRIED", int((y == 0).sum()) // 4)
    thin = tune.search(family, rows, fold, options, Budget(trials=1), seed=0).trials[0].value
    kept = tune.thinned(y, 0)
    unweighted = np.mean(crossfit.cross(family, rows.only(kept), fold[kept], options, 0, lambda *_told: None).folds)
    assert thin == pytest.approx(whole, abs=0.02)
    assert unweighted > (whole or 0) + 0.1


def test_the_settings_found_are_those_of_the_run_and_its_trials_are_kept(own: Home) -> None:
    dataset = own.datasets.stored()[0]
    schema = schemas.load(own.settings.schema_file)
    told: list[int] = []
    kept = own.training.run(
        dataset, schema, {"monitor": 0.3}, about=training.About(make.NOW, by="Ada"),
        recipe=Recipe("logistic_regression", class_weight=3.0), budget=Budget(trials=3),
        watcher=lambda trials: told.append(len(trials)),
    )  # fmt: skip
    assert own.training_runs.find(kept.id) == kept
    assert (kept.version, kept.by, kept.family, told) == ("", "Ada", "logistic_regression", [1, 2, 3])
    best = max(kept.search, key=lambda trial: trial.value or 0)
    assert kept.options["parameters"]["C"] == best.parameters["C"]
    assert kept.options["class_weight"] == 3.0
    assert own.registry.versions() == ("v0001",)
    scores = own.training_runs.scores(kept.id)
    assert kept.figures.overall["pr_auc"].value == pytest.approx(metrics.pr_auc(scores.label, scores.probability))
    frame = own.datasets.frame(dataset.id)
    keys = split.keys(frame, schema, own.split.salt())
    assert scores.keys.tolist() == sorted(keys[split.in_test(keys, own.split.moved())].tolist())


def test_a_run_of_the_leading_family_is_a_version_and_is_kept(trained: Home) -> None:
    kept = next(each for each in trained.training_runs.listed() if each.version == "v0001")
    metadata = trained.registry.describe("v0001")
    assert (kept.figures, kept.data, kept.rounds) == (metadata.figures, metadata.data, metadata.rounds)
    assert kept.options["parameters"] == metadata.parameters


def test_the_page_s_job_trains_as_asked_and_tells_its_trials(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scikit, "TREES", 40)
    dataset = own.datasets.stored()[0]
    folder = own.settings.jobs / "train-0001"
    folder.mkdir(parents=True)
    report = Report(folder, Job("train-0001", "Training"))
    own.training_runs.note_trials("train-0001", [Trial(7, "failed", None, {}, 0.0)])
    own.training.train_stored(
        report, dataset=dataset.id, thresholds={"monitor": 0.3}, family="extra_trees", search_trials=2,
        hard_negatives=True, by="Ada",
    )  # fmt: skip
    kept = own.training_runs.listed()[0]
    assert own.training_runs.trials_so_far("train-0001") == kept.search
    assert [trial.number for trial in kept.search] == [0, 1]
    assert kept.without is not None
    assert (kept.options["hard_negatives"], kept.by) == (True, "Ada")


def test_progress_of_a_job_never_goes_back_whatever_the_steps() -> None:
    told: list[tuple[int, int]] = []
    overall = training.Overall(lambda done, of, _message: told.append((done, of)), train.steps(Recipe(), Budget(), 100))
    for what in ("Fold 1 of 2", "Fold 2 of 2", "Fitting on all folds"):
        for share in (0.0, 0.5, 1.0):
            overall(what, share)
    shares = [done / of for done, of in told]
    assert shares == sorted(shares)
    assert shares[-1] < 1
