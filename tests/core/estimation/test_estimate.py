"""Figures of what is live: right on average, exact where everybody is judged, and honest where little is known."""

from __future__ import annotations

from dataclasses import astuple
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2, hypergeom

from core.estimation import bounds, estimate
from core.estimation.credible import part_of
from core.estimation.estimate import Figures, figures
from core.estimation.sampling_cells import Labels, Users
from core.evaluation.metrics import exact
from core.policy.decide import decide
from tests import make
from tests.core.planning.pools import chosen as chosen_by

NAN = float("nan")


def users(score: np.ndarray, inclusion: np.ndarray) -> Users:
    return Users.of(decide(make.policy(), score).severity, score, inclusion)


def labels(score: np.ndarray, inclusion: np.ndarray, label: np.ndarray, chosen: np.ndarray, judged=None) -> Labels:
    given_ = np.ones(chosen.sum(), bool) if judged is None else judged[chosen]
    return Labels(
        decide(make.policy(), score).severity[chosen].astype(np.int64), inclusion[chosen], label[chosen], given_
    )


def made(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores in every band, and labels that follow them."""
    random = np.random.default_rng(seed)
    score = random.beta(0.3, 0.6, n)
    return score, (random.random(n) < score).astype(float)


def truth(score: np.ndarray, label: np.ndarray) -> list[float]:
    """Share of spammers by band, of the flagged, and recall."""
    severity = decide(make.policy(), score).severity
    by_band = [label[severity == band].mean() for band in range(4)]
    return [*by_band, label[severity >= 2].mean(), label[severity >= 2].sum() / label.sum()]


def listed(found: Figures) -> list[estimate.Estimate]:
    return [*found.bands, found.precision, found.recall]


def judge_all(score: np.ndarray, label: np.ndarray, judged=None) -> Figures:
    ones = np.ones(len(score))
    return figures(users(score, ones), labels(score, ones, label, ones > 0, judged))


@pytest.mark.parametrize("n", [60, 300, 3_000])
def test_where_everybody_is_judged_the_figures_are_the_truth(n):
    score, label = made(n)
    for found, true in zip(listed(judge_all(score, label)), truth(score, label), strict=True):
        assert (found.value, found.low, found.high, found.naive) == pytest.approx((true, true, true, true))


def test_on_average_over_all_samples_a_total_is_the_truth():
    score = np.array([0.1, 0.02, 0.2, 0.05, 0.9, 0.8])
    label = np.array([1, 0, 1, 0, 1, 0.0])
    inclusion = np.array([0.3, 0.2, 0.5, 0.25, 1, 1])
    everyone = users(score, inclusion)
    mean = chance = 0.0
    for drawn in product([False, True], repeat=4):
        chosen = np.array([*drawn, True, True])
        probability = np.prod(np.where(chosen, inclusion, 1 - inclusion))
        chance += probability
        if any(drawn):  # else there is no figure; a total of nobody is 0
            total = 4 * figures(everyone, labels(score, inclusion, label, chosen)).bands[0].value
            # A total is never more than the users it can be of, which these few samples would exceed.
            seen = chosen[:4] & (label[:4] == 1)
            unclipped = (1 / inclusion[:4])[seen].sum()
            assert total == pytest.approx(min(unclipped, 4 - (chosen[:4] & (label[:4] == 0)).sum()))
            mean += probability * unclipped
    assert chance == pytest.approx(1)
    assert mean == pytest.approx(2)


def test_on_average_over_many_samples_every_figure_is_the_truth():
    random = np.random.default_rng(1)
    score, label = made(4_000)
    inclusion = chosen_by(score, make.policy(), random.random(4_000), certain=200, random=800).inclusion
    everyone = users(score, inclusion)
    samples = (random.random(4_000) < inclusion for _ in range(60))
    found = (listed(figures(everyone, labels(score, inclusion, label, chosen))) for chosen in samples)
    values = np.array([[each.value for each in figure] for figure in found])
    error = values.std(axis=0) / np.sqrt(60)
    assert (np.abs(values.mean(axis=0) - truth(score, label)) <= 5 * error + 1e-9).all()


def test_labels_of_the_flagged_alone_flatter_recall_and_the_estimate_does_not():
    score, label = made(4_000)
    inclusion = chosen_by(score, make.policy(), np.zeros(4_000), certain=10_000, random=400).inclusion
    chosen = np.random.default_rng(2).random(4_000) < inclusion
    found = figures(users(score, inclusion), labels(score, inclusion, label, chosen)).recall
    only = chosen & (decide(make.policy(), score).severity >= 2)
    naive = figures(users(score, inclusion), labels(score, inclusion, label, only)).recall
    assert naive.naive == 1
    assert naive.naive > truth(score, label)[5] + 0.1
    assert found.low <= truth(score, label)[5] <= found.high
    assert np.isnan(naive.value)
    assert (naive.low, naive.high) != (1, 1)


def test_without_labels_nothing_is_known():
    score, label = made()
    inclusion = np.full(len(score), 0.5)
    chosen = np.arange(len(score)) % 2 == 0
    nothing = np.zeros(len(score), bool)
    for picked, judged in ((chosen, nothing), (nothing, None)):
        found = figures(users(score, inclusion), labels(score, inclusion, np.full_like(label, NAN), picked, judged))
        for each in listed(found):
            assert np.isnan([each.value, each.worst, each.best, each.naive]).all()
            assert (each.low, each.high, each.enough) == (0, 1, False)
        assert found.recall.pending == picked.sum()


def test_no_users_at_all_have_no_figures():
    none = np.zeros(0)
    for each in listed(figures(users(none, none), labels(none, none, none, none > 0))):
        assert (each.low, each.high, each.enough) == (0, 1, False)
        assert np.isnan(each.value)


def test_a_band_without_users_has_no_figure_and_disturbs_no_other():
    score, label = made(1_000)
    kept = decide(make.policy(), score).severity != 1
    found = judge_all(score[kept], label[kept])
    assert np.isnan(found.bands[1].value)
    assert found.bands[3].value == pytest.approx(label[score > 0.9].mean())
    assert found.recall.value == pytest.approx(label[score > 0.7].sum() / label[kept].sum())


@given(st.integers(0, 10**6))
def test_the_bounds_of_unsure_verdicts_contain_the_truth(seed):
    random = np.random.default_rng(seed)
    score, label = made(400, seed)
    told = np.where(random.random(400) < 0.3, NAN, label)
    for found, true in zip(listed(judge_all(score, told)), truth(score, label), strict=True):
        assert found.worst - 1e-12 <= true <= found.best + 1e-12
        assert found.worst <= found.value <= found.best


def test_pending_and_unsure_are_counted_apart_and_naive_counts_only_labels():
    score = np.array([0.95, 0.95, 0.95, 0.95, 0.1, 0.1])
    label = np.array([1, 0, NAN, NAN, 1, NAN])
    judged = np.array([True, True, True, False, True, False])
    found = judge_all(score, label, judged)
    top = found.bands[3]
    assert (top.judged, top.unsure, top.pending, top.events) == (2, 1, 1, 1)
    assert (top.value, top.naive) == (0.5, 0.5)
    assert (found.recall.naive_events, found.recall.naive_of) == (1, 2)


@pytest.mark.slow
def test_who_is_pending_at_random_does_not_bias_the_figure():
    random = np.random.default_rng(3)
    score, label = made(600)
    values = []
    for _ in range(40):
        judged = random.random(600) < 0.5
        values.append([each.value for each in listed(judge_all(score, np.where(judged, label, NAN), judged))])
    error = np.std(values, axis=0) / np.sqrt(40)
    assert (np.abs(np.mean(values, axis=0) - truth(score, label)) <= 5 * error).all()


@given(st.integers(0, 10**6), st.floats(0.005, 0.5), st.floats(0, 1))
def test_an_interval_lies_in_0_to_1_and_holds_its_value(seed, audit, missing):
    random = np.random.default_rng(seed)
    score, label = made(500, seed)
    draw = random.random(500)
    found = chosen_by(score, make.policy(), draw, certain=20, uncertain=5, random=500 * audit)
    chosen = draw < found.inclusion
    judged = random.random(500) >= missing
    told = np.where(judged & (random.random(500) < 0.9), label, NAN)
    for each in listed(figures(users(score, found.inclusion), labels(score, found.inclusion, told, chosen, judged))):
        assert 0 <= each.low <= each.high <= 1
        assert np.isnan(each.value) or each.low <= each.value <= each.high
        assert each.judged + each.pending + each.unsure <= chosen.sum()


def test_one_user_sent_to_review_and_not_judged_yet_does_not_hide_the_figure_of_a_run():
    score, label = made(3_000)
    inclusion = np.where(decide(make.policy(), score).severity >= 2, 1.0, 0.5)
    chosen = np.random.default_rng(4).random(3_000) < inclusion
    before = figures(users(score, inclusion), labels(score, inclusion, label, chosen)).recall
    sent = int(np.argmin(score))
    inclusion[sent], chosen[sent], told = 1.0, True, label.copy()
    told[sent] = NAN
    after = figures(users(score, inclusion), labels(score, inclusion, told, chosen, np.arange(3_000) != sent)).recall
    assert after.value == pytest.approx(before.value, rel=0.01)
    assert after.pending == 1
    assert after.enough


def test_a_large_cell_without_labels_leaves_no_figure():
    score, label = made(3_000)
    inclusion = np.where(decide(make.policy(), score).severity >= 2, 1.0, 0.5)
    chosen = inclusion == 1
    found = figures(users(score, inclusion), labels(score, inclusion, label, chosen))
    assert np.isnan(found.recall.value)
    assert found.recall.low < truth(score, label)[5] < found.recall.high == 1
    assert found.precision.value == found.precision.low == found.precision.high


def test_what_was_seen_limits_the_interval():
    score, label = np.full(10, 0.95), np.array([1.0] * 6 + [0] * 4)
    told = np.where(np.arange(10) % 2 == 0, label, NAN)  # 3 spammers and 2 legitimate of 10
    found = judge_all(score, told, ~np.isnan(told)).bands[3]
    assert found.low >= 0.3
    assert found.high <= 0.8


def test_few_expected_events_are_too_few_to_say_whatever_the_labels_say():
    n = 1_000
    score, inclusion = np.full(n, 0.2), np.full(n, 0.1)
    chosen = np.arange(n) % 10 == 0
    few, many = (figures(users(score, inclusion), labels(score, inclusion, np.full(n, y), chosen)) for y in (0.0, 1.0))
    assert few.bands[0].expected_events == many.bands[0].expected_events == pytest.approx(20)
    assert not many.bands[0].enough
    assert not few.bands[0].enough


def test_recall_is_no_better_known_than_the_missed_users():
    score = np.concatenate([np.full(200, 0.95), np.full(5_000, 0.02)])
    inclusion = np.concatenate([np.ones(200), np.full(5_000, 0.02)])
    label, chosen = np.concatenate([np.ones(200), np.zeros(5_000)]), np.arange(5_200) < 300
    found = figures(users(score, inclusion), labels(score, inclusion, label, chosen))
    assert found.recall.expected_events == pytest.approx(2)
    assert (found.recall.value, found.recall.high, found.recall.enough) == (1, 1, False)
    assert found.recall.low < 0.6  # nobody can say that nothing was missed


def test_labels_of_other_users_are_refused():
    score, inclusion = np.array([0.1, 0.2]), np.array([0.5, 0.5])
    strange = Labels(np.array([0]), np.array([0.01]), np.array([1.0]), np.array([True]))
    with pytest.raises(ValueError, match="labels are of other users"):
        figures(users(score, inclusion), strange)
    with pytest.raises(ValueError, match="inclusion probability"):
        users(score, np.array([0.0, 0.5]))


def test_the_gamma_interval_is_that_of_the_paper_on_its_own_data():
    """Down's syndrome in Michigan, births of order 5 and more: Fay and Feuer 1997, table II, as the R package dsrTest
    (vignette `dsrTest-example`) gives it: 75.52901 per 100,000, 95 % interval 67.70212 to 188.30017."""
    cases, births = np.array([0, 8, 63, 112, 262, 295]), np.array([327, 30666, 123419, 149919, 104088, 34392])
    standard = np.array([319933, 931318, 786511, 488235, 237863, 61313])
    weight = 1e5 * standard / standard.sum() / births
    each = np.repeat(weight, cases)
    assert each.sum() == pytest.approx(75.52901, abs=1e-5)
    assert bounds.rare(each, np.zeros_like(each), weight.max()) == pytest.approx((67.70212, 188.30017), abs=1e-5)


@given(st.integers(0, 60), st.floats(1, 100))
def test_with_equal_weights_the_gamma_interval_is_the_exact_one_of_a_count(events, weight):
    low, high = bounds.rare(np.full(events, weight), np.zeros(events), weight)
    assert low == pytest.approx(weight * chi2.ppf(0.025, 2 * events) / 2 if events else 0)
    assert high == pytest.approx(weight * chi2.ppf(0.975, 2 * events + 2) / 2)


@given(st.integers(1, 30), st.integers(0, 30))
def test_with_equal_weights_a_share_has_an_interval_close_to_the_exact_one(spammers, others):
    event = np.array([1.0] * spammers + [0.0] * others)
    low, high = bounds.common(np.full(len(event), 7.0), np.zeros(len(event)), event)
    k = len(event)
    least, most = exact(spammers * (k - 1) / k, k - 1) if others else exact(spammers, k)
    assert (low, high) == pytest.approx((least, most))


@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.3, 1), st.floats(0.3, 1), st.floats(1, 3), st.floats(1, 3))
def test_the_interval_of_a_part_is_that_of_the_ratio(a, b, la, lb, ua, ub):
    """Donner and Zou 2012, equation 9, as printed; it divides by 0 where the high end of b is 2 b."""
    of_a, of_b = (la * a, ua * a + 1), (lb * b, ub * b + 1.1)
    product_ = a * b
    s, t = of_a[0] * (2 * a - of_a[0]), of_b[1] * (2 * b - of_b[1])
    u, v = of_a[1] * (2 * a - of_a[1]), of_b[0] * (2 * b - of_b[0])
    low, high = bounds.part(a, b, of_a, of_b)
    if abs(t) > 1:
        ratio = (product_ - np.sqrt(product_**2 - s * t)) / t
        assert low == pytest.approx(ratio / (1 + ratio), abs=1e-9)
    ratio = (product_ + np.sqrt(product_**2 - u * v)) / v
    assert high == pytest.approx(ratio / (1 + ratio), abs=1e-9)


def test_a_part_of_nothing_can_be_anything():
    assert bounds.part(0, 0, (0, 3), (0, 3)) == (0, 1)
    assert bounds.part(5, 0, (5, 5), (0, 0)) == (1, 1)
    assert bounds.part(0, 5, (0, 0), (5, 5)) == (0, 0)


def test_certified_bounds_of_rare_events_fail_no_more_often_than_promised():
    """Exactly, over all numbers that can be drawn of 40 and 60 events with two inclusions, wherever the scores lie."""
    first, second = (0.01, 40), (0.2, 60)
    drawn = [(i, j) for i in range(8) for j in range(61)]
    for variance in (100.0, 4_000.0, 1e5):
        below = above = 0.0
        for i, j in drawn:
            chance = binom.pmf(i, first[1], first[0]) * binom.pmf(j, second[1], second[0])
            weight = np.array([1 / first[0]] * i + [1 / second[0]] * j)
            low, high = bounds.certified_rare(weight, 100.0, variance, 0.025)
            below, above = below + chance * (low > 100), above + chance * (high < 100)
        assert below <= 0.025
        assert above <= 0.025


def test_at_its_ends_a_certified_total_has_made_the_bets_forty_times_as_much() -> None:
    weight, variance = np.array([3.0, 40.0, 40.0, 100.0] * 10), 9_000.0
    low, high = bounds.certified_rare(weight, 100.0, variance, 0.025)
    root = np.sqrt(variance / (2 * np.log(40)))
    above, below = 1 / (100 + root), 1 / root

    assert np.prod(1 - above * weight) / (1 - above) ** high == pytest.approx(40)
    assert np.prod(1 + below * weight) / (1 + below) ** low == pytest.approx(40)
    assert low < weight.sum() < high


@pytest.mark.parametrize("events", [0, 3, 30, 77, 80])
def test_certified_bounds_of_a_share_fail_no_more_often_than_promised(events):
    judged = np.arange(max(0, events - 60), min(20, events) + 1)
    ends = [bounds.certified_common(int(k), 20, 80, 1.0, 0.025) for k in judged]
    chance = hypergeom.pmf(judged, 80, events, 20)
    assert chance[[low > events for low, _ in ends]].sum() <= 0.025
    assert chance[[high < events for _, high in ends]].sum() <= 0.025


def test_unequal_odds_widen_the_bounds_of_a_share():
    low, high = bounds.certified_common(5, 20, 400, 1.0, 0.025)
    wide = bounds.certified_common(5, 20, 400, 3.0, 0.025)
    assert wide[0] < low < 100 < high < wide[1]


def test_an_estimate_is_plain_numbers():
    score, label = made()
    for each in listed(judge_all(score, label)):
        assert {type(value) for value in astuple(each)} <= {float, int}


@pytest.mark.parametrize("spammers", [0.01, 0.99])
def test_where_nearly_everybody_is_judged_all_of_a_kind_may_have_been_seen(spammers):
    random, n = np.random.default_rng(11), 600
    inclusion = np.where(np.arange(n) < n / 2, 1.0, 0.97)
    users = Users.of(np.zeros(n, np.int64), np.full(n, spammers), inclusion)
    found = []
    for _ in range(300):
        label = (random.random(n) < spammers).astype(float)
        drawn = np.flatnonzero(random.random(n) < inclusion)
        seen = np.where(random.random(len(drawn)) < 0.97, label[drawn], np.nan)
        labels = Labels(np.zeros(len(drawn), np.int64), inclusion[drawn], seen, ~np.isnan(seen))
        low, high = part_of(users, labels, ((0,), (1,))).interval
        found.append(low <= label.sum() <= high)
    assert np.mean(found) >= 0.95
