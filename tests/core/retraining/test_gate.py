"""The gate on real models: a copy of the champion, a worse and a better one; and what is kept of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.data import split
from core.home import Home
from core.model.calibrate import Calibration
from core.registry.registry import Model
from core.retraining import gate
from core.retraining.gate import Gate
from core.retraining.training_set import Labelled
from core.scoring.scorer import Scorer
from tests import make
from tests.make import NOW, SCHEMA

THRESHOLDS = make.policy().thresholds


def labelled(n: int, seed: int) -> Labelled:
    frame = make.users(n, seed)
    keys = split.keys(frame, SCHEMA, b"salt")
    return Labelled(frame, frame["spam"].to_numpy(float), np.ones(n), keys, np.zeros(n, bool))


JUDGES = labelled(1500, 11)
NOBODY = JUDGES.only(np.zeros(1500, bool))


def gated(champion: Model, candidate: Model, judges: Labelled = JUDGES, golden: Labelled = NOBODY) -> Gate:
    return gate.check(champion, candidate, judges, golden, SCHEMA, THRESHOLDS, said="All of them.", seed=0, now=NOW)


def states(found: Gate) -> dict[str, str]:
    return {each.name: each.state for each in found.checks}


@pytest.fixture(scope="session")
def champion(trained: Home) -> Model:
    return trained.registry.load()


def first_trees(champion: Model, rounds: int = 1) -> Model:
    """The champion with few of its trees."""
    return replace(champion, version="v0002", predictor=champion.predictor[:rounds])


def test_a_copy_of_the_champion_is_not_worse_and_needs_a_person(champion: Model) -> None:
    found = gated(champion, replace(champion, version="v0002"))

    assert found.verdict == "hold"
    assert found.gain == (0.0, 0.0, 0.0)
    assert {name for name, state in states(found).items() if state == "open"} == {"gain"}
    assert "golden items" not in states(found)
    assert (found.champion, found.candidate, found.n, found.at) == ("v0001", "v0002", 1500, NOW)
    assert found.spammers == int(JUDGES.label.sum())


def test_a_candidate_that_has_learnt_less_is_rejected_and_the_other_way_round_promoted(champion: Model) -> None:
    weak = replace(first_trees(champion, 3), calibration=Calibration(4.0, 4.0, 5.0))

    assert gated(champion, weak).verdict == "reject"
    better = gated(weak, champion)
    assert states(better)["gain"] == "passed"
    assert better.gain is not None
    assert better.gain[1] > 0


def test_a_candidate_that_flags_everybody_is_rejected_although_it_ranks_alike(champion: Model) -> None:
    found = gated(champion, replace(champion, version="v0002", calibration=Calibration(1.0, 1.0, 4.0)))

    assert found.verdict == "reject"
    assert states(found)["calibration"] == "failed"
    assert states(found)["flips"] == "open"


def test_golden_items_are_looked_at_when_there_are_any(champion: Model) -> None:
    golden = labelled(60, 12)
    sure = golden.only(np.abs(Scorer(champion).score(golden.frame).probability - 0.5) > 0.3)

    assert states(gated(champion, champion, golden=sure))["golden items"] == "passed"


def test_without_judges_of_both_classes_nothing_is_promoted(champion: Model) -> None:
    for judges in (NOBODY, JUDGES.only(JUDGES.label == 0), JUDGES.only(np.arange(60))):
        found = gated(champion, replace(champion, version="v0002"), judges)
        assert found.verdict == "hold"
        assert "too few to judge by" in found.sentence


def test_what_was_found_is_kept_with_the_version(home: Home, champion: Model) -> None:
    for judges in (JUDGES, NOBODY):
        found = gated(champion, first_trees(champion), judges)
        home.gate_reports.keep(found)
        assert home.gate_reports.kept("v0002") == found
    assert home.gate_reports.kept("v0003") is None
    assert home.gate_reports.kept("../../salt") is None


def test_golden_items_are_flagged_above_review_and_time_is_told_for_one_user(champion: Model) -> None:
    golden = labelled(400, 12)
    score = Scorer(champion).score(golden.frame).probability
    between = golden.only((score > THRESHOLDS["monitor"]) & (score <= THRESHOLDS["human_review"]))
    found = {each.name: each for each in gated(champion, champion, golden=between).checks}

    # Nobody between the two is flagged, so that those who are legitimate are judged rightly.
    assert found["golden items"].figure == pytest.approx(1 - between.label.mean())
    assert 0 < between.label.sum() < len(between.label)
    assert 0 < gate._seconds(champion, JUDGES) < 0.1
