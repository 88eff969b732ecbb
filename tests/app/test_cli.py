"""The command line: the whole chain for real in processes of their own; details in this one, which is quicker."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from core.schema import schema as schemas
from core.settings import ROOT
from tests import make

FIGURES = ("pr_auc", "roc_auc", "brier", "ece")
AT_THRESHOLD = ("precision", "recall", "f1", "fpr")
RESULTS = [
    "score", "confidence", "band", "action", "decided_by", "reason_1", "reason_2", "reason_3", "n_missing",
    "novel_features",
    "prediction_id", "model_version", "policy_version",
]  # fmt: skip


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "app", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "TRUSTDESK_NO_VENV": "1"}  # this Python has all it needs; nothing is set up


def started(*arguments: object, home: Home) -> subprocess.CompletedProcess[str]:
    """`python3 -m app ...`, as a person starts it."""
    return subprocess.run(
        command("--home", home.settings.home, *arguments), check=False, capture_output=True, text=True, cwd=ROOT,
        env=environment(), timeout=120,
    )  # fmt: skip


def invoked(*arguments: object, home: Home) -> Result:
    """The same in this process."""
    return CliRunner().invoke(app, ["--home", str(home.settings.home), *map(str, arguments)])


def refused(*arguments: object, home: Home, code: int = 2) -> str:
    """What a command says that fails with this exit code: one line, and nothing on stdout."""
    found = invoked(*arguments, home=home)
    assert (found.exit_code, found.stdout) == (code, ""), found.stderr
    said = found.stderr.splitlines()
    return said[-1]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


def check_figures(raw: dict[str, Any], n: int, positives: int) -> None:
    """The shape promised for --json."""
    assert (raw["n"], raw["positives"]) == (n, positives)
    estimates = [raw[name] for name in FIGURES]
    for band, above in {"monitor": 0.3, "human_review": 0.7, "auto_remove": 0.9}.items():
        entry = raw["thresholds"][band]
        assert entry["above"] == above
        estimates += [entry[name] for name in AT_THRESHOLD]
    for estimate in estimates:
        assert set(estimate) == {"value", "low", "high"}
        if estimate["value"] is None:  # precision of nobody
            assert estimate["low"] is estimate["high"] is None
        else:
            assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1
    assert all(raw[name]["value"] is not None for name in FIGURES)


@pytest.fixture(autouse=True)
def _hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands change what happens on a bug for the rest of their process; here it goes on after them."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of files to give to commands; not the home."""
    folder = tmp_path / "files"
    folder.mkdir()
    make.users(900).to_csv(folder / "labelled.csv", index=False)
    make.users(400, seed=1).to_csv(folder / "held out.csv.gz", index=False)
    make.users(60, seed=2).drop(columns="spam").to_csv(folder / "users.csv", index=False)
    return folder


def test_a_home_of_ones_own_from_an_empty_folder_to_scored_users(files: Path, tmp_path: Path) -> None:
    home = Home.open(tmp_path / "home")
    inferred = started("schema", files / "labelled.csv", "--id", "user", "--label", "spam", home=home)
    assert (inferred.returncode, inferred.stdout) == (0, ""), inferred.stderr
    schema = schemas.load(home.settings.schema_file)
    assert (schema.id, schema.names) == ("user", (*make.SCHEMA.names, "country"))
    assert (schema.categories, schema.context) == (("country",), ("name",))

    trained = started("train", files / "labelled.csv", "--promote", "--json", home=home)
    assert trained.returncode == 0, trained.stderr
    assert (home.settings.models / "CHAMPION").read_bytes() == b"v0001\n"
    metadata = home.registry.load().metadata
    check_figures(json.loads(trained.stdout), metadata.data.tested_on, metadata.figures.positives)
    assert "Fold 1 of 8" in trained.stderr
    assert "v0001 is live." in trained.stderr
    assert "Constant, so nothing was learnt from them: constant." in trained.stderr

    judged = started("evaluate", files / "held out.csv.gz", "--json", home=home)
    assert judged.returncode == 0, judged.stderr
    figures = json.loads(judged.stdout)
    check_figures(figures, 400, int(make.users(400, seed=1)["spam"].sum()))
    assert (figures["model_version"], figures["trained_on_of_these"], figures["only_test_part"]) == ("v0001", 0, False)

    scored = started("score", files / "users.csv", "-o", tmp_path / "scored.csv", home=home)
    assert (scored.returncode, scored.stdout) == (0, ""), scored.stderr
    assert "60 users received, 60 scored, 0 rejected" in scored.stderr
    rows = table(tmp_path / "scored.csv")
    assert list(rows[0]) == ["user", "name", *RESULTS]
    assert [row["user"] for row in rows] == [f"u2-{i}" for i in range(60)]


def test_the_repositorys_own_home_is_left_alone(files: Path, own: Home) -> None:
    before = Home.open(ROOT).runs.recent()
    assert invoked("score", files / "users.csv", "-o", files / "scored.csv", home=own).exit_code == 0
    assert Home.open(ROOT).runs.recent() == before
    assert len(own.runs.recent()) == 1


@pytest.mark.parametrize("place", ["before", "after", "variable"])
def test_the_home_is_named_before_or_after_the_command_or_by_the_variable(
    place: str, files: Path, own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, home = ["evaluate", str(files / "labelled.csv"), "--json"], ["--home", str(own.settings.home)]
    if place == "variable":
        monkeypatch.setenv("TRUSTDESK_HOME", str(own.settings.home))
    arguments = {"before": [*home, *task], "after": [*task, *home], "variable": task}[place]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout)["model_version"] == "v0001"


def test_the_home_after_the_command_wins(files: Path, own: Home, tmp_path: Path) -> None:
    found = invoked("evaluate", files / "labelled.csv", "--home", tmp_path / "nowhere", home=own)
    assert found.exit_code == 2
    assert f"--home: there is no folder {tmp_path / 'nowhere'}." in found.stderr


def score(files: Path, home: Home, *options: object, code: int = 0, output: str = "scored.csv") -> pd.DataFrame:
    found = invoked("score", files / "users.csv", "-o", files / output, *options, home=home)
    assert (found.exit_code, found.stdout) == (code, ""), found.stderr
    if output.endswith(".parquet"):
        return pq.read_table(files / output).to_pandas()
    return pd.read_csv(files / output, dtype={"user": "str"}, keep_default_na=False)


def test_reasons_are_told_of_everybody_unless_asked_otherwise(files: Path, own: Home) -> None:
    own.policies.save(replace(own.policies.in_force(), review=0.4), by="Lea", now=make.NOW)
    flagged = score(files, own, "--reasons", "flagged")
    due = flagged["band"].isin(["human_review", "auto_remove"])
    assert ((flagged["reason_1"] != "") == due).all()
    assert 0 < due.sum() < (flagged["band"] != "allow").sum()
    everybody = score(files, own)
    assert everybody.equals(score(files, own, "--reasons", "all").assign(prediction_id=everybody["prediction_id"]))
    assert (everybody["reason_1"] != "").sum() > (flagged["reason_1"] != "").sum()
    assert everybody["reason_1"].str.fullmatch(r"(\w+=(missing|[-\d.e]+) \(\+\d+\.\d\d\))?").all()
    nobody = score(files, own, "--reasons", "none")
    assert (nobody["reason_1"] == "").all()
    assert (nobody["score"] == everybody["score"]).all()


def test_a_run_without_reasons_can_still_be_explained_later(files: Path, own: Home) -> None:
    score(files, own, "--reasons", "none")
    assert own.runs.reasons(own.runs.recent(1)[0].id) is None
    score(files, own)
    assert own.runs.reasons(own.runs.recent(1)[0].id) is not None


@pytest.mark.parametrize("top", [1, 5, 20])
def test_as_many_reasons_as_asked_for(files: Path, own: Home, top: int) -> None:
    columns = [name for name in score(files, own, "--top", top).columns if name.startswith("reason_")]
    assert columns == [f"reason_{i}" for i in range(1, top + 1)]


def test_features_are_kept_on_request_as_they_were_given(files: Path, own: Home) -> None:
    kept = score(files, own, "--keep-features", output="scored.parquet")
    expected = make.users(60, seed=2)
    assert list(kept.columns[3:8]) == list(make.SCHEMA.names)
    for name in make.SCHEMA.names:
        pd.testing.assert_series_equal(kept[name], expected[name], check_dtype=False, check_exact=True)


def test_csv_and_parquet_hold_the_same(files: Path, own: Home) -> None:
    one, other = score(files, own), score(files, own, output="scored.parquet")
    for name in set(one.columns) - {"prediction_id"}:
        assert one[name].tolist() == other[name].fillna("").tolist()


def test_bad_rows_are_rejected_beside_the_scores_with_exit_code_three(files: Path, own: Home) -> None:
    with (files / "users.csv").open("a", encoding="utf-8") as users:
        users.write('u2-0,1,0,1,0,3,again,DE\nu9,"1,5",0,1,0,3,comma,DE\n=cmd(),9,0,1,0,3,fine,DE\nshort,1\n')
    found = invoked("score", files / "users.csv", "-o", files / "scored.csv", home=own)
    assert (found.exit_code, found.stdout) == (3, "")
    assert "64 users received, 61 scored, 3 rejected" in found.stderr
    assert "scored.rejected.csv" in found.stderr
    rows, rejected = table(files / "scored.csv"), table(files / "scored.rejected.csv")
    assert [row["code"] for row in rejected] == ["duplicate_id", "not_a_number", "ragged"]
    assert [row["row"] for row in rejected] == ["61", "62", "64"]
    assert (rows[-1]["user"], rows[-1]["prediction_id"]) == ("'=cmd()", "r-0001-63")


def test_when_every_row_is_rejected_no_run_is_made_and_no_file_written(files: Path, own: Home) -> None:
    (files / "users.csv").write_text("user,links,verified,tier,ratio,constant\nu1,x,0,1,0,3\n", encoding="utf-8")
    said = refused("score", files / "users.csv", "-o", files / "scored.csv", home=own)
    assert "users.csv: not one of its 1 row can be used, so that no run was made." in said
    assert 'Line 2, links: "x" is not a number' in said
    assert not list(files.glob("scored*"))
    assert own.runs.recent() == ()


def test_a_schema_that_is_written_anew_keeps_the_marks_of_missing_values(files: Path, own: Home) -> None:
    (files / "users.csv").write_text("user,spam,a\nu1,1,k.A.\nu2,0,2\nu3,0,3\n", encoding="utf-8")
    file = own.settings.schema_file
    file.write_text('format = 1\nmissing = ["k.A."]\n[features]\nX = { kind = "real" }\n', encoding="utf-8")
    anew = ("schema", files / "users.csv", "--id", "user", "--label", "spam", "--force")
    assert invoked(*anew, home=own).exit_code == 0
    columns = schemas.load(file)
    assert (columns.missing, columns.names) == (("k.A.",), ("a",))
    (files / "users.csv").write_text("user,spam,a\nu1,1,1\nu2,0,2\n", encoding="utf-8")
    file.write_text("no toml [", encoding="utf-8")
    assert invoked(*anew, home=own).exit_code == 0
    assert schemas.load(file).missing == ()


def test_absent_columns_stop_the_file_unless_they_may_be_missing(files: Path, own: Home) -> None:
    make.users(20, seed=2)[["user", "links"]].to_csv(files / "users.csv", index=False)
    said = refused("score", files / "users.csv", "-o", files / "scored.csv", home=own)
    assert said.startswith("verified, tier, ratio and constant are missing from users.csv.")
    assert "--allow-missing" in said
    assert not (files / "scored.csv").exists()
    assert (score(files, own, "--allow-missing")["n_missing"] == 4).all()


def test_an_older_model_can_be_asked(files: Path, own: Home) -> None:
    assert invoked("train", files / "labelled.csv", "--promote", "--seed", 5, home=own).exit_code == 0
    for version in ("v0001", "v0002"):
        assert set(score(files, own, "--model", version)["model_version"]) == {version}
    assert set(score(files, own)["model_version"]) == {"v0002"}


def test_training_does_not_promote_unless_told_to(files: Path, own: Home) -> None:
    found = invoked("train", files / "labelled.csv", "--notice", "Only a trial.", home=own)
    assert found.exit_code == 0
    assert "v0002 is not live." in found.stderr
    assert own.registry.champion() == "v0001"
    assert own.registry.load("v0002").metadata.notice == "Only a trial."


def test_figures_are_printed_for_people_without_json(files: Path, own: Home) -> None:
    found = invoked("evaluate", files / "held out.csv.gz", home=own)
    lines = found.stdout.splitlines()
    assert lines[0] == f"400 users, {make.users(400, seed=1)['spam'].sum()} spammers; 95 % intervals"
    assert [line.split()[0] for line in lines[1:5]] == list(FIGURES)
    assert lines[5].startswith("above 0.3 (monitor): precision ")


def test_rows_without_a_label_are_rejected_where_one_is_needed(files: Path, own: Home) -> None:
    users = make.users(300, seed=4).astype({"spam": "str"})
    users.loc[:2, "spam"] = ["", "maybe", "1.0"]
    users.to_csv(files / "labelled.csv", index=False)
    found = invoked("evaluate", files / "labelled.csv", "--json", home=own)
    assert found.exit_code == 3
    assert json.loads(found.stdout)["n"] == 298
    assert "2 of 300 rows were rejected" in found.stderr


def test_a_model_is_judged_on_its_own_file_by_the_part_it_never_saw(files: Path, own: Home) -> None:
    make.users(1500).to_csv(files / "train.csv", index=False)
    found = invoked("evaluate", files / "train.csv", "--json", home=own)
    raw, metadata = json.loads(found.stdout), own.registry.load().metadata
    assert (raw["only_test_part"], raw["n"]) == (True, metadata.data.tested_on)
    assert "v0001 was trained on this file: only its test part is judged." in found.stderr


@pytest.mark.slow
def test_the_same_training_twice_gives_the_same_model(files: Path, own: Home) -> None:
    for _ in range(2):
        assert invoked("train", files / "labelled.csv", "--seed", 3, home=own).exit_code == 0
    files_ = [(own.settings.models / version / "model.ubj").read_bytes() for version in ("v0002", "v0003")]
    assert files_[0] == files_[1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("score nothing.csv -o s.csv", "nothing.csv: there is no such file. Check the path."),
        ("score folder -o s.csv", "folder: this is a folder: give the path of a CSV file in it."),
        ("score users.csv -o s.xlsx", "s.xlsx: the file to write must end in .csv or .parquet."),
        ("score users.csv -o no/s.csv", "there is no folder"),
        ("score users.csv -o s.csv --model v9", "There is no model v9. This workspace has v0001."),
        ("score users.csv -o s.csv --home folder", "There is no live model. This workspace has no model yet"),
        ("evaluate users.csv", "spam is missing from users.csv. Add it to the file, or change data/schema.toml."),
        ("train few.csv", "few.csv has 1 positive and 1 negative labels; at least 30 of each are needed."),
        ("train labelled.csv --home folder", "This workspace has no schema.toml in"),
        ("train labelled.csv --home new", "--home: there is no folder"),
        ("schema labelled.csv --label nothing --home new", "labelled.csv has no column nothing"),
        ("schema labelled.csv --label name --home new", "a label needs two, or with"),
        ("--port 1 --home new", "--home: there is no folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_in_a_sentence_with_exit_code_two(
    arguments: str, sentence: str, files: Path, own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    (files / "folder").mkdir()
    (files / "few.csv").write_text(
        "user,spam,links,verified,tier,ratio,constant\na,1,1,1,1,1,1\nb,0,1,1,1,1,1\n", encoding="utf-8"
    )
    assert sentence in refused(*arguments.split(), home=own)
    assert not (files / "new").exists()
    assert not (files / "s.csv").exists()
    assert own.runs.recent() == ()


@pytest.mark.parametrize(
    "arguments",
    [
        ("scroe",), ("score",), ("score", "users.csv"), ("score", "users.csv", "-o", "s.csv", "--reasons", "some"),
        ("score", "users.csv", "-o", "s.csv", "--top", "0"), ("train", "x.csv", "--seed", "-1"),
        ("train", "x.csv", "--seed", str(2**40)), ("schema", "x.csv"), ("--port", "many"),
    ],
)  # fmt: skip
def test_a_command_written_wrongly_is_unusable_too(arguments: tuple[str, ...], own: Home) -> None:
    found = invoked(*arguments, home=own)
    assert (found.exit_code, found.stdout) == (2, "")
    assert "Usage: " in found.stderr


def test_a_check_that_says_no_has_exit_code_four(files: Path, own: Home) -> None:
    said = refused("schema", files / "labelled.csv", "--label", "spam", home=own, code=4)
    assert said.endswith("is there already. Add --force to replace it.")
    assert schemas.load(own.settings.schema_file) == make.SCHEMA
    assert invoked("schema", files / "labelled.csv", "--label", "spam", "--force", home=own).exit_code == 0
    assert schemas.load(own.settings.schema_file).id is None

    path = own.settings.models / "v0001" / "baseline.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    said = refused("score", files / "users.csv", "-o", files / "s.csv", home=own, code=4)
    assert said == "Model v0001 was not loaded: baseline.parquet differs from SHA256SUMS. Restore it or roll back."


def test_without_an_id_the_schema_says_that_the_row_number_serves(files: Path, tmp_path: Path) -> None:
    found = invoked("schema", files / "labelled.csv", "--label", "spam", home=Home.open(tmp_path / "home"))
    assert found.exit_code == 0
    assert "the row number serves as one" in found.stderr


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT for one process")
@pytest.mark.parametrize("step", ["Fold 1 of 8", "Reading labelled.csv"])
def test_stopping_a_command_has_exit_code_130_and_changes_nothing(step: str, files: Path, own: Home) -> None:
    arguments = command("--home", own.settings.home, "train", files / "labelled.csv", "--promote")
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, cwd=ROOT, env=environment(), stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr
        said = iter(process.stderr.readline, f"{step}\n")
        assert "" not in said, "it ended before this step"
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=200)
    assert (process.returncode, out) == (130, "")
    assert error.splitlines()[-1] == "Cancelled. Nothing was changed."
    assert own.registry.versions() == ("v0001",)
    assert sorted(path.name for path in own.settings.models.iterdir()) == ["CHAMPION", "v0001"]


BUG = """
import sys
from app import guard
from core.home import Home
with guard.command(Home.open(sys.argv[1])):
    {}["a key that nobody expected"]
"""


def test_a_bug_is_one_line_with_exit_code_one_and_its_traceback_is_in_the_log(home: Home) -> None:
    arguments = [sys.executable, "-c", BUG, str(home.settings.home)]
    found = subprocess.run(arguments, check=False, capture_output=True, text=True, cwd=ROOT)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == f"This is a bug of Trustdesk (KeyError). The details are in {home.settings.log}.\n"
    log = home.settings.log.read_text(encoding="utf-8")
    assert "Traceback (most recent call last)" in log
    assert "KeyError: 'a key that nobody expected'" in log


def test_a_bug_inside_a_command_of_typer_is_one_line_too(files: Path, own: Home) -> None:
    """A stored dataset is never changed; one that was changed by hand is nothing that anybody expects."""
    dataset = own.datasets.stored()[0]
    make.users(1500).to_csv(files / "train.csv", index=False)
    (own.settings.datasets / dataset.id / "accepted.parquet").write_bytes(b"no table")
    found = started("evaluate", files / "train.csv", home=own)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.splitlines()[-1].startswith("This is a bug of Trustdesk (ArrowInvalid). The details are in ")
    assert "Traceback" not in found.stderr
    assert "Traceback" in own.settings.log.read_text(encoding="utf-8")


def test_help_names_every_command_and_the_home(own: Home) -> None:
    found = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120", "NO_COLOR": "1"})
    assert found.exit_code == 0
    words = ("schema", "train", "evaluate", "score", "test", "feedback", "queue", "decisions", "accounts")
    for word in (*words, "--home", "--port"):
        assert word in found.stdout
