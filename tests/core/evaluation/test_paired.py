"""The paired tests against worked examples, scipy, and the definitions they are short cuts of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import binomtest, mannwhitneyu, norm
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from core.evaluation import metrics, paired, resample
from core.evaluation.resample import Costs, Sorted

#: 43 patients with ovarian cancer: albumin, total protein, Krebs-Goplerud score, whether surgery helps (1). The data of
#: DeLong, DeLong and Clarke-Pearson (1988), as printed in SAS/STAT, PROC LOGISTIC, "Comparing ROC Curves".
PATIENTS = """3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1
3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0
2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1
3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0
3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1
3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1"""


@st.composite
def rows(draw):
    """Labels with both classes, two scores with ties, and how often each row is drawn (both classes among them)."""
    n = draw(st.integers(4, 50))
    label = draw(arrays.arrays(np.int8, n, elements=st.integers(0, 1)))
    label[:4] = [0, 1, 0, 1]
    a, b = (draw(arrays.arrays(np.float64, n, elements=st.sampled_from(np.linspace(0, 1, 9)))) for _ in "ab")
    weight = draw(arrays.arrays(np.int64, n, elements=st.integers(0, 3)))
    weight[:2] = [1, 1]
    return label, a, b, weight


def by_definition(label, a, b):
    """Equations 4 to 6 of DeLong et al., one pair at a time: the difference and its variance."""
    parts = []
    for score in (a, b):
        psi = np.array([[(x > y) + (x == y) / 2 for y in score[label == 0]] for x in score[label == 1]])
        parts.append((psi.mean(axis=1), psi.mean(axis=0)))
    (a10, a01), (b10, b01) = parts
    variance = np.cov(a10, b10) / len(a10) + np.cov(a01, b01) / len(a01)
    return a10.mean() - b10.mean(), variance[0, 0] + variance[1, 1] - 2 * variance[0, 1]


def test_delong_gives_the_published_figures_of_the_ovarian_cancer_patients():
    albumin, protein, score, helped = np.array(PATIENTS.split(), float).reshape(-1, 4).T
    label = 1 - helped
    for values, area, error in [(-albumin, 0.7366, 0.0927), (-protein, 0.6478, 0.1000), (score, 0.7258, 0.1028)]:
        assert paired.area_error(label, values) == pytest.approx((area, error), abs=5e-5)
    for values, gap, error, p in [(-albumin, 0.0108, 0.0953, 0.9102), (-protein, -0.0780, 0.1046, 0.4561)]:
        found = paired.delong(label, values, score)
        assert (found.a - found.b, found.error, found.p) == pytest.approx((gap, error, p), abs=5e-5)


@given(rows())
def test_delong_by_ranks_equals_delong_by_pairs(data):
    label, a, b, _ = data
    found = paired.delong(label, a, b)
    difference, variance = by_definition(label, a, b)
    assert found.a - found.b == pytest.approx(difference, abs=1e-12)
    assert found.a == pytest.approx(mannwhitneyu(a[label == 1], a[label == 0]).statistic / np.prod(np.bincount(label)))
    if variance > 1e-12:
        assert found.error == pytest.approx(np.sqrt(variance))
        assert found.p == pytest.approx(2 * norm.sf(abs(difference) / np.sqrt(variance)))
        assert found.interval == pytest.approx(norm.interval(0.95, difference, np.sqrt(variance)))


@given(rows())
def test_delong_sees_no_difference_between_a_model_and_itself_or_its_log(data):
    label, a, _, _ = data
    for other in (a, np.log1p(a)):
        found = paired.delong(label, a, other)
        assert (found.a - found.b, found.error, found.p) == (0, 0, 1)


def test_delong_says_nothing_of_a_class_of_one_and_of_differences_that_never_vary():
    assert np.isnan(paired.delong([0, 0, 1], [0.1, 0.2, 0.3], [0.3, 0.2, 0.1]).p)
    assert np.isnan(paired.delong([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.9], [0.9, 0.9, 0.1, 0.1]).p)


def test_mcnemar_gives_the_figures_of_fagerland_lydersen_and_laake():
    """Their table 1: airways of 21 children before and after a transplantation, 1 and 7 that changed."""
    exact, mid = paired.mcnemar_both(1, 7)
    assert (round(exact, 4), round(mid, 4)) == (0.0703, 0.0391)


@given(st.integers(0, 80), st.integers(0, 80))
def test_mcnemar_is_a_binomial_test_for_few_pairs_and_less_cautious_by_the_tie_for_many(only_a, only_b):
    p, pairs = paired.mcnemar(only_a, only_b), only_a + only_b
    if not pairs:
        assert p == 1
        return
    exact = binomtest(only_a, pairs, 0.5).pvalue
    tie = binomtest(min(only_a, only_b), pairs, 0.5, alternative="less").pvalue
    tie -= binomtest(min(only_a, only_b) - 1, pairs, 0.5, alternative="less").pvalue if min(only_a, only_b) else 0
    expected = exact if pairs <= paired.FEW_PAIRS else exact - (tie / 2 if only_a == only_b else tie)
    assert p == pytest.approx(expected, abs=1e-9)
    assert p == paired.mcnemar(only_b, only_a)


@given(arrays.arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_equals_its_definition_step_by_step(p):
    corrected, floor = np.empty(len(p)), 0.0
    for step, at in enumerate(np.argsort(p, kind="stable")):
        floor = max(floor, min(1.0, (len(p) - step) * p[at]))
        corrected[at] = floor
    assert paired.holm(p) == pytest.approx(corrected)


def test_holm_leaves_out_tests_that_were_not_done():
    assert paired.holm([0.01, np.nan, 0.03]) == pytest.approx([0.02, np.nan, 0.03], nan_ok=True)


@given(rows(), st.sampled_from([0.0, 0.125, 0.3, 0.99]))
def test_a_draw_has_the_figures_of_its_rows_written_out(data, above):
    label, score, _, weight = data
    found = Sorted(label, score, {"band": above}, Costs(7, 2)).figures(weight)
    at = np.repeat(np.arange(len(label)), weight)
    y, p = label[at], score[at]
    assert found["pr_auc"] == pytest.approx(average_precision_score(y, p))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(y, p))
    assert found["brier"] == pytest.approx(brier_score_loss(y, p))
    assert found["ece"] == pytest.approx(metrics.ece(y, p), abs=1e-12)
    flagged = p > above
    true, n_flagged = (flagged & (y == 1)).sum(), flagged.sum()
    assert found["band precision"] == pytest.approx(true / n_flagged if n_flagged else np.nan, nan_ok=True)
    assert found["band recall"] == pytest.approx(true / y.sum())
    assert found["band fpr"] == pytest.approx(flagged[y == 0].mean())
    assert found["band f1"] == pytest.approx(2 * true / (n_flagged + y.sum()))
    assert found["band cost"] == pytest.approx((7 * (y.sum() - true) + 2 * (n_flagged - true)) / len(y))


def test_every_model_sees_the_same_draws():
    random = np.random.default_rng(1)
    label, score = random.random(300) < 0.3, random.random(300)
    first, second = (Sorted(label, s, {"band": 0.5}, Costs()) for s in (score, score**2 / 2 + score / 2))
    drawn = resample.replicate([first, second], seed=4, replicates=30)
    assert (drawn["pr_auc"][0] == drawn["pr_auc"][1]).all()
    assert len(set(drawn["pr_auc"][0])) == 30
    assert (drawn["brier"][0] != drawn["brier"][1]).all()
    again = resample.replicate([second], seed=4, replicates=30)
    assert (again["band cost"][0] == drawn["band cost"][1]).all()


def test_a_draw_is_the_same_in_pieces_of_any_size(monkeypatch):
    random = np.random.default_rng(9)
    model = Sorted(random.random(301) < 0.3, random.random(301), {"band": 0.5}, Costs())
    whole = resample.replicate([model], seed=4, replicates=20)
    monkeypatch.setattr(resample, "_AT_ONCE", 7)
    pieces = resample.replicate([model], seed=4, replicates=20)
    assert all((whole[name] == pieces[name]).all() for name in whole)


def test_draws_take_every_row_equally_often():
    random = np.random.default_rng(2)
    score = random.random(40)
    label = (np.arange(40) == 7).astype(float)
    label[3] = 1
    drawn = resample.replicate([Sorted(label, score, {}, Costs())], seed=0, replicates=4000)
    # Draws without any of the two spammers are left out: each is missed with probability (1 - 2 / 40) ** 40.
    assert np.isnan(drawn["pr_auc"][0]).mean() == pytest.approx((1 - 2 / 40) ** 40, abs=0.02)
