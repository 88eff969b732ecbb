"""Categories of violations: the second answer of a version, from training to runs and verdicts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from core.errors import BadOptionError, DamagedModelError, RefusedError
from core.evaluation import categories
from core.evaluation.categories import CategoryFigures
from core.feedback import judged_texts
from core.feedback.table import CATEGORY
from core.home import Home
from core.registry import sums
from core.retraining.retrain import Request
from core.review.verdicts import Given
from core.schema.levels import written
from core.scoring.score_file import Scoring
from core.store import tables
from tests import make, make_messages


def scored(home: Home) -> Scoring:
    sent = make_messages.of_kinds(make_messages.messages(120, seed=4, prefix="n"))
    return home.file_scoring.score_file(
        "new.csv", make.csv(sent), make_messages.KINDS, home.registry.load(), make.policy(), now=make.NOW
    )


def test_figures_tell_how_well_categories_are_told(kinds: Home) -> None:
    figures = kinds.registry.load().metadata.figures
    found = figures.categories
    assert found is not None
    assert found.names == ("0", "crypto", "contact")
    assert sum(map(sum, found.confusion)) == figures.n
    assert (found.macro_f1.value or 0) > 0.8
    raw = json.loads(json.dumps(figures.as_json()))
    assert raw["categories"]["crypto"]["n"] == sum(found.confusion[1])
    assert CategoryFigures.from_json(raw) == found


def test_an_evaluation_tells_categories_languages_and_lengths(kinds: Home) -> None:
    model = kinds.registry.load()
    learnt_from = kinds.datasets.find(model.metadata.data.dataset)  # other tests may have added newer ones
    judged = kinds.training.judged(model, learnt_from, make_messages.KINDS, make.policy().thresholds)
    assert judged.only_test_part
    of_training = model.metadata.figures
    assert judged.figures.categories is not None
    assert of_training.categories is not None
    assert judged.figures.categories.confusion == of_training.categories.confusion
    assert judged.figures.segments == of_training.segments


def test_macro_f1_is_the_mean_over_the_classes_there_are() -> None:
    truth, said = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0])
    found = categories.judge(truth, said, ("none", "spam", "never"))
    assert found.macro_f1.value == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found.accuracy.value == pytest.approx(3 / 5)
    assert found.each["never"]["recall"].value is None
    assert found.confusion == ((1, 1, 0), (1, 2, 0), (0, 0, 0))


def test_a_class_is_said_where_it_is_likelier_than_none() -> None:
    said = categories.said(np.array([0.6, 0.6, 0.3]), np.array([1, 0, 1]), np.array([0.9, 0.5, 1.0], np.float32))
    assert said.tolist() == [2, 0, 0]


def test_runs_and_files_hold_the_category(kinds: Home) -> None:
    done = scored(kinds)
    scores = kinds.runs.scores(done.run.id)
    assert {*scores["category"]} <= {"crypto", "contact"}
    assert scores["category_probability"].between(0.5, 1).all()
    table = kinds.exports.run_table(done.run).to_pandas()
    assert table["category"].tolist() == scores["category"].tolist()
    body = next(text for text in make_messages.messages(50)["body"] if isinstance(text, str) and "telegram" in text)
    serving = make.serving(kinds)
    one = serving.score([serving.asked({"body": body, "sent_7d": 9}, user="a")], now=make.NOW)[0]
    assert one.category == "contact"
    assert 0.5 <= (one.category_probability or 0) <= 1
    run = serving.ended(now=make.NOW, everything=True)[0]
    closed = kinds.closing.close(run, make_messages.KINDS, now=make.NOW)
    assert closed is not None
    assert kinds.runs.scores(closed.id)["category"].tolist() == ["contact"]


def test_a_verdict_says_the_category(kinds: Home, tmp_path: Path) -> None:
    home = make.copied(kinds, tmp_path)
    home.sending.send(scored(home).run.id, [1, 2], by="Ann", now=make.NOW)
    case = home.queue.claim("Ann", now=make.NOW, session="s")
    assert case is not None
    assert case.category in {"crypto", "contact"}
    given = Given("v1", "spammer", category="fraud")
    with pytest.raises(BadOptionError, match="category: this is no category of the label"):
        home.verdicts.judge(case.id, given, by="Ann", session="s", now=make.NOW)
    with pytest.raises(BadOptionError, match="category: only a violation has one"):
        home.verdicts.judge(case.id, Given("v1", "unsure", category="crypto"), by="Ann", session="s", now=make.NOW)
    given = Given("v1", "spammer", category="crypto")
    stored = home.verdicts.judge(case.id, given, by="Ann", session="s", now=make.NOW)
    assert stored.category == "crypto"
    closed = home.cases.find(case.id)
    assert (closed.judgement, closed.judged_category) == ("spammer", "crypto")
    assert home.feedback.read()[CATEGORY].tolist() == ["crypto"]
    assert Home.open(tmp_path).ledger.path.read_text().splitlines()[0].count(CATEGORY) == 1
    home.verdicts.undo(["v1"], by="Ann", now=make.NOW)
    assert home.cases.find(case.id).judged_category == ""
    assert home.feedback.verify().whole


def test_a_head_that_does_not_go_with_the_version_is_refused(kinds: Home, tmp_path: Path) -> None:
    home = make.copied(kinds, tmp_path)
    folder = home.settings.models / "v0001"
    shutil.copyfile(folder / "model.ubj", folder / "category_1.ubj")
    sums.write(folder, tuple(sums.read(folder)))
    with pytest.raises(DamagedModelError, match="features, not"):
        home.registry.load("v0001")


def judged(home: Home) -> str:
    """A user of a run judged as crypto; who it is."""
    home.sending.send(scored(home).run.id, [2], by="Ann", now=make.NOW)
    case = home.queue.claim("Ann", now=make.NOW, session="s")
    assert case is not None
    home.verdicts.judge(case.id, Given("v1", "spammer", category="crypto"), by="Ann", session="s", now=make.NOW)
    return case.user


def test_what_a_judged_user_wrote_lies_beside_the_verdict_and_is_erased(kinds: Home, tmp_path: Path) -> None:
    home = make.copied(kinds, tmp_path)
    user = judged(home)
    home.ledger.refresh()
    beside = judged_texts.beside(home.ledger.effective(), ("body",), home.database)
    text = beside[written("body")].iloc[0]
    assert text
    assert text == home.cases.find("c-000001").context["body"]
    assert text.encode() not in home.settings.feedback_file.read_bytes()
    home.erasure.forget(user, by="Lea", now=make.NOW)
    home.ledger.refresh()
    with home.database.connect() as connection:
        assert connection.execute(select(tables.judged_texts)).all() == []
    assert home.feedback.verify().whole


@pytest.mark.slow
def test_retraining_learns_texts_and_categories_anew(kinds: Home, tmp_path: Path) -> None:
    home = make.copied(kinds, tmp_path)
    judged(home)
    request = Request(make.policy().thresholds, "full", "Ann")
    made = home.retraining.retrain(request, now=make.NOW)
    model = home.registry.load(made.version)
    assert {*model.texts} == {"body"}
    assert model.head is not None
    assert model.head.names == ("crypto", "contact")
    with pytest.raises(RefusedError, match="learnt anew from all of them"):
        home.retraining.retrain(Request(make.policy().thresholds, "warm", "Ann"), now=make.NOW)
