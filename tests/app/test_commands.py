"""The groups of commands, each run for real on a small home: feedback, queue, decisions, accounts."""

from __future__ import annotations

import csv
import getpass
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from app.commands import figures
from core.access import accounts
from core.home import Home
from core.policy.bands import BANDS
from core.registry import registry
from core.review import cases
from core.review.cases import CaseFilters
from core.schema import schema as schemas
from core.settings import ROOT
from core.store import chained_log
from tests import make
from tests.core.registry.crafted import one_bad_leaf, without_score
from tests.core.review import reviewing
from tests.make import NOW

SECRET = "a long password"  # noqa: S105 - made up
RUN = "r-0001"


def invoked(*arguments: object, home: Home, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["--home", str(home.settings.home), *map(str, arguments)], input=stdin)


def done(*arguments: object, home: Home, stdin: str | None = None) -> Result:
    """A command that works."""
    found = invoked(*arguments, home=home, stdin=stdin)
    assert found.exit_code == 0, found.stderr
    return found


def said(*arguments: object, home: Home, code: int = 2, stdin: str | None = None) -> str:
    """The last line that a command says which ends with this exit code and gives no result."""
    found = invoked(*arguments, home=home, stdin=stdin)
    assert (found.exit_code, found.stdout) == (code, ""), found.stderr
    return found.stderr.splitlines()[-1]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), strict=True))


def stored(home: Home) -> pd.DataFrame:
    return home.feedback.read()


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands change what happens on a bug for the rest of their process; here it goes on after them."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


@pytest.fixture
def scored(own: Home) -> Home:
    """A home with run r-0001 of 300 users; a few of them would be chosen."""
    users = make.csv(make.users(300, seed=2).drop(columns="spam"))
    columns, loaded = schemas.load(own.settings.schema_file), own.registry.load()
    assert own.file_scoring.score_file("users.csv", users, columns, loaded, make.policy(), now=NOW).run.id == RUN
    rules = replace(own.guidance.load(), capacity=20, random_share=0.5, uncertain=3)
    own.guidance.save(rules, by="Ada", now=NOW)
    return own


@pytest.fixture
def queued(scored: Home) -> Home:
    """The same, with the run queued."""
    done("queue", "add", RUN, "--by", "Ada", home=scored)
    return scored


def feedback_file(folder: Path, *lines: str, name: str = "given.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(["prediction_id,is_correct,actual_label,feedback_notes", *lines, ""]), encoding="utf-8")
    return path


def chosen(home: Home) -> pd.DataFrame:
    plan = home.runs.plan(RUN)
    assert plan is not None
    return plan[plan["chosen"]]


def judge_all(home: Home, folder: Path) -> None:
    """Import a label for everybody who waits, spammers and others in turn."""
    lines = [f"{RUN}-{row},,{at % 2}," for at, row in enumerate(chosen(home).index)]
    done("feedback", "import", feedback_file(folder, *lines), "--by", "Ada", home=home)


def user_of(row: int) -> str:
    return str(make.users(300, seed=2)["user"].iloc[row - 1])


def test_a_run_is_queued_and_the_queue_counted(scored: Home) -> None:
    assert json.loads(done("queue", "stats", "--json", home=scored).stdout) == {
        "open": 0, "bands": dict.fromkeys(BANDS, 0), "blind": 0, "oldest": None, "snoozed": 0, "next_back": None,
    }  # fmt: skip
    before = datetime.now(UTC)
    found = done("queue", "add", RUN, home=scored)
    waiting = scored.cases.listing(CaseFilters(unblinded=True), now=NOW)
    assert found.stderr.startswith(f"{len(waiting)} users are new in the queue")
    facts = json.loads(done("queue", "stats", "--json", home=scored).stdout)
    assert (facts["open"], facts["blind"]) == (len(waiting), waiting["blind"].sum())
    shown = waiting.loc[~waiting["blind"], "band"].value_counts()
    assert facts["bands"] == {band: shown.get(band, 0) for band in BANDS}
    oldest = datetime.fromisoformat(facts["oldest"])
    assert before.replace(microsecond=0) <= oldest <= datetime.now(UTC)
    text = done("queue", "stats", home=scored).stdout
    assert text.startswith(f"{len(waiting)} open cases, the oldest since {facts['oldest']}\nauto_remove ")
    assert scored.audit.read()["who"].tolist() == [getpass.getuser()]
    assert "Nobody is new in the queue" in done("queue", "add", RUN, home=scored).stderr


def test_the_plan_is_said_before_the_places_are_filled(scored: Home) -> None:
    told = done("queue", "plan", home=scored).stdout
    facts = json.loads(done("queue", "plan", "--json", home=scored).stdout)
    assert told == f"{facts['sentence']}\n"
    assert (facts["capacity"], facts["carried"], facts["days"]) == (20, 0, 0)
    assert scored.cases.waiting(now=NOW).open == 0
    found = done("queue", "fill", "--by", "Ada", home=scored)
    assert f"({facts['today']} flagged, " in found.stderr
    assert "Nobody is new in the queue" in done("queue", "fill", "--by", "Ada", home=scored).stderr


def test_a_case_is_reopened_with_a_note(queued: Home, tmp_path: Path) -> None:
    judge_all(queued, tmp_path)
    assert said("queue", "reopen", "c-000001", "--note", " ", home=queued, code=4).startswith("Say in a note why")
    assert done("queue", "reopen", "c-000001", "--note", "New facts", "--by", "Grace", home=queued).stderr == (
        "c-000001 is open again, for anybody but Ada.\n"
    )
    found = queued.cases.find("c-000001")
    assert (found.status, found.reopened, found.stratum) == ("open", "Grace: New facts", "appeal")
    assert queued.audit.read().iloc[0][["who", "what", "why"]].tolist() == ["Grace", "reopen", "New facts"]


def test_what_the_queue_cannot_do_is_said(scored: Home) -> None:
    assert said("queue", "add", "r-0009", home=scored) == "This workspace has no run r-0009."
    assert said("queue", "reopen", "c-000099", "--note", "x", home=scored) == "This workspace has no case c-000099."
    assert invoked("queue", "reopen", "c-000001", home=scored).exit_code == 2


def test_feedback_is_imported_once_however_often(queued: Home, tmp_path: Path) -> None:
    path = feedback_file(tmp_path, f"{RUN}-1,,1,first", f"{RUN}-2,true,,")
    assert done("feedback", "import", path, "--by", "Ada", home=queued).stderr == (
        "given.csv: 2 rows, 2 new, 0 known, 0 rejected.\n"
    )
    again = done("feedback", "import", path, "--by", "Ada", home=queued)
    assert (again.stdout, again.stderr) == ("", "given.csv: 2 rows, 0 new, 2 known, 0 rejected.\n")
    assert stored(queued)["user"].tolist() == [user_of(1), user_of(2)]
    assert set(stored(queued)["reviewer"]) == {"Ada"}


def test_rejected_rows_lie_beside_the_file_with_exit_code_three(queued: Home, tmp_path: Path) -> None:
    rows = [f"{RUN}-1,,1,fine", "r-0077-1,,1,", f"{RUN}-2,,,", "=cmd(),1,1,", f"{RUN}-3,,0,"]
    path, rejected = feedback_file(tmp_path, *rows), tmp_path / "given.rejected.csv"
    found = invoked("feedback", "import", path, home=queued)
    assert (found.exit_code, found.stdout) == (3, "")
    lines = found.stderr.splitlines()
    assert lines[0] == "given.csv: 5 rows, 2 new, 0 known, 3 rejected."
    assert (
        lines[1]
        == 'Row 2, prediction_id: "r-0077-1" is no prediction of this workspace. Copy it from the scores of a run.'
    )
    assert lines[-1] == f"Rejected rows: {rejected}"
    kept = table(rejected.read_text(encoding="utf-8"))
    assert [(row["row"], row["column"]) for row in kept] == [
        ("2", "prediction_id"), ("3", "actual_label"), ("4", "prediction_id")
    ]  # fmt: skip
    assert (kept[1]["record"], kept[2]["record"]) == (rows[2], "'=cmd(),1,1,")  # no formula to a spreadsheet
    assert kept[0]["sentence"] == lines[1]
    done("feedback", "import", feedback_file(tmp_path, rows[0]), home=queued)
    assert not rejected.exists()


def test_json_lines_are_imported_too(queued: Home, tmp_path: Path) -> None:
    path = tmp_path / "given.jsonl"
    told = {"prediction_id": f"{RUN}-4", "actual_label": 0, "reviewer": "Grace", "feedback_id": "f-1"}
    path.write_text(json.dumps(told) + "\n", encoding="utf-8")
    done("feedback", "import", path, home=queued)
    assert stored(queued)[["id", "user", "verdict", "reviewer"]].to_numpy().tolist() == [
        ["f-1", user_of(4), "legitimate", "Grace"]
    ]


def test_the_figures_are_those_of_the_verdicts(queued: Home, tmp_path: Path) -> None:
    empty = done("feedback", "stats", home=queued).stdout
    assert empty.startswith("0 verdicts, 0 stand\nnaive accuracy –\nr-0001: v0001 under p0001, 300 users; 95 %")
    judge_all(queued, tmp_path)
    known = queued.ledger
    known.refresh()
    correct = known.frame()["is_correct"]
    queued.verdicts.undo([known.frame()["id"].iloc[0]], by="Ada", now=NOW)
    facts = json.loads(done("feedback", "stats", "--json", home=queued).stdout)
    n = len(chosen(queued))
    assert (facts["total"], facts["standing"]) == (n + 1, n - 1)
    assert facts["by_verdict"] == {"spammer": n // 2, "legitimate": n - 1 - n // 2}
    assert facts["by_reviewer"] == {"Ada": n - 1}
    events = int(correct.iloc[1:].sum())
    assert facts["naive_accuracy"] == {"value": events / (n - 1), "events": events, "of": n - 1}
    bands = facts["run"]["spammers_by_band"]
    assert list(bands) == list(BANDS)
    assert sum(band["judged"] for band in bands.values()) == n - 1
    assert sum(band["pending"] for band in bands.values()) == 1
    assert not facts["run"]["precision"]["enough"]
    text = done("feedback", "stats", "--run", RUN, home=queued).stdout
    assert f"{n + 1} verdicts, {n - 1} stand" in text
    assert f"by Ada: {n - 1}" in text
    low, high = (facts["run"]["recall"][name] for name in ("low", "high"))
    assert f"recall                    too few to say ({low:.4f} to {high:.4f}); " in text


def test_the_figures_say_which_runs_they_leave_out(queued: Home) -> None:
    assert "Left out" not in done("feedback", "stats", home=queued).stdout
    frame = make.users(60, seed=8)
    reviewing.scored(queued, frame.assign(user=frame["user"] + "x"), queued.runs.find(RUN).policy)
    sentence = "Left out: 1 run without a plan, from which nobody was drawn yet: fill the places of a day."
    assert f"\n{sentence}\n" in done("feedback", "stats", home=queued).stdout
    facts = json.loads(done("feedback", "stats", "--json", home=queued).stdout)
    assert facts["run"]["left_out"] == {"unplanned": 1, "unread": 0, "sentence": sentence}


def test_a_figure_is_told_with_its_interval_once_there_are_enough_labels(capsys: pytest.CaptureFixture[str]) -> None:
    one = {
        "value": 0.9, "low": 0.8, "high": 0.95, "enough": True, "judged": 1200, "pending": 3, "unsure": 2,
        "naive": 0.5, "naive_events": 600, "naive_of": 1200,
    }  # fmt: skip
    few = one | {"value": None, "low": 0.0, "high": 1.0, "enough": False, "naive": None}
    about = {"id": RUN, "model_version": "v1", "policy_version": "p1", "users": 40_000}
    run = about | {"precision": one, "recall": few, "spammers_by_band": dict.fromkeys(BANDS, few)}
    nothing = {"value": None, "events": 0, "of": 0}
    facts = {"total": 1, "standing": 1, "by_verdict": {}, "by_reviewer": {}, "naive_accuracy": nothing, "run": run}
    figures.show(facts, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["1 verdict, 1 stand", "naive accuracy –", "r-0001: v1 under p1, 40,000 users; 95 % intervals"]
    rest = "1,200 judged, 3 pending, 2 unsure; naive"
    assert lines[3].split(maxsplit=1) == ["precision", f"0.9000 (0.8000 to 0.9500); {rest} 0.5000 (600 of 1,200)"]
    assert lines[4].split(maxsplit=1) == ["recall", f"too few to say (0.0000 to 1.0000); {rest} –"]
    assert [line.split()[2] for line in lines[5:]] == ["auto_remove", "human_review", "monitor", "allow"]


@pytest.mark.skipif(os.name == "nt", reason="there are no users by number")
def test_a_computer_without_a_name_for_its_user_asks_for_one(queued: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
    assert said("queue", "add", RUN, home=queued).startswith("--by: say who does this")


def test_without_a_queued_run_the_verdicts_are_counted_alone(scored: Home) -> None:
    found = done("feedback", "stats", home=scored)
    assert "No run is queued yet" in found.stderr
    assert json.loads(done("feedback", "stats", "--json", home=scored).stdout)["run"] is None
    assert "was not queued, so that nothing can be estimated" in said("feedback", "stats", "--run", RUN, home=scored)
    assert said("feedback", "stats", "--run", "r-0009", home=scored) == "This workspace has no run r-0009."


def test_unfinished_lines_are_told(queued: Home, tmp_path: Path) -> None:
    judge_all(queued, tmp_path)
    with queued.ledger.path.open("ab") as stream:
        stream.write(b"half a li")
    assert done("feedback", "stats", home=queued).stderr == ""  # it may be being written
    assert ", 1 unfinished;" in done("feedback", "verify", home=queued).stdout
    done("feedback", "import", feedback_file(tmp_path, f"{RUN}-1,,1,late"), home=queued)
    assert "1 unfinished line set aside after a crash" in done("feedback", "stats", home=queued).stderr


def test_verdicts_are_exported_one_a_row_and_safe_for_spreadsheets(queued: Home, tmp_path: Path) -> None:
    rows = chosen(queued).index[:2]
    done(
        "feedback", "import", feedback_file(tmp_path, f"{RUN}-{rows[0]},,1,=cmd()", f"{RUN}-{rows[1]},,0,"), "--by",
        "Ada", home=queued,
    )  # fmt: skip
    queued.verdicts.undo([stored(queued)["id"].iloc[1]], by="Ada", now=NOW)
    (standing,) = table(done("feedback", "export", home=queued).stdout)
    assert (standing["notes"], standing["user"], standing["actual_label"]) == ("'=cmd()", user_of(rows[0]), "1")
    assert {"stratum", "inclusion", "model", "policy", *make.SCHEMA.names} <= set(standing)
    target = tmp_path / "all.parquet"
    done("feedback", "export", "--all", "-o", target, home=queued)
    everything = pd.read_parquet(target)
    assert everything["verdict"].tolist() == ["spammer", "legitimate", "withdrawn"]
    assert everything["notes"].tolist() == ["=cmd()", "", ""]
    assert "must end in .csv or .parquet" in said("feedback", "export", "-o", tmp_path / "f.xlsx", home=queued)


def test_an_export_of_nothing_is_a_header(own: Home, tmp_path: Path) -> None:
    for target in (tmp_path / "f.csv", tmp_path / "f.parquet"):
        done("feedback", "export", "-o", target, home=own)
        done("decisions", "export", "-o", target.with_stem("d"), home=own)
    assert (tmp_path / "f.csv").read_text(encoding="utf-8").startswith("id,time,case,prediction,user,")
    assert (tmp_path / "d.csv").read_text(encoding="utf-8").startswith("number,time,user,")


def test_verifying_says_what_was_found(queued: Home, tmp_path: Path) -> None:
    judge_all(queued, tmp_path)
    n = len(chosen(queued))
    first, second = done("feedback", "verify", home=queued).stdout.splitlines()
    assert first.startswith(f"Feedback: whole, {n} rows, 0 forgotten, 0 unfinished; the chain ends in ")
    assert first.removesuffix(".").endswith(
        chained_log.files(queued.ledger.path)[-1].read_text("utf-8").split(",")[-1][:-1]
    )
    assert second.startswith(f"Audit log: whole, {len(queued.audit.read())} rows, ")


@pytest.mark.parametrize("which", ["feedback", "audit"])
def test_a_changed_line_is_named_with_exit_code_four(which: str, queued: Home, tmp_path: Path) -> None:
    judge_all(queued, tmp_path)
    path = queued.ledger.path if which == "feedback" else queued.settings.audit
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[2] = lines[2].replace("Ada", "Eve")
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    found = invoked("feedback", "verify", home=queued)
    assert found.exit_code == 4
    assert ("Feedback: broken" in found.stdout, "Audit log: broken" in found.stdout) == (
        which == "feedback", which == "audit"
    )  # fmt: skip
    assert found.stderr == (
        f"{path.name}, line 3: The text of this line is not what was written. Restore the file from a backup.\n"
    )


def test_a_forgotten_user_is_gone_from_verdicts_and_cases(queued: Home, tmp_path: Path) -> None:
    judge_all(queued, tmp_path)
    row = int(chosen(queued).index[0])
    user = user_of(row)
    (before,) = queued.cases.of_user(user)
    queued.user_notes.add(user, "sold the account", by="Ada", now=NOW)
    found = done("feedback", "forget", user, "--by", "Ada", home=queued)
    assert "data/feedback: 1 verdict, blanked; the chain holds" in found.stdout
    assert "data/state.db: 1 row of cases, blanked" in found.stdout
    assert "1 row of user_notes" in found.stdout
    assert queued.user_notes.of(user) == ()
    assert b"sold the account" not in queued.settings.database.read_bytes()
    assert queued.cases.of_user(user) == ()
    after = queued.cases.find(before.id)
    assert (after.user, after.prediction, dict(after.context), dict(after.features)) == (cases.FORGOTTEN, "", {}, {})
    assert (after.number, after.judgement, after.judged_by, after.judged_at) == (
        before.number, before.judgement, before.judged_by, before.judged_at
    )  # fmt: skip
    assert user not in stored(queued)["user"].tolist()
    for path in (queued.ledger.path, queued.settings.audit):
        assert f",{user}," not in path.read_text(encoding="utf-8")
    assert ", 1 forgotten, " in done("feedback", "verify", home=queued).stdout
    assert said("feedback", "forget", user, home=queued) == f"This workspace has no trace of {user}."


def test_an_open_case_of_a_forgotten_user_is_judged_by_nobody(queued: Home) -> None:
    two = [user_of(int(row)) for row in chosen(queued).index[:2]]
    for user in two:
        (case,) = queued.cases.of_user(user)
        first = done("forget", user, "--preview", home=queued)
        assert "nothing was erased yet." in first.stderr
        assert done("forget", user, home=queued).stdout == first.stdout
        found = queued.cases.find(case.id)
        assert (found.status, found.judgement, found.features) == ("closed", None, {})
        assert said("queue", "reopen", case.id, "--note", "x", home=queued, code=4) == (
            f"The user of case {case.id} was forgotten: there is nothing left to judge."
        )
    assert "no trace of" in said("feedback", "forget", cases.FORGOTTEN, home=queued)
    assert queued.audit.read()["about"].tolist()[:2] == ["a user"] * 2


def test_each_decision_is_exported_once_to_each_consumer(queued: Home, tmp_path: Path) -> None:
    judge_all(queued, tmp_path)
    n = len(chosen(queued))
    once = ("decisions", "export", "--since", "last", "--consumer")
    first = done(*once, "platform", home=queued)
    assert len(table(first.stdout)) == n
    assert first.stderr == f"{n} decisions, the last is number {n}.\n"
    again = done(*once, "platform", home=queued)
    assert (table(again.stdout), again.stderr) == ([], "0 decisions: nothing is new.\n")
    assert len(table(done(*once, "warehouse", home=queued).stdout)) == n
    rows = chosen(queued).index
    new = stored(queued).set_index("user").loc[user_of(int(rows[1])), "id"]
    queued.verdicts.undo([new], by="Ada", now=NOW)
    target = tmp_path / "later.csv"
    done(*once, "platform", "-o", target, home=queued)
    (told,) = table(target.read_text(encoding="utf-8"))
    taken_back = queued.outbox.of_user(user_of(int(rows[1]))).index[0]
    assert (told["user"], told["decision"], told["reversal_of"]) == (user_of(int(rows[1])), "none", str(taken_back))
    assert len(table(done("decisions", "export", "--since", n, home=queued).stdout)) == 1
    assert len(table(done("decisions", "export", home=queued).stdout)) == n + 1


def test_a_failed_export_moves_nobody_on(queued: Home, tmp_path: Path) -> None:
    judge_all(queued, tmp_path)
    once = ("decisions", "export", "--since", "last", "--consumer", "platform")
    assert "there is no folder" in said(*once, "-o", tmp_path / "no" / "d.csv", home=queued)
    assert len(table(done(*once, home=queued).stdout)) == len(chosen(queued))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--since soon", "--since: soon is neither a decision's number nor last."),
        ("--since 99999999999999999999", "is neither a decision's number nor last."),
        ("--since last", "--since last: say for whom with --consumer NAME."),
        ("--consumer platform", "--consumer: this goes with --since last; a number moves nobody on."),
    ],
)
def test_an_export_that_was_asked_for_wrongly_is_said(arguments: str, sentence: str, own: Home) -> None:
    assert said("decisions", "export", *arguments.split(), home=own).endswith(sentence)


def test_accounts_are_made_changed_and_removed(own: Home) -> None:
    assert "No accounts" in done("accounts", "list", home=own).stderr
    made = done("accounts", "create", "Ada", "--password-stdin", home=own, stdin=f"{SECRET}\n")
    assert made.stderr == "Ada can sign in as admin.\n"
    assert own.accounts.check("Ada", SECRET, now=NOW).role == "admin"
    typed = f"{SECRET} 2\n{SECRET} 2\n"
    assert done("accounts", "create", "Rex", "--by", "Ada", home=own, stdin=typed).stderr.endswith(
        "Rex can sign in as reviewer.\n"
    )
    assert own.accounts.check("rex", f"{SECRET} 2", now=NOW).role == "reviewer"
    assert done("accounts", "list", home=own).stdout == "Ada\tadmin\nRex\treviewer\n"
    done("accounts", "change", "Rex", "--role", "lead", "--by", "Ada", home=own)
    assert own.accounts.check("Rex", f"{SECRET} 2", now=NOW).role == "lead"
    done("accounts", "change", "Rex", "--password-stdin", "--by", "Ada", home=own, stdin=f"{SECRET} 3\r\n")
    assert own.accounts.check("Rex", f"{SECRET} 3", now=NOW).role == "lead"
    done("accounts", "remove", "Rex", "--by", "Ada", home=own)
    assert [person.name for person in own.accounts.people()] == ["Ada"]
    notes = own.audit.read().iloc[::-1]
    assert notes["what"].tolist() == [
        "create account", "create account", "change role", "change password", "remove account"
    ]  # fmt: skip
    assert notes["who"].tolist()[1:] == ["Ada"] * 4
    assert SECRET not in own.settings.audit.read_text(encoding="utf-8")


def test_what_no_account_can_be_is_said(own: Home) -> None:
    create = ("accounts", "create", "Ada", "--password-stdin")
    assert said(*create, home=own, stdin="short\n") == "password: give 10 to 1,000 characters."
    assert said(*create, home=own, stdin="") == "password: give 10 to 1,000 characters."
    assert said(*create, "--role", "king", home=own).startswith("role: choose one of analyst, ")
    assert said(*create, "--role", "lead", home=own, code=4, stdin=SECRET).startswith("The first account must be")
    stopped = invoked("accounts", "create", "Ada", home=own, stdin="")
    assert (stopped.exit_code, own.accounts.people()) == (130, ())
    assert stopped.stderr.endswith("The command was cancelled. Nothing was changed.\n")
    assert said("accounts", "remove", "Ada", home=own) == "This workspace has no account Ada."
    done(*create, home=own, stdin=SECRET)
    assert said("accounts", "change", "Ada", "--by", "Ada", home=own).startswith("accounts change: say what to change")
    assert "is the last admin" in said("accounts", "remove", "Ada", "--by", "Ada", home=own, code=4)


@pytest.fixture
def team(queued: Home) -> Home:
    for name, role in (("Ada", "admin"), ("Rex", "reviewer"), ("Ann", "analyst"), ("Dee", "data scientist")):
        queued.accounts.create(name, accounts.role_named(role), SECRET, now=NOW)
    return queued


@pytest.mark.parametrize(
    ("arguments", "who", "sentence"),
    [
        ("queue add r-0001", "Eve", "Eve has no account here, which it takes to send to review. Ask an admin"),
        ("queue reopen c-000001 --note x", "Rex", "Rex is a reviewer here, a role that may not reopen."),
        ("feedback import {file}", "Ann", "Ann is an analyst here, a role that may not send feedback."),
        ("feedback export", "Rex", "Rex is a reviewer here, a role that may not see strata."),
        ("feedback forget u2-1", "Dee", "Dee is a data scientist here, a role that may not forget a user."),
        ("feedback forget u2-1", "Eve", "Eve has no account here, which it takes to forget a user."),
        ("decisions export", "Dee", "Dee is a data scientist here, a role that may not export decisions."),
        ("accounts create Zoe", "Rex", "Rex is a reviewer here, a role that may not manage accounts."),
        ("accounts change Rex --role admin", "Rex", "Rex is a reviewer here, a role that may not manage accounts."),
        ("accounts remove Ada", "Rex", "Rex is a reviewer here, a role that may not manage accounts."),
    ],
)
def test_a_role_that_does_not_allow_it_is_refused(
    arguments: str, who: str, sentence: str, team: Home, tmp_path: Path
) -> None:
    path = feedback_file(tmp_path, f"{RUN}-1,,1,")
    people, before = team.accounts.people(), len(team.audit.read())
    filled = [argument.format(file=path) for argument in arguments.split()]
    assert said(*filled, "--by", who, home=team, code=4).startswith(sentence)
    assert (team.accounts.people(), len(stored(team)), len(team.audit.read())) == (people, 0, before)


@pytest.mark.parametrize("group", ["feedback", "queue", "decisions", "accounts"])
def test_a_group_alone_or_a_wrong_command_shows_how_it_is_used(group: str, own: Home) -> None:
    alone, wrong = invoked(group, home=own), invoked(group, "nothing", home=own)
    assert (alone.exit_code, wrong.exit_code) == (2, 2)
    assert "Usage: " in alone.output
    assert "Usage: " in wrong.stderr
    assert (wrong.stdout, own.settings.audit.exists()) == ("", False)


def test_the_commands_work_as_a_person_starts_them(queued: Home, tmp_path: Path) -> None:
    path = feedback_file(tmp_path, f"{RUN}-1,,1,", "?,,1,")
    command = [
        sys.executable,
        "-m",
        "app",
        "feedback",
        "import",
        str(path),
        "--home",
        str(queued.settings.home),
        "--by",
        "Ada",
    ]
    found = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT,
        env={**os.environ, "TRUSTDESK_NO_VENV": "1"}, timeout=120,
    )  # fmt: skip
    assert (found.returncode, found.stdout) == (3, "")
    assert found.stderr.startswith("given.csv: 2 rows, 1 new, 0 known, 1 rejected.\n")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("none.csv", "none.csv: there is no such file. Check the path."),
        ("users.csv", "users.csv: it has no column prediction_id."),
    ],
)
def test_a_file_that_is_no_feedback_has_exit_code_two(name: str, sentence: str, own: Home, tmp_path: Path) -> None:
    make.users(3).to_csv(tmp_path / "users.csv", index=False)
    assert said("feedback", "import", tmp_path / name, home=own).startswith(sentence)
    assert not (tmp_path / "users.rejected.csv").exists()


def test_users_without_a_score_are_rejected_and_the_exit_code_says_so(
    own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users, bad = make.users(40, seed=9), one_bad_leaf(own)
    none = int(without_score(bad, users).sum())
    (tmp_path / "users.csv").write_bytes(make.csv(users))
    monkeypatch.setattr(registry.Registry, "load", lambda *_: bad)
    found = invoked("score", tmp_path / "users.csv", "-o", tmp_path / "scores.csv", home=own)
    assert found.exit_code == 3, found.stderr
    assert f"Rejected: {none} rows were rejected. The first: row " in found.stderr
    assert f"40 users received, {40 - none} scored, {none} rejected." in found.stderr
    scores = table((tmp_path / "scores.csv").read_text(encoding="utf-8"))
    assert len(scores) == 40 - none
    assert {row["band"] for row in scores} <= set(BANDS)
    rejected = table((tmp_path / "scores.rejected.csv").read_text(encoding="utf-8"))
    assert [row["code"] for row in rejected] == ["no_score"] * none
    assert not {row["user"] for row in scores} & {row["record"].split(",")[0] for row in rejected}


# A lost database


def test_scoring_says_that_the_database_does_not_know_all_runs(own: Home, tmp_path: Path) -> None:
    users, scores = tmp_path / "users.csv", tmp_path / "scores.csv"
    make.users(20, seed=3).to_csv(users, index=False)
    assert "state.db" not in done("score", users, "--output", scores, home=own).stderr
    for file in own.settings.data.glob("state.db*"):
        file.unlink()

    again = done("score", users, "--output", scores, home=own)
    assert "Run r-0002" in again.stderr
    assert again.stderr.splitlines()[-1].startswith("data/runs holds r-0001, which data/state.db does not know")
    assert again.stdout == ""
