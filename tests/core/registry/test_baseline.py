"""The training baseline: what users looked like when the model was fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import split
from core.evaluation.histogram import FEATURE_BINS, Histogram, histogram, score_histogram
from core.home import Home
from core.registry import baseline
from core.scoring.scorer import Scorer
from tests import make


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=300))
def test_a_histogram_counts_every_value_once(values: list[float]) -> None:
    found = histogram(values)
    assert sum(found.counts) + found.missing == len(values)
    assert found.missing == sum(np.isnan(values))
    assert len(found.counts) <= FEATURE_BINS
    assert not found.counts or len(found.edges) == len(found.counts) + 1
    assert all(found.counts)
    assert list(found.edges) == sorted(set(found.edges))


def test_few_values_get_a_bin_each() -> None:
    assert histogram([0, 0, 1, 5, np.nan]) == Histogram((0, 1, 5, np.nextafter(5, 6)), (2, 1, 1), 1)
    assert histogram([np.nan] * 3) == Histogram((), (), 3)
    assert histogram([]) == Histogram((), (), 0)


def test_many_values_get_bins_of_about_the_same_count() -> None:
    counts = histogram(np.random.default_rng(0).normal(size=64_000)).counts
    assert len(counts) == FEATURE_BINS - 1 or len(counts) == FEATURE_BINS
    assert max(counts[:-1]) <= 1.1 * min(counts[:-1])


def test_scores_are_counted_in_fifty_bins_from_zero_to_one() -> None:
    found = score_histogram([0, 0.019, 0.02, 0.5, 1])
    assert (len(found.counts), found.edges[0], found.edges[-1]) == (50, 0, 1)
    assert (found.counts[0], found.counts[1], found.counts[25], found.counts[49]) == (2, 1, 1, 1)


def test_the_baseline_of_a_version_describes_the_users_it_was_trained_on(trained: Home) -> None:
    model = trained.registry.load()
    frame = trained.datasets.frame(model.metadata.data.dataset)
    test = make.in_test(trained, frame)
    seen, found = frame[~test], model.baseline()
    assert list(found.sample.columns) == [*model.metadata.names, "label", "score"]
    assert len(found.sample) == len(seen)
    assert (found.sample["links"].to_numpy() == seen["links"].to_numpy()).all()
    assert (found.sample["label"].to_numpy() == seen["spam"].to_numpy()).all()
    assert "user" not in found.sample.columns
    for name, entry in found.features.items():
        assert sum(entry.counts) + entry.missing == len(seen)
        assert entry.missing == seen[name].isna().sum()


def test_scores_of_the_baseline_are_those_of_users_nobody_trained_on(trained: Home) -> None:
    model = trained.registry.load()
    frame = trained.datasets.frame(model.metadata.data.dataset)
    test = make.in_test(trained, frame)
    score, found = Scorer(model).score(frame[test]).probability, model.baseline()
    assert sum(found.score.counts) == test.sum()
    assert (found.quantiles[0], found.quantiles[-1]) == (score.min(), score.max())
    assert found.share_below(score.min()) == 0
    assert found.share_below(1) == 1
    assert found.share_below(float(np.median(score))) == pytest.approx(0.5, abs=0.05)


def made(names: list[str], n: int, seed: int = 0) -> baseline.Baseline:
    random = np.random.default_rng(0)
    features = random.normal(size=(n, len(names))).astype(np.float32)
    test = np.arange(n) % 5 == 0
    return baseline.of(names, features, random.integers(0, 2, n).astype(float), random.random(n), test, seed=seed)


def test_a_baseline_survives_its_file(tmp_path: Path) -> None:
    before = made(["a", "label", "score", "ä = 1"], 300)
    baseline.save(before, tmp_path / "b.parquet")
    after = baseline.load(tmp_path / "b.parquet")
    assert after.sample.equals(before.sample)
    assert (after.features, after.score, after.quantiles) == (before.features, before.score, before.quantiles)


def test_features_named_like_our_columns_keep_their_names() -> None:
    names = ["label", "score", "label_"]
    assert list(made(names, 50).sample.columns) == [*names, "label__", "score_"]


def test_a_large_set_is_sampled_by_the_seed() -> None:
    one, same, other = made(["a"], 30_000), made(["a"], 30_000), made(["a"], 30_000, seed=1)
    assert len(one.sample) == baseline.SAMPLE_ROWS
    assert one.sample.equals(same.sample)
    assert not one.sample.equals(other.sample)
    # The histograms are of everybody, not of the sample.
    assert sum(one.features["a"].counts) == 24_000


def test_users_are_kept_as_sorted_fingerprints_in_about_three_bytes_each(tmp_path: Path) -> None:
    keys = np.random.default_rng(0).integers(0, 2**64, 100_000, dtype=np.uint64)
    baseline.save_users(keys, tmp_path / "users.parquet")
    prints = baseline.load_users(tmp_path / "users.parquet")
    assert (prints == split.fingerprints(keys)).all()
    assert split.known(keys, prints).all()
    assert (tmp_path / "users.parquet").stat().st_size < 3.5 * len(keys)


def test_users_of_a_file_from_elsewhere_are_sorted(tmp_path: Path) -> None:
    prints = split.fingerprints(np.random.default_rng(0).integers(0, 2**64, 1_000, dtype=np.uint64))
    pq.write_table(pa.table({"user": prints[::-1].astype(np.int64)}), tmp_path / "users.parquet")
    assert (baseline.load_users(tmp_path / "users.parquet") == prints).all()
