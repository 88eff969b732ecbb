"""Drift: figures equal scipy's, large samples alone alarm nobody, small ones claim nothing, real change shows."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from core.errors import UnknownItemError
from core.evaluation.histogram import histogram, score_histogram
from core.explore.shift import jensen_shannon, psi
from core.monitoring import drift
from core.monitoring.drift import compared, verdict_of
from core.registry.baseline import Baseline
from core.schema import schema as schemas
from core.scoring.scorer import Scorer
from tests import make

NAN = float("nan")


def scored(home, frame, *, version=None):
    schema, model = schemas.load(home.settings.schema_file), home.registry.load(version)
    return home.file_scoring.score_file("users.csv", make.csv(frame), schema, model, make.policy(), now=make.NOW).run


@given(arrays.arrays(np.int64, (2, 7), elements=st.integers(0, 50)))
def test_jensen_shannon_is_scipys(counts):
    found = jensen_shannon(*counts)
    if not counts.sum(axis=1).all():
        assert np.isnan(found)
        return
    # Near 0 the root magnifies rounding, in scipy as here.
    assert found == pytest.approx(jensenshannon(*counts, base=2), abs=1e-6)
    assert 0 <= found <= 1 + 1e-12


@given(st.lists(st.integers(0, 30), min_size=2, max_size=60), st.lists(st.integers(-5, 40), min_size=2, max_size=60))
def test_ks_over_the_bins_of_few_values_is_scipys(before, now):
    found = compared("links", histogram(before), now, tests=1)
    # Values between two of the baseline count with the lower one: the distance is seen at the edges only.
    rounded = [max([value for value in before if value <= each], default=-1) if each <= max(before) else 99
               for each in now]  # fmt: skip
    assert found.ks == pytest.approx(ks_2samp(before, rounded, method="asymp").statistic, abs=1e-12)


def test_a_large_sample_alone_alarms_nobody_and_a_small_one_does_not_pretend_to_know():
    random = np.random.default_rng(0)
    before, moved = histogram(random.normal(size=500_000)), random.normal(0.05, 1, 500_000)
    certain = compared("x", before, moved, tests=52)
    assert certain.psi > 10 * certain.chance
    assert certain.verdict == "steady"
    assert compared("x", before, random.normal(size=40), tests=52).verdict == "too few"
    assert compared("x", before, random.normal(5, 1, 40), tests=52).verdict == "drifted"


@given(st.floats(0, 2), st.floats(0, 2), st.floats(-1, 1))
def test_only_what_is_beyond_chance_and_large_is_a_drift(size, chance, missing):
    found = verdict_of(size, chance, missing)
    if size <= chance:
        assert found in {"steady", "too few"}
    assert (found == "drifted") == (size > chance and (size >= 0.2 or abs(missing) >= 0.2))
    assert verdict_of(NAN, NAN) == "too few"


def test_values_that_go_missing_are_a_drift_and_a_feature_that_is_gone_too():
    before = histogram(np.arange(1000.0))
    gone = compared("x", before, np.where(np.arange(1000) % 4 == 0, np.nan, np.arange(1000.0)), tests=1)
    assert (gone.missing_before, gone.missing_now, gone.verdict) == (0, 0.25, "drifted")
    assert gone.ks == pytest.approx(0, abs=0.01)
    assert compared("x", before, np.full(1000, np.nan), tests=1).verdict == "drifted"
    assert compared("x", histogram([NAN] * 9), [], tests=1).verdict == "too few"


def test_users_like_those_of_training_are_steady_and_the_report_says_so(own):
    run = scored(own, make.users(1500, seed=5))
    found = own.drift.of_run()
    assert (found.version, found.runs, found.n, found.verdict) == ("v0001", (run.id,), 1500, "steady")
    assert found.sentence.startswith("The 1,500 users of r-0001 are like those v0001 was trained on")
    assert found.score.verdict == "steady"
    assert found.features[0].name == "links"
    assert sum(each.use for each in found.features) == pytest.approx(1)
    assert [each.use for each in found.features] == sorted((each.use for each in found.features), reverse=True)
    assert len(found.frame()) == len(make.SCHEMA.names) + 1
    assert json.loads(json.dumps(found.as_json()))["verdict"] == "steady"


def test_a_feature_in_use_that_moves_is_reported_first_with_its_figure(own):
    moved = make.users(1500, seed=5).assign(links=lambda frame: frame["links"] + 2)
    found = own.drift.of_run(scored(own, moved).id)
    assert found.verdict == "drifted"
    links = next(each for each in found.features if each.name == "links")
    assert f"links (PSI {links.psi:.2f})" in found.sentence
    # By hand, from the users trained on: each value up to where few are left is a bin of its own.
    sample = own.registry.load().baseline().sample["links"].astype(int)
    high = max(sample.max(), moved["links"].max()) + 1
    whole = psi(np.bincount(sample, minlength=high), np.bincount(moved["links"], minlength=high))
    assert links.psi == pytest.approx(whole, rel=0.25)


def test_what_the_index_is_made_of_can_be_seen_bin_by_bin(own):
    few = drift.side_by_side(histogram([0, 0, 1, 3]), [0, 1, 1, 9, -2, NAN])
    assert few["bin"].tolist() == ["below", "0", "1", "3", "above", "missing"]
    assert few["before"].tolist() == [0, 0.5, 0.25, 0.25, 0, 0]
    assert few["now"].tolist() == pytest.approx([1 / 6, 1 / 6, 2 / 6, 0, 1 / 6, 1 / 6])
    many = drift.side_by_side(histogram(np.arange(1000.0)), np.arange(0, 1000, 7))
    # Of the 64 bins of a thousand values, six or seven go together.
    assert (len(many), many["bin"][0], many["bin"][9]) == (10, "0 to 111", "903 to 999")
    assert drift.side_by_side(histogram([NAN]), [NAN])["bin"].tolist() == ["missing"]


def test_the_bins_of_the_score_hold_the_shares_they_are_made_for(own):
    baseline = own.registry.load().baseline()
    bins = drift.of_scores(baseline)
    assert sum(bins.counts) == pytest.approx(sum(baseline.score.counts), abs=len(bins.counts))
    shares = np.cumsum(bins.counts)[:-1] / sum(bins.counts)
    assert np.abs(shares - drift.SCORE_LEVELS).max() < 0.02
    same = compared("", bins, drift.below_one(np.quantile(baseline.quantiles, np.linspace(0, 1, 5000))), tests=1)
    assert same.psi < 0.005
    assert drift.side_by_side(bins, drift.below_one([1.0]))["bin"].iloc[-1] != "above"


def test_a_feature_that_the_model_does_not_use_is_told_but_alarms_nobody(own):
    found = own.drift.of_run(scored(own, make.users(1500, seed=5).assign(constant=4)).id)
    assert next(each for each in found.features if each.name == "constant").verdict == "drifted"
    assert found.verdict == "steady"


def test_few_users_are_looked_at_with_those_of_earlier_runs_each_file_once(own):
    users = make.users(2600, seed=5)
    first, second = scored(own, users.iloc[:1000]), scored(own, users.iloc[1000:2000])
    again, last = scored(own, users.iloc[1000:2000]), scored(own, users.iloc[2000:])
    assert [run.id for run in own.drift.window(last)] == [last.id, again.id, first.id]
    assert [run.id for run in own.drift.window(second, users=500)] == [second.id]
    assert own.drift.of_run().n == 2600
    assert own.drift.of_run(second.id).runs == (second.id, first.id)


def test_without_a_run_there_is_nothing_to_say(own):
    with pytest.raises(UnknownItemError, match="no run of the live version"):
        own.drift.of_run()


def test_a_version_that_came_without_users_is_told_without_its_use(own):
    run = scored(own, make.users(1500, seed=5).assign(constant=4))
    found = own.drift.of_run(run.id, use={})
    assert {each.use for each in found.features} == {0}
    assert found.verdict == "drifted"


@pytest.fixture(scope="module")
def stream(trained):
    """A version with a large baseline of the same users, its use, and a function that scores."""
    model = trained.registry.load()
    everyone, names = make.users(40_000, seed=99), model.metadata.names
    scorer = Scorer(model)
    score = scorer.score(everyone).probability
    known = model.baseline()
    histograms = {name: histogram(everyone[name].to_numpy("float32")) for name in names}
    large = Baseline(
        known.sample, histograms, score_histogram(score), tuple(np.quantile(score, np.linspace(0, 1, 1001)))
    )
    use = drift.use_of(model, known)

    def looked(frame: pd.DataFrame) -> drift.Drift:
        score = scorer.score(frame).probability
        scores = drift.placed(drift.of_scores(large), drift.below_one(score))
        return drift.compare(
            large, lambda name: drift.placed(histograms[name], frame[name]), scores, version="v0001", of=["r"], use=use
        )  # fmt: skip

    return looked


def tilted(frame: pd.DataFrame, n: int, random: np.random.Generator, target: float) -> pd.DataFrame:
    """n users drawn from a frame so that `links` has this PSI to it: weights grow with links (exponential tilting)."""
    links = frame["links"].to_numpy(float)
    share = np.bincount(frame["links"]) / len(frame)

    def at(slope: float) -> np.ndarray:
        weight = share * np.exp(slope * np.arange(len(share)))
        return weight / weight.sum()

    low, high = 0.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        moved, seen = at(middle), share > 0
        size = np.sum((moved - share)[seen] * np.log(moved[seen] / share[seen]))
        low, high = (middle, high) if size < target else (low, middle)
    weight = np.exp(low * links)
    return frame.iloc[random.choice(len(frame), n, p=weight / weight.sum())]


@pytest.mark.slow
def test_a_shift_of_a_quarter_is_seen_within_2000_users_and_quiet_months_stay_quiet(stream):
    pool = make.users(40_000, seed=98)
    random = np.random.default_rng(0)
    found = [stream(tilted(pool, 2000, random, 0.25)) for _ in range(100)]
    seen = sum(any(each.name == "links" for each in report.found("drifted")) for report in found)
    assert seen >= 95

    def quiet(month: int) -> bool:
        """30 days of 250 users, each day a look at the last 2,000: whether anything was said to have drifted."""
        users = make.users(30 * 250 + 1750, seed=1000 + month)
        days = (users.iloc[day * 250 : day * 250 + 2000] for day in range(30))
        return any(stream(frame).verdict in {"drifted", "watch"} for frame in days)

    assert sum(map(quiet, range(100))) <= 5
