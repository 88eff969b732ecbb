"""Robustness: what is lost is measured against the same users undisturbed, and kept for the pages."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_score, recall_score, roc_auc_score

from core.diagnostics import robustness
from core.diagnostics.robustness import LEVELS, Robustness, Step
from core.errors import CancelledError, UnknownVersionError
from core.evaluation.estimate import Estimate
from core.home import Home
from core.schema.schema import Column
from core.scoring.scorer import Scorer
from tests import make, screen

THRESHOLDS = {"monitor": 0.3, "human_review": 0.7}
COLUMNS = (Column("informative"), Column("noise"), Column("constant", "count"))


def users(n: int = 1200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    features = np.stack([random.normal(size=n), random.normal(size=n), np.full(n, 3)], axis=1).astype(np.float32)
    return features, (features[:, 0] + 0.7 * random.normal(size=n) > 1).astype(float)


def predict(features: np.ndarray) -> np.ndarray:
    """A made-up model that reads the first feature only, and takes a missing one for average."""
    return 1 / (1 + np.exp(-3 * (np.nan_to_num(features[:, 0].astype(np.float64)) - 1)))


def measured(seed: int = 0, replicates: int = 60, predict=predict):
    features, label = users()
    weight = np.ones(len(label), np.int64)
    return robustness.measure(
        features, label, weight, COLUMNS, predict, THRESHOLDS, band="human_review", seed=seed, replicates=replicates
    )


def of(steps: tuple[Step, ...], kind: str) -> list[Step]:
    return [step for step in steps if step.kind == kind]


@pytest.fixture(scope="module")
def found(trained: Home) -> Robustness:
    dataset, model = make.learnt_from(trained), trained.registry.load()
    return trained.robustness.of_version(model, dataset, make.SCHEMA, make.policy().thresholds, band="human_review")


def test_the_undisturbed_figures_are_those_that_others_find() -> None:
    features, label = users()
    score = predict(features)
    figures = {name: each.value for name, each in measured()[0].items()}
    assert figures == pytest.approx(
        {
            "pr_auc": average_precision_score(label, score), "roc_auc": roc_auc_score(label, score),
            "precision": precision_score(label, score > 0.7), "recall": recall_score(label, score > 0.7),
        }
    )  # fmt: skip


def test_a_feature_that_is_not_read_costs_nothing_at_all_and_the_one_that_is_everything() -> None:
    before, steps = measured()
    dropped = {step.feature: step for step in of(steps, "dropped")}
    for name in ("noise", "constant"):
        assert dropped[name].figures == before
        assert set(dropped[name].lost.values()) == {Estimate(0, 0, 0)}
        assert dropped[name].moved == Estimate(0, 0, 0)
    rate = users()[1].mean()
    assert dropped["informative"].figures["pr_auc"].value == pytest.approx(rate)
    assert dropped["informative"].figures["precision"].value is None
    assert dropped["informative"].lost["pr_auc"].low > 0.3


def test_rows_that_a_disturbance_leaves_alone_are_not_asked_again() -> None:
    asked: list[int] = []

    def counting(features: np.ndarray) -> np.ndarray:
        asked.append(len(features))
        return predict(features)

    measured(replicates=2, predict=counting)
    assert asked[0] == 1200
    # Three kinds at 1 % of three features reach about 3 % of the users; the dropped features are not counted.
    assert all(n < 100 for n in (asked[1], asked[1 + len(LEVELS)]))


def test_more_of_it_costs_more_and_what_is_lost_is_before_minus_after() -> None:
    before, steps = measured()
    for kind in ("missing", "swapped", "jittered"):
        lost = [step.lost["pr_auc"].value for step in of(steps, kind)]
        assert [step.amount for step in of(steps, kind)] == list(LEVELS)
        assert lost[-1] > lost[1]
        assert lost[-1] > 0.03
    for step in steps:
        assert step.lost["roc_auc"].value == pytest.approx(before["roc_auc"].value - step.figures["roc_auc"].value)


def test_paired_intervals_are_far_shorter_than_those_of_the_figures() -> None:
    before, steps = measured(replicates=200)
    lost = of(steps, "missing")[0].lost["pr_auc"]
    assert lost.high - lost.low < (before["pr_auc"].high - before["pr_auc"].low) / 2


def test_seeds_reproduce_and_differ() -> None:
    assert measured(seed=1) == measured(seed=1)
    assert measured(seed=1)[1] != measured(seed=2)[1]


def test_who_changes_band_is_counted_over_all_bands() -> None:
    _, steps = measured()
    features, _ = users()
    bands = np.digitize(predict(features), sorted(THRESHOLDS.values()))
    average = np.digitize(predict(features * np.nan), sorted(THRESHOLDS.values()))
    step = next(step for step in steps if step.feature == "informative")
    assert step.moved.value == pytest.approx((bands != average).mean())


def test_a_version_is_measured_on_the_rows_it_has_not_learnt_from(trained: Home, found: Robustness) -> None:
    model, dataset = trained.registry.load(), make.learnt_from(trained)
    rows = trained.common_rows.rows((model,), dataset, make.SCHEMA)
    score = Scorer(model).score(rows.frame).probability
    assert (found.n, found.positives) == (len(rows.label), rows.label.sum())
    assert found.undisturbed["pr_auc"].value == pytest.approx(average_precision_score(rows.label, score))
    assert found.rows == rows.sentence
    assert [step.feature for step in found.steps if step.kind == "dropped"].count("constant") == 1
    assert {step.feature: step for step in found.dropped()}["constant"].lost["pr_auc"] == Estimate(0, 0, 0)
    assert found.dropped()[0].feature == "links"


def test_the_sentence_gives_figure_and_interval(found: Robustness) -> None:
    assert found.sentence.startswith("With 10\u202f% of the values missing v0001 loses")
    assert "of the users change band" in found.sentence
    assert "Without links, which matters most, it loses 0." in found.sentence
    assert "(95 % " in found.sentence


def test_it_is_said_of_how_many_features_no_value_was_missing_in_training(trained: Home) -> None:
    model = (
        trained.registry.load()
    )  # some ratios were, nothing of links, verified and tier; constant counts for nothing
    assert robustness.never_missing(model).startswith("No value of 3 of 4 features was missing when v0001 learnt")
    holes = tuple(replace(feature, missing=5) for feature in model.metadata.features)
    assert robustness.never_missing(replace(model, metadata=replace(model.metadata, features=holes))) == ""


def test_it_survives_being_stored(found: Robustness) -> None:
    text = json.dumps(found.as_json(), allow_nan=False)
    assert Robustness.from_json(json.loads(text)) == found


def test_the_table_has_a_row_for_each_step_after_the_undisturbed(found: Robustness) -> None:
    frame = found.frame()
    assert len(frame) == 1 + 3 * len(LEVELS) + len(make.SCHEMA.names)
    assert frame.loc[0, "kind"] == "undisturbed"
    np.testing.assert_allclose(frame["lost_pr_auc"], frame.loc[0, "pr_auc"] - frame["pr_auc"], atol=1e-12)


def test_the_job_keeps_what_a_page_reads_and_only_under_the_same_threshold(own: Home) -> None:
    dataset = make.learnt_from(own).id
    arguments = {
        "version": "v0001", "dataset": dataset, "thresholds": make.policy().thresholds, "band": "human_review"
    }  # fmt: skip
    assert own.robustness.stored("v0001", dataset, above=0.7) is None
    own.jobs.start("robustness", arguments, title="Disturbing v0001", identity="r-1")
    assert screen.over(own, "r-1").status == "done"
    kept = own.robustness.stored("v0001", dataset, above=0.7)
    assert kept is not None
    assert kept.version == "v0001"
    assert own.diagnoses.file("v0001", dataset, "robustness").parent == own.settings.compared / "deeper"
    assert own.robustness.stored("v0001", dataset, above=0.6) is None
    assert own.robustness.stored("v0002", dataset, above=0.7) is None


def test_who_cancels_is_heard_between_two_disturbances() -> None:
    features, label = users()

    def cancelled(done: int, _of: int) -> None:
        if done == 2:
            raise CancelledError("Disturbing v0001")

    with pytest.raises(CancelledError):
        robustness.measure(
            features, label, np.ones(len(label), np.int64), COLUMNS, predict, THRESHOLDS, band="human_review", seed=0,
            replicates=5, progress=cancelled,
        )  # fmt: skip


def test_a_version_that_is_not_there_is_said_and_leaves_nothing(own: Home) -> None:
    with pytest.raises(UnknownVersionError):
        own.robustness.robustness_stored(
            lambda *_told: None, version="v0009", dataset=make.learnt_from(own).id,
            thresholds=THRESHOLDS, band="human_review",
        )  # fmt: skip
    assert not own.settings.compared.exists()


def test_names_from_addresses_lead_nowhere(own: Home) -> None:
    assert own.diagnoses.file("../../salt", "x" * 64, "robustness").parent == own.settings.compared / "deeper"
    assert own.diagnoses.kept("../../../etc/passwd", "x", "robustness") is None
