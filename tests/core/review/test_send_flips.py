"""Users whose band differs between two models go to review as what they are: chosen by nobody's draw."""

from __future__ import annotations

import pytest

from core.data import intake
from core.errors import NotAllowedError, UnknownItemError, UnknownVersionError
from core.home import Home
from core.review.enqueue import Queued
from core.scoring.scorer import Scorer
from tests import make
from tests.core.review import reviewing
from tests.core.review.reviewing import POLICY, waiting
from tests.make import NOW, SCHEMA

FRAME = make.users(200, seed=4)


@pytest.fixture
def stored(own: Home) -> str:
    checked = intake.read("on.csv", make.csv(FRAME), SCHEMA, need_label=True)
    return own.datasets.put(checked, SCHEMA, now=NOW, need_label=True).id


def send(home: Home, dataset: str, rows: list[int], models: tuple[str, ...] = ("v0001",), by: str = "Lea"):
    return home.sending.send_flips(dataset, rows, models=models, policy=POLICY, by=by, now=NOW)


def test_flips_of_users_nobody_scored_are_queued_as_users_of_a_run_made_for_them(own: Home, stored: str) -> None:
    run, done = send(own, stored, [3, 8, 20])
    assert (run.dataset, run.model, run.users, run.name) == (stored, "v0001", 200, "on.csv")
    assert done == Queued(new=3)
    score = Scorer(own.registry.load()).score(FRAME).probability
    assert sorted((case.row, case.user, case.stratum, case.inclusion, case.score) for case in waiting(own)) == [
        (row, FRAME["user"][row - 1], "flip", None, score[row - 1]) for row in (3, 8, 20)
    ]


def test_a_run_that_is_there_is_used_the_first_model_before_the_second(own: Home, stored: str) -> None:
    first, _ = send(own, stored, [3])
    again, _ = send(own, stored, [8], ("v0009", "v0001"))
    assert again == first
    assert len(own.runs.recent()) == 1


def test_sending_is_noted_with_both_models(own: Home, stored: str) -> None:
    run, _ = send(own, stored, [3, 8])
    noted = own.audit.read().iloc[0]
    assert (noted["who"], noted["what"], noted["about"]) == ("Lea", "send to review", run.id)
    assert '"flips"' in str(noted["details"])
    assert '"v0001"' in str(noted["details"])


def test_verdicts_on_flips_count_in_no_estimate(own: Home, stored: str) -> None:
    run, _ = send(own, stored, list(range(1, 60)))
    for case in waiting(own):
        reviewing.judge(own, case, "legitimate")
    own.plans.queue_run(run.id, by="Lea", now=NOW)
    labels = own.ledger
    labels.refresh()
    verdicts = labels.effective()
    assert (verdicts["stratum"] == "flip").sum() == 59
    found = own.live_figures.figures(run, verdicts)
    assert found is not None
    assert [band.judged for band in found.bands] == [0] * len(found.bands)


def test_rows_models_and_roles_that_do_not_fit_are_refused(own: Home, stored: str) -> None:
    with pytest.raises(UnknownVersionError, match="v0009"):
        send(own, stored, [3], ("v0009",))
    with pytest.raises(UnknownItemError, match="999"):
        send(own, stored, [3, 999])
    own.accounts.create("Ada", "admin", "correct horse battery", now=NOW)
    with pytest.raises(NotAllowedError, match="send to review"):
        send(own, stored, [3], by="Stranger")
    assert waiting(own) == []
