"""`--without-texts`: files that leave the house with no word of what people wrote."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.commands.shared import SOME_REJECTED
from app.reports import run as report
from core.home import Home
from core.schema.levels import written
from tests import make, make_messages
from tests.reading import Read

WORDS = ("telegram", "free crypto", "followers", "unheard of")


def ran(home: Home, *words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["--home", str(home.settings.home), *map(str, words)])
    assert result.exit_code == code, result.output
    return result.stderr


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """40 messages, and one that is rejected."""
    frame = make_messages.messages(40, seed=4, prefix="n").drop(columns="removed").astype(object)
    frame.loc[40] = ["n-bad", "something unheard of", "many"]
    path = tmp_path / "messages.csv"
    path.write_bytes(make.csv(frame))
    return path


def test_scores_hold_the_texts_unless_they_are_to_be_left_out(kinds: Home, sent: Path, tmp_path: Path) -> None:
    home, out = make.copied(kinds, tmp_path / "home"), tmp_path / "out.csv"
    score = ("score", sent, "-o", out, "--overwrite", "--keep-features")
    ran(home, *score, code=SOME_REJECTED)
    whole, rejected = pd.read_csv(out), tmp_path / "out.rejected.csv"
    assert "body" in whole
    assert 'body: "' in out.read_text()
    assert "unheard of" in rejected.read_text()

    told = ran(home, *score, "--without-texts", code=SOME_REJECTED)

    assert "Without texts: body left out, and no reason quotes words." in told
    without = pd.read_csv(out)
    assert set(whole) - set(without) == {"body"}
    assert not [word for word in WORDS if word in out.read_text() + rejected.read_text()]
    first = without["reason_1"].str.fullmatch(r"body \([+-][0-9.]+\)")
    assert first.sum() == whole["reason_1"].str.match('body: "').sum() > 0
    assert without["score"].tolist() == whole["score"].tolist()
    assert pd.read_csv(rejected)["line"].tolist() == [42]


def test_a_dataset_a_run_and_a_report_are_given_without_texts(kinds: Home, sent: Path, tmp_path: Path) -> None:
    home, out = make.copied(kinds, tmp_path / "home"), tmp_path / "out.csv"
    ran(home, "score", sent, "-o", out, code=SOME_REJECTED)
    run = home.runs.find("r-0001")
    ran(home, "data", "export", run.dataset, "-o", tmp_path / "rows.csv")
    assert written("body") in pd.read_csv(tmp_path / "rows.csv")
    ran(home, "data", "export", run.dataset, "-o", tmp_path / "rows.csv", "--without-texts", "--overwrite")
    ran(home, "report", run.id, "-o", tmp_path / "run.html", "--without-texts")
    table = home.exports.run_table(run, texts=False)
    page = (tmp_path / "run.html").read_text()

    assert not [name for name in pd.read_csv(tmp_path / "rows.csv") if name in {"body", written("body")}]
    assert not [word for word in WORDS if word in (tmp_path / "rows.csv").read_text() + page + str(table.to_pydict())]
    assert "body (+" in page
    assert table.column_names == home.exports.run_table(run).column_names


def test_a_home_without_texts_says_that_nothing_was_left_out(own: Home, tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_bytes(make.csv(make.users(30, seed=4)))
    told = ran(own, "score", users, "-o", tmp_path / "out.csv", "--without-texts")
    assert "This workspace has no column of text: nothing was left out." in told


HOSTILE = "earn <b>free</b> **crypto** :red[today] $x^2$ :material/delete: cheap <script>alert(1)</script> followers"


def test_a_message_is_never_markup_in_a_report(kinds: Home, tmp_path: Path) -> None:
    home = make.copied(kinds, tmp_path / "home")
    sent = make_messages.messages(20, seed=4, prefix="n").drop(columns="removed")
    sent["body"] = [f"{HOSTILE} {row}" for row in range(20)]
    model = home.registry.load()
    run = home.file_scoring.score_file(
        "new.csv", make.csv(sent), make_messages.KINDS, model, make.policy(), now=make.NOW
    ).run
    page = report.report(home, run, model, None)
    read = Read(page)
    quoted = [cell for cell in read.part("Highest risks").table["Reasons, strongest first"] if 'body: "' in cell]
    assert len(quoted) == 20
    assert "<script>alert" not in page
    assert "<b>free" not in page
    assert read.addresses == []
