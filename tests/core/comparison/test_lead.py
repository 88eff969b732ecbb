"""The answer of a comparison: three sentences in order, and no threshold that contradicts them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

from core.comparison import lead
from core.comparison.comparison_store import Comparisons
from core.comparison.lead import Lead
from core.comparison.paired_metrics import Comparison, Contender, compare
from core.settings import ROOT

CUTS = {"monitor": 0.3, "human_review": 0.5, "auto_remove": 0.9}


def users(n: int = 3000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of about 5 %, and probabilities that come true."""
    random = np.random.default_rng(seed)
    chance = expit(random.normal(-4, 2, n))
    return (random.random(n) < chance).astype(float), chance


def made(label: np.ndarray, a: Contender, b: Contender, day: int = 0) -> tuple[Comparison, Lead]:
    found = compare(label, a, b, seed=0, thresholds=CUTS, replicates=50)
    return found, lead.of(found, label, a.probability, b.probability, thresholds=CUTS, day=day)


def test_the_same_ranking_under_probabilities_too_high_differs_in_calibration_alone() -> None:
    label, chance = users()
    high = expit(logit(chance) + 3)
    found, said = made(label, Contender("a", chance), Contender("b", high))

    ranking, calibration, decisions = said.sentences
    assert ranking == found.sentence
    assert ranking.startswith("No evidence of a difference in PR-AUC")
    factor = high.mean() / label.mean()
    assert f"b's probabilities run {factor:.1f} times too high" in calibration
    assert "a's probabilities are about right on average" in calibration
    assert f"With {(chance > 0.5).sum():,} users flagged by each, as many as a flags for review" in decisions
    assert "no evidence of a difference" in decisions


def test_thresholds_that_are_two_different_cuts_say_so_in_place_of_their_tests() -> None:
    label, chance = users()
    found, said = made(label, Contender("a", chance), Contender("b", expit(logit(chance) + 3)))

    told = said.told(found)
    assert {each.band for each in said.two_cuts} == set(CUTS)
    assert sum("two different cuts" in each for each in told) == 3
    rest = [each for each in told if "two different cuts" not in each]
    assert not any(f"above {band}" in each for each in rest for band in CUTS)
    assert any(each.evidence and each.band for each in found.differences)
    first = said.two_cuts[0]
    assert (first.flagged_a, first.flagged_b) == ((chance > 0.3).sum(), (expit(logit(chance) + 3) > 0.3).sum())
    assert "because b's probabilities run" in first.sentence


def test_thresholds_of_two_that_are_calibrated_keep_every_test() -> None:
    label, chance = users()
    found, said = made(label, Contender("a", chance), Contender("b", chance))
    assert said.two_cuts == ()
    assert said.told(found) == [each.sentence for each in (*found.differences, *found.verdicts)][1:]


def test_a_day_that_is_shorter_bounds_the_number_and_a_longer_one_does_not() -> None:
    label, chance = users()
    a, b = Contender("a", chance), Contender("b", chance / 2)
    assert made(label, a, b, day=7)[1].decisions.why == "the capacity of a day"
    assert made(label, a, b, day=7)[1].decisions.a.flagged == 7
    assert made(label, a, b, day=10**6)[1].decisions.why == "as many as a flags for review"


def test_where_neither_flags_anybody_as_many_as_there_are_spammers_are_held() -> None:
    label, chance = users()
    decisions = made(label, Contender("a", chance / 10), Contender("b", chance / 9))[1].decisions
    assert (decisions.why, decisions.a.flagged) == ("as many as there are spammers", label.sum())


@pytest.mark.parametrize("scale", [1.0, 1e300])
def test_scores_of_any_range_are_compared_on_ranking_and_equal_capacity_alone(scale: float) -> None:
    label, chance = users()
    margins = Contender("svm.csv", logit(chance) * scale, "score")
    found, said = made(label, Contender("v1", chance), margins)

    assert [each.figure for each in found.differences] == ["pr_auc", "roc_auc"]
    assert found.verdicts == ()
    assert found.difference("pr_auc").difference.value == pytest.approx(0)
    assert set(found.figures[1].overall) == {"pr_auc", "roc_auc"}
    assert said.decisions.a.caught == said.decisions.b.caught
    assert said.calibration.endswith("svm.csv holds no probabilities.")
    assert "svm.csv holds scores, not probabilities: calibration, Brier score, ECE" in said.left_out[0]
    assert Comparison.from_json(found.as_json()) == found


def test_labels_alone_are_held_at_their_own_cut_against_as_many_of_the_other() -> None:
    label, chance = users()
    flagged = (chance > 0.4).astype(float)
    found, said = made(label, Contender("v1", chance), Contender("rules.csv", flagged, "label"))

    assert (found.differences, found.verdicts) == ((), ())
    assert "rules.csv, put nobody before another" in said.ranking
    decisions = said.decisions
    assert (decisions.why, decisions.a.flagged, decisions.b.flagged) == (
        "as many as rules.csv flags", flagged.sum(), flagged.sum(),
    )  # fmt: skip
    assert decisions.a.shares == decisions.b.shares
    assert decisions.b.shares["precision"].value == pytest.approx(label[flagged == 1].mean())
    assert decisions.b.shares["fpr"].value == pytest.approx(flagged[label == 0].mean())
    assert said.told(found) == []
    assert Comparison.from_json(found.as_json()) == found


def test_two_files_of_labels_are_told_at_their_own_numbers_without_a_test() -> None:
    label, chance = users()
    few, many = ((chance > above).astype(float) for above in (0.6, 0.2))
    decisions = made(label, Contender("a", few, "label"), Contender("b", many, "label"))[1].decisions
    assert decisions.p is None
    assert "labels alone cannot be held at the same number" in decisions.sentence
    nobody = made(label, Contender("a", np.zeros(len(label)), "label"), Contender("b", chance))[1].decisions
    assert nobody.sentence.endswith("which is nobody: there is nothing to catch.")


def test_a_comparison_of_before_opens_with_what_it_lacked_worked_out(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "tests" / "homes" / "v0" / "home" / "data" / "compared", tmp_path / "compared")
    known = Comparisons(folder).load(next(folder.iterdir()).name)
    assert known is not None
    said = known.lead()
    assert said.ranking == known.comparison.sentence
    assert len(said.calibrations) == 2
    assert said.decisions.a.flagged == said.decisions.b.flagged > 0
