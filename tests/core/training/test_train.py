"""Training: repeatable, honest about its test part, and able to do with little."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from core.data import datasets, intake, split
from core.errors import SchemaError, TooFewRowsError
from core.home import Home
from core.model import boosted
from core.model.boosted import XGBoost
from core.model.learner import Labels, Matrix
from core.schema import schema as schemas
from core.training import train
from core.training.train import Candidate
from tests import make

THRESHOLDS = {"monitor": 0.3}
SALT = bytes(16)
Rows = tuple[Matrix, Labels, split.Keys]


def rows(n: int = 700, seed: int = 0) -> Rows:
    frame = make.users(n, seed)
    features = frame[list(make.SCHEMA.names)].to_numpy(np.float32)
    return features, frame["spam"].to_numpy(np.float64), split.keys(frame, make.SCHEMA, SALT)


def fit(data: Rows, seed: int = 0) -> Candidate:
    return train.fit(*data, THRESHOLDS, name="users.csv", seed=seed)


def trees(candidate: Candidate) -> bytes:
    return bytes(candidate.predictor.booster.save_raw("ubj"))


@pytest.fixture(scope="module")
def data() -> Rows:
    return rows()


@pytest.fixture(scope="module")
def candidate(data: Rows) -> Candidate:
    return fit(data)


def test_the_same_data_and_seed_give_the_same_bytes_and_figures(data: Rows, candidate: Candidate) -> None:
    again = fit(data)
    assert trees(again) == trees(candidate)
    assert (again.calibration, again.rounds, again.figures) == (
        candidate.calibration, candidate.rounds, candidate.figures,
    )  # fmt: skip


@pytest.mark.slow
def test_another_seed_gives_other_trees_but_the_same_test_part(data: Rows, candidate: Candidate) -> None:
    other = fit(data, seed=1)
    assert trees(other) != trees(candidate)
    assert (other.test == candidate.test).all()


def test_nothing_of_the_test_part_reaches_the_booster_or_its_calibration(data: Rows, candidate: Candidate) -> None:
    features, label, keys = data
    test = split.in_test(keys)
    flipped, noise = np.where(test, 1 - label, label), np.where(test[:, None], np.float32(99), features)
    other = fit((noise, flipped, keys))
    assert trees(other) == trees(candidate)
    assert (other.calibration, other.rounds) == (candidate.calibration, candidate.rounds)
    assert other.figures != candidate.figures


def test_a_label_of_the_rest_does_reach_the_booster(data: Rows, candidate: Candidate) -> None:
    features, label, keys = data
    changed = label.copy()
    changed[np.flatnonzero(~candidate.test)[:40]] = 1 - changed[np.flatnonzero(~candidate.test)[:40]]
    assert trees(fit((features, changed, keys))) != trees(candidate)


def test_the_figures_are_those_of_the_test_part(data: Rows, candidate: Candidate) -> None:
    features, label, _ = data
    test = candidate.test
    assert 0 < test.sum() < len(test)
    assert (candidate.figures.n, candidate.figures.positives) == (test.sum(), label[test].sum())
    score = candidate.calibration.probability(candidate.predictor.margin(features[test]))
    assert candidate.figures.overall["brier"].value == pytest.approx(np.mean((score - label[test]) ** 2))


def test_probabilities_keep_the_natural_prevalence() -> None:
    """Weights or resampling would push the mean score away from the share of spammers."""
    features, label, keys = rows(4000, seed=3)
    found = fit((features, label, keys))
    rest = ~found.test
    mean = found.calibration.probability(found.predictor.margin(features[rest])).mean()
    assert mean == pytest.approx(label[rest].mean(), abs=0.03)
    assert "scale_pos_weight" not in found.options.parameters


def test_missing_values_are_learnt_from_as_missing() -> None:
    """Here nothing but the gap tells spammers apart, so filling it in with anything would lose them."""
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 600).astype(float)
    value = random.normal(size=600)
    features = np.where(label == 1, np.nan, value)[:, None].astype(np.float32)
    found = fit((features, label, random.integers(0, 2**63, 600).astype(np.uint64)))
    assert found.figures.overall["roc_auc"].value == pytest.approx(1)
    margin = found.predictor.margin(np.append(np.linspace(-2, 2, 99), np.nan)[:, None].astype(np.float32))
    assert margin[-1] > margin[:-1].max()


def test_the_number_of_rounds_is_that_of_the_booster(candidate: Candidate) -> None:
    assert candidate.predictor.booster.num_boosted_rounds() == candidate.rounds
    assert 1 <= candidate.rounds <= candidate.options.most_rounds


def test_progress_names_each_step_and_never_goes_back_within_one(data: Rows) -> None:
    told: list[tuple[str, float]] = []
    train.fit(*data, THRESHOLDS, name="x", progress=lambda what, share: told.append((what, share)))
    steps = list(dict.fromkeys(what for what, _ in told))
    folds = XGBoost().options(len(data[1])).folds
    assert steps == [
        *(f"Fold {k + 1} of {folds}" for k in range(folds)), "Fitting on all folds", "Judging on the test part",
    ]  # fmt: skip
    for step in steps:
        shares = [share for what, share in told if what == step]
        assert shares == sorted(shares)
        assert 0 <= shares[0] <= shares[-1] <= 1


def test_what_the_listener_raises_ends_the_training(data: Rows) -> None:
    def stop(_what: str, _share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train.fit(*data, THRESHOLDS, name="x", progress=stop)


@pytest.mark.parametrize(("positives", "words"), [(0, "0 positive and 200 negative"), (29, "29 positive and 171 neg")])
def test_too_few_of_a_class_are_refused_with_the_counts(positives: int, words: str) -> None:
    label = np.zeros(200)
    label[:positives] = 1
    keys = np.random.default_rng(0).integers(0, 2**63, 200).astype(np.uint64)
    with pytest.raises(TooFewRowsError, match=f"users.csv has {words}.*at least 30 of each are needed"):
        fit((np.zeros((200, 2), np.float32), label, keys))


def separated(positives: int, n: int = 400) -> tuple[Matrix, Labels]:
    label = np.zeros(n)
    label[:positives] = 1
    noise = np.random.default_rng(0).normal(size=(n, 3))
    return (noise + 2 * label[:, None]).astype(np.float32), label


def keys_of(parts: npt.NDArray[np.int64], *, folds: int) -> split.Keys:
    """Keys outside the test part (which lies below 0.15 x 2^64) whose fold of `folds` is `parts`."""
    start = 2**63
    candidates = start + np.arange(folds * 50, dtype=np.uint64)
    fold = split.folds(candidates, folds)
    return np.array([candidates[fold == part][0] for part in parts.tolist()], np.uint64)


def test_a_test_part_without_a_spammer_is_refused() -> None:
    features, label = separated(60)
    keys = np.where(label == 1, np.uint64(2**63), np.uint64(5))
    with pytest.raises(TooFewRowsError, match=r"the test part of users\.csv has 0 positive"):
        fit((features, label, keys))


def test_spammers_who_all_fall_into_one_half_are_refused() -> None:
    features, label = separated(60)
    keys = keys_of(np.where(label == 1, 1, np.arange(400) % 2), folds=2)
    keys[:5], keys[-5:] = 0, 0
    with pytest.raises(TooFewRowsError, match=r"one half of users\.csv has 0 positive"):
        fit((features, label, keys))


def test_a_fold_that_would_lack_a_class_costs_folds_not_the_model() -> None:
    """On one class PR-AUC is not a number; it must decide nothing."""
    features, label = separated(60)
    keys = keys_of(np.where(label == 1, np.arange(400) % 7, np.arange(400) % 8), folds=8)
    keys[:5], keys[-5:] = 0, 0
    folds: set[str] = set()
    found = train.fit(features, label, keys, THRESHOLDS, name="x", progress=lambda what, _share: folds.add(what))
    assert "Fold 1 of 8" not in folds
    assert found.rounds > 1
    assert found.figures.overall["roc_auc"].value > 0.9


def test_a_set_is_small_or_large_throughout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test part is taken off on the way: what counts is the size at the start."""
    monkeypatch.setattr(boosted, "SMALL", 700)
    features, label, keys = rows(700)
    shares: dict[str, float] = {}
    found = train.fit(features, label, keys, THRESHOLDS, name="x", progress=shares.__setitem__)
    assert (~found.test).sum() < boosted.SMALL
    assert found.options == XGBoost().options(700)
    assert found.options.stops_early
    # The folds stop long before the most rounds there may be.
    assert max(share for what, share in shares.items() if what.startswith("Fold ")) < 0.9


def test_no_rows_have_no_margins(candidate: Candidate) -> None:
    assert candidate.predictor.margin(np.empty((0, 5), np.float32)).shape == (0,)


def test_constants_are_found_and_the_model_ignores_them(trained: Home) -> None:
    model = trained.registry.load()
    assert model.metadata.constants == ("constant",)
    assert model.predictor.booster.get_score(importance_type="weight").keys().isdisjoint({"f4", "constant"})
    assert model.predictor.booster.num_features() == 5


def test_a_version_says_what_it_was_made_of(trained: Home) -> None:
    metadata = trained.registry.load().metadata
    dataset = trained.datasets.find(metadata.data.dataset)
    data = metadata.data
    assert (data.name, data.rows, data.positives) == ("train.csv", dataset.accepted, dataset.positives)
    assert data.sha256 == dataset.sha256
    assert data.trained_on + data.tested_on == data.rows
    assert (metadata.seed, metadata.created, metadata.notice) == (0, make.NOW, "")
    assert {"python", "numpy", "scipy"} < set(metadata.libraries)
    assert metadata.libraries.keys() & {"xgboost", "xgboost-cpu"}
    frame = trained.datasets.frame(dataset.id)
    seen = frame[~make.in_test(trained, frame)]
    ratio = next(feature for feature in metadata.features if feature.name == "ratio")
    assert (ratio.low, ratio.high, ratio.median) == (
        seen["ratio"].min(), seen["ratio"].max(), seen["ratio"].median(),
    )  # fmt: skip
    assert ratio.missing == seen["ratio"].isna().sum() > 0


def test_a_model_is_judged_on_its_own_file_by_the_test_part_alone(trained: Home) -> None:
    model = trained.registry.load()
    dataset = trained.datasets.find(model.metadata.data.dataset)
    judged = trained.training.judged(model, dataset, make.SCHEMA, {"monitor": 0.3, "human_review": 0.7})
    assert judged.only_test_part
    assert judged.overlap == model.metadata.data.trained_on
    assert judged.figures.n == model.metadata.data.tested_on
    assert judged.figures.overall["pr_auc"].value == model.metadata.figures.overall["pr_auc"].value


def test_a_model_is_judged_alike_however_few_users_are_in_memory(
    trained: Home, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    model, done, drawn = trained.registry.load(), list[tuple[int, int]](), list[int]()
    dataset = trained.datasets.find(model.metadata.data.dataset)
    expected = trained.training.judged(model, dataset, make.SCHEMA, THRESHOLDS)
    monkeypatch.setattr(datasets, "_BATCH", 400)
    assert expected == trained.training.judged(
        model, dataset, make.SCHEMA, THRESHOLDS,
        scoring=lambda *counted: done.append(counted), progress=lambda done, _of: drawn.append(done),
    )  # fmt: skip
    assert done == [(at, dataset.accepted) for at in range(0, dataset.accepted, 400)]
    assert drawn == list(range(1000))


def test_users_who_were_trained_on_are_counted_in_another_file(trained: Home) -> None:
    model = trained.registry.load()
    known = make.users(1500).iloc[:400]
    trained_on = int((~make.in_test(trained, known)).sum())
    mixed = make.csv(known).decode() + make.csv(make.users(300, seed=5)).decode().split("\n", 1)[1]
    checked = intake.read("mixed.csv", mixed.encode(), make.SCHEMA, need_label=True)
    dataset = trained.datasets.put(checked, make.SCHEMA, now=make.NOW, need_label=True)
    judged = trained.training.judged(model, dataset, make.SCHEMA, THRESHOLDS)
    assert (judged.overlap, judged.only_test_part, judged.figures.n) == (trained_on, False, 700)


def test_a_home_with_another_salt_cannot_tell_who_was_trained_on(own: Home) -> None:
    own.settings.salt_file.write_text("00" * 16, encoding="ascii")
    dataset = own.datasets.stored()[0]
    judged = own.training.judged(own.registry.load(), dataset, make.SCHEMA, THRESHOLDS)
    assert (judged.overlap, judged.only_test_part, judged.figures.n) == (None, False, dataset.accepted)


def test_without_a_label_in_the_schema_there_is_nothing_to_learn(home: Home) -> None:
    schema = schemas.Schema(make.SCHEMA.features, make.SCHEMA.id)
    checked = intake.read("users.csv", make.csv(make.users(50)), schema)
    dataset = home.datasets.put(checked, schema, now=make.NOW)
    with pytest.raises(SchemaError, match="names no label"):
        home.training.learn(dataset, schema, THRESHOLDS, now=make.NOW)
    assert home.registry.versions() == ()


@pytest.mark.parametrize("n", [100, 10**6])
def test_the_number_of_threads_depends_on_the_set_not_on_the_machine(n: int) -> None:
    """The order in which threads add up decides the last bit of a tree."""
    assert XGBoost().options(n).parameters["nthread"] >= 1
