"""What the verdicts say of a run: the truth where everybody is judged, and the weighted sum where some are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import BadOptionError
from core.estimation.estimate import Figures
from core.estimation.live_figures import Live
from core.home import Home
from core.planning.day import Places
from core.policy.bands import BANDS
from core.policy.decide import decide
from core.policy.policy import Policy
from core.review.enqueue import Queued
from core.schema import schema as schemas
from core.scoring.runs import Run
from tests import make
from tests.core.review.reviewing import (
    POLICY,
    fresh,
    judge,
    judge_all,
    not_chosen,
    planned,
    rows,
    said,
    scored,
    truth_of,
    waiting,
)
from tests.make import NOW

FRAME = make.users(250, seed=1)
TRUTH = truth_of(FRAME)


def figures(home: Home, run: Run) -> Figures:
    found = home.live_figures.figures(run, fresh(home).valid())
    assert found is not None
    return found


def counts(found: Figures) -> dict[str, int]:
    """Over all bands."""
    names = ("judged", "events", "pending", "unsure")
    return {name: sum(getattr(band, name) for band in found.bands) for name in names}


def same(one: Figures, other: Figures) -> bool:
    """To the last bit; no figure is the same as no figure."""
    return repr(one) == repr(other)


def severity(home: Home, run: Run) -> pd.Series[int]:
    score = home.runs.scores(run.id)["probability"]
    return pd.Series(decide(run.policy, score).severity, index=score.index)


def shares(found: Figures) -> list[float]:
    return [*(band.value for band in found.bands), found.precision.value, found.recall.value]


def test_a_run_that_was_never_queued_has_no_figures(own: Home) -> None:
    run = scored(own, FRAME)
    assert own.live_figures.figures(run, fresh(own).valid()) is None


def test_before_the_first_verdict_all_that_were_chosen_are_pending(own: Home) -> None:
    run = planned(own, FRAME)
    found = figures(own, run)
    assert counts(found) == {"judged": 0, "events": 0, "pending": len(waiting(own)), "unsure": 0}
    assert not found.recall.enough
    assert (found.recall.low, found.recall.high) == (0, 1)


@pytest.mark.parametrize(
    ("capacity", "uncertain"), [(8, 3), *(pytest.param(*each, marks=pytest.mark.slow) for each in ((0, 0), (1000, 10)))]
)
def test_where_everybody_is_judged_the_figures_are_the_truth(own: Home, capacity: int, uncertain: int) -> None:
    run = planned(own, FRAME, capacity=capacity, audit=1, uncertain=uncertain)
    judge_all(own, TRUTH)
    found, spam, band = figures(own, run), FRAME["spam"].to_numpy(), severity(own, run).to_numpy()
    for code, each in enumerate(found.bands):
        assert each.value == each.low == each.high == spam[band == code].mean(), BANDS[code]
        assert (each.judged, each.events) == ((band == code).sum(), spam[band == code].sum())
    assert found.precision.value == found.precision.low == spam[band >= 2].mean()
    assert found.recall.value == found.recall.high == (spam * (band >= 2)).sum() / spam.sum()


def direct(home: Home, run: Run) -> tuple[float, float]:
    """Precision and recall from the file alone and what the plan says of how many users there are.

    Everybody flagged is certain to be judged. Of the others an unequal sample was drawn: weights 1 / inclusion, and
    their share of the users of the band; where spammers are rare, below a tenth by the scores, their plain sum.
    """
    lines = rows(home)
    lines = lines[lines["verdict"].isin(["spammer", "legitimate"])]
    spam, weight = lines["actual_label"].astype(float), 1 / lines["inclusion"].astype(float)
    plan, score, band = home.runs.plan(run.id), home.runs.scores(run.id)["probability"], severity(home, run)
    assert plan is not None
    flagged = spam[lines["band"].isin(["human_review", "auto_remove"])]
    missed = 0.0
    for code, name in enumerate(BANDS[:2]):
        for random in (False, True):
            mine = (lines["band"] == name) & ((weight > 1) == random)
            users = (band == code) & ((plan["inclusion"] < 1) == random)
            total = (spam * weight)[mine].sum()
            rare = random and score[users].mean() < 0.1
            missed += total if rare or not users.any() else users.sum() * total / weight[mine].sum()
    return flagged.mean(), flagged.sum() / (flagged.sum() + missed)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6))])
def test_the_figures_are_the_weighted_sums_of_the_file(own: Home, seed: int) -> None:
    frame = make.users(500, seed=seed)
    run = planned(own, frame, capacity=1000, audit=0.3, uncertain=12)
    judge_all(own, truth_of(frame))
    found = figures(own, run)
    precision, recall = direct(own, run)
    assert found.precision.value == pytest.approx(precision, rel=1e-12)
    assert found.recall.value == pytest.approx(recall, rel=1e-12)
    assert counts(found)["judged"] == len(rows(own)) < 500
    assert recall < found.recall.naive  # those judged are mostly flagged, so what is missed is hardly seen


def test_a_sample_without_certain_users_says_the_same_as_its_weighted_sum(own: Home) -> None:
    run = planned(own, FRAME, capacity=0, audit=0.4, uncertain=0)
    judge_all(own, TRUTH)
    assert set(rows(own)["stratum"]) == {"random"}
    found, lines = figures(own, run), rows(own)
    spam, weight = lines["actual_label"].astype(float), 1 / lines["inclusion"].astype(float)
    mine = lines["band"] == "monitor"
    assert found.bands[1].value == pytest.approx((spam * weight)[mine].sum() / weight[mine].sum())


def test_half_judged_the_rest_is_pending(own: Home) -> None:
    run = planned(own, FRAME, audit=0.3)
    half, all_ = waiting(own)[::2], len(waiting(own))
    for case in half:
        judge(own, case, TRUTH[case.user])
    spammers = sum(TRUTH[case.user] == "spammer" for case in half)
    assert counts(figures(own, run)) == {
        "judged": len(half), "events": spammers, "pending": all_ - len(half), "unsure": 0,
    }  # fmt: skip


def test_unsure_verdicts_are_counted_apart_and_say_how_far_they_could_move_the_figure(own: Home) -> None:
    run = planned(own, FRAME, capacity=1000, audit=0.3, uncertain=0)
    unsure = [case for case in waiting(own) if case.band == "human_review"][:3]
    for case in unsure:
        judge(own, case, "unsure")
    judge_all(own, TRUTH)
    found = figures(own, run)
    band = found.bands[BANDS.index("human_review")]
    assert (counts(found)["unsure"], band.unsure, counts(found)["pending"]) == (3, 3, 0)
    size = band.judged + 3
    assert band.value == pytest.approx(band.events / band.judged)
    assert (band.worst, band.best) == (pytest.approx(band.events / size), pytest.approx((band.events + 3) / size))


def test_a_verdict_that_was_taken_back_does_not_count(own: Home) -> None:
    run = planned(own, FRAME)
    case = waiting(own)[0]
    verdict = judge(own, case)
    assert counts(figures(own, run))["judged"] == 1
    own.verdicts.undo([verdict.id], by="Ada", now=NOW)
    assert counts(figures(own, run))["judged"] == 0


def test_a_changed_mind_counts_as_it_is_now(own: Home) -> None:
    run = planned(own, FRAME)
    case = waiting(own)[0]
    judge(own, case, "spammer", verdict="v1")
    own.feedback.record([said(case, "legitimate", verdict="v2", supersedes="v1")])
    assert counts(figures(own, run)) | {"pending": 0} == {"judged": 1, "events": 0, "pending": 0, "unsure": 0}
    own.feedback.record([said(case, "unsure", verdict="v3", by="Bob")])
    assert counts(figures(own, run))["unsure"] == 1


# Which verdicts count


def test_an_earlier_verdict_on_the_same_values_counts_in_a_later_run(own: Home) -> None:
    first = planned(own, FRAME)
    judge_all(own, TRUTH)
    later = scored(own, FRAME)
    assert own.plans.choose(Places(0, 0, 0.0), by="Lea", now=NOW).queued == Queued()
    assert counts(figures(own, later)) == counts(figures(own, first))
    assert shares(figures(own, later)) == pytest.approx(shares(figures(own, first)), nan_ok=True)


def test_a_verdict_on_other_values_does_not_count(own: Home) -> None:
    first = planned(own, FRAME, audit=0.5)
    judge_all(own, TRUTH)
    before = figures(own, first)
    even = np.arange(len(FRAME)) % 2 == 0
    later = scored(own, FRAME.assign(tier=np.where(even, FRAME["tier"], FRAME["tier"] % 4 + 1)))
    own.plans.choose(Places(0, 0, 20.0), by="Lea", now=NOW)
    plan = own.runs.plan(later.id)
    assert plan is not None
    judged = set(rows(own)["user"])
    counted = [row for row in plan.index[plan["chosen"]] if even[row - 1] and FRAME["user"][row - 1] in judged]
    assert counts(figures(own, later))["judged"] == len(counted)
    # What is said on the new values says nothing of the run on the old ones, and takes nothing from it.
    waited = len(waiting(own))
    judge_all(own, TRUTH, name="later")
    assert counts(figures(own, later))["judged"] == len(counted) + waited
    assert waited > 0
    assert same(figures(own, first), before)


def test_a_missing_value_is_the_same_as_a_missing_value_and_as_nothing_else(own: Home) -> None:
    run = planned(own, FRAME)
    case = next(each for each in waiting(own) if each.features["ratio"] is None)
    other = said(case, "spammer", verdict="other", features={**case.features, "ratio": 0.0})
    own.feedback.record([other])
    assert counts(figures(own, run))["judged"] == 0
    own.feedback.record([said(case, "spammer")])
    assert counts(figures(own, run))["judged"] == 1


@pytest.mark.parametrize("inclusion", [None, 0.5])
@pytest.mark.parametrize("stratum", ["golden", "second", "flip", "appeal"])
def test_who_was_only_judged_for_another_reason_counts_as_not_judged(
    own: Home, stratum: Any, inclusion: float | None
) -> None:
    run = planned(own, FRAME)
    case, other, *_ = waiting(own)
    judge(own, case, "spammer")
    before = figures(own, run)
    again = {"stratum": stratum, "inclusion": inclusion}
    own.feedback.record([said(other, "legitimate", verdict="again", **again)])
    assert same(figures(own, run), before)


@pytest.mark.parametrize("stratum", ["second", "flip", "appeal"])
def test_whatever_was_said_last_of_a_drawn_user_is_the_label_with_the_weight_of_the_draw(
    own: Home, stratum: Any
) -> None:
    run = planned(own, FRAME, capacity=1, audit=0.2)
    random = next(case for case in waiting(own) if case.stratum == "random")
    judge(own, random, "legitimate")
    expected = figures(own, run)
    judge_as_spammer = said(random, "spammer", verdict="v2", by="Bob", inclusion=None, stratum=stratum)
    own.feedback.record([judge_as_spammer])
    changed = figures(own, run)
    assert not same(changed, expected)
    assert sum(band.events for band in changed.bands) == 1
    own.feedback.record([said(random, "legitimate", verdict="v3", by="Eve", inclusion=None, stratum=stratum)])
    assert same(figures(own, run), expected)
    row = fresh(own).effective().iloc[-1]
    assert (row["verdict"], row["stratum"], row["inclusion"]) == ("legitimate", "random", random.inclusion)


def test_an_overturned_verdict_counts_as_it_stands_everywhere(own: Home) -> None:
    run = planned(own, FRAME, capacity=1, audit=0.2)
    random = next(case for case in waiting(own) if case.stratum == "random")
    first = judge(own, random, "spammer")
    appeal = own.queue.reopen(random.id, by="Lea", note="says it is a mistake", now=NOW)
    judge(own, appeal, "legitimate", by="Bob")
    assert sum(band.events for band in figures(own, run).bands) == 0
    rows_ = own.live_figures.labelled(run, fresh(own).valid())
    assert rows_ is not None
    assert rows_["label"].tolist() == [0.0]
    standing = fresh(own).effective()
    assert standing[["user", "verdict", "stratum"]].to_numpy().tolist() == [[random.user, "legitimate", "random"]]
    assert standing["inclusion"].tolist() == [first.inclusion]
    assert own.outbox.of_user(random.user)["decision"].tolist() == ["remove", "keep"]
    # Taken back, the appeal leaves what was said before.
    own.verdicts.undo([f"v-{appeal.id}-Bob"], by="Bob", now=NOW)
    assert fresh(own).effective()["verdict"].tolist() == ["spammer"]
    assert sum(band.events for band in figures(own, run).bands) == 1


def test_feedback_from_outside_the_plan_stays_out(own: Home) -> None:
    run = planned(own, FRAME)
    chosen, other = waiting(own)[:2]
    before = figures(own, run)
    own.feedback.record([said(chosen, "spammer", case="", verdict="i1", inclusion=None)])
    # And so does a label of somebody whom this run has not chosen.
    row = next(iter(not_chosen(own, run)))
    about = {"user": FRAME["user"][row - 1], "prediction": f"{run.id}-{row}"}
    values = {name: None if pd.isna(value) else float(value)
              for name, value in FRAME.loc[row - 1, list(make.SCHEMA.names)].items()}  # fmt: skip
    own.feedback.record([said(other, "spammer", case="", verdict="i2", features=values, **about)])
    assert same(figures(own, run), before)


# By hand


def test_a_user_sent_by_hand_counts_as_one_and_no_more(own: Home) -> None:
    run = planned(own, FRAME, capacity=1000, audit=0.3, uncertain=0)
    judge_all(own, TRUTH)
    before = figures(own, run).bands[0]
    spammers = [row for row in not_chosen(own, run) if FRAME["spam"][row - 1]]
    assert len(spammers) > 1
    own.sending.send(run.id, spammers, by="Lea", now=NOW)
    assert figures(own, run).bands[0].pending == len(spammers)
    judge_all(own, TRUTH, name="by hand")
    after, users = figures(own, run).bands[0], (severity(own, run) == 0).sum()
    assert after.judged == before.judged + len(spammers)
    lines = rows(own)
    mine = lines[(lines["band"] == "allow")]
    assert mine["inclusion"].tolist().count("1") == len(spammers)
    spam, weight = mine["actual_label"].astype(float), 1 / mine["inclusion"].astype(float)
    assert after.value == pytest.approx((spam * weight).sum() / users)
    assert after.value - before.value == pytest.approx(len(spammers) / users)


def test_a_user_drawn_and_sent_by_hand_is_counted_once_and_as_one(own: Home) -> None:
    run = planned(own, FRAME, capacity=1000, audit=0.3, uncertain=0)
    drawn = next(case for case in waiting(own) if case.band == "allow" and TRUTH[case.user] == "spammer")
    judge_all(own, TRUTH)
    before = figures(own, run).bands[0]
    own.sending.send(run.id, [drawn.row], by="Lea", now=NOW)
    after, users = figures(own, run).bands[0], (severity(own, run) == 0).sum()
    assert after.judged == before.judged
    assert drawn.inclusion
    assert before.value - after.value == pytest.approx((1 / drawn.inclusion - 1) / users)


def test_without_ids_the_verdicts_on_a_file_count_for_that_file_only(own: Home) -> None:
    schemas.save(replace(make.SCHEMA, id=None), own.settings.schema_file)
    frame = FRAME.drop(columns="user")
    run = planned(own, frame)
    judge_all(own, {case.user: "spammer" for case in waiting(own)})
    judged = counts(figures(own, run))["judged"]
    assert judged == len(rows(own)) > 0
    again, other = scored(own, frame), scored(own, frame.assign(name="another file"))
    own.plans.choose(Places(0, 0, 20.0), by="Lea", now=NOW)
    assert [counts(figures(own, each))["judged"] for each in (again, other)] == [judged, 0]


# A period


def live(home: Home, run: Run, days: int = 28) -> Live:
    found = home.live_figures.live(run, fresh(home).valid(), days=days)
    assert found is not None
    return found


def test_over_one_run_the_period_says_what_the_run_does(own: Home) -> None:
    run = planned(own, FRAME, audit=0.3)
    judge_all(own, TRUTH)
    found = live(own, run)
    assert same(found.figures, figures(own, run))
    assert (found.name, found.users, found.runs) == (run.id, len(FRAME), (run,))


@pytest.mark.slow
def test_files_of_a_period_say_together_what_one_file_of_all_users_says(own: Home) -> None:
    """Everybody is judged, so that each figure is the truth over the users of both."""
    other = make.users(250, seed=2)
    first = planned(own, FRAME, audit=1.0)
    second = planned(own, other, audit=1.0)
    judge_all(own, TRUTH | truth_of(other))
    found, spam = live(own, second), np.concatenate([FRAME["spam"], other["spam"]])
    band = np.concatenate([severity(own, run) for run in (first, second)])
    assert (found.name, found.users) == (f"{first.id} to {second.id}", 500)
    assert found.figures.precision.value == pytest.approx(spam[band >= 2].mean())
    assert found.figures.recall.value == pytest.approx((spam * (band >= 2)).sum() / spam.sum())


def test_a_user_of_several_runs_counts_once_by_the_latest_with_the_largest_inclusion(own: Home) -> None:
    first = planned(own, FRAME, audit=0.3)
    judge_all(own, TRUTH)
    before = figures(own, first)
    second = scored(own, FRAME.assign(links=FRAME["links"] + 1))
    own.plans.choose(Places(0, 0, 1e-6), by="Lea", now=NOW)
    found = live(own, second)
    assert found.users == len(FRAME)
    assert counts(found.figures)["judged"] == counts(before)["judged"]
    moved = severity(own, second).to_numpy() != severity(own, first).to_numpy()
    assert moved.any()
    sizes = [np.bincount(severity(own, run), minlength=4) for run in (first, second)]
    plan = own.runs.plan(second.id)
    assert plan is not None
    old = own.runs.plan(first.id)
    assert old is not None
    assert (plan["inclusion"] >= old["inclusion"] - 1e-12).all()
    assert sizes[1].sum() == sizes[0].sum()


def test_runs_of_another_policy_of_before_the_period_or_without_a_plan_do_not_count(own: Home) -> None:
    others = [make.users(60, seed=each).assign(user=lambda frame: frame["user"] + "x") for each in (3, 4)]
    planned(own, others[0])
    model, schema = own.registry.load(), schemas.load(own.settings.schema_file)
    later = own.file_scoring.score_file(
        "later.csv", make.csv(FRAME), schema, model, POLICY, now=NOW + timedelta(days=10)
    ).run
    own.plans.choose(Places(2, 1, 20.0), by="Lea", now=NOW)
    scored(own, others[1], replace(POLICY, version="p0009"))
    assert [each.id for each in live(own, later, days=11).runs] == [later.id, "r-0001"]
    assert [each.id for each in live(own, later, days=10).runs] == [later.id]
    with pytest.raises(BadOptionError, match="at least 1 day"):
        live(own, later, days=0)


def test_runs_that_figures_leave_out_are_counted_with_the_reason(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def named(letter: str, policy: Policy = POLICY) -> Run:
        frame = make.users(60, seed=ord(letter))
        return scored(own, frame.assign(user=frame["user"] + letter), policy)

    first = [named("a"), named("b")][-1]
    own.plans.choose(Places(2, 1, 20.0), by="Lea", now=NOW)
    assert live(own, first).left_out.sentence == ""
    named("c", replace(POLICY, version="p0009"))
    named("d")
    found = live(own, first)
    assert (found.users, len(found.runs)) == (len(own.runs.scores("r-0001")) + len(own.runs.scores("r-0002")), 2)
    reason = "1 run without a plan, from which nobody was drawn yet: fill the places of a day"
    assert found.left_out.sentence == f"Left out: {reason}."

    monkeypatch.setattr("core.estimation.live_figures.MOST_RUNS", 1)
    found = live(own, first)
    assert [run.id for run in found.runs] == [first.id]
    unread = "1 run older than the 1 newest ones with a plan, which alone are read"
    assert found.left_out.sentence == f"Left out: {reason}, and {unread}."


def test_later_runs_are_left_out_where_the_period_ends_with_the_newest_plan_and_no_part_of_an_earlier_one(
    own: Home,
) -> None:
    model, schema = own.registry.load(), schemas.load(own.settings.schema_file)
    files = [make.users(60, seed=each).assign(user=lambda frame: frame["user"] + "x") for each in (3, 4, 5)]
    runs = []
    for day, frame in enumerate(files):
        now = NOW + timedelta(days=day)
        runs.append(own.file_scoring.score_file("users.csv", make.csv(frame), schema, model, POLICY, now=now).run)
        if day < 2:
            own.plans.choose(Places(2, 1, 20.0), by="Lea", now=now)
    assert [live(own, run).left_out.unplanned for run in runs[:2]] == [0, 1]
