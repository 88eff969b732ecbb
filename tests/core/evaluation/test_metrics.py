import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, brier_score_loss, precision_recall_fscore_support, roc_auc_score

from core.evaluation import metrics
from core.evaluation.metrics import Figures, Ranking

THRESHOLDS = {"monitor": 0.3, "human_review": 0.7}


@st.composite
def rows(draw):
    n = draw(st.integers(2, 60))
    label = draw(arrays.arrays(np.int8, n, elements=st.integers(0, 1)))
    label[:2] = [0, 1]
    score = draw(arrays.arrays(np.float64, n, elements=st.sampled_from(np.linspace(0, 1, 12))))
    return label, score


@given(rows())
def test_the_four_figures_equal_scikit_learn(data):
    label, score = data
    ranking = Ranking(label, score)
    assert ranking.pr_auc() == pytest.approx(average_precision_score(label, score), abs=1e-12)
    assert ranking.roc_auc() == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    assert ranking.brier() == pytest.approx(brier_score_loss(label, score), abs=1e-12)


@given(rows(), st.sampled_from([0.0, 0.3, 0.5, 6 / 11]))
def test_figures_at_a_threshold_count_scores_strictly_above_it(data, threshold):
    label, score = data
    at = Ranking(label, score).at(threshold)
    flagged = score > threshold
    precision, recall, f1, _ = precision_recall_fscore_support(label, flagged, average="binary", zero_division=0)
    shares = {name: events / of if of else 0 for name, (events, of) in at.items()}
    assert (shares["precision"], shares["recall"], shares["f1"]) == pytest.approx((precision, recall, f1))
    assert shares["fpr"] == pytest.approx(flagged[label == 0].mean())


@given(rows(), st.integers(0, 5))
def test_a_weight_counts_a_row_as_often_as_it_says(data, seed):
    label, score = data
    weight = np.random.default_rng(seed).integers(1, 4, len(label))
    repeated = Ranking(np.repeat(label, weight), np.repeat(score, weight)).pr_auc()
    assert metrics.pr_auc(label, score, weight) == pytest.approx(repeated, abs=1e-12)


def test_ece_takes_fifteen_bins_of_equal_count_after_a_stable_sort():
    random = np.random.default_rng(3)
    score = np.round(random.random(1000), 2)
    label = (random.random(1000) < score**2).astype(int)
    order = np.argsort(score, kind="stable")
    bins = np.array_split(order, 15)
    expected = sum(abs(score[b].mean() - label[b].mean()) * len(b) for b in bins) / 1000
    assert metrics.ece(label, score) == pytest.approx(expected, abs=1e-12)


def test_ece_of_fewer_rows_than_bins_is_the_mean_gap():
    assert metrics.ece([0, 1], [0.2, 0.5]) == pytest.approx((0.2 + 0.5) / 2)


def test_exact_intervals_equal_scipy():
    for events, of in [(0, 12), (3, 40), (12, 12)]:
        expected = binomtest(events, of).proportion_ci(method="exact")
        assert metrics.exact(events, of) == pytest.approx((expected.low, expected.high))


def test_precision_of_nobody_is_not_known_instead_of_zero():
    figures = metrics.judge([0, 1, 0, 1] * 10, [0.1, 0.2, 0.1, 0.2] * 10, THRESHOLDS, replicates=20)
    assert figures.at["human_review"]["precision"].value is None
    assert figures.at["human_review"]["recall"].value == 0
    assert figures.at["human_review"]["recall"].high == pytest.approx(metrics.exact(0, 20)[1])


def test_to_judge_many_users_takes_eleven_numbers_of_memory_for_each_of_them():
    n, random = 200_000, np.random.default_rng(6)
    score = random.random(n)
    label = random.random(n) < score / 20
    metrics.judge(label[:100], score[:100], THRESHOLDS, replicates=2)  # what is imported counts for nobody
    tracemalloc.start()
    try:
        metrics.judge(label, score, THRESHOLDS, replicates=2)
        assert tracemalloc.get_traced_memory()[1] / n < 11 * 8
    finally:
        tracemalloc.stop()


def test_figures_survive_json():
    random = np.random.default_rng(0)
    score = random.random(300)
    figures = metrics.judge(random.random(300) < score, score, THRESHOLDS, replicates=50)
    assert Figures.from_json(json.loads(json.dumps(figures.as_json()))) == figures


def test_every_interval_holds_its_value():
    random = np.random.default_rng(0)
    score = random.random(2000) ** 3
    figures = metrics.judge(random.random(2000) < score, score, THRESHOLDS, replicates=200)
    for estimate in [*figures.overall.values(), *(e for at in figures.at.values() for e in at.values())]:
        assert estimate.low <= estimate.value <= estimate.high


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_intervals_cover_the_truth_in_93_to_97_of_100_simulations():
    """1,000 samples of 2,000 users at 10 % spammers; the truth comes from one sample of 4 million."""

    def sample(seed, n):
        random = np.random.default_rng(seed)
        label = (random.random(n) < 0.1).astype(float)
        margin = random.normal(-2.5 + 2.2 * label, 1.2)
        return label, 1 / (1 + np.exp(-margin))

    thresholds = {"monitor": 0.3}
    label, score = sample(10**6, 4_000_000)
    large = Ranking(label, score)
    truth = {name: getattr(large, name)() for name in ("pr_auc", "roc_auc", "brier")}
    truth |= {name: events / of for name, (events, of) in large.at(0.3).items()}
    # The binned ECE of a finite sample lies above that of the population: its interval is about the former.
    truth["ece"] = np.mean([metrics.ece(*sample(2 * 10**6 + i, 2000)) for i in range(1000)])
    hits = dict.fromkeys(truth, 0)
    for seed in range(1000):
        figures = metrics.judge(*sample(seed, 2000), thresholds, seed=seed, replicates=400)
        found = {**figures.overall, **figures.at["monitor"]}
        for name, true in truth.items():
            hits[name] += found[name].low <= true <= found[name].high
    assert {name: count for name, count in hits.items() if not 930 <= count <= 970} == {}, hits
