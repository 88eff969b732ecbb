"""Feedback in the short form: joined with what was scored, stored once, and refused with a sentence."""

from __future__ import annotations

import contextlib
import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access import accounts
from core.access.accounts import Person
from core.data.proposal import label_words
from core.errors import BadOptionError, FileProblemError, NotAllowedError
from core.feedback import short_form
from core.feedback.short_form import Row
from core.home import Home
from core.planning.day import Places
from core.policy.decide import decide
from core.review import importing
from core.review.importing import Imported
from core.schema import schema as schemas
from core.schema.schema import Label
from core.scoring.runs import Run
from tests import make
from tests.make import NOW

PASSWORD = "a long password"  # noqa: S105 - made up


@pytest.fixture
def run(own: Home) -> Run:
    """300 users, scored; nobody is queued yet."""
    users = make.csv(make.users(300, seed=2).drop(columns="spam"))
    columns, loaded = schemas.load(own.settings.schema_file), own.registry.load()
    return own.file_scoring.score_file("users.csv", users, columns, loaded, make.policy(), now=NOW).run


def given_rows(*cells: dict[str, Any]) -> list[Row]:
    return [Row.of(number, each) for number, each in enumerate(cells, 1)]


def imported(home: Home, *cells: dict[str, Any], by: str = "Ada") -> Imported:
    return home.feedback_import.record(given_rows(*cells), by=by, now=NOW)


def refused(home: Home, cells: dict[str, Any], by: str = "Ada") -> tuple[str, str]:
    """Column and sentence of the only row, of which nothing was stored."""
    done = imported(home, cells, by=by)
    assert (done.ids, done.new, len(done.refused)) == ((), 0, 1)
    assert len(stored(home)) == 0
    return done.refused[0].column, done.refused[0].sentence


def stored(home: Home) -> pd.DataFrame:
    return home.feedback.read()


def row_in(home: Home, run: Run, *bands: str) -> int:
    """An input row of a run in one of these bands."""
    scores = home.runs.scores(run.id)["probability"]
    return int(scores.index[pd.Index(decide(run.policy, scores).bands).isin(bands)][0])


def flagged(home: Home, run: Run) -> str:
    return f"{run.id}-{row_in(home, run, 'human_review', 'auto_remove')}"


def passed(home: Home, run: Run) -> str:
    return f"{run.id}-{row_in(home, run, 'allow', 'monitor')}"


def test_a_row_is_joined_with_what_was_scored(own: Home, run: Run) -> None:
    said = {"prediction_id": f"{run.id}-7", "actual_label": 1, "feedback_notes": "seen, twice", "reviewer": "Grace"}
    done = imported(own, said)
    row, user = stored(own).iloc[0], make.users(300, seed=2).iloc[6]
    assert (row["id"], done.new, done.refused) == (done.ids[0], 1, ())
    assert (row["user"], row["verdict"], row["notes"], row["reviewer"]) == (
        user["user"], "spammer", "seen, twice", "Grace"
    )  # fmt: skip
    pd.testing.assert_series_equal(
        row[list(make.SCHEMA.names)], user[list(make.SCHEMA.names)], check_names=False, check_dtype=False
    )
    score = own.runs.scores(run.id).loc[7, "probability"]
    assert (row["score"], row["band"], row["action"]) == (
        score, decide(run.policy, score).bands, decide(run.policy, score).actions
    )  # fmt: skip
    assert (row["model"], row["policy"], row["time"]) == ("v0001", "p0001", NOW)
    assert not row["blind"]


@pytest.mark.parametrize(
    ("said", "of_flagged", "of_passed"),
    [
        *(({"actual_label": each}, "spammer", "spammer") for each in (1, 1.0, "1", "1.0", True, "TRUE", " Spammer ")),
        *(({"actual_label": each}, "legitimate", "legitimate") for each in (0, "0", "0.0", False, "legitimate")),
        *(({"is_correct": each}, "spammer", "legitimate") for each in (True, "true", 1, "yes")),
        *(({"is_correct": each, "actual_label": ""}, "legitimate", "spammer") for each in (False, "False", 0, "0.0")),
        ({"is_correct": None, "actual_label": "1"}, "spammer", "spammer"),
        ({"is_correct": "NaN", "actual_label": "0"}, "legitimate", "legitimate"),
    ],
)
def test_a_label_is_what_was_said_or_follows_from_the_prediction(
    said: dict[str, Any], of_flagged: str, of_passed: str, own: Home, run: Run
) -> None:
    both = [said | {"prediction_id": prediction} for prediction in (flagged(own, run), passed(own, run))]
    assert imported(own, *both).new == 2
    assert stored(own)["verdict"].tolist() == [of_flagged, of_passed]


def test_both_may_be_said_as_long_as_they_agree(own: Home, run: Run) -> None:
    assert imported(own, {"prediction_id": flagged(own, run), "is_correct": True, "actual_label": 1}).new == 1
    assert imported(own, {"prediction_id": passed(own, run), "is_correct": False, "actual_label": 1}).new == 1


@pytest.mark.parametrize(("correct", "label"), [(True, 0), (False, 1)])
def test_a_contradiction_is_refused(correct: bool, label: int, own: Home, run: Run) -> None:
    prediction = flagged(own, run)
    said = refused(own, {"prediction_id": prediction, "is_correct": correct, "actual_label": label})
    band = decide(run.policy, own.runs.scores(run.id).loc[int(prediction.rpartition("-")[2]), "probability"]).bands
    assert said == (
        "is_correct",
        f"Row 1, is_correct: {str(correct).lower()} contradicts actual_label {label}: the prediction was spammer "
        f"({band}). Correct one of the two, or leave is_correct empty.",
    )


@pytest.mark.parametrize(
    "prediction", ["", "nothing", "r-9999-1", "r-0001-0", "r-0001-301", "r-0001-07", "r-01-7", "r-0001-7\ud800", "7"]
)
def test_an_unknown_prediction_is_refused(prediction: str, own: Home, run: Run) -> None:
    assert run.id == "r-0001"
    column, sentence = refused(own, {"prediction_id": prediction, "actual_label": 1})
    assert column == "prediction_id"
    assert sentence.endswith("is no prediction of this workspace. Copy it from the scores of a run.")
    assert sentence.encode()


@pytest.mark.parametrize(
    ("said", "column", "words"),
    [
        ({}, "actual_label", "it is missing, and so is is_correct"),
        ({"actual_label": "", "is_correct": "n/a"}, "actual_label", "it is missing, and so is is_correct"),
        ({"actual_label": "2"}, "actual_label", '"2" is none of the answers; write 1 for a spammer, 0 for'),
        ({"actual_label": "unsure"}, "actual_label", '"unsure" is none of the answers'),
        ({"is_correct": "maybe"}, "is_correct", '"maybe" is none of the answers; write true or false'),
        ({"actual_label": [1]}, "actual_label", "give text or a number, no list and no object"),
        ({"actual_label": 1, "reviewer": "x" * 81}, "reviewer", "give 1 to 80 printable characters"),
        ({"actual_label": 1, "feedback_notes": "x" * 10_001}, "feedback_notes", "at most 10,000 are kept"),
        ({"actual_label": 1, "feedback_notes": "\ud800"}, "feedback_notes", "half a character"),
        ({"actual_label": 1, "feedback_id": "x" * 201}, "feedback_id", "at most 200 are kept"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_column(
    said: dict[str, Any], column: str, words: str, own: Home, run: Run
) -> None:
    found, sentence = refused(own, {"prediction_id": f"{run.id}-1"} | said)
    assert found == column
    assert sentence.startswith(f"Row 1, {column}: ")
    assert words in sentence


def test_the_same_rows_again_store_nothing_new(own: Home, run: Run) -> None:
    cells = [{"prediction_id": f"{run.id}-{row}", "actual_label": row % 2} for row in range(1, 40)]
    first, again = imported(own, *cells), imported(own, *cells, *cells)
    assert (first.new, again.new) == (39, 0)
    assert set(again.ids) == set(first.ids) == set(stored(own)["id"])
    assert len(stored(own)) == 39
    assert [what for what in own.audit.read()["what"] if what == "import feedback"] == ["import feedback"]


def test_what_differs_is_another_verdict(own: Home, run: Run) -> None:
    cells = {"prediction_id": f"{run.id}-1", "actual_label": 1}
    changes: list[dict[str, Any]] = [{}, {"actual_label": 0}, {"feedback_notes": "a"}, {"reviewer": "Grace"}]
    done = imported(own, *(cells | change for change in changes))
    assert (done.new, done.changed) == (4, 2)


# Contradictions and changes of mind


def labels(home: Home) -> list[tuple[str, str]]:
    """Reviewer and verdict of what was neither superseded nor withdrawn."""
    known = home.ledger
    known.refresh()
    frame = known.valid()
    return list(zip(frame["reviewer"], frame["verdict"], strict=True))


def from_file(home: Home, *cells: dict[str, Any], by: str = "Ada") -> Imported:
    return home.feedback_import.record(given_rows(*cells), by=by, now=NOW, cumulative=True)


def test_there_and_back_again_is_said_three_times(own: Home, run: Run) -> None:
    cells = {"prediction_id": f"{run.id}-2"}
    found = [imported(own, cells | {"actual_label": label}) for label in ("legitimate", "spammer", "legitimate")]
    assert [(each.new, each.changed) for each in found] == [(1, 0), (1, 1), (1, 1)]
    assert labels(own) == [("Ada", "legitimate")]
    user = stored(own)["user"].iloc[0]
    assert own.outbox.of_user(user)["decision"].tolist() == ["keep", "remove", "keep"]


def test_of_a_reviewer_who_contradicts_himself_in_a_file_the_last_row_counts(own: Home, run: Run) -> None:
    rows = [
        {"prediction_id": f"{run.id}-1", "actual_label": "spammer", "reviewer": "ana"},
        {"prediction_id": f"{run.id}-1", "actual_label": "spammer", "reviewer": "Bob"},
        {"prediction_id": f"{run.id}-1", "actual_label": "legitimate", "reviewer": "Ana"},
    ]
    done = from_file(own, *rows)
    assert (done.new, done.changed, done.replaced, done.known, len(done.ids)) == (2, 0, 1, 0, 3)
    assert done.ids[0] == done.ids[2] != done.ids[1]
    assert sorted(labels(own)) == [("Ana", "legitimate"), ("Bob", "spammer")]
    again = from_file(own, *rows)
    assert (again.new, again.replaced, again.known) == (0, 1, 2)


@pytest.mark.slow
def test_a_growing_file_imported_ten_times_stores_each_change_once(own: Home, run: Run) -> None:
    says = ("spammer", "legitimate", "spammer", "spammer", "legitimate")
    rows: list[dict[str, Any]] = []
    for number, label in enumerate(says):
        rows.append({"prediction_id": f"{run.id}-1", "actual_label": label, "feedback_notes": f"look {number}"})
        rows.append({"prediction_id": f"{run.id}-{number + 2}", "actual_label": label})
        assert from_file(own, *rows).new == 2
        assert sum(from_file(own, *rows).new for _ in range(9)) == 0
    assert len(stored(own)) == 10
    assert own.feedback.verify().whole


def test_a_row_judged_no_later_than_what_stands_is_known(own: Home, run: Run) -> None:
    def at(label: int, hour: int, minute: int = 0) -> dict[str, Any]:
        moment = f"2026-03-01 {hour:02d}:{minute:02d}"
        return {"prediction_id": f"{run.id}-1", "actual_label": label, "judged_at": moment}

    assert from_file(own, at(1, 9)).new == 1
    for late in (at(0, 9), at(0, 8, 59)):
        assert from_file(own, late).known == 1
    assert from_file(own, at(0, 9, 1)).changed == 1
    # Sorted the newest first, a file says the same.
    assert from_file(own, at(1, 10), at(0, 9, 30)).changed == 1
    assert labels(own) == [("Ada", "spammer")]
    assert stored(own)["time"].iloc[-1].isoformat() == "2026-03-01T10:00:00+00:00"


def test_an_older_verdict_of_somebody_else_is_kept_and_changes_no_label(own: Home, run: Run) -> None:
    cells = {"prediction_id": f"{run.id}-1"}
    imported(own, cells | {"actual_label": 0, "judged_at": "2026-03-01T10:00:00Z"})
    done = imported(own, cells | {"actual_label": 1, "reviewer": "Bob", "judged_at": "2026-03-01T10:00:00+01:00"})
    assert done.new == 1
    known = own.ledger
    assert known.effective()[["reviewer", "verdict"]].to_numpy().tolist() == [["Ada", "legitimate"]]
    assert own.outbox.of_user(stored(own)["user"].iloc[0])["decision"].tolist() == ["keep"]


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "28.11.2026", "2026-03-01T13:00:00Z", 7])
def test_a_time_that_cannot_be_is_refused(moment: Any, own: Home, run: Run) -> None:
    column, sentence = refused(own, {"prediction_id": f"{run.id}-1", "actual_label": 1, "judged_at": moment})
    assert (column, "is no time" in sentence or "lies in the future" in sentence) == ("judged_at", True)


def test_what_a_reviewer_said_in_a_case_is_superseded_by_the_own_import(own: Home, run: Run) -> None:
    plan = queued(own, run)
    row = int(plan.index[plan["chosen"]][0])
    user = make.users(300, seed=2)["user"].iloc[row - 1]
    case = own.cases.of_user(user)[0].id
    cells = {"prediction_id": f"{run.id}-{row}"}
    imported(own, cells | {"actual_label": 1})
    done = from_file(own, cells | {"actual_label": 0})
    assert done.changed == 1
    (now,) = own.cases.of_user(user)
    assert (now.id, now.judgement, now.verdict) == (case, "legitimate", done.ids[0])
    assert own.outbox.of_user(user)["decision"].tolist() == ["remove", "keep"]


def test_what_was_said_before_an_appeal_does_not_decide_it(own: Home, run: Run) -> None:
    plan = queued(own, run)
    row = int(plan.index[plan["chosen"]][0])
    user = make.users(300, seed=2)["user"].iloc[row - 1]
    cells = {"prediction_id": f"{run.id}-{row}", "actual_label": 1}
    imported(own, cells)
    (case,) = own.cases.of_user(user)
    own.queue.reopen(case.id, by="Lea", note="says it is a mistake", now=NOW)
    early = (NOW - timedelta(hours=1)).isoformat()
    assert from_file(own, cells | {"reviewer": "Bob", "judged_at": early}).new == 1
    assert own.cases.of_user(user)[0].status == "open"


def test_a_file_does_not_say_again_what_was_taken_back_and_a_request_does(own: Home, run: Run) -> None:
    cells = {"prediction_id": f"{run.id}-1", "actual_label": 1}
    first = from_file(own, cells)
    own.verdicts.undo(first.ids, by="Ada", now=NOW)
    assert from_file(own, cells).known == 1
    assert labels(own) == []
    assert imported(own, cells).new == 1
    assert labels(own) == [("Ada", "spammer")]


def test_two_imports_of_one_file_at_once_store_it_once(own: Home, run: Run) -> None:
    rows = [{"prediction_id": f"{run.id}-{row}", "actual_label": row % 2} for row in range(1, 60)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: from_file(own, *rows), range(4)))
    assert sum(each.new for each in done) == len(stored(own)) == 59


JUDGED = st.lists(
    st.tuples(st.sampled_from([1, 2]), st.sampled_from(["Ada", "Bob"]), st.sampled_from([0, 1])), max_size=8
)


@hypothesis.settings(max_examples=20, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(JUDGED, st.booleans())
def test_of_each_prediction_and_reviewer_the_last_word_stands(
    own: Home, run: Run, said: list[tuple[int, str, int]], at_once: bool
) -> None:
    for user in set(make.users(300, seed=2)["user"][:2]):  # what the example before has left
        own.feedback.forget(user, by="Ada", now=NOW)
    rows = [{"prediction_id": f"{run.id}-{row}", "reviewer": who, "actual_label": label} for row, who, label in said]
    for batch in [rows] if at_once else [[each] for each in rows]:
        from_file(own, *batch)
    last = {(row, who): label for row, who, label in said}
    known = own.ledger
    known.refresh()
    frame = known.valid()
    found = {
        (int(prediction.rpartition("-")[2]), who): int(label)
        for prediction, who, label in zip(frame["prediction"], frame["reviewer"], frame["actual_label"], strict=True)
    }
    assert (found, len(frame)) == (last, len(last))
    assert from_file(own, *rows).new == 0


def test_an_id_of_ones_own_counts_once_and_cannot_say_something_else(own: Home, run: Run) -> None:
    cells = {"prediction_id": f"{run.id}-1", "actual_label": 1}
    assert imported(own, cells | {"feedback_id": "f1"}).ids == ("f1",)
    assert imported(own, cells | {"id": "f1"}).new == 0
    many = [{"prediction_id": f"{run.id}-{row}", "actual_label": 1} for row in range(2, 12)]
    done = imported(own, *many[:5], cells | {"actual_label": 0, "feedback_id": "f1"}, *many[5:])
    assert (done.new, len(done.ids)) == (10, 10)
    assert [(refusal.row, refusal.column) for refusal in done.refused] == [(6, "feedback_id")]
    assert "To change a verdict, record one with a new id." in done.refused[0].sentence
    assert len(stored(own)) == 11


def test_good_rows_are_stored_although_others_are_refused(own: Home, run: Run) -> None:
    good = {"prediction_id": f"{run.id}-1", "actual_label": 1}
    done = imported(own, {"prediction_id": "?"}, good, good | {"actual_label": 7}, good | {"prediction_id": "r-0077-1"})
    assert (done.new, [refusal.row for refusal in done.refused]) == (1, [1, 3, 4])
    assert importing.table(done.refused).column_names == ["row", "column", "sentence", "record"]
    assert json.loads(importing.table(done.refused)["record"][1].as_py()) == good | {"actual_label": 7}


def queued(home: Home, run: Run) -> pd.DataFrame:
    """The plan of a run that only a few of its users are chosen by."""
    home.plans.choose(Places(8, 3, 0.05 * run.users), by="Ada", now=NOW)
    plan = home.runs.plan(run.id)
    assert plan is not None
    return plan


def test_whoever_the_plan_has_chosen_keeps_the_odds_and_nobody_else_has_any(own: Home, run: Run) -> None:
    plan = queued(own, run)
    spare = int(plan.index[~plan["chosen"]][0])
    own.sending.send(run.id, [spare], by="Ada", now=NOW)
    imported(own, *({"prediction_id": f"{run.id}-{row}", "actual_label": 1} for row in plan.index))
    found = stored(own).set_index(plan.index)
    chosen = plan["chosen"]
    assert (found.loc[chosen, "stratum"] == plan.loc[chosen, "stratum"].astype("str")).all()
    assert (found.loc[chosen, "inclusion"] == plan.loc[chosen, "inclusion"]).all()
    assert (found.loc[spare, "stratum"], found.loc[spare, "inclusion"]) == ("certain", 1.0)
    assert found.loc[~chosen & (found.index != spare), "inclusion"].isna().all()


def test_figures_count_whoever_was_drawn_and_nobody_else(own: Home, run: Run) -> None:
    plan = queued(own, run)
    others = plan.index[~plan["chosen"]]
    imported(own, *({"prediction_id": f"{run.id}-{row}", "actual_label": 1} for row in others))
    assert [judged(own, run), len(stored(own))] == [0, len(others)]
    imported(own, *({"prediction_id": f"{run.id}-{row}", "actual_label": 1} for row in plan.index[plan["chosen"]]))
    assert judged(own, run) == plan["chosen"].sum()


def judged(home: Home, run: Run) -> int:
    known = home.ledger
    known.refresh()
    figures = home.live_figures.figures(run, known.valid())
    assert figures is not None
    return sum(band.judged for band in figures.bands)


def test_an_import_closes_the_case_tells_the_platform_and_can_be_undone(own: Home, run: Run) -> None:
    plan = queued(own, run)
    row = int(plan.index[plan["chosen"]][0])
    user = make.users(300, seed=2)["user"].iloc[row - 1]
    done = imported(own, {"prediction_id": f"{run.id}-{row}", "actual_label": 1})
    (case,) = own.cases.of_user(user)
    assert (case.status, case.judgement, case.judged_by) == ("closed", "spammer", "Ada")
    assert own.outbox.of_user(user)["decision"].tolist() == ["remove"]
    own.verdicts.undo(done.ids, by="Ada", now=NOW)
    assert own.cases.of_user(user)[0].status == "open"
    assert own.outbox.of_user(user)["decision"].tolist() == ["remove", "none"]


def test_a_run_whose_file_has_no_ids_names_users_by_file_and_row(own: Home) -> None:
    schemas.save(replace(make.SCHEMA, id=None), own.settings.schema_file)
    users = make.csv(make.users(30, seed=2).drop(columns=["spam", "user"]))
    columns, loaded = schemas.load(own.settings.schema_file), own.registry.load()
    run = own.file_scoring.score_file("users.csv", users, columns, loaded, make.policy(), now=NOW).run
    assert imported(own, {"prediction_id": f"{run.id}-3", "actual_label": 1}).new == 1
    assert stored(own)["user"].tolist() == [f"{run.dataset[:12]}-3"]


def test_who_may_judge_imports_in_the_own_name_and_a_lead_in_any(own: Home, run: Run) -> None:
    for name, role in (("Ada", "admin"), ("Rex", "reviewer"), ("Lea", "lead"), ("Ann", "analyst")):
        own.accounts.create(name, accounts.role_named(role), PASSWORD, now=NOW)
    cells = {"prediction_id": f"{run.id}-1", "actual_label": 1}
    column, sentence = refused(own, cells | {"reviewer": "Ada"}, by="Rex")
    assert (column, "Rex may import verdicts of Rex only. Ask a lead to." in sentence) == ("reviewer", True)
    assert imported(own, cells | {"reviewer": "REX"}, cells, by="Rex").new == 1
    assert imported(own, cells | {"reviewer": "Somebody outside"}, by="Lea").new == 1
    assert stored(own)["reviewer"].tolist() == ["Rex", "Somebody outside"]
    for name in ("Ann", "Nobody"):
        with pytest.raises(NotAllowedError, match=name):
            imported(own, cells | {"feedback_notes": "new"}, by=name)


CSV = 'prediction_id,Is_Correct, actual_label ,feedback_notes\nr-0001-1,,1,"one, ""two""\nthree"\nr-0001-2,true,,\n'
LINES = '{"prediction_id": "r-0001-1", "actual_label": 1, "feedback_notes": "é"}\n\n[1]\n{"is_correct": tru\n'


@pytest.mark.parametrize("name", ["f.csv", "f.txt", "f.csv.gz"])
def test_a_csv_file_is_read_whatever_its_dialect(name: str, tmp_path: Path) -> None:
    for text in (CSV, CSV.replace("\n", "\r\n"), "\ufeff" + CSV):
        payload = text.encode()
        (tmp_path / name).write_bytes(gzip.compress(payload) if name.endswith("gz") else payload)
        first, second = short_form.read(name, tmp_path / name)
        notes = str(first.cells["feedback_notes"]).replace("\r\n", "\n")
        assert (first.number, first.cells["actual_label"], notes) == (1, "1", 'one, "two"\nthree')
        assert (second.number, second.cells["is_correct"], second.fault) == (2, "true", "")


def test_json_lines_are_numbered_as_in_the_file_and_bad_ones_are_said() -> None:
    rows = short_form.read("f.jsonl", LINES.encode())
    assert [(row.number, row.fault.partition(";")[0]) for row in rows] == [
        (1, ""), (3, "this is JSON, but no object"), (4, "this is not JSON")
    ]  # fmt: skip
    assert rows[0].cells["feedback_notes"] == "é"


def test_a_ragged_or_blank_line_is_refused_with_its_row(own: Home, run: Run) -> None:
    text = f"prediction_id,actual_label\n{run.id}-1,1\n\n{run.id}-2,1,more\n{run.id}-3,0\n"
    done = own.feedback_import.record(short_form.read("f.csv", text.encode()), by="Ada", now=NOW)
    assert done.new == 2
    assert [(each.row, each.text) for each in done.refused] == [(2, ""), (3, f"{run.id}-2,1,more")]
    assert done.refused[0].sentence == "Row 2: the line is blank; remove it."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,actual_label\nr-0001-1,1\n", "it has no column prediction_id"),
        ("prediction_id,label\nr-0001-1,1\n", "it has neither a column is_correct nor actual_label"),
        ("prediction_id,actual_label\n", "not one row"),
        ("", "the file is empty"),
    ],
)
def test_a_file_without_what_is_needed_is_refused_as_a_whole(text: str, words: str) -> None:
    with pytest.raises(FileProblemError, match=words):
        short_form.read("f.csv", text.encode())


CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12), st.lists, max_leaves=3
)
NAMES = st.sampled_from([*short_form.COLUMNS, "id", "Prediction_ID ", "other", ""])


@given(st.dictionaries(NAMES, CELLS | st.sampled_from(["r-0001-1", "1", "0", "true"])), st.sampled_from(accounts.ROLES))
def test_whatever_is_given_is_understood_or_refused(cells: dict[str, Any], role: accounts.Role) -> None:
    row = Row.of(1, cells)
    assert isinstance(json.loads(row.text), dict)
    with contextlib.suppress(BadOptionError):
        said = short_form.understood(row, Person("Rex", role))
        assert said.prediction == ("r-0001", 1)
        assert said.reviewer == "Rex" or role in {"lead", "admin"}


@pytest.mark.parametrize("column", ["prediction_id", "actual_label", "feedback_notes", "reviewer", "feedback_id"])
def test_a_zero_byte_in_json_is_refused_by_its_column(column: str, own: Home, run: Run) -> None:
    said = {"prediction_id": flagged(own, run), "actual_label": "1", "feedback_notes": "", "reviewer": ""}
    where, sentence = refused(own, said | {column: f"{said.get(column, '')}\0"})
    assert (where, "it holds a zero byte" in sentence) == (column, True)


@pytest.mark.parametrize(
    ("label", "said", "spammer"),
    [
        (Label("spam", "spam", "ham"), "Ham", False),
        (Label("spam", "spam", "ham"), "spam", True),
        (Label("spam", "spam", "ham"), "1", True),
        (Label("status", "banned", "kept"), " BANNED ", True),
        (Label("spam", "2", "1"), "2", True),
        (Label("spam", "2", "1"), "legitimate", False),
    ],
)
def test_the_words_of_the_label_of_a_home_are_understood(label: Label, said: str, spammer: bool) -> None:
    row = Row.of(1, {"prediction_id": "r-0001-1", "actual_label": said})
    found = short_form.understood(row, Person("Rex", "lead"), label_words.own_words(label))
    assert found.spammer is spammer


@pytest.mark.parametrize("label", [Label("spam", "2", "1"), Label("is_legit", "0", "1")])
def test_a_word_that_means_the_opposite_in_the_label_of_the_home_is_refused(label: Label) -> None:
    row = Row.of(1, {"prediction_id": "r-0001-1", "actual_label": "1"})
    with pytest.raises(BadOptionError, match="means legitimate in the label of this workspace and spammer in feedback"):
        short_form.understood(row, Person("Rex", "lead"), label_words.own_words(label))


def test_feedback_in_the_words_of_the_home_is_stored(own: Home, run: Run) -> None:
    schema = schemas.load(own.settings.schema_file)
    schemas.save(replace(schema, label=Label("spam", "spam", "ham")), own.settings.schema_file)
    done = imported(
        own,
        {"prediction_id": f"{run.id}-1", "actual_label": "spam"},
        {"prediction_id": f"{run.id}-2", "actual_label": "ham"},
    )
    assert done.new == 2
    assert stored(own)["verdict"].tolist() == ["spammer", "legitimate"]
    column, sentence = importing_refused(own, {"prediction_id": f"{run.id}-3", "actual_label": "eggs"})
    assert column == "actual_label"
    assert 'the label\'s own "spam" and "ham"' in sentence


def importing_refused(home: Home, cells: dict[str, Any]) -> tuple[str, str]:
    done = imported(home, cells)
    return done.refused[0].column, done.refused[0].sentence
