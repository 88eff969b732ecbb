"""What words and dates are worth: default training against two libraries that learn from the very same rows.

    .venv/bin/python benchmarks/words.py --rows 20000 --seeds 3

On the set `words` of `benchmarks.made_sets`, for each seed: PR-AUC and ROC-AUC, on the test part of a new home, of the
version that `python3 -m app train` makes; of plain XGBoost with categorical columns and of HistGradientBoosting as they
come, on the columns that the version gets; and of the version that the numbers alone give.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xgboost as xgb
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import made_sets  # noqa: E402 - the line above makes it importable

from core.data import intake  # noqa: E402
from core.home import Home  # noqa: E402
from core.registry.registry import Model  # noqa: E402
from core.schema import schema as schemas  # noqa: E402
from core.schema.schema import Column, Label, Schema  # noqa: E402
from core.scoring.scorer import Scorer  # noqa: E402
from core.training import training  # noqa: E402

MOMENTS = (
    Column("signed_up", "date", parts=("age", "weekday"), at="seen_at"),
    Column("first_order", "date", parts=("age",), at="seen_at", since=("signed_up",)),
    Column("seen_at", "date", parts=("weekday",)),
)
NUMBERS = tuple(Column(f"n{at + 1}") for at in range(made_sets.NUMBERS))
WORDS = tuple(Column(f"c{at + 1}", "category") for at in range(made_sets.WORDS))
SCHEMA = Schema((*WORDS, *MOMENTS, *NUMBERS), id="user_id", label=Label("spam"))
ALONE = Schema(NUMBERS, id="user_id", label=Label("spam"))
Figures = dict[str, tuple[float, float]]


def measured(rows: int, seed: int) -> Figures:
    """PR-AUC and ROC-AUC on the same users, by who learnt."""
    content = made_sets.words(rows, seed).to_csv(index=False).encode()
    found: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for what, schema in (
            ("version", SCHEMA),
            ("numbers alone", Schema(NUMBERS, id="user_id", label=Label("spam"))),
        ):
            home = Home.open(Path(folder) / what.replace(" ", "_"))
            (home.settings.data).mkdir(parents=True)
            home.settings.salt_file.write_text("0" * 32 + "\n")  # the same test part, whoever learns
            schemas.save(schema, home.settings.schema_file)
            checked = intake.read("words.csv", content, schema, need_label=True)
            dataset = home.datasets.put(checked, schema, now=datetime.now(UTC), need_label=True)
            home.training.learn(dataset, schema, home.policies.in_force().thresholds, now=datetime.now(UTC))
            model = home.registry.load("v0001")
            frame, label = checked.frame, training.labels(checked.frame, schema)
            test = home.split.parts(frame, schema).test
            score = Scorer(model).score(frame).probability
            found[what] = _figures(label[test], score[test])
            if schema is SCHEMA:
                x = Scorer(model).matrix(frame)
                found |= _peers(x, label, test, model, seed)
    return found


def _peers(
    x: npt.NDArray[np.float32], label: npt.NDArray[np.float64], test: npt.NDArray[np.bool_], model: Model, seed: int
) -> Figures:  # fmt: skip
    words = [bool(feature.levels) for feature in model.metadata.features]
    kinds = ["c" if each else "q" for each in words]
    rest = xgb.DMatrix(x[~test], label[~test], feature_types=kinds, enable_categorical=True)
    plain = xgb.train({"objective": "binary:logistic", "seed": seed, "nthread": 2}, rest, 100)
    of_plain = plain.predict(xgb.DMatrix(x[test], feature_types=kinds, enable_categorical=True))
    histogram = HistGradientBoostingClassifier(categorical_features=words, random_state=seed).fit(
        x[~test], label[~test]
    )
    return {
        "plain XGBoost": _figures(label[test], of_plain),
        "HistGradientBoosting": _figures(label[test], histogram.predict_proba(x[test])[:, 1]),
    }


def _figures(label: npt.NDArray[np.float64], score: npt.NDArray[np.floating]) -> tuple[float, float]:
    return float(average_precision_score(label, score)), float(roc_auc_score(label, score))


def main() -> None:
    parser = argparse.ArgumentParser(description="What words and dates are worth.")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    for seed in range(chosen.seeds):
        for who, (pr_auc, roc_auc) in measured(chosen.rows, seed).items():
            sys.stdout.write(f"seed {seed}  {who:<22} PR-AUC {pr_auc:.4f}  ROC-AUC {roc_auc:.4f}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
