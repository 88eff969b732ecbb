"""Predictions from outside: both forms, what is wrong with them in a sentence, and who they are compared with."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from core.comparison import external
from core.comparison.paired_metrics import Contender, compare
from core.errors import BadOptionError, FileProblemError, TooFewRowsError
from core.evaluation import cautions, metrics

BY_ID = "id,y_true,y_proba\nu1,0,0.2\nu2,1,0.9\nu3,0,0.4\n"
BY_ROW = "y_test,y_pred,y_proba\n0,0,0.2\n1,1,0.9\n0,1,0.4\n"
LABELS = {BY_ID: "id,y_true,y_pred\nu1,0,0\nu2,1,True\nu3,0,1\n", BY_ROW: "y_test,y_pred\n0,0\n1,1\n0,1\n"}


def read(text, name="theirs.csv"):
    return external.read(name, text.encode())


def test_both_forms_are_read():
    with_ids, without = read(BY_ID), read(BY_ROW)
    assert with_ids.ids.tolist() == ["u1", "u2", "u3"]
    assert with_ids.flagged is None
    assert without.ids is None
    assert without.flagged.tolist() == [False, True, True]
    for each in (with_ids, without):
        assert (each.label.tolist(), each.probability.tolist()) == ([0, 1, 0], [0.2, 0.9, 0.4])


@pytest.mark.parametrize(
    "payload",
    [
        "\ufeff" + BY_ID,
        BY_ID.replace(",", ";"),
        BY_ID.replace(",", "\t"),
        BY_ID.replace("\n", "\r\n"),
        BY_ID.replace("\n", "\n\n"),
        "y_proba,other,id,y_true\n2e-1,x,u1,0.0\n0.9,,u2,1\n .4,y, u3 ,0",
    ],
)
def test_other_spellings_of_the_same_file_read_alike(payload):
    found, plain = read(payload), read(BY_ID)
    assert found.ids.tolist() == plain.ids.tolist()
    assert (found.probability == plain.probability).all()
    assert (found.label == plain.label).all()


def test_a_path_and_gzip_are_read(tmp_path):
    path = tmp_path / "theirs.csv.gz"
    path.write_bytes(gzip.compress(BY_ID.encode()))
    assert external.read(path.name, path).ids.tolist() == ["u1", "u2", "u3"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,y_true,score\nu1,0,0.2\n", "need the columns id, y_true, y_proba, or y_test, y_pred, y_proba"),
        ("id,y_true,y_proba,y_proba\nu1,0,0.2,0.3\n", "the column y_proba is there twice"),
        ("id,y_true,y_proba\n", "no prediction below it"),
        (BY_ID.replace("0.9", "nan"), "line 3 has no y_proba"),
        (BY_ID.replace("0.9", ""), "line 3 has no y_proba"),
        (BY_ID.replace("0.9", "inf"), 'line 3 has y_proba "inf", which is not a number'),
        (BY_ID.replace("0.9", "high"), 'line 3 has y_proba "high", which is not a number'),
        (BY_ID.replace("u2,1", "u2,2"), 'line 3 has y_true "2", which is neither 0 nor 1'),
        (BY_ID.replace("u2,1", "u2,"), "line 3 has no y_true"),
        (BY_ROW.replace("1,1,", "1,0.5,"), 'line 3 has y_pred "0.5", which is neither 0 nor 1'),
        (BY_ID.replace("u3", "u1"), 'line 4 has the id "u1", which is on line 2 already'),
        (BY_ID.replace("u3", " "), "line 4 has no id"),
        (BY_ID + "u4,1\n", "line 5 has 2 cells, the header 3"),
        (BY_ID + "u4,1,0.2,0.1\n", "line 5 has 4 cells, the header 3"),
        (BY_ID + '"u4,1,0.2\n', "is not CSV"),
        (BY_ID.replace("u1,0", "u1,7").replace("u3,0", "u3,7"), "(and 1 more line)"),
    ],
)
def test_a_malformed_file_gets_a_sentence_that_names_the_line(text, said):
    with pytest.raises(FileProblemError) as caught:
        read(text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("theirs.csv: ")


@pytest.mark.parametrize("rows", [BY_ID, BY_ROW])
def test_scores_and_labels_alone_are_read_as_what_they_are(rows):
    scores = read(rows.replace("y_proba", "y_score").replace("0.9", "17").replace("0.4", "-3"))
    assert (scores.kind, scores.probability.tolist()) == ("score", [0.2, 17, -3])
    labels = read(LABELS[rows])
    assert (labels.kind, labels.probability.tolist()) == ("label", [0, 1, 1])
    assert read(rows).kind == "probability"


@pytest.mark.parametrize(("text", "line"), [("1.9", 3), ("-0.4", 3), ("90", 3)])
def test_y_proba_outside_0_to_1_is_taken_for_scores_and_said_to_be(text, line):
    found = read(BY_ID.replace("0.9", text))
    assert found.kind == "score"
    assert found.contender.note == f' (y_proba is not from 0 to 1, such as "{text}" on line {line})'
    assert external.on(found, ["u2"], [1], of="on.csv").kind == "score"


def test_probabilities_are_taken_where_a_file_has_scores_and_labels_too():
    found = read("id,y_true,y_pred,y_score,y_proba\nu1,0,0,-3,0.2\nu2,1,x,9,0.9\n")
    assert (found.kind, found.probability.tolist()) == ("probability", [0.2, 0.9])


def test_one_class_only_gets_a_sentence():
    with pytest.raises(TooFewRowsError, match=r"theirs.csv has 0 positive and 3 negative labels"):
        read(BY_ID.replace("u2,1", "u2,0"))


def test_predictions_by_id_are_put_in_the_order_of_the_first():
    mixed = read("id,y_true,y_proba\nu3,0,0.1\nu1,0,0.7\nu2,1,0.8\n", "mixed.csv")
    label, (first, second) = external.together([read(BY_ID), mixed])
    assert label.tolist() == [0, 1, 0]
    assert first.probability.tolist() == [0.2, 0.9, 0.4]
    assert (second.name, second.probability.tolist()) == ("mixed.csv", [0.7, 0.8, 0.1])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (BY_ID.replace("u3", "u9"), 'lacks 1 id of theirs.csv, such as "u3"'),
        (BY_ID + "u4,1,0.3\n", "it has 4 ids and theirs.csv 3"),
        (BY_ID.replace("u3,0", "u3,1"), 'y_true differs from theirs.csv for 1 user, such as "u3"'),
        (BY_ROW, "has ids, the other has none"),
    ],
)
def test_predictions_of_other_users_are_refused_with_a_sentence(other, said):
    with pytest.raises(BadOptionError) as caught:
        external.together([read(BY_ID), read(other, "mine.csv")])
    assert said in str(caught.value)


def test_predictions_without_ids_are_compared_only_with_the_identical_y_test():
    other = BY_ROW.replace("0.2", "0.3")
    _, contenders = external.together([read(BY_ROW), read(other, "mine.csv")])
    assert [each.probability[0] for each in contenders] == [0.2, 0.3]
    for changed in (BY_ROW.replace("0,0,", "1,0,"), BY_ROW + "1,1,0.6\n"):
        with pytest.raises(BadOptionError, match=r"y_test differs from that of theirs\.csv"):
            external.together([read(BY_ROW), read(changed, "mine.csv")])
    with pytest.raises(BadOptionError, match="no ids to match"):
        external.on(read(BY_ROW), ["u1"], [0], of="on.csv")


def test_predictions_for_more_users_than_are_compared_are_fine():
    found = external.on(read(BY_ID), pd.Series(["u2", "u1"]), [1, 0], of="on.csv")
    assert found.probability.tolist() == [0.9, 0.2]


@given(arrays.arrays(np.float64, st.integers(2, 30), elements=st.floats(0, 1)), st.booleans())
def test_what_is_written_is_what_is_read(probability, by_id):
    label = np.arange(len(probability)) % 2
    columns = {"id": [f"u{i}" for i in label.cumsum() * 100 + np.arange(len(label))], "y_true": label}
    if not by_id:
        columns = {"y_test": label, "y_pred": 1 - label}
    found = read(pd.DataFrame({**columns, "y_proba": probability}).to_csv(index=False))
    assert (found.probability == probability).all()
    assert (found.label == label).all()


@pytest.mark.parametrize("users", [9_176, pytest.param(91_760, marks=pytest.mark.slow)])
def test_many_predictions_are_compared(users):
    random = np.random.default_rng(0)
    label = (random.random(users) < 0.03).astype(int)
    files = []
    for noise in (0.05, 0.2):
        score = np.clip(0.1 + 0.5 * label + random.normal(0, noise, len(label)), 0, 1)
        frame = pd.DataFrame({"id": np.arange(len(label)), "y_true": label, "y_proba": score})
        files.append(external.read(f"{noise}.csv", frame.to_csv(index=False).encode()))
    shared, (a, b) = external.together(files)
    found = compare(shared, a, b, seed=0, thresholds={"monitor": 0.3, "human_review": 0.7, "auto_remove": 0.9})
    assert found.n == users
    assert found.difference("pr_auc").better == "0.05.csv"


@pytest.mark.parametrize("row", ['u1,"0,0.2', "u1,0,0.2,more", "u" * 20_000 + '","0,0.2'])
def test_a_header_that_cannot_be_used_is_told_before_any_row_is_looked_at(row):
    with pytest.raises(FileProblemError, match="predictions need the columns id, y_true, y_proba"):
        read(f"user,truth,said\nu0,0,0.1\n{row}\n")


def test_a_file_of_empty_cells_has_no_header():
    with pytest.raises(FileProblemError, match="predictions need the columns id, y_true, y_proba"):
        read(",,\n,,\n")


@pytest.mark.parametrize("row", ['u3,"0,0.2', '"u' + "3" * 20_000 + '",0,0.2'])
def test_of_several_lines_that_cannot_be_used_the_first_is_told(row):
    with pytest.raises(FileProblemError, match="line 3 has 4 cells, the header 3"):
        read(f"id,y_true,y_proba\nu1,0,0.1\nu2,1,0.2,more\n{row}\n")


def test_true_and_false_are_labels_like_1_and_0():
    plain = external.read("p.csv", b"id,y_true,y_proba\nu1,0,0.2\nu2,1,0.9\n")
    words = external.read("p.csv", b"id,y_true,y_proba\nu1,False,0.2\nu2, TRUE,0.9\n")
    assert words.label.tolist() == plain.label.tolist()
    flags = external.read("p.csv", b"y_test,y_pred,y_proba\nfalse,true,0.2\ntrue,true,0.9\n")
    assert flags.flagged.tolist() == [True, True]


def test_probabilities_of_the_other_class_are_recognised():
    label = np.repeat([0.0, 1.0], 40)
    right = np.linspace(0.05, 0.95, 80)
    found = metrics.judge(label, 1 - right, {}, seed=0).overall["roc_auc"]
    said = cautions.upside_down("theirs.csv", found, "probability")
    assert "theirs.csv ranks legitimate users above spammers" in said
    assert "Give 1 - y_proba" in said
    for other in (right, np.random.default_rng(0).random(80)):
        found = metrics.judge(label, other, {}, seed=0).overall["roc_auc"]
        assert cautions.upside_down("theirs.csv", found, "probability") is None


@pytest.mark.parametrize(
    ("column", "values", "advice"),
    [
        ("y_proba", np.linspace(0.95, 0.05, 80), "Give 1 - y_proba, then compare again."),
        ("y_score", np.linspace(4, -4, 80), "Give them with the sign turned round, then compare again."),
        ("y_proba", np.linspace(4, -4, 80), "Give them with the sign turned round, then compare again."),
    ],
)
def test_scores_of_the_other_class_are_turned_round_as_fits_what_the_file_gives(column, values, advice):
    lines = "".join(f"u{at},{int(at >= 40)},{value}\n" for at, value in enumerate(values))
    given = external.read("theirs.csv", f"id,y_true,{column}\n{lines}".encode())
    label, (theirs, again) = external.together([given, replace(given, name="again.csv")])
    found = compare(label, theirs, again, seed=0, thresholds={})
    said = cautions.upside_down("theirs.csv", found.figures[0].overall["roc_auc"], theirs.given)
    assert said.endswith(advice)
    assert again.given == theirs.given


def test_a_version_that_learnt_the_other_class_is_not_told_to_give_a_column():
    label = np.repeat([0.0, 1.0], 40)
    found = metrics.judge(label, np.linspace(0.95, 0.05, 80), {}, seed=0).overall["roc_auc"]
    said = cautions.upside_down("v0002", found, Contender("v0002", label).given)
    assert "which value of the label was taken for the spammer" in said
    assert "y_proba" not in said
