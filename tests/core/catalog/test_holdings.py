"""What a home holds, what depends on it, and that only what nothing depends on is ever deleted."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from core.catalog.holdings import Holding
from core.errors import BadOptionError, NotAllowedError, RefusedError, UnknownItemError
from core.home import Home
from core.scoring.runs import Run
from tests import make
from tests.core.review import reviewing
from tests.make import NOW

LATER = NOW + timedelta(days=29)


def scored(home: Home, seed: int = 3, n: int = 60) -> Run:
    return reviewing.scored(home, make.users(n, seed=seed).drop(columns="spam"))


def held(home: Home, run: Run) -> Holding:
    return home.holdings.find(run.dataset, now=NOW)


def test_a_dataset_goes_with_its_runs_and_nothing_else_does(own: Home) -> None:
    first, again, other = scored(own), scored(own), scored(own, seed=4)
    found = held(own, first)
    assert found.runs == (again.id, first.id)
    assert "its runs r-0002 and r-0001" in found.sentence

    with pytest.raises(RefusedError, match="has r-0001 too"):
        own.holdings.delete(found, by="Lea", now=NOW, runs=[again.id])
    own.holdings.delete(found, by="Lea", now=NOW, runs=found.runs)
    for gone in (first, again):
        with pytest.raises(UnknownItemError):
            own.runs.find(gone.id)
    with pytest.raises(UnknownItemError):
        own.datasets.find(first.dataset)
    assert len(own.runs.scores(other.id)) == other.users
    assert own.lost_runs.look() is None, "what was deleted is not lost"
    assert scored(own).id == "r-0004", "no number comes twice"
    assert own.audit.read()["what"].tolist()[0] == "delete data"


def test_what_something_depends_on_stays_and_says_why(own: Home) -> None:
    (training,) = own.holdings.listed(now=NOW)
    assert [(use.kind, use.id, use.keeps) for use in training.kept_by] == [("version", "v0001", "learnt from it")]
    with pytest.raises(RefusedError, match="stays: version v0001 learnt from it"):
        own.holdings.delete(training, by="Lea", now=NOW)

    run = scored(own)
    own.sending.send(run.id, [run_row(own, run)], by="Lea", now=NOW)
    with pytest.raises(RefusedError, match=f"run {run.id} has cases"):
        own.holdings.delete(held(own, run), by="Lea", now=NOW, runs=[run.id])
    assert own.runs.find(run.id) == run


def run_row(home: Home, run: Run) -> int:
    return int(home.runs.scores(run.id).index[0])


def test_a_run_that_a_plan_has_drawn_from_stays_while_figures_count_it(own: Home) -> None:
    run = scored(own)
    plan = pd.DataFrame(
        {"stratum": "random", "inclusion": 0.1, "chosen": False, "blind": False}, own.runs.scores(run.id).index
    )
    own.runs.save_plan(run.id, plan)
    assert [use.keeps for use in held(own, run).kept_by] == ["counts in live figures until 2026-03-29"]
    assert own.holdings.find(run.dataset, now=LATER).kept_by == ()


def test_retention_takes_what_is_old_and_free(own: Home) -> None:
    run = scored(own)
    assert own.holdings.before(NOW, now=LATER) == ()
    assert [each.runs for each in own.holdings.before(NOW + timedelta(days=1), now=LATER)] == [(run.id,)]


def test_notes_ids_and_roles(own: Home) -> None:
    run = scored(own)
    own.holdings.note(held(own, run), "From the <b>shop</b>", by="Lea", now=NOW)
    own.holdings.note(held(own, run), "From the market", by="Lea", now=NOW)
    assert own.holdings.find(run.dataset[:6], now=NOW).note == "From the market"
    assert held(own, run).size > 1_000
    for identity in (run.dataset[:5], "", "zzzzzz", "../../salt"):
        with pytest.raises(UnknownItemError):
            own.holdings.find(identity, now=NOW)
    with pytest.raises(BadOptionError, match="at most 1,000"):
        own.holdings.note(held(own, run), "x" * 1_001, by="Lea", now=NOW)
    own.accounts.create("root", "admin", "long enough to be one", now=NOW)
    own.accounts.create("Ann", "analyst", "long enough to be one", now=NOW)
    with pytest.raises(NotAllowedError):
        own.holdings.delete(held(own, run), by="Ann", now=NOW, runs=[run.id])
    assert own.runs.find(run.id) == run


def test_a_damaged_version_keeps_what_it_may_have_learnt_from(own: Home) -> None:
    (own.settings.models / "v0001" / "metadata.json").write_text("{", encoding="utf-8")
    (training,) = own.holdings.listed(now=NOW)
    assert "is damaged, and may have learnt from it" in training.sentence
