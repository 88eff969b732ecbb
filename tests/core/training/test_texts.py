"""Texts from training to scores and reasons: exact, the same on every way, and learnt without looking at one's own."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data import intake
from core.data.kinds import text as texts_of
from core.errors import DamagedModelError, TextsErasedError
from core.home import Home
from core.model.learner import Rows
from core.registry import sums
from core.registry.card import markdown
from core.registry.metadata import Metadata
from core.schema.glossary import Glossary
from core.schema.levels import written
from core.scoring.decisions.prediction_json import prediction_json
from core.scoring.reasons import reasons
from core.scoring.scorer import Scorer
from core.scoring.texts.shares import shared
from core.text import linear
from core.text.rows import TextRows
from core.training import stacking
from core.training.stacking import Texts
from tests import make, make_messages
from tests.core.text.sentences import WORDS, sentences
from tests.core.text.texts import spaced


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_messages.home_of(Home.open(tmp_path_factory.mktemp("writing")))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """New messages: one is missing, one is like none that was learnt from, one is disguised."""
    sent = make_messages.messages(60, seed=5)
    sent.loc[[1, 2], "body"] = ["Ω≈ç√∫˜µ≤≥÷ ≈≈≈", "write me on t e l e g r a m"]
    return intake.read("new.csv", make.csv(sent), make_messages.SCHEMA).frame


def test_a_version_knows_its_texts_and_no_word_of_anybody(writing: Home) -> None:
    model = writing.registry.load()
    assert model.metadata.names[0] == "body"
    assert {*model.texts} == {"body"}
    assert model.metadata.texts == ("body",)
    raw = json.loads(json.dumps(model.metadata.as_json()))
    assert raw["format"] == 3
    assert Metadata.from_json(raw) == model.metadata
    assert (model.metadata.figures.overall["roc_auc"].value or 0) > 0.9
    segments = model.metadata.figures.segments
    assert {each.column for each in segments} == {"body (language)", "body (characters)"}
    assert sum(each.n for each in segments) == 2 * model.metadata.figures.n
    card = markdown("v0001", model.metadata, None)
    assert "| body (language) English |" in card
    assert "Figures by group of users" not in card
    for file in model.folder.iterdir():
        assert b"telegram" not in file.read_bytes()


def test_contributions_add_up_to_the_margin_and_words_to_their_text(writing: Home, frame: pd.DataFrame) -> None:
    model = writing.registry.load()
    scorer = Scorer(model)
    scored, matrix = scorer.score(frame, top=3), scorer.matrix(frame)
    pushes = model.explainer.contributions(matrix)
    assert np.abs(pushes.sum(axis=1) + model.metadata.bias - scored.margin).max() < 1e-4
    for at, text in enumerate(frame[written("body")]):
        if not isinstance(text, str):
            assert np.isnan(matrix[at, 0])
            continue
        margin = model.texts["body"].margins_of([text])[0, 0]
        assert matrix[at, 0] == margin
        words = model.texts["body"].words(text)
        assert abs(sum(word.part for word in words) + model.texts["body"].bias() - margin) < 1e-4
        values = frame.iloc[at][list(model.metadata.names)].astype(float)
        told = reasons(values, pushes[at], model, Glossary({}), {"body": text})
        body = next(reason for reason in told if reason.feature == "body")
        assert sum(word.part for word in body.words) == pytest.approx(pushes[at, 0], abs=1e-4)
        assert body.value is None


def test_files_tell_the_words(writing: Home) -> None:
    sent = make_messages.messages(80, seed=6)
    done = writing.file_scoring.score_file(
        "new.csv", make.csv(sent), make_messages.SCHEMA, writing.registry.load(), make.policy(), now=make.NOW
    )
    told = [text for text in done.reasons.to_numpy().ravel() if text.startswith("body: ")]
    assert any("crypto" in text and text.endswith(")") for text in told)
    assert all(text.startswith('body: "') for text in told)


def test_one_message_is_scored_as_in_a_file(writing: Home) -> None:
    body = "hello 😀 earn free crypto today, write me on t e l e g r a m"
    serving = make.serving(writing)
    one = serving.score([serving.asked({"body": body, "sent_7d": 9}, user="a")], now=make.NOW)[0]
    sent = pd.DataFrame({"message_id": ["a"], "body": [body], "sent_7d": [9]})
    whole = intake.read("one.csv", make.csv(sent), make_messages.SCHEMA).frame
    assert one.probability == Scorer(writing.registry.load()).score(whole).probability[0]
    reason = next(reason for reason in one.reasons if reason.feature == "body")
    assert "crypto" in reason.text
    words = {body[word.start : word.end]: word for word in reason.words}
    assert words["t e l e g r a m"].undone
    assert not words["hello"].undone
    without = serving.score([serving.asked({"body": None, "sent_7d": 9}, user="b")], now=make.NOW)[0]
    assert without.missing == ("body",)
    run = serving.ended(now=make.NOW, everything=True)[0]
    closed = writing.closing.close(run, make_messages.SCHEMA, now=make.NOW)
    assert closed is not None
    texts = writing.datasets.frame(closed.dataset)[written("body")]
    assert texts.tolist()[0] == body
    assert not isinstance(texts.tolist()[1], str)


def test_what_is_unlike_all_texts_is_novel_and_a_missing_text_counts_once(writing: Home, frame: pd.DataFrame) -> None:
    scored = Scorer(writing.registry.load()).score(frame)
    assert "body" in scored.novel[1].split("; ")
    assert "body" not in scored.novel[2].split("; ")
    assert scored.missing[:3].tolist() == [1, 0, 0]


def test_no_text_is_novel_where_everybody_learnt_from_had_one(writing: Home, frame: pd.DataFrame) -> None:
    model = writing.registry.load()
    features = tuple(replace(each, missing=0) if each.kind == "text" else each for each in model.metadata.features)
    always = replace(model, metadata=replace(model.metadata, features=features))
    assert "body" in Scorer(always).score(frame).novel[0].split("; ")
    assert "body" not in Scorer(model).score(frame).novel[0].split("; ")


def test_a_message_without_a_text_scores_as_one_of_which_nothing_is_known(tmp_path: Path) -> None:
    """In a home of texts alone, where nobody learnt from lacked one: about the share of violations, and no more."""
    schema = replace(make_messages.SCHEMA, features=make_messages.SCHEMA.features[:1])
    home = make_messages.home_of(Home.open(tmp_path), schema)
    sent = intake.read("new.csv", make.csv(make_messages.messages(5)), schema).frame
    scorer = Scorer(home.registry.load())
    scored, matrix = scorer.score(sent), scorer.matrix(sent)
    assert np.isnan(matrix[0]).all()
    assert 0.15 < scored.probability[0] < 0.5
    pushes = scorer.model.explainer.contributions(matrix)
    assert np.abs(pushes.sum(axis=1) + scorer.model.metadata.bias - scored.margin).max() < 1e-4
    assert scored.novel[0] == "body"


def test_copies_without_a_text_have_both_labels_as_often_and_no_more_than_its_columns_missing() -> None:
    x = np.arange(800, dtype=np.float32).reshape(200, 4)
    y = (np.arange(200) % 5 == 0).astype(np.float64)
    rows = Rows(x, y, np.full(200, 2.0), blanks=((0, 2), (3,)))
    taught = rows.taught()
    assert len(taught.y) == 200 + 2 * 10
    assert taught.y[200:].sum() == 4
    assert np.isnan(taught.x[200:210]).sum(axis=0).tolist() == [10, 0, 10, 0]
    assert np.isnan(taught.x[210:]).sum(axis=0).tolist() == [0, 0, 0, 10]
    assert taught.weight is not None
    assert (taught.weight == 2).all()
    assert rows.only(np.arange(100)).blanks == rows.blanks
    assert Rows(x, y).taught().x is x


def test_a_table_without_the_texts_is_refused(writing: Home, frame: pd.DataFrame) -> None:
    with pytest.raises(TextsErasedError, match="body"):
        Scorer(writing.registry.load()).score(frame.drop(columns=written("body")))


def test_no_margin_comes_from_a_model_that_saw_its_label_or_the_fold_left_out() -> None:
    """Labels by lot: a model that has seen a text gives its label away, any other knows nothing."""
    random = np.random.default_rng(0)
    sent: list[str | None] = [f"unique{at} word{random.integers(10)}" for at in range(240)]
    label = (random.random(240) < 0.5).astype(np.float64)
    fold = np.arange(240) % 4
    texts = Texts.of({"body": sent}, ("links", "body"))
    rest = Rows(np.zeros((240, 2), np.float32), label)
    stack = stacking.stacked(rest, texts, fold, augment=False, seed=0, progress=lambda _what, _share: None)
    every, rows, models = TextRows.of(sent), stack.rows, stack.models
    strength = linear.strength(every, label[:, None], None, 0)
    for k in range(4):
        for j in range(4):
            out = np.isin(fold, (j, k))
            model = linear.fit(every.only(~out), label[~out, None], None, 0, strength=strength)
            of = fold == j
            assert (rows.without(k).x[of, 1] == model.margins(every.only(of))[:, 0]).all()
    own = fold == 2
    assert (rows.x[own, 1] == rows.without(2).x[own, 1]).all()
    assert (rows.x[:, 0] == 0).all()
    whole = models["body"].margins(every)[:, 0]
    assert np.corrcoef(whole, label)[0, 1] > 0.35
    assert abs(np.corrcoef(rows.x[:, 1], label)[0, 1]) < 0.3


def test_text_models_that_do_not_go_with_the_metadata_are_refused(writing: Home, tmp_path: Path) -> None:
    folder = tmp_path / "v0001"
    shutil.copytree(writing.registry.load().folder, folder)
    (folder / "text.json").unlink()
    (folder / "text.parquet").unlink()
    names = tuple(name for name in sums.read(folder) if not name.startswith("text."))
    sums.write(folder, names)
    home = make.copied(writing, tmp_path / "home")
    shutil.rmtree(home.settings.models / "v0001")
    shutil.move(folder, home.settings.models / "v0001")
    with pytest.raises(DamagedModelError, match="does not go with"):
        home.registry.load("v0001")


def test_whoever_asks_about_one_user_is_told_that_a_text_was_cut(writing: Home) -> None:
    serving = make.serving(writing)
    long, short = "free crypto " * 500, "free crypto"
    told = serving.score([serving.asked({"Body": body, "sent_7d": 9}) for body in (long, short, None)], now=make.NOW)
    assert [each.cut for each in told] == [("body",), (), ()]
    answers = [json.loads(prediction_json(each, 0.0)) for each in told]
    assert answers[0]["truncated_features"] == ["body"]
    assert "truncated_features" not in answers[1]


@pytest.mark.parametrize(
    ("cell", "cut"),
    [("a" + "\u0301\u0316" * 500_000, True), ("free crypto " * 850_000, True), ("x" * 100_000, True),
     ("free " + "(((" * 600, False)],
    ids=["a million marks", "10 MB", "a word of 100,000", "brackets"],
)  # fmt: skip
def test_a_monstrous_text_is_scored_as_far_as_it_is_kept_and_said_to_be_cut(
    writing: Home, cell: str, cut: bool
) -> None:  # fmt: skip
    sent = pd.DataFrame({"message_id": ["a", "b"], "body": [cell, "hello"], "sent_7d": [1, 2]})
    checked = intake.read("big.csv", make.csv(sent), make_messages.SCHEMA)
    assert len(checked.frame) == 2
    assert len(checked.frame[written("body")].iloc[0]) == len(texts_of.cut(cell, 2_000))
    assert [each.code for each in checked.problems] == (["long_text"] if cut else [])
    in_file = Scorer(writing.registry.load()).score(checked.frame)
    serving = make.serving(writing)
    alone = serving.score([serving.asked({"body": cell, "sent_7d": 1})], now=make.NOW)[0]
    assert alone.probability == in_file.probability[0]
    assert alone.cut == (("body",) if cut else ())


def test_contributions_and_words_are_exact_on_a_thousand_texts_of_ten_scripts(writing: Home) -> None:
    made = [text for language in WORDS for text in sentences(language, 90, seed=2)]
    hidden = [f"{spaced('free')} crypt0 {text} wr\u200bite mе on telegram" for text in made[::9]]
    sent = pd.DataFrame({"body": [*made, *hidden], "sent_7d": 5.0}).assign(message_id=lambda each: each.index)
    frame = intake.read("scripts.csv", make.csv(sent), make_messages.SCHEMA).frame
    assert len(frame) == 1_000
    model = writing.registry.load()
    scored, matrix = Scorer(model).score(frame), Scorer(model).matrix(frame)
    pushes = model.explainer.contributions(matrix)
    assert np.abs(pushes.sum(axis=1) + model.metadata.bias - scored.margin).max() < 1e-4
    texts = model.texts["body"]
    for text, margin, push in zip(frame[written("body")], matrix[:, 0], pushes[:, 0], strict=True):
        words = texts.words(text)
        assert abs(sum(word.part for word in words) + texts.bias() - margin) < 1e-4
        assert abs(sum(word.part for word in shared(words, float(push))) - push) < 1e-4
        assert all(0 <= word.start < word.end <= len(text) for word in words)
