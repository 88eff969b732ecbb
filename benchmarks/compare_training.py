"""Default training against two libraries that learn from the very same rows, on made and on real sets.

    .venv/bin/python benchmarks/compare_training.py --seeds 5 --real FOLDER

For each set of `benchmarks.made_sets`, and `twitter_spammers.csv.gz` and `spambase.csv.gz` of a folder, and each
seed: PR-AUC and ROC-AUC on users whom nobody has learnt from (20,000 more of a made set, a fourth of a real one, drawn
by the seed) of

- the version that `python3 -m app train` makes in a new home;
- plain XGBoost, depth 6, rate .06, of as many rounds as are best for a tenth of its rows that it has not learnt from
  (early stopping), then learnt from all of them; and HistGradientBoosting as it comes; both with words as categories.
  They learn from the very rows that the version learnt from: without its test part;
- `all rows`: default training that withholds nothing, which is what the test part costs;
- `numbers alone`: default training on the numbers of the set `words`, which is what words and dates are worth.

Then the difference of the version to the better of the two, by their means: mean and 95 % interval over the seeds.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xgboost as xgb
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import made_sets  # noqa: E402 - the line above makes it importable

from core.data import intake  # noqa: E402
from core.data import split as parts  # noqa: E402
from core.data.intake import Checked  # noqa: E402
from core.home import Home  # noqa: E402
from core.model import encoding  # noqa: E402
from core.model.encoding import Encoding  # noqa: E402
from core.schema import schema as schemas  # noqa: E402
from core.schema.schema import Column, Label, Schema  # noqa: E402
from core.scoring.scorer import Scorer  # noqa: E402
from core.training import train, training  # noqa: E402

#: Users of a made set on whom everybody is judged, beside those learnt from.
JUDGED = 20_000
REAL = {"twitter_spammers": "is_spammer", "spambase": "is_spam"}
VERSION, XGBOOST, HISTOGRAM = "version", "plain XGBoost", "HistGradientBoosting"
ALL, ALONE = "all rows", "numbers alone"
MOMENTS = {
    "signed_up": Column("signed_up", "date", parts=("age", "weekday"), at="seen_at"),
    "first_order": Column("first_order", "date", parts=("age",), at="seen_at", since=("signed_up",)),
    "seen_at": Column("seen_at", "date", parts=("weekday",)),
}
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]
#: PR-AUC and ROC-AUC, by who learnt.
Figures = dict[str, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Split:
    """A set with its schema, and on which of its rows (n,) everybody is judged."""

    frame: pd.DataFrame
    schema: Schema
    judged: Bools


def made(name: str, seed: int) -> Split:
    make, rows = made_sets.SETS[name]
    frame = make(rows + JUDGED, seed)
    columns = [_column(frame, each) for each in frame.columns if each not in {"user_id", "spam"}]
    return Split(frame, Schema(tuple(columns), id="user_id", label=Label("spam")), np.arange(len(frame)) >= rows)


def _column(frame: pd.DataFrame, name: str) -> Column:
    if name in MOMENTS:
        return MOMENTS[name]
    return Column(name) if pd.api.types.is_numeric_dtype(frame[name]) else Column(name, "category")


def real(folder: Path, name: str, seed: int) -> Split:
    frame = pd.read_csv(folder / f"{name}.csv.gz")
    label = REAL[name]
    schema = Schema(tuple(Column(each) for each in frame.columns if each != label), label=Label(label))
    order = np.random.default_rng(seed).permutation(len(frame))
    return Split(frame, schema, order % 4 == 0)


def measured(split: Split, seed: int) -> Figures:
    """Everybody who learns from the rows of a split that are not judged."""
    version, rest, judged, test = _version(split, split.schema, seed)
    schema, label = split.schema, training.labels(judged.frame, split.schema)
    found = {VERSION: version}
    for who, score in _peers(rest.frame[~test], judged.frame, schema, seed).items():
        found[who] = _figures(label, score)
    found[ALL] = _figures(label, _of_all(rest.frame, judged.frame, schema, seed))
    if {*MOMENTS} <= {*split.frame.columns}:
        plain = tuple(each for each in schema.features if each.kind == "real")
        found[ALONE] = _version(split, replace(schema, features=plain), seed)[0]
    return found


def _version(split: Split, schema: Schema, seed: int) -> tuple[tuple[float, float], Checked, Checked, Bools]:
    """Figures of the version of a new home, its users, those who are judged, and which of the first were withheld."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home.open(Path(folder))
        home.settings.data.mkdir(parents=True)
        home.settings.salt_file.write_text(f"{seed:032x}\n")  # the same test part, whatever is learnt
        schemas.save(schema, home.settings.schema_file)
        rest, judged = _checked(split.frame[~split.judged], schema), _checked(split.frame[split.judged], schema)
        dataset = home.datasets.put(rest, schema, now=datetime.now(UTC), need_label=True)
        home.training.learn(dataset, schema, home.policies.in_force().thresholds, now=datetime.now(UTC), seed=seed)
        model = home.registry.load("v0001")
        score = Scorer(model).score(judged.frame).probability
        figures = _figures(training.labels(judged.frame, schema), score)
        users = model.users()
        assert users is not None  # noqa: S101 - a version that was trained here says whom it learnt from
        return figures, rest, judged, ~parts.learnt(rest.frame, schema, home.split.salt(), users)


def _checked(frame: pd.DataFrame, schema: Schema) -> Checked:
    content = io.BytesIO()
    frame.to_csv(content, index=False)
    return intake.read("users.csv", content.getvalue(), schema, need_label=True)


def _peers(learnt: pd.DataFrame, judged: pd.DataFrame, schema: Schema, seed: int) -> dict[str, Floats]:
    """Scores of those judged by each library, which has all words that are frequent enough for it."""
    label = training.labels(learnt, schema)
    known = {
        name: pd.Index(learnt[name].value_counts().index[: 254]) for name in schema.categories
    }  # fmt: skip
    x, unseen = (_numbered(each, schema, known) for each in (learnt, judged))
    words = [name in known for name in schema.names]
    kinds = ["c" if each else "q" for each in words]
    early = np.random.default_rng(seed).permutation(len(label)) < len(label) // 10
    seen, watched = (
        xgb.DMatrix(x[rows], label[rows], feature_types=kinds, enable_categorical=True) for rows in (~early, early)
    )
    parameters = {"objective": "binary:logistic", "max_depth": 6, "eta": 0.06, "eval_metric": "aucpr", "seed": seed,
                  "nthread": 2}  # fmt: skip
    early_stopped = xgb.train(
        parameters, seen, 2_000, evals=[(watched, "early")], early_stopping_rounds=50, verbose_eval=False
    )
    whole = xgb.DMatrix(x, label, feature_types=kinds, enable_categorical=True)
    plain = xgb.train(parameters, whole, early_stopped.best_iteration + 1)
    of_plain = plain.predict(xgb.DMatrix(unseen, feature_types=kinds, enable_categorical=True))
    histogram = HistGradientBoostingClassifier(categorical_features=words, random_state=seed).fit(x, label)
    return {XGBOOST: of_plain, HISTOGRAM: histogram.predict_proba(unseen)[:, 1]}


def _numbered(frame: pd.DataFrame, schema: Schema, known: Mapping[str, pd.Index]) -> npt.NDArray[np.float32]:
    x = frame[list(schema.names)].to_numpy(np.float32, copy=True)
    for name, words in known.items():
        code = words.get_indexer(pd.Index(frame[name]))
        x[:, schema.names.index(name)] = np.where(code < 0, np.nan, code)
    return x


def _of_all(rest: pd.DataFrame, judged: pd.DataFrame, schema: Schema, seed: int) -> Floats:
    """Scores of those judged by default training on everybody else: the judged are all that is withheld."""
    frame = pd.concat([rest, judged], ignore_index=True)
    test = np.arange(len(frame)) >= len(rest)
    keys = np.random.default_rng(seed).permutation(len(frame)).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    words = encoding.learnt(frame, schema, ~test)
    features = Encoding(words).matrix(frame, schema.names)
    users = parts.Parts(keys, keys, test, np.zeros(len(frame), bool), 0)
    candidate = train.fit(
        features, training.labels(frame, schema), users, {}, name="all", seed=seed,
        levels=encoding.sizes(schema.names, words),
    )  # fmt: skip
    return candidate.score


def _figures(label: Floats, score: Floats) -> tuple[float, float]:
    return float(average_precision_score(label, score)), float(roc_auc_score(label, score))


def interval(differences: Floats) -> tuple[float, float, float]:
    """Mean of paired differences (n,), and its 95 % interval by Student's t."""
    mean, n = float(np.mean(differences)), len(differences)
    if n < 2:
        return mean, -np.inf, np.inf
    half = float(stats.t.ppf(0.975, n - 1) * np.std(differences, ddof=1) / np.sqrt(n))
    return mean, mean - half, mean + half


def summary(name: str, found: list[Figures]) -> str:
    """A line of the table: mean PR-AUC of each, and the version's difference to the better library and to all rows."""
    of = {who: np.array([each[who][0] for each in found]) for who in found[0]}
    better = max((XGBOOST, HISTOGRAM), key=lambda who: float(of[who].mean()))
    parts = [f"{who} {values.mean():.4f}" for who, values in of.items()]
    for what, other in (("to the better", of[better]), ("withheld", of[ALL])):
        mean, low, high = interval(of[VERSION] - other)
        parts.append(f"{what} {mean:+.4f} ({low:+.4f} to {high:+.4f})")
    return f"{name}: {', '.join(parts)}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Default training against plain libraries on the same rows.")
    parser.add_argument("sets", nargs="*", help="all of them, if none is named")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--real", type=Path, help="folder of the two real sets")
    chosen = parser.parse_args()
    names = chosen.sets or [*made_sets.SETS, *(REAL if chosen.real else [])]
    for name in names:
        found = list[Figures]()
        for seed in range(chosen.seeds):
            split = made(name, seed) if name in made_sets.SETS else real(chosen.real, name, seed)
            found.append(measured(split, seed))
            told = "  ".join(f"{who} {pr:.4f} {roc:.4f}" for who, (pr, roc) in found[-1].items())
            sys.stdout.write(f"{name}, seed {seed}, PR-AUC and ROC-AUC:  {told}\n")
            sys.stdout.flush()
        sys.stdout.write(summary(name, found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
