"""Model card and difference: every figure is the stored one, what is not known says so, no text becomes markup."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadOptionError
from core.evaluation.estimate import Estimate
from core.home import Home
from core.registry import bundle, card
from core.registry.card import NOT_SUPPLIED
from core.registry.lineage import PROMOTE, Promotion
from core.scoring.scorer import Scorer
from tests import make
from tests.make import NOW

PROMOTION = Promotion("v0001", None, PROMOTE, "Ada", "Better | **recall**", NOW)


def row(text: str, name: str) -> str:
    """What the table of the card says of a fact."""
    found = re.search(rf"^\| {re.escape(name)} \| (.*) \|$", text, re.MULTILINE)
    assert found, name
    return found[1]


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"\d+\.\d+", text)]


def test_every_figure_of_the_card_is_that_of_the_metadata(trained: Home) -> None:
    metadata = trained.registry.describe("v0001")
    text = card.markdown("v0001", metadata, None)
    for name, found in metadata.figures.overall.items():
        told = numbers(row(text, card.NAMES[name]))
        assert told == pytest.approx([found.value, found.low, found.high], abs=5e-5)
    for band, shares in metadata.figures.at.items():
        for name, share in shares.items():
            at = metadata.figures.thresholds[band]
            told = row(text, f"{card.NAMES[name]} above {at:g} ({card.escaped(band)})")
            known = [each for each in (share.value, share.low, share.high) if each is not None]
            assert numbers(told) == pytest.approx(known, abs=5e-5)
    assert f"{metadata.figures.n:,} held-out users, {metadata.figures.positives:,} spammers" in text
    assert row(text, "SHA-256") == metadata.data.sha256
    assert row(text, "Constant, so nothing was learnt") == "constant"


def test_what_nobody_has_told_is_not_supplied(trained: Home) -> None:
    metadata = replace(trained.registry.describe("v0001"), parent=None, trained_by=None)
    text = card.markdown("v0001", metadata, None)
    for name in ("Trained by", "Parent, live when trained", "Licence", "Who labelled it, and how well"):
        assert row(text, name) == NOT_SUPPLIED
    assert row(text, "Promoted") == "not on record"


def test_what_is_known_of_the_lineage_stands_in_the_card(trained: Home) -> None:
    metadata = replace(trained.registry.describe("v0001"), parent="v0007", trained_by="Bob")
    text = card.markdown("v0001", metadata, PROMOTION)
    assert (row(text, "Trained by"), row(text, "Parent, live when trained")) == ("Bob", "v0007")
    assert (row(text, "Promoted"), row(text, "Promoted by")) == ("1 Mar 2026, 12:00 UTC", "Ada")
    assert row(text, "Why") == r"Better \| \*\*recall\*\*"
    first = card.markdown("v0001", replace(metadata, parent=""), PROMOTION)
    assert row(first, "Parent, live when trained") == "none"


@given(st.text(max_size=80))
def test_other_peoples_text_stays_one_cell_of_text(text: str) -> None:
    shown = card.escaped(text)
    assert "\n" not in shown
    assert shown.isprintable()
    bare = re.sub(r"\\.", "", shown)
    assert not re.search(r"[\\`*_{}\[\]<>#|~$&]", bare)


def test_the_difference_of_a_version_from_itself_is_none(trained: Home) -> None:
    metadata = trained.registry.describe("v0001")
    assert all(found.same for found in card.difference(metadata, metadata))
    assert card.same_users(metadata, metadata)


def test_the_difference_names_what_changed_and_nothing_else(trained: Home) -> None:
    one = trained.registry.describe("v0001")
    figures = replace(one.figures, overall={**one.figures.overall, "ece": Estimate(None, None, None)})
    other = replace(
        one, seed=9, figures=figures, parameters={**one.parameters, "gamma": 1}, features=one.features[1:],
        data=replace(one.data, sha256="f" * 64),
    )  # fmt: skip
    found = {each.fact: (each.first, each.second) for each in card.difference(one, other) if not each.same}
    assert found.keys() == {"Seed", "ECE", "gamma", "Features", "Features only here", "SHA-256"}
    assert (found["Seed"], found["gamma"]) == (("0", "9"), ("", "1"))
    assert (found["Features only here"], found["ECE"][1]) == (("links", "none"), "not defined")
    assert not card.same_users(one, other)


def test_an_exported_version_is_loaded_by_another_home(trained: Home, tmp_path: Path) -> None:
    model = trained.registry.load()
    bundle.export(model, tmp_path / "models" / "v0001", "the card")
    there = Home.open(tmp_path).registry.load("v0001")
    assert there.metadata == model.metadata
    assert (there.users() == model.users()).all()
    assert (tmp_path / "models" / "v0001" / "card.md").read_text(encoding="utf-8") == "the card"


def test_nothing_is_exported_over_what_is_there(trained: Home, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for export in (bundle.export, bundle.export_bundle):
        with pytest.raises(BadOptionError, match="is there already"):
            export(trained.registry.load(), tmp_path / "out", "")
    assert not list((tmp_path / "out").iterdir())


READ = """
import json, sys
import joblib, pandas
folder, users = sys.argv[1:]
detector, scaler, mapping = (joblib.load(f"{folder}/{name}.pkl")
                             for name in ("spammer_detector", "scaler", "feature_mapping"))
frame = pandas.read_csv(users)[sorted(mapping, key=mapping.get)]
told = {
    "probability": detector.predict_proba(scaler.transform(frame))[:, 1].tolist(),
    "metrics": json.load(open(f"{folder}/model_metrics.json")),
    "mapping": mapping,
    "kinds": [type(each).__name__ for each in (detector, scaler, mapping)],
    "ours": [name for name in sys.modules if name.split(".")[0] in ("core", "app")],
}
json.dump(told, sys.stdout)
"""


def test_the_four_files_load_where_nothing_of_ours_can_be_imported(trained: Home, tmp_path: Path) -> None:
    model, users = trained.registry.load(), make.users(200, seed=4)
    bundle.export_bundle(model, tmp_path / "out", "the card")
    users.to_csv(tmp_path / "users.csv", index=False)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "card.md", "feature_mapping.pkl", "model_metrics.json", "scaler.pkl", "spammer_detector.pkl"
    ]  # fmt: skip

    # -I leaves out the working directory and PYTHONPATH; a warning there would be an error here too.
    command = [sys.executable, "-I", "-W", "error", "-c", READ, str(tmp_path / "out"), str(tmp_path / "users.csv")]
    told = json.loads(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout)

    assert told["ours"] == []
    assert told["kinds"] == ["XGBClassifier", "StandardScaler", "dict"]
    assert [*told["mapping"]] == list(model.metadata.names)
    margin = model.predictor.margin(Scorer(model).matrix(users))
    assert np.abs(np.array(told["probability"]) - 1 / (1 + np.exp(-margin.astype(float)))).max() < 1e-6
    assert told["metrics"]["pr_auc"] == model.metadata.figures.overall["pr_auc"].as_json()


def test_the_calibration_told_with_the_four_files_gives_our_scores(trained: Home, tmp_path: Path) -> None:
    model, users = trained.registry.load(), make.users(200, seed=4)
    bundle.export_bundle(model, tmp_path / "out", "")
    told = json.loads((tmp_path / "out" / "model_metrics.json").read_text(encoding="utf-8"))["calibration"]
    p = 1 / (1 + np.exp(-model.predictor.margin(Scorer(model).matrix(users)).astype(float)))
    odds = told["a"] * np.log(p) - told["b"] * np.log(1 - p) + told["c"]
    assert np.abs(1 / (1 + np.exp(-odds)) - Scorer(model).score(users).probability).max() < 1e-9
