"""Benchmarks are run by hand, so that nobody would notice that one does not start any more."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import compare_training, made_sets
from core.schema.schema import Label, Schema
from core.settings import ROOT

FILES = sorted((ROOT / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_a_benchmark_imports_is_there_once_it_has_made_the_program_importable(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    made = [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.path"
    ]
    # One that begins with another benchmark leaves it to that one.
    others = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "dashboard"]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in {"core", "app"}:
            assert min([*made, *others]) < node.lineno, f"line {node.lineno}"
            module = importlib.import_module(node.module)
            for alias in node.names:
                assert hasattr(module, alias.name) or importlib.import_module(f"{node.module}.{alias.name}")


@pytest.mark.parametrize(("name", "share"), [
    ("words", 0.12), ("numbers", 0.05), ("levels", 0.25), ("rare", 0.02), ("noise", 0.15)
])  # fmt: skip
def test_a_made_set_is_the_same_for_a_seed_and_has_its_share_of_spammers(name: str, share: float) -> None:
    make, rows = made_sets.SETS[name]
    assert 5_000 <= rows <= 50_000
    frame = make(4_000, 1)
    pd.testing.assert_frame_equal(frame, make(4_000, 1))
    assert not frame["spam"].equals(make(4_000, 2)["spam"])
    assert frame["user_id"].is_unique
    half = 4 * (share * (1 - share) / len(frame)) ** 0.5
    assert abs(frame["spam"].mean() - share) < half
    kinds = {each: column.kind for each in frame if each not in {"user_id", "spam"}
             for column in [compare_training._column(frame, each)]}  # fmt: skip
    assert {kind for each, kind in kinds.items() if each.startswith("c")} == {"category"}
    assert {kind for each, kind in kinds.items() if each.startswith("n")} == {"real"}


def test_everybody_is_judged_on_users_that_nobody_has_learnt_from() -> None:
    frame = made_sets.levels(1_600, 3)
    columns = tuple(compare_training._column(frame, each) for each in ("c1", "c2", "c12", "n1"))
    schema = Schema(columns, id="user_id", label=Label("spam"))
    split = compare_training.Split(frame, schema, np.arange(len(frame)) >= 1_000)
    _, rest, judged, withheld = compare_training._version(split, schema, 3)
    assert rest.frame["user_id"].tolist() == frame["user_id"].tolist()[:1_000]
    assert judged.frame["user_id"].tolist() == frame["user_id"].tolist()[1_000:]
    assert 0.1 < withheld.mean() < 0.2
    found = compare_training.measured(split, 3)
    assert list(found) == ["version", "plain XGBoost", "HistGradientBoosting", "all rows"]
    assert all(0.2 < pr_auc < 1 for pr_auc, _ in found.values())


def test_the_interval_of_paired_differences_is_that_of_student() -> None:
    mean, low, high = compare_training.interval(np.array([0.01, 0.02, 0.03]))
    assert (mean, low, high) == pytest.approx(
        (0.02, 0.02 - 4.3027 * 0.01 / 3**0.5, 0.02 + 4.3027 * 0.01 / 3**0.5), rel=1e-4
    )
    runs = [{"version": (v, 0.9), "plain XGBoost": (0.4, 0.9), "HistGradientBoosting": (0.5, 0.9), "all rows": (v, 0.9)}
            for v in (0.6, 0.7)]  # fmt: skip
    assert "to the better +0.1500 (-0.4853 to +0.7853)" in compare_training.summary("made", runs)
