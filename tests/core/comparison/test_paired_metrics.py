"""Two models on the same rows: what is said of them, of versions, of segments and of thresholds."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import expit
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

from core.comparison import flips
from core.comparison.paired_metrics import Contender, at_costs, compare
from core.data import intake, split
from core.errors import BadOptionError, TooFewRowsError
from core.evaluation import cautions, thresholds, weakest
from core.evaluation.difference import Difference
from core.evaluation.estimate import Estimate
from core.evaluation.resample import Costs
from core.evaluation.thresholds import Sweep
from core.files import write_text
from core.home import Home
from core.policy.bands import BANDS
from core.policy.decide import decide
from core.schema import schema as schemas
from tests import make
from tests.make import NOW, SCHEMA

THRESHOLDS = make.policy().thresholds


def simulated(n=1500, seed=0, noise=1.0):
    """Labels at 15 % and two scores of which the second sees less noise."""
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.15).astype(float)
    margin = -3 + 3 * label + random.normal(0, 1, n)
    return label, expit(margin + random.normal(0, noise, n)), expit(margin)


@st.composite
def scores(draw):
    n = draw(st.integers(2, 80))
    label = draw(arrays.arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0])))
    label[:2] = [0, 1]
    return label, draw(arrays.arrays(np.float64, n, elements=st.sampled_from([0, 0.1, 0.2, 0.5, 0.7, 0.71, 0.9, 1])))


def test_costs_may_be_counted_anew_as_a_comparison_at_these_costs_would_and_nothing_else_changes():
    label, worse, better = simulated()
    sides, asked = (Contender("v0003", worse), Contender("v0004", better)), Costs(1.5, 1.0, 1.0)
    found, made = (compare(label, *sides, seed=1, thresholds=THRESHOLDS, costs=costs) for costs in (Costs(), asked))
    again = at_costs(found, label, worse, better, asked, seed=1)

    assert [each for each in again.differences if each.figure != "cost"] == [
        each for each in found.differences if each.figure != "cost"
    ]  # fmt: skip
    assert again.figures[0].overall == found.figures[0].overall
    for band in THRESHOLDS:
        of_both = [tuple(each.figures[side].at[band]["cost"] for each in (again, made)) for side in (0, 1)]
        tested = again.difference("cost", band), made.difference("cost", band)
        for mine, theirs in (*of_both, (tested[0].difference, tested[1].difference)):
            assert mine.value == pytest.approx(theirs.value)
            if theirs.low is not None:  # other draws of the same users
                assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)
        assert tested[0].changed == tested[1].changed
    assert again.figures[1].at[band]["cost"] != found.figures[1].at[band]["cost"]


def difference(value, low, high, figure="pr_auc", changed=None):
    return Difference(figure, "", "v0003", "v0004", Estimate(value, low, high), 0.01, "paired bootstrap", changed)


def test_a_better_model_is_called_better_with_its_interval():
    label, worse, better = simulated()
    found = compare(label, Contender("v0003", worse), Contender("v0004", better), seed=1, thresholds=THRESHOLDS)
    gap = average_precision_score(label, better) - average_precision_score(label, worse)
    told = found.difference("pr_auc")
    assert told.difference.value == pytest.approx(gap)
    assert 0 < told.difference.low < gap < told.difference.high
    assert found.sentence.startswith("v0004 is better than v0003 by 0.")
    area = found.difference("roc_auc")
    assert area.difference.value == pytest.approx(roc_auc_score(label, better) - roc_auc_score(label, worse))
    assert {each.better for each in (told, area, found.difference("brier"))} == {"v0004"}
    assert json.loads(json.dumps(found.as_json()))["sentence"] == found.sentence


def test_the_figures_of_each_model_are_those_it_gets_alone():
    label, a, b = simulated()
    found = compare(label, Contender("a", a), Contender("b", b), seed=1, thresholds=THRESHOLDS, replicates=100)
    for figures, score in zip(found.figures, (a, b), strict=True):
        assert figures.overall["pr_auc"].value == pytest.approx(average_precision_score(label, score))
        flagged = score > 0.3
        assert figures.at["monitor"]["precision"].value == pytest.approx(label[flagged].mean())
        cost = figures.at["monitor"]["cost"]
        assert cost.value == pytest.approx((10 * label[~flagged].sum() + (1 - label)[flagged].sum()) / len(label))
        for estimate in [*figures.overall.values(), *figures.at["monitor"].values(), cost]:
            assert estimate.low <= estimate.value <= estimate.high
        assert sum(group.n for group in figures.reliability) == len(label)


def test_the_interval_of_ece_is_centred_where_resampling_would_push_it_above_the_value():
    random = np.random.default_rng(3)
    score = random.random(3000)
    label = (random.random(3000) < score).astype(float)
    found = compare(label, Contender("a", score), Contender("b", score**2), seed=0)
    calibrated, off = (figures.overall["ece"] for figures in found.figures)
    middle = (calibrated.low + calibrated.high) / 2
    assert abs(middle - calibrated.value) < (calibrated.high - calibrated.low) / 5
    assert calibrated.high < off.low


def test_a_difference_the_other_way_round_is_the_same_with_the_other_sign():
    label, a, b = simulated()
    there = compare(label, Contender("a", a), Contender("b", b), seed=1, thresholds=THRESHOLDS)
    back = compare(label, Contender("b", b), Contender("a", a), seed=1, thresholds=THRESHOLDS)
    for one, other in zip(there.differences, back.differences, strict=True):
        assert one.better == other.better
        if one.difference.low is not None:
            turned = (-other.difference.value, -other.difference.high, -other.difference.low)
            assert (one.difference.value, one.difference.low, one.difference.high) == pytest.approx(turned)


@pytest.mark.slow
def test_a_model_against_itself_shows_no_evidence_in_100_of_100():
    for seed in range(100):
        label, score, _ = simulated(300, seed)
        found = compare(
            label, Contender("a", score), Contender("b", score), seed=seed, thresholds=THRESHOLDS, replicates=50
        )
        assert found.sentence.startswith("No evidence of a difference in PR-AUC between a and b: 0.000")
        assert not any(each.evidence for each in (*found.differences, *found.verdicts))
        severity = flips.severity(score, THRESHOLDS)
        assert len(flips.flips(severity, severity, BANDS).rows) == 0


def test_less_is_better_for_cost_and_for_errors():
    assert difference(-0.1, -0.2, -0.05, "cost").better == "v0004"
    assert difference(-0.1, -0.2, -0.05, "pr_auc").better == "v0003"
    assert difference(-0.1, -0.2, 0.05, "pr_auc").better is None


def test_sentences_say_how_much_or_why_not():
    assert difference(0.0124, 0.004, 0.0203).sentence == (
        "v0004 is better than v0003 by 0.012 PR-AUC, 95 % 0.0040 to 0.020."
    )  # fmt: skip
    assert difference(-0.0124, -0.0203, -0.004).sentence.startswith("v0003 is better than v0004 by 0.012 PR-AUC")
    assert difference(0.01, -0.01, 0.03).sentence.startswith("No evidence of a difference in PR-AUC between v0003 and")
    assert difference(0.01, None, None, "cost", 3).sentence == (
        "Too few users to tell v0003 from v0004 by cost per user: only 3 users flagged by just one of them."
    )
    assert difference(None, None, None, "precision").sentence.startswith("Precision of v0003 and v0004 cannot")


def test_few_changed_flags_are_too_few_however_they_go():
    label, score, _ = simulated()
    other = score.copy()
    other[np.flatnonzero((label == 1) & (score < 0.2))[:5]] = 0.95
    found = compare(label, Contender("a", score), Contender("b", other), seed=0, thresholds=THRESHOLDS)
    cost = found.difference("cost", "monitor")
    assert (cost.changed, cost.evidence, cost.p) == (5, False, None)
    assert "only 5 users" in cost.sentence
    assert found.difference("fpr", "monitor").difference.low == 0


def test_verdicts_count_who_alone_is_right():
    label = np.array([1, 1, 1, 0, 0, 0] * 10, float)
    a = np.array([0.9, 0.1, 0.9, 0.1, 0.1, 0.1] * 10)
    b = np.array([0.9, 0.9, 0.1, 0.9, 0.1, 0.1] * 10)
    found = compare(label, Contender("a", a), Contender("b", b), seed=0, thresholds={"monitor": 0.5}, replicates=20)
    assert (found.verdicts[0].only_a, found.verdicts[0].only_b) == (20, 10)
    assert found.verdicts[0].sentence.startswith("No evidence of a difference: above monitor 20 users judged rightly")
    opposite = Contender("a", b), Contender("b", 1 - b)
    found = compare(label, *opposite, seed=0, thresholds={"monitor": 0.5}, replicates=20)
    counted = "40 users judged rightly by a alone and 20 by b alone (McNemar, p = 0.010)"
    assert found.verdicts[0].sentence == f"a is right more often: above monitor {counted}."


@pytest.mark.parametrize("score", [[0.5, 1.2, 0.1], [0.5, np.nan, 0.1], [-0.1, 0.5, 0.2]])
def test_a_probability_outside_0_to_1_gets_a_sentence(score):
    with pytest.raises(BadOptionError, match="from 0 to 1"):
        Contender("mine", np.array(score))


def test_models_of_other_rows_other_names_or_one_class_are_refused():
    a, b = Contender("a", np.array([0.1, 0.2])), Contender("b", np.array([0.1, 0.2]))
    with pytest.raises(BadOptionError, match="must score the same rows"):
        compare([0, 1, 1], a, b, seed=0)
    with pytest.raises(BadOptionError, match="different names"):
        compare([0, 1], a, a, seed=0)
    with pytest.raises(TooFewRowsError):
        compare([1, 1], a, b, seed=0)


@given(scores(), st.floats(0, 1))
def test_a_confusion_matrix_counts_scores_strictly_above(data, threshold):
    label, score = data
    found = Sweep(label, score).confusion(threshold)
    expected = confusion_matrix(label, score > threshold, labels=[0, 1]).ravel().tolist()
    assert [found.left_alone, found.false_alarms, found.missed, found.caught] == expected


@given(scores(), st.floats(0.01, 1))
def test_thresholds_found_by_a_wish_keep_it_and_no_other_does_better(data, wish):
    label, score = data
    sweep = Sweep(label, score)
    every = [sweep.confusion(t) for t in [-1e-9, *np.unique(score)]]
    recall, rate = sweep.at_recall(wish), sweep.at_flag_rate(wish)
    assert recall.recall >= wish - 1e-12
    assert recall.flag_rate == min(each.flag_rate for each in every if each.recall >= wish - 1e-12)
    assert rate.flag_rate == max(each.flag_rate for each in every if each.flag_rate <= wish)
    precise = sweep.at_precision(wish)
    able = [each.recall for each in every if each.precision is not None and each.precision >= wish]
    assert (precise.recall if precise else None) == max(able, default=None)
    costs = Costs(5, 1 + wish)
    assert sweep.at_cost(costs).cost(costs) == pytest.approx(min(each.cost(costs) for each in every))


@given(scores(), st.floats(0, 1))
def test_a_threshold_that_was_found_flags_what_it_says(data, wish):
    label, score = data
    for found in (Sweep(label, score).at_recall(wish), Sweep(label, score).at_flag_rate(wish)):
        assert (score > found.threshold).sum() == found.caught + found.false_alarms


def test_curves_have_at_most_400_points_and_nearly_the_same_area():
    label, score, _ = simulated(20_000)
    curve = Sweep(label, score).curves()
    assert len(curve) <= thresholds.POINTS
    assert np.trapezoid(curve["recall"], curve["fpr"]) == pytest.approx(roc_auc_score(label, score), abs=1e-3)
    rise = np.diff(curve["recall"])
    step = (rise * curve["precision"].to_numpy()[1:]).sum()
    assert step == pytest.approx(average_precision_score(label, score), abs=5e-3)
    assert curve.iloc[0]["flagged"] == 0
    assert curve.iloc[-1][["recall", "fpr", "flag_rate"]].tolist() == [1, 1, 1]


def test_score_distributions_hold_every_user_once_in_a_bin_that_contains_the_score():
    label, score, _ = simulated(500)
    found = thresholds.distributions(label, score)
    assert (found["spammers"].sum(), found["legitimate"].sum()) == (label.sum(), (1 - label).sum())
    inside = [((score >= row.start) & (score < row.end)).sum() for row in found.itertuples()]
    assert (found["spammers"] + found["legitimate"]).tolist() == inside


def test_the_brier_score_falls_apart_as_murphy_says():
    """Worked by hand: forecasts .2 (1 of 4 come true) and 0.8 (3 of 4)."""
    label, score = [1, 0, 0, 0, 1, 1, 1, 0], [0.2] * 4 + [0.8] * 4
    found = thresholds.decompose(label, score, bins=None)
    assert found.reliability == pytest.approx(0.05**2)
    assert found.resolution == pytest.approx(0.25**2)
    assert (found.uncertainty, found.within) == pytest.approx((0.25, 0))
    assert found.brier == pytest.approx((0.8**2 + 3 * 0.2**2) / 4)


@given(scores(), st.sampled_from([None, 1, 4, 15]))
def test_the_parts_of_the_brier_score_add_up(data, bins):
    found = thresholds.decompose(*data, bins=bins)
    assert found.reliability - found.resolution + found.uncertainty + found.within == pytest.approx(found.brier)


def test_the_weakest_segment_is_found_and_a_random_one_is_not():
    label, _, score = simulated(6000)
    random = np.random.default_rng(5)
    country = random.choice(["DE", "KE", "PK"], 6000)
    blind = country == "KE"
    score[blind] = random.permutation(score[blind])
    groups = {"country": weakest.by_value(pd.Series(country)), "dice": weakest.by_bin(random.random(6000))}
    table = weakest.segments(label, score, 0.3, groups)
    assert table.loc[table["p_holm"] < 0.05, "segment"].tolist() == ["KE"]
    assert "whose country is KE" in weakest.weakest(table)
    row = table.iloc[0]
    inside, flagged = blind, score > 0.3
    assert (row["n"], row["selection_rate"]) == (inside.sum(), pytest.approx(flagged[inside].mean()))
    assert row["fpr"] == pytest.approx(flagged[inside & (label == 0)].mean())
    assert row["fnr"] == pytest.approx(1 - flagged[inside & (label == 1)].mean())
    assert row["roc_auc"] == pytest.approx(roc_auc_score(label[inside], score[inside]))


def test_segments_that_are_too_small_are_shown_but_not_tested():
    label, _, score = simulated(1000)
    parts = np.where(np.arange(1000) < 150, "few", "many")
    table = weakest.segments(label, score, 0.3, {"part": weakest.by_value(pd.Series(parts))}, fewest=200)
    assert table.set_index("segment")["p"].isna().to_dict() == {"few": True, "many": False}


def test_missing_values_are_a_segment_of_their_own():
    assert [(name, inside.tolist()) for name, inside in weakest.by_value(pd.Series(["b", None, "b"]))] == [
        ("b", [True, False, True]), ("missing", [False, True, False]),
    ]  # fmt: skip
    names = [name for name, _ in weakest.by_bin([1.0, np.nan, 2.0])]
    assert names == ["1", "2", "missing"]


@pytest.mark.slow
def test_no_segment_is_called_weak_in_about_19_of_20_homogeneous_sets():
    weak = 0
    for seed in range(200):
        label, _, score = simulated(3000, seed)
        parts = pd.Series(np.random.default_rng([9, seed]).choice(list("abcdef"), 3000))
        weak += weakest.segments(label, score, 0.3, {"part": weakest.by_value(parts)})["p_holm"].min() < 0.05
    assert weak <= 20  # more than 20 of 200 at 5 % happens once in 1,000 times


def test_cautions_speak_only_when_there_is_reason():
    assert "learnt from" in cautions.overfitted("v0001", 0.95, Estimate(0.7, 0.65, 0.75))
    assert cautions.overfitted("v0001", 0.8, Estimate(0.7, 0.65, 0.75)) is None
    assert "spammers" in cautions.other_prevalence("v0001", (300, 10_000), (900, 10_000))
    assert cautions.other_prevalence("v0001", (300, 10_000), (2, 40)) is None
    assert cautions.leaking(()) is None
    assert "X7" in cautions.leaking(("X7",))
    assert "from 0.600 to 0.800" in cautions.unstable("v0001", (0.7, 0.6, 0.8), Estimate(0.7, 0.65, 0.75))
    assert cautions.unstable("v0001", (0.7, 0.65, 0.72), Estimate(0.7, 0.65, 0.75)) is None
    assert cautions.unstable("v0001", (), Estimate(0.7, 0.65, 0.75)) is None
    label = np.array([0] * 95 + [1] * 5)
    assert "legitimate" in cautions.below_trivial("v0001", Sweep(label, np.linspace(0, 1, 100)).confusion(0.5))
    assert cautions.below_trivial("v0001", Sweep(label, np.linspace(0, 1, 100)).confusion(0.95)) is None


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A home with v0001 of 1,500 users, v0002 of 1,500 others, and a file of 1,500 that holds some of the first."""
    home = Home.open(tmp_path_factory.mktemp("two"))
    make.trained_home(home)
    for name, frame in {
        "second.csv": make.users(1500, seed=1),
        "on.csv": pd.concat([make.users(1500, seed=0)[:500], make.users(1000, seed=3)]),
    }.items():
        checked = intake.read(name, make.csv(frame), SCHEMA, need_label=True)
        dataset = home.datasets.put(checked, SCHEMA, now=NOW, need_label=True)
        if name == "second.csv":
            home.training.learn(dataset, SCHEMA, THRESHOLDS, now=NOW, seed=1)
    return home, dataset


def test_versions_are_compared_on_users_neither_learnt_from(two):
    home, dataset = two
    schema = schemas.load(home.settings.schema_file)
    models = [home.registry.load(version) for version in ("v0001", "v0002")]
    rows = home.common_rows.rows(models, dataset, schema)
    keys = split.keys(make.users(1500, seed=0)[:500], SCHEMA, home.split.salt())
    tested = int(split.in_test(keys, home.split.moved()).sum())
    assert rows.copies > 0  # by chance, where a value is missing
    assert len(rows.label) == 1000 + tested - rows.copies
    assert rows.trained_on == {"v0001": 500 - tested, "v0002": 0}
    alike = f"and {rows.copies} who share every feature with such a user, are left out"
    assert f"{500 - tested} that v0001 learnt from, {alike}" in rows.sentence


def test_of_a_version_from_a_home_with_another_salt_nothing_is_left_out_but_it_is_said(two):
    home, dataset = two
    model = home.registry.load("v0001")
    salt = home.settings.salt_file.read_text()
    write_text(home.settings.salt_file, "6b" * 16 + "\n")
    rows = home.common_rows.rows([model], dataset, SCHEMA)
    write_text(home.settings.salt_file, salt)
    assert (len(rows.label), rows.untold) == (1500, ("v0001",))
    assert "another salt" in rows.sentence


def test_two_versions_side_by_side_tell_everything(two):
    home, dataset = two
    models = [home.registry.load(version) for version in ("v0001", "v0002")]
    found = home.version_comparisons.versions(*models, dataset, SCHEMA, THRESHOLDS, seed=0)
    facts = json.loads(json.dumps(found.as_json()))
    severity = [decide(make.policy(), each.probability).severity for each in found.contenders]
    assert facts["flips"]["users"] == (severity[0] != severity[1]).sum() > 0
    assert facts["n"] == len(found.rows.label)
    assert set(found.reasons.rows[found.reasons.why["row"]]) <= set(found.flips.rows)
    assert ((found.reasons.overlap >= 0) & (found.reasons.overlap <= 1)).all()
    for segments in found.segments:
        assert {"country", "links", "ratio"} <= set(segments["column"])


def test_users_all_learnt_from_leave_nothing_to_compare(two):
    home, _ = two
    model = home.registry.load("v0002")
    frame = make.users(1500, seed=1)
    frame = frame[~make.in_test(home, frame)]
    checked = intake.read("learnt.csv", make.csv(frame), SCHEMA, need_label=True)
    dataset = home.datasets.put(checked, SCHEMA, now=NOW, need_label=True)
    with pytest.raises(TooFewRowsError, match=r"have not learnt from in learnt\.csv"):
        home.common_rows.rows([model], dataset, SCHEMA)
