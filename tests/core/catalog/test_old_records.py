"""Verdicts, decisions and lines of the audit log past their time: what goes, what stays and why; the chains hold."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from core.comparison.comparison_job import Asked
from core.home import Home
from core.monitoring.incidents import KINDS, Finding
from core.review.cases import Case
from tests import make
from tests.core.comparison.test_comparison_job import THRESHOLDS, quiet
from tests.core.review import reviewing
from tests.core.review.earned import LATER
from tests.core.review.reviewing import judge, waiting
from tests.core.training.test_training_runs import KEPT, SCORES
from tests.make import NOW, SCHEMA

OLD = NOW - timedelta(days=90)


def keeps(home: Home, **days: int) -> None:
    """Have a home keep each kind for so many days."""
    lines = "".join(f"{name}_days = {number}\n" for name, number in days.items())
    home.settings.options_file.write_text(f"[retention]\n{lines}", encoding="utf-8")


def pruned(home: Home, now: datetime = NOW) -> list[str]:
    """Delete what is due; what it was."""
    due = tuple(each for each in home.pruning.due(by="Lea", now=now) if each.kind != "unused room of")
    home.pruning.prune(due, by="Lea", now=now)
    return [f"{each.kind} {each.name}" for each in due]


def is_whole(home: Home) -> None:
    """The chains hold, and everything agrees, to whoever opens the home anew."""
    assert home.feedback.verify().whole
    assert home.audit.verify().whole
    assert Home.open(home.settings.home).proof.check(whole=True).findings == ()


def sent(home: Home, seed: int, rows: list[int], at: datetime, who: int | None = None) -> list[Case]:
    """A run of that day, and the cases that wait by then. who: the seed whose users have these values."""
    frame = make.users(20, seed=seed).drop(columns="spam")
    users = make.csv(frame.assign(user=make.users(20, seed=seed if who is None else who)["user"]))
    model = home.registry.load()
    run = home.file_scoring.score_file(f"{seed}.csv", users, SCHEMA, model, reviewing.POLICY, now=at).run
    home.sending.send(run.id, rows, by="Ann", now=at)
    return waiting(home)


@pytest.fixture(scope="module")
def once(trained: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with two verdicts of long ago, one of today, and a user of long ago who is to be judged again."""
    home = make.copied(trained, tmp_path_factory.mktemp("judged"))
    for case, said in zip(sent(home, 41, [3, 4, 5], OLD), ("spammer", "legitimate", "spammer"), strict=True):
        judge(home, case, said, verdict=f"old-{case.id}", now=OLD)
    home.queue.reopen("c-000003", by="Lea", note="Look again", now=OLD)
    judge(home, sent(home, 42, [3], NOW)[-1], verdict="new", now=NOW)
    return home


@pytest.fixture
def judged(once: Home, tmp_path: Path) -> Home:
    """A copy of it for one test."""
    return Home.open(shutil.copytree(once.settings.home, tmp_path / "judged"))


def test_old_verdicts_become_blanks_and_all_else_stands(judged: Home) -> None:
    keeps(judged, verdicts=30)
    judged.ledger.refresh()
    stored = judged.ledger.position
    judged.schedule.note_done("v0002", "1", now=NOW)
    (due,) = (each for each in judged.pruning.due(by="Lea", now=NOW) if each.kind == "feedback,")
    size = judged.settings.feedback_file.stat().st_size
    words = ["prune", "--by", "Lea", "--home", str(judged.settings.home)]
    told = CliRunner().invoke(app, words)  # by the clock, by which the one of today is old as well

    assert due.name == "2 verdicts on 2 users"
    assert (told.exit_code, told.stdout.splitlines()[0]) == (
        4,
        "feedback, 3 verdicts on 3 users, 0.1 MB, v0002 has learnt from 1 verdict, and the next retraining cannot",
    )
    assert "Verdicts past their time stay on users: 1 who wait for review." in told.stderr
    assert judged.settings.feedback_file.stat().st_size == size
    assert pruned(judged) == ["feedback, 2 verdicts on 2 users"]
    assert size - judged.settings.feedback_file.stat().st_size == due.size
    assert (judged.feedback.verify().rows, judged.feedback.verify().forgotten) == (4, 2)
    assert judged.ledger.frame()["id"].tolist() == ["old-c-000003", "new"]
    assert judged.ledger.position == stored
    assert judged.cases.find("c-000001").judgement == "spammer"
    noted = json.loads(judged.audit.read().iloc[0]["details"])
    assert noted["numbers"] == {"runs": 2, "cases": 4, "decisions": 4}
    is_whole(judged)
    assert pruned(judged) == []
    judge(judged, waiting(judged)[0], verdict="again", by="Bob", now=NOW)
    is_whole(judged)


def test_a_user_judged_since_keeps_all_verdicts(judged: Home) -> None:
    keeps(judged, verdicts=30)
    due = judged.pruning.due(by="Lea", now=NOW)
    judged.queue.reopen("c-000001", by="Lea", note="Look again", now=NOW)
    judge(judged, waiting(judged)[0], verdict="since", by="Bob", now=NOW)
    judged.pruning.prune(due, by="Lea", now=NOW)
    assert judged.ledger.frame()["id"].tolist() == ["old-c-000001", "old-c-000003", "new", "since"]
    is_whole(judged)


def test_what_was_told_on_a_verdict_that_is_gone_stands_until_somebody_says_otherwise(judged: Home) -> None:
    keeps(judged, verdicts=30)
    user = judged.cases.find("c-000001").user
    pruned(judged)
    again = sent(judged, 44, [int(user.removeprefix("u41-")) + 1], NOW, who=41)[-1]
    judge(judged, again, "unsure", verdict="unsure", by="Bob", now=NOW)
    assert again.user == user
    assert judged.outbox.of_user(user)["decision"].tolist() == ["remove"]
    is_whole(judged)
    judged.verdicts.undo(["unsure"], by="Bob", now=NOW)
    assert judged.outbox.of_user(user)["decision"].tolist() == ["remove"]
    judge(judged, again, "legitimate", verdict="legitimate", by="Bob", now=NOW)
    assert judged.outbox.of_user(user)["decision"].tolist() == ["remove", "keep"]


def test_decisions_go_when_every_consumer_has_them_and_no_verdict_is_left(judged: Home) -> None:
    keeps(judged, decisions=30)
    assert pruned(judged) == []
    assert judged.pruning.stays(now=NOW) == (
        "Past their time and kept: 3 decisions, as no consumer has ever confirmed one.",
    )
    judged.outbox.confirm(judged.outbox.take("shop"), now=NOW)
    judged.outbox.confirm(judged.outbox.take("bank", 1), now=NOW)
    assert judged.pruning.stays(now=NOW) == (
        "Past their time and kept: 1 decision, as a verdict on the same user is left; "
        "2 decisions, as the consumer bank has confirmed none after number 1.",
    )
    keeps(judged, verdicts=30, decisions=30)
    assert pruned(judged) == ["feedback, 2 verdicts on 2 users", "outbox, 1 decision"]
    judged.outbox.confirm(judged.outbox.take("bank"), now=NOW)
    judged.dead_letters.keep(2, "HTTP 400", now=NOW)
    assert pruned(judged) == []
    judged.dead_letters.drop(2)
    due = judged.pruning.due(by="Lea", now=NOW)
    judged.outbox.rewind("bank", 1, now=NOW)  # between the look and the deed
    judged.pruning.prune(due, by="Lea", now=NOW)
    assert judged.outbox.since(0).index.tolist() == [2, 3, 4]
    judged.outbox.confirm(judged.outbox.take("bank"), now=NOW)
    assert pruned(judged) == ["outbox, 1 decision"]
    assert judged.outbox.since(0).index.tolist() == [3, 4]
    is_whole(judged)


def test_old_lines_of_the_audit_log_become_blanks_but_not_promotions(two: Home) -> None:
    two.registry.promote("v0002", by="Lea", why="Better", now=OLD)
    two.audit.note(who="Lea", what="change guidance", about="guidance", now=OLD)
    keeps(two, audit=30)
    assert pruned(two) == ["audit log, 1 line"]
    assert two.audit.read()["what"].tolist() == ["prune", "promote"]
    assert (two.audit.verify().rows, two.audit.verify().forgotten) == (3, 1)
    is_whole(two)
    assert two.registry.rollback(by="Lea", why="Worse", now=NOW) == "v0001"


def test_numbers_go_on_when_neither_lines_nor_the_database_name_them(judged: Home) -> None:
    keeps(judged, verdicts=1, audit=1)
    judge(judged, waiting(judged)[0], verdict="last", by="Bob", now=NOW)
    pruned(judged, NOW + timedelta(days=3))
    assert judged.ledger.frame().empty
    decided = int(judged.outbox.since(0).index[-1])
    for path in judged.settings.data.glob("state.db*"):
        path.unlink()
    anew = Home.open(judged.settings.home)
    case = judge(anew, sent(anew, 43, [3], NOW)[-1], verdict="first", now=NOW).case
    assert (case, anew.outbox.since(0).index.tolist()) == ("c-000005", [decided + 1])


def test_verdicts_that_live_figures_count_or_automation_rests_on_stay(proven: Home) -> None:
    keeps(proven, verdicts=1)
    proven.arming_desk.arm(by="Lea", why="It is proven", now=LATER)
    run = proven.runs.recent()[0]
    before = proven.live_figures.figures(run, proven.ledger.valid())
    later = NOW + timedelta(days=400)
    assert pruned(proven, later) == []
    (told,) = proven.pruning.stays(now=later)
    assert told == "Verdicts past their time stay on users: 60 on whom automatic removal rests."
    assert proven.live_figures.figures(run, proven.ledger.valid()) == before
    proven.policies.save(replace(reviewing.POLICY, version="p0002"), by="Lea", now=later)  # a proof of its own begins
    (told,) = proven.pruning.stays(now=later)
    assert told == "Verdicts past their time stay on users: 60 whom live figures count."


def test_notes_closed_incidents_comparisons_and_training_runs_that_became_nothing_go(own: Home) -> None:
    drift = Finding("drift", "X1", "X1 has drifted.", "Monitor", {})
    for at, text in ((OLD, "of then"), (NOW, "of now")):
        own.user_notes.add("u1", text, by="Ann", now=at)
        own.incidents.keep([drift], looked_at=KINDS, now=at)
        own.incidents.keep([], looked_at=KINDS, now=at)
    own.incidents.keep([replace(drift, cause="X2")], looked_at=(), now=OLD)  # lasts
    for made in (OLD, OLD, NOW, OLD):
        own.training_runs.keep(replace(KEPT, created=made), SCORES)
    own.training_runs.keep(replace(KEPT, created=OLD, version="v0001"), SCORES)
    given = make.users(200).rename(columns={"user": "id", "spam": "y_true"})[["id", "y_true"]]
    a, b = (own.prediction_files.put(f"{name}.csv", make.csv(given.assign(y_proba=share)), now=NOW).id
            for name, share in (("a", 0.5), ("b", 0.4)))  # fmt: skip
    asked = Asked(a, b, "", THRESHOLDS)
    compare = partial(own.comparer.compare_stored, quiet, a=a, b=b, on="", thresholds=THRESHOLDS)
    compare()
    about = next(own.comparisons.folder.glob("*/comparison.json"))
    os.utime(about, (0, 0))
    keeps(own, notes=30, incidents=30, comparisons=30, training=30)

    gone = ["database, 1 closed incident", "database, 1 note", f"comparison {about.parent.name[:12]}"]
    assert pruned(own) == [*gone, "training run t-0004", "training run t-0002", "training run t-0001"]
    assert [note.text for note in own.user_notes.of("u1")] == ["of now"]
    assert [each.finding.cause for each in own.incidents.recent()] == ["X2", "X1"]
    assert own.training_runs.identities() == ("t-0003", "t-0005")
    assert own.training_runs.keep(KEPT, SCORES) == "t-0006"
    assert own.comparer.look(asked) is None
    compare()
    assert own.comparer.look(asked) is not None
    assert own.audit.verify().whole


def test_the_latest_training_run_stays_as_its_number_would_be_given_again(own: Home) -> None:
    for _ in range(2):
        own.training_runs.keep(replace(KEPT, created=OLD), SCORES)
    keeps(own, training=30)
    assert pruned(own) == ["training run t-0001"]
    assert own.training_runs.keep(KEPT, SCORES) == "t-0003"
