"""Model: its figures are those it was stored with, and other data is judged openly."""

from __future__ import annotations

import re

import pytest

from core.data import datasets, intake
from core.model import registry, training
from core.model.evaluate import Estimate
from core.settings import Settings
from tests import make, screen
from tests.screen import Visit


def labelled(home: Settings, seed: int, n: int = 300) -> str:
    """Store labelled users; the id of the dataset."""
    checked = intake.read(f"labelled{seed}.csv", make.csv(make.users(n, seed)), make.SCHEMA)
    return datasets.put(home, checked, make.SCHEMA, now=make.NOW).id


def shown(estimate: Estimate, digits: int) -> str:
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


def test_the_figures_are_those_of_the_metadata(visit: Visit, own: Settings) -> None:
    at = visit(own, "registry")

    figures = registry.load(own).metadata.figures
    assert not at.exception
    overall = at.table[0].value
    assert overall["Over all thresholds"].tolist() == ["PR-AUC", "ROC-AUC", "Brier", "ECE"]
    for column, part in (("Value", "value"), ("from", "low"), ("to", "high")):
        assert overall[column].tolist() == [getattr(figure, part) for figure in figures.overall.values()]
    assert f"{figures.n:,} held-out users, {figures.positives:,} spammers" in screen.sentences(at)


def test_the_figures_at_the_thresholds_are_those_of_the_metadata(visit: Visit, own: Settings) -> None:
    at = visit(own, "registry")

    rows = at.table[1].value
    for row, shares in zip(rows.to_dict("records"), registry.load(own).metadata.figures.at.values(), strict=True):
        for name, column, digits in (
            ("precision", "Precision", 3), ("recall", "Recall", 3), ("f1", "F1", 3), ("fpr", "FPR", 4)
        ):  # fmt: skip
            expected = "–" if shares[name].value is None else shown(shares[name], digits)
            assert row[column] == expected


def test_lineage_tells_what_the_model_was_made_from(visit: Visit, own: Settings) -> None:
    at = visit(own, "registry")

    metadata = registry.load(own).metadata
    assert f"on {metadata.data.trained_on:,} users of train.csv" in screen.sentences(at)
    assert "Constant, so nothing was learnt from them: constant." in screen.sentences(at)
    assert metadata.data.sha256 in at.code[0].value


def test_a_home_without_labelled_users_says_how_to_get_some(visit: Visit, own: Settings) -> None:
    for folder in own.datasets.iterdir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    assert "No labelled dataset is stored here yet." in screen.sentences(visit(own, "registry"))


@pytest.mark.parametrize(
    ("seed", "sentence"),
    [
        pytest.param(9, r"v0001 was trained on none of these users\.", id="strangers"),
        pytest.param(0, r"v0001 was trained on \d+ of these users: the figures flatter it\.", id="overlap"),
    ],
)
def test_judging_on_other_users_says_whether_the_model_knows_them(
    real_jobs: None, visit: Visit, own: Settings, seed: int, sentence: str
) -> None:
    dataset = labelled(own, seed)
    at = visit(own, "registry")
    at.selectbox[0].set_value(next(found for found in datasets.stored(own) if found.id == dataset)).run()

    next(button for button in at.button if button.label == "Judge on these users").click().run()
    assert screen.over(own, f"judge-v0001-{dataset[:16]}").status == "done"
    at.run()

    assert not at.exception
    assert re.search(sentence, screen.sentences(at))
    judged = training.judged_before(own, "v0001", dataset)
    assert judged is not None
    assert at.table[2].value["Value"].tolist() == [figure.value for figure in judged.figures.overall.values()]


def test_on_its_own_training_file_only_the_test_part_counts(real_jobs: None, visit: Visit, own: Settings) -> None:
    trained_on = next(found for found in datasets.stored(own) if found.name == "train.csv")
    at = visit(own, "registry")
    at.selectbox[0].set_value(trained_on).run()

    next(button for button in at.button if button.label == "Judge on these users").click().run()
    assert screen.over(own, f"judge-v0001-{trained_on.id[:16]}").status == "done"
    at.run()

    assert "only its test part counts" in screen.sentences(at)
    assert f"{registry.load(own).metadata.data.tested_on} users" in at.table[2].value.columns[0]


def test_a_dataset_with_one_class_only_is_told_in_a_sentence(real_jobs: None, visit: Visit, own: Settings) -> None:
    frame = make.users(100, 8).assign(spam=1)
    checked = intake.read("spam.csv", make.csv(frame), make.SCHEMA)
    dataset = datasets.put(own, checked, make.SCHEMA, now=make.NOW)
    at = visit(own, "registry")
    at.selectbox[0].set_value(dataset).run()

    next(button for button in at.button if button.label == "Judge on these users").click().run()
    assert screen.over(own, f"judge-v0001-{dataset.id[:16]}").status == "failed"
    at.run()

    assert not at.exception
    assert "0 negative labels" in screen.sentences(at)
    assert "Judge on these users" in [button.label for button in at.button]
