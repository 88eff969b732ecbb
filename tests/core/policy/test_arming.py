from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadOptionError, RefusedError
from core.policy import arming
from core.policy.arming import Act, Evidence, Verdict
from core.policy.proof import change, sequence
from core.policy.proof.audit import LEAST_A_DAY, WITHIN_DAYS, default_rate, outlook
from core.policy.proof.change import FALLEN, Rule, run_length
from core.policy.proof.reviewer_error import ReviewerError
from core.policy.proof.terms import Terms

START = datetime(2026, 3, 1, tzinfo=UTC)
EXACT = ReviewerError.known(0, 0)
TERMS = Terms(0.9, EXACT)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def evidence(*spammer: int, first: int = 0) -> Evidence:
    return Evidence.of([Verdict(bool(each), 1.0, at(first + minute)) for minute, each in enumerate(spammer)])


def simulated(  # verdicts and weights, (runs, n) each
    precision: float | np.ndarray, n: int, terms: Terms, runs: int, seed: int = 0, weights: str = "equal"
) -> tuple[np.ndarray, np.ndarray]:
    """A band of that precision whose reviewers are as wrong as they may be.

    weights: "equal"; "unequal", anywhere from a third to 1, whoever it is; "adverse", where legitimate users are drawn
    a third as often as spammers, so that the band looks as good as weights may make it look.
    """
    random = np.random.default_rng(seed)
    precision = np.broadcast_to(precision, n)
    drawn = precision / (precision + (1 - precision) / 3) if weights == "adverse" else precision
    true = random.random((runs, n)) < drawn
    says = np.where(true, 1 - terms.reviewer.missed[0], terms.reviewer.called_spammer[1])
    weight = {
        "equal": lambda: np.ones((runs, n)),
        "unequal": lambda: random.uniform(1 / 3, 1, (runs, n)),
        "adverse": lambda: np.where(true, 1 / 3, 1.0),
    }[weights]()
    return (random.random((runs, n)) < says).astype(float), weight


def test_the_course_of_a_proof_ends_in_its_bound_and_says_how_many_verdicts_are_missing() -> None:
    given_ = evidence(*[1] * 30, 0, *[1] * 9)
    now = arming.standing(given_, TERMS)
    found = arming.course(given_, now)
    assert (len(found.bound), found.bound[-1]) == (40, now.bound)
    assert (np.diff(found.bound) >= 0).all()
    exact = [sequence.lower_bound(given_.spammer[:n], given_.weight[:n], now.error) for n in range(1, 41)]
    assert (np.array(exact) - found.bound).max() < 1 / 200
    assert found.share[-1] == 39 / 40
    assert found.more is not None
    enough = evidence(*[1] * 30, 0, *[1] * (9 + 2 * found.more))
    assert arming.standing(enough, TERMS).proven
    assert arming.course(evidence(*[1, 0] * 20), arming.standing(evidence(*[1, 0] * 20), TERMS)).more is None


def test_what_was_spent_on_a_proof_that_does_not_stand_is_not_had_again() -> None:
    given_ = evidence(*[1] * 60)
    assert arming.standing(given_, TERMS).proven
    later = arming.standing(given_, TERMS, attempt=9)
    assert (later.attempt, later.proven) == (9, False)


def first_armed(spammer: np.ndarray, weight: np.ndarray, terms: Terms) -> np.ndarray:
    """With how many verdicts each run may first be armed, infinity where never."""
    reached = sequence.log_capital(spammer, weight, terms.share) >= -math.log(terms.error(1))
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)


def first_disarmed(spammer: np.ndarray, weight: np.ndarray, terms: Terms) -> np.ndarray:
    reached = change.sums(spammer, weight, terms.rule) >= terms.rule.limit
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)


def kept_armed(precision: float, terms: Terms, runs: int, seed: int, weights: str = "equal") -> tuple[float, float]:
    """How many runs are armed within 600 verdicts, and how many of these are still armed after 1,000 more."""
    spammer, weight = simulated(precision, 1_600, terms, runs, seed, weights)
    armed = first_armed(spammer, weight, terms)
    soon = np.flatnonzero(armed <= 600)
    later = soon[:, None], (armed[soon, None] + np.arange(1_000)).astype(int)
    return len(soon) / runs, float(np.isinf(first_disarmed(spammer[later], weight[later], terms)).mean())


def disarmed_within(terms: Terms, fallen: float, verdicts: int, runs: int, seed: int, weights: str = "equal") -> float:
    """How many of the runs that were armed at .05 above the target are disarmed within so many verdicts of a fall."""
    precision = np.repeat([terms.target + 0.05, fallen], [300, verdicts])
    after = first_disarmed(*simulated(precision, len(precision), terms, runs, seed, weights), terms)
    return float((after[after > 300] < np.inf).mean())


def terms_of(target: float, error: float) -> Terms:
    return Terms(target, ReviewerError.known(error, error))


@pytest.mark.parametrize("error", [0, 0.02])
def test_automation_is_earned_when_it_is_good_enough_and_hardly_ever_when_it_is_not(error: float) -> None:
    terms = terms_of(0.9, error)
    armed = first_armed(*simulated(0.9, 2_000, terms, 300), terms)
    assert np.isfinite(armed).mean() <= 0.05 + 0.03  # of 300 runs
    soon, kept = kept_armed(0.95, terms, 300, 1)
    assert soon >= 0.8
    assert kept >= 0.9
    assert disarmed_within(terms, 0.7, 100, 300, 2) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("target", [0.9, 0.8, 0.7])
@pytest.mark.parametrize("error", [0, 0.02])
@pytest.mark.parametrize("weights", ["equal", "unequal", "adverse"])
def test_at_the_target_it_is_armed_in_at_most_5_of_100(target: float, error: float, weights: str) -> None:
    terms = terms_of(target, error)
    armed = [first_armed(*simulated(target, 2_000, terms, 1_000, seed, weights), terms) for seed in range(4)]
    assert np.isfinite(np.concatenate(armed)).mean() <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("error", [0, 0.02])
@pytest.mark.parametrize("weights", ["equal", "unequal"])
def test_above_the_target_it_is_armed_soon_and_stays_armed(error: float, weights: str) -> None:
    soon, kept = kept_armed(0.95, terms_of(0.9, error), 2_000, 5, weights)
    assert soon >= 0.8
    assert kept >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("error", [0, 0.02])
@pytest.mark.parametrize("weights", ["equal", "unequal"])
def test_a_fall_to_70_is_seen_within_100_verdicts(error: float, weights: str) -> None:
    assert disarmed_within(terms_of(0.9, error), 0.7, 100, 2_000, 6, weights) >= 0.95


def test_unequal_weights_change_nothing_of_what_may_go_wrong() -> None:
    terms = terms_of(0.9, 0)
    spammer, weight = simulated(0.9, 1_000, terms, 300, weights="adverse")
    assert spammer.mean() > 0.95  # unweighted, the band would look far better than it is
    assert (spammer * weight).sum() / weight.sum() == pytest.approx(0.9, abs=0.005)
    assert np.isfinite(first_armed(spammer, weight, terms)).mean() <= 0.05 + 0.03


def test_the_parts_of_the_error_add_up_to_it() -> None:
    assert sum(sequence.part_of_error(attempt) for attempt in range(1, 100_000)) == pytest.approx(0.05, rel=1e-4)
    assert TERMS.error(1) == sequence.part_of_error(1)


def test_a_measured_reviewer_error_leaves_less_for_the_proof() -> None:
    measured = Terms(0.9, ReviewerError.between_reviewers(4, 200))
    assert sum(measured.error(attempt) for attempt in range(1, 100_000)) == pytest.approx(0.04, rel=1e-4)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.lists(st.floats(1 / 3, 1), min_size=60, max_size=60))
def test_the_bound_never_falls_and_never_exceeds_what_was_seen(spammer, weights):
    x, w = np.array(spammer, float), np.array(weights[: len(spammer)])
    bounds = [sequence.lower_bound(x[:n], w[:n], 0.05) for n in range(1, len(x) + 1)]
    assert (np.diff(bounds) >= 0).all()
    shares = np.cumsum(w * x) / np.cumsum(w)
    assert bounds[-1] <= max(shares) + 1e-9


@given(st.integers(0, 300), st.integers(0, 30), st.sampled_from([0.6, 0.8, 0.9]), st.sampled_from([0, 0.02]))
def test_a_lead_may_arm_exactly_when_the_bound_has_passed_the_target(good, bad, target, error):
    verdicts = np.random.default_rng(good * 31 + bad).permutation([1] * good + [0] * bad)
    now = arming.standing(evidence(*verdicts), terms_of(target, error))
    if now.attempt == 1:
        assert now.proven == (now.bound > target) == (now.stage == "may_be_armed")
    assert now.stage != "armed"


def test_nothing_is_armed_without_a_name() -> None:
    now = arming.standing(evidence(*[1] * 500), TERMS)
    assert (now.stage, now.armed, now.by, now.proven) == ("may_be_armed", False, None, True)
    assert arming.standing(evidence(*[1] * ((now.since - START).seconds // 60)), TERMS).stage == "not_proven"


def test_an_act_before_the_proof_changes_nothing() -> None:
    verdicts = evidence(*[1] * 500)
    assert arming.standing(verdicts, TERMS, [Act("arm", at(3), "Ada")]) == arming.standing(verdicts, TERMS)


def test_a_fall_disarms_and_the_next_proof_begins_anew_with_the_next_part_of_the_error() -> None:
    good, fall = [1] * 500, [0, 1] * 20
    armed = arming.standing(evidence(*good), TERMS, [Act("arm", at(499), "Ada")])
    assert (armed.stage, armed.by, armed.since, armed.attempt) == ("armed", "Ada", at(499), 1)
    assert armed.bound > 0.9
    acts = [Act("arm", at(499), "Ada")]
    fallen = arming.standing(evidence(*good, *fall), TERMS, acts)
    assert (fallen.stage, fallen.by, fallen.proven, fallen.attempt) == ("disarmed", None, False, 2)
    assert at(500) < fallen.since < at(530)
    assert fallen.verdicts < len(fall)
    assert fallen.bound < 0.9
    assert fallen.error == pytest.approx(armed.error / 4)
    assert "Disarmed since 2026-03-01 08:" in fallen.sentence
    too_soon = [*acts, Act("arm", at(545), "Bea")]
    again = arming.standing(evidence(*good, *fall, *good), TERMS, too_soon)
    assert (again.stage, again.proven, again.attempt) == ("disarmed", True, 2)
    assert again.sentence.endswith("A lead may arm again.")
    rearmed = arming.standing(evidence(*good, *fall, *good), TERMS, [*too_soon, Act("arm", at(1_030), "Bea")])
    assert (rearmed.stage, rearmed.by, rearmed.attempt) == ("armed", "Bea", 2)


def test_a_fall_before_anybody_armed_takes_the_proof_away() -> None:
    now = arming.standing(evidence(*[1] * 500, *[0, 1] * 20), TERMS, [Act("arm", at(539), "Ada")])
    assert (now.stage, now.proven, now.attempt, now.since) == ("not_proven", False, 2, None)


def test_who_disarms_by_hand_may_arm_again_when_the_proof_holds_with_the_next_part_of_the_error() -> None:
    acts = [Act("arm", at(40), "Ada"), Act("disarm", at(45), "Bea")]
    few, many = evidence(*[1] * 48), evidence(*[1] * 300)
    disarmed = arming.standing(many, TERMS, acts)
    first = next(n for n in range(200) if arming.standing(evidence(*[1] * n), TERMS).proven)
    acts = [Act("arm", at(first), "Ada"), Act("disarm", at(first + 1), "Bea")]
    disarmed = arming.standing(many, TERMS, acts)
    assert (disarmed.stage, disarmed.by, disarmed.attempt, disarmed.verdicts) == ("disarmed", "Bea", 2, 300)
    assert disarmed.proven
    few = evidence(*[1] * (first + 2))
    assert not arming.standing(few, TERMS, acts).proven
    early, late = Act("arm", at(first + 1.5), "Cy"), Act("arm", at(299), "Cy")
    assert not arming.standing(many, TERMS, [*acts, early]).armed
    assert arming.standing(many, TERMS, [*acts, late]).by == "Cy"


def test_an_overturned_appeal_lowers_what_is_proven_and_brings_disarming_nearer() -> None:
    good = [Verdict(True, 1.0, at(minute)) for minute in range(300)]
    appeals = [Verdict(False, 0.2, at(100 + minute / 100), appeal=True) for minute in range(20)]
    plain, appealed = (arming.standing(Evidence.of(each), TERMS) for each in (good, [*good, *appeals]))
    assert appealed.bound < plain.bound
    late = [Verdict(False, 0.2, at(400 + minute), appeal=True) for minute in range(3)]
    assert arming.standing(Evidence.of([*good, *late]), TERMS).change > plain.change


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ({"weight": 0.3}, "weight: must lie between a third and 1, not 0.3."),
        ({"weight": 1.1}, "weight: must lie between a third and 1, not 1.1."),
        ({"weight": float("nan")}, "weight: must lie between a third and 1, not nan."),
        ({"weight": 0.0, "appeal": True, "spammer": False}, "weight: must lie between"),
        ({"weight": 0.1, "appeal": True}, "appeal: only one that was overturned counts."),
    ],
)
def test_a_verdict_that_cannot_count_is_refused(verdict: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadOptionError, match=sentence):
        Verdict(**{"spammer": True, "weight": 1.0, "at": START, **verdict})


@pytest.mark.parametrize("target", [0.05, 0.1, 1.0, float("nan")])
def test_a_target_that_cannot_be_proven_is_refused(target: float) -> None:
    with pytest.raises(BadOptionError, match=r"^target: must be a number above 0\.1 and below 1"):
        Terms(target, EXACT)


def test_why_nobody_may_arm_is_said() -> None:
    proven = arming.standing(evidence(*[1] * 500), TERMS)
    arming.require(proven, LEAST_A_DAY)
    with pytest.raises(RefusedError, match=r"^Of removed users 9\.5 a day would be audited\. With fewer than 10"):
        arming.require(proven, 9.5)
    with pytest.raises(RefusedError, match=r"^It is not proven that precision .* 1 blind verdict so far"):
        arming.require(arming.standing(evidence(1), TERMS), 20)
    armed = arming.standing(evidence(*[1] * 500), TERMS, [Act("arm", at(499), "Ada")])
    with pytest.raises(RefusedError, match=r"^Automation is armed already, by Ada\."):
        arming.require(armed, 20)


@given(st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0, 1))
def test_what_reviewers_say_is_corrected_both_ways_and_back(called, missed, precision):
    reviewer = ReviewerError.known(called, missed)
    assert reviewer.true(reviewer.seen(precision)) == pytest.approx(precision, abs=1e-9)
    # Missed spammers make a band look worse than it is, legitimate users called spammers make it look better.
    assert ReviewerError.known(0, missed).true(0.5) >= 0.5 >= ReviewerError.known(called, 0).true(0.5)


@given(st.floats(0, 0.2), st.floats(0, 0.2), st.floats(0, 0.2), st.floats(0, 0.2), st.floats(0, 1))
def test_an_uncertain_error_is_taken_at_its_worst(a, b, c, d, seen):
    called, missed = (min(a, b), max(a, b)), (min(c, d), max(c, d))
    worst = ReviewerError(called, missed).true(seen)
    asked = ReviewerError(called, missed).seen(0.9)
    assert asked == max(ReviewerError.known(f, m).seen(0.9) for f in called for m in missed)
    if seen <= 1 - missed[1]:  # more is not seen of any band
        assert all(worst <= ReviewerError.known(f, m).true(seen) + 1e-9 for f in called for m in missed)


def test_reviewers_who_differ_are_measured_and_the_truth_lies_inside() -> None:
    random, inside = np.random.default_rng(0), 0
    for _ in range(300):
        differ = random.binomial(400, 2 * 0.03 * 0.97)
        low, high = ReviewerError.between_reviewers(int(differ), 400).missed
        inside += low <= 0.03 <= high
    assert inside >= 0.98 * 300
    exact = ReviewerError.against_truth((2, 100), (1, 300))
    assert exact.called_spammer[0] < 0.02 < exact.called_spammer[1]
    assert exact.missed[0] < 1 / 300 < exact.missed[1]
    assert ReviewerError.against_truth((0, 50), (0, 50)).missed[0] == 0


@pytest.mark.parametrize(("differ", "pairs"), [(5, 4), (-1, 4)])
def test_numbers_of_pairs_that_cannot_be_are_refused(differ: int, pairs: int) -> None:
    with pytest.raises(BadOptionError, match="cannot be"):
        ReviewerError.between_reviewers(differ, pairs)


def test_reviewers_who_guess_prove_nothing() -> None:
    with pytest.raises(RefusedError, match="prove nothing"):
        ReviewerError.known(0.6, 0.4)
    with pytest.raises(RefusedError, match="Have more users judged twice"):
        ReviewerError.against_truth((0, 0), (0, 20))
    with pytest.raises(BadOptionError, match="must rise between 0 and 1"):
        ReviewerError((0.2, 0.1), (0, 0))


def test_the_sum_of_the_change_rule_is_the_one_that_is_counted_by_hand() -> None:
    rule, random = Rule(0.9, 0.8), np.random.default_rng(0)
    spammer, weight = (random.random(400) < 0.85).astype(float), random.uniform(1 / 3, 1, 400)
    expected, total = [], 0.0
    for each, users in zip(spammer, weight, strict=True):
        total = max(total + users * (rule.spammer if each else rule.legitimate), 0)
        expected.append(total)
    assert change.sums(spammer, weight, rule) == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.7, 0.85])
def test_run_lengths_are_those_of_simulated_verdicts(share: float) -> None:
    spammer = (np.random.default_rng(0).random((4_000, 2_000)) < share).astype(float)
    reached = change.sums(spammer, np.ones_like(spammer), TERMS.rule) >= TERMS.rule.limit
    taken = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, 2_000)
    length = run_length(TERMS.rule, share)
    assert taken.mean() == pytest.approx(length.mean, rel=0.04)
    assert (taken <= length.within(0.95)).mean() == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("error", [0, 0.02])
def test_the_default_audit_disarms_a_fall_to_70_within_7_days(error: float) -> None:
    terms = terms_of(0.9, error)
    rate = default_rate(terms, removed_per_day=500)
    told = outlook(terms, 500, rate)
    assert told.fallen == pytest.approx(0.7)
    assert told.days_mostly <= WITHIN_DAYS
    assert LEAST_A_DAY <= rate <= 12
    assert told.inclusion == rate / 500
    assert disarmed_within(terms, 0.7, round(rate * WITHIN_DAYS), 1_000, 3) >= 0.93
    assert default_rate(terms, removed_per_day=4) == 4


def test_more_audits_mean_fewer_days_and_fewer_wrong_removals() -> None:
    few, many = (outlook(TERMS, 200, rate) for rate in (10, 40))
    assert few.days == pytest.approx(4 * many.days)
    assert few.wrong_removals == pytest.approx(few.days * 200 * 0.3)
    assert many.wrong_removals == pytest.approx(few.wrong_removals / 4)
    assert outlook(TERMS, 200, 10, fallen=0.85).days > few.days


@pytest.mark.parametrize(
    ("removed", "rate", "fallen"), [(10, 0, None), (-1, 5, None), (10, math.nan, None), (10, 5, 0.95)]
)
def test_an_audit_that_makes_no_sense_is_refused(removed: float, rate: float, fallen: float | None) -> None:
    with pytest.raises(BadOptionError, match="must"):
        outlook(TERMS, removed, rate, fallen)


def test_the_change_rule_is_one_for_a_fall_of_a_tenth() -> None:
    assert Terms(0.8, EXACT).rule == Rule(0.8, pytest.approx(0.8 - FALLEN))
    assert replace(TERMS, target=0.8).rule.spammer < 0 < TERMS.rule.legitimate
