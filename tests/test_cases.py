"""Small inputs that once broke the product, each worked through as whoever sent it did."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from tests.app.api.server import Client, serving

MODEL = ("schema train_ok.csv --id user --label spam", "train train_ok.csv --promote --anyway")


@pytest.fixture(scope="module")
def trained_home(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose model was learnt from the labelled file that goes with the inputs."""
    folder = tmp_path_factory.mktemp("cases")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "excepthook", sys.excepthook)
        patch.chdir(shared / "data" / "cases")
        for command in MODEL:
            found = invoked(folder, *command.split())
            assert found.exit_code == 0, found.stderr
    return folder


@pytest.fixture
def cases(trained_home: Path, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of that home, with the inputs in the folder where commands are given."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained_home, tmp_path / "home")
    for path in (shared / "data" / "cases").glob("*.csv"):
        shutil.copyfile(path, tmp_path / path.name)
    return Home.open(tmp_path / "home")


def invoked(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(home), *arguments])


def works(home: Home, command: str, *codes: int) -> Result:
    found = invoked(home.settings.home, *command.split())
    assert found.exit_code in (codes or (0,)), found.stderr
    return found


def scored(home: Home) -> None:
    """Run r-0001, of the users that the model was learnt from."""
    works(home, "score train_ok.csv -o scored.csv")


def output_is_input(home: Home) -> None:
    before = Path("output_is_input.csv").read_bytes()
    refused = works(home, "score output_is_input.csv -o output_is_input.csv", 2)
    assert "output_is_input.csv" in refused.stderr
    assert Path("output_is_input.csv").read_bytes() == before


def rejected_rows_are_the_input(home: Home) -> None:
    before = Path("fix_me.rejected.csv").read_bytes()
    works(home, "score fix_me.rejected.csv -o fix_me.csv", 2)
    assert Path("fix_me.rejected.csv").read_bytes() == before
    assert not Path("fix_me.csv").exists()


def feedback_contradicts_itself(home: Home) -> None:
    scored(home)
    said = works(home, "feedback import feedback_contradicts_itself.csv").stderr
    assert "2 rows, 1 new, 0 known, 1 replaced by a later row, 0 rejected" in said
    facts = json.loads(works(home, "feedback stats --json").stdout)
    assert (facts["total"], facts["standing"], facts["by_verdict"]) == (1, 1, {"legitimate": 1})
    assert "0 new" in works(home, "feedback import feedback_contradicts_itself.csv").stderr
    Path("changed.csv").write_text("prediction_id,actual_label,reviewer\nr-0001-1,spammer,ana\n", encoding="utf-8")
    assert "1 rows, 1 new (1 changed verdict), 0 known, 0 rejected" in works(home, "feedback import changed.csv").stderr


def feedback_there_and_back(home: Home) -> None:
    scored(home)
    with serving(home) as api:
        said = [{"prediction_id": "r-0001-2", "actual_label": each} for each in ("legitimate", "spammer", "legitimate")]
        assert [api.post("/feedback", each).json["new"] for each in said] == [True, True, True]
        told = api.get("/decisions?since=0").json["decisions"]
    assert [each["decision"] for each in told] == ["keep", "remove", "keep"]


def api_same_user_twice(home: Home) -> None:
    with serving(home) as api:
        for number in range(1, 41):
            asked(api, f"u{number}", age=number * 13, msgs=number, links=number % 5)
        asked(api, "u7", age=100, msgs=45, links=4)
    works(home, "queue add r-0001")
    for command in ("feedback stats", "report r-0001 -o r.html", "metrics"):
        works(home, command)
    works(home, "drift --alert", 0, 4)
    with serving(home) as api:
        assert api.get("/metrics").status == api.get("/model/feedback/stats").status == 200
    plan = home.runs.plan("r-0001")
    assert plan is not None
    assert (len(plan), home.runs.find("r-0001").users) == (40, 41)
    assert home.outbox.since(0).empty


def label_1_2(home: Home) -> None:
    for name, column in (("label_1_2", "spam"), ("label_is_legit", "is_legit")):
        said = works(home, f"schema {name}.csv --id user --label {column} --force", 4).stderr
        assert "80.3" in said
        assert "19.7" in said
        assert "--positive 1" in said
    for rest in ("label_1_2.csv --label spam --positive 2", "label_is_legit.csv --label is_legit --positive 0"):
        assert "19.7\u202f% of the users" in works(home, f"schema {rest} --id user --force").stderr


def feedback_own_words(home: Home) -> None:
    scored(home)
    text = home.settings.schema_file.read_text(encoding="utf-8")
    assert 'positive = "1"' in text
    words = text.replace('positive = "1"', 'positive = "spam"').replace('negative = "0"', 'negative = "ham"')
    home.settings.schema_file.write_text(words, encoding="utf-8")
    works(home, "feedback import feedback_own_words.csv")
    facts = json.loads(works(home, "feedback stats --json").stdout)
    assert facts["by_verdict"] == {"spammer": 1, "legitimate": 1}


def predictions_bool(home: Home) -> None:
    said = works(home, "registry compare predictions_bool.csv v0001 --on train_ok.csv", 0, 2)
    assert "not a number" not in said.stderr
    Path("again.csv").write_bytes(Path("predictions_bool.csv").read_bytes())
    assert "Caution" not in works(home, "registry compare predictions_bool.csv again.csv").stdout
    Path("turned.csv").write_bytes(Path("predictions_inverted.csv").read_bytes())
    said = works(home, "registry compare predictions_inverted.csv turned.csv").stdout
    assert "Caution: predictions_inverted.csv ranks legitimate users above spammers" in said


def unnamed_index(home: Home) -> None:
    for name, column in (("second_id_phone", "phone"), ("unnamed_index", "Unnamed: 0")):
        said = works(home, f"schema {name}.csv --id user --label spam --force").stderr
        assert f"{column}: " in said
        assert "context, never given to the model" in said
        text = home.settings.schema_file.read_text(encoding="utf-8")
        assert f'context = ["{column}"]' in text
    as_before = text.replace(f'"{column}"', "") + f'"{column}" = {{ kind = "count" }}\n'
    home.settings.schema_file.write_text(as_before, encoding="utf-8")
    said = works(home, "train unnamed_index.csv --promote", 4).stderr
    assert f"Caution, leak: 1 feature may give the label away ({column})" in said
    assert (home.registry.champion(), home.registry.versions()[-1]) == ("v0001", "v0002")


def asked(api: Client, user: str, **features: Any) -> None:
    assert api.post("/predict", {"user_id": user, "features": features | {"ratio": 0.5}}).status == 200


def ids_sci(home: Home) -> None:
    said = works(home, "score ids_sci.csv -o scored.csv", 3).stderr
    assert "1 scored, 2 rejected" in said
    assert '"9.91214E+15" has lost digits in a spreadsheet and is on more than one row' in said
    assert 'user: 1 id has lost digits in a spreadsheet (first on line 4: "9.91215E+15")' in said


def ids_excel_formula(home: Home) -> None:
    said = works(home, "score ids_excel_formula.csv -o scored.csv").stderr
    assert 'user: 2 ids are written as a formula, ="...", and read as its text' in said
    assert users_scored() == ["123456789012345678", "123456789012345679"]


def ids_float(home: Home) -> None:
    said = works(home, "score ids_float.csv -o scored.csv").stderr
    assert "user: 3 ids are written with a point in a column of whole numbers, and read without it" in said
    assert users_scored() == ["1001", "1002", "1003"]


def ids_nbsp(home: Home) -> None:
    said = works(home, "score ids_nbsp.csv -o scored.csv", 3).stderr
    assert "user: 3 ids hold marks that cannot be seen" in said
    assert 'line 3, user: the id "u1" is on line 2 already' in said
    assert users_scored() == ["u1"]


def users_scored() -> list[str]:
    return [line.split(",")[0] for line in Path("scored.csv").read_text(encoding="utf-8").splitlines()[1:]]


@pytest.mark.parametrize(
    "case",
    [
        output_is_input, rejected_rows_are_the_input, feedback_contradicts_itself, feedback_there_and_back,
        api_same_user_twice, ids_sci, ids_excel_formula, ids_float, ids_nbsp, label_1_2, feedback_own_words,
        predictions_bool, unnamed_index,
    ],
    ids=lambda case: case.__name__,
)  # fmt: skip
def test_what_once_broke_the_product_works(case: Callable[[Home], None], cases: Home) -> None:
    case(cases)
