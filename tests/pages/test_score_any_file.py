"""Score a file that is no plain CSV: seen as it is understood, with a control for what was found out."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.understanding.mappings import Mapping
from core.home import Home
from tests import make, screen, workbook
from tests.make import NOW
from tests.screen import Upload, Visit


def european(frame: pd.DataFrame) -> pd.DataFrame:
    ratio = [None if pd.isna(value) else str(value).replace(".", ",") for value in frame["ratio"]]
    return frame.assign(ratio=ratio).rename(columns={"user": "uid"})


def pressed(at: AppTest, key: str) -> AppTest:
    return at.button(key=key).click().run()


def margins(home: Home, run: str) -> list[float]:
    return home.runs.scores(run)["margin"].tolist()


@pytest.fixture
def expected(upload: Upload, own: Home, to_score: pd.DataFrame) -> list[float]:
    """What the users come to as plain CSV, which is scored without a look."""
    assert upload(own, to_score).query_params["run"] == "r-0001"
    return margins(own, "r-0001")


def test_a_european_file_is_scored_after_its_proposals_and_the_next_one_at_once(
    upload: Upload, own: Home, to_score: pd.DataFrame, expected: list[float]
) -> None:
    content = european(to_score).to_csv(index=False, sep=";").encode("cp1252")
    at = upload(own, content, name="kw47.csv")

    said = screen.sentences(at)
    assert not at.exception
    assert not at.error
    assert "run" not in at.query_params
    assert "**2 proposals**" in said
    assert ":gray-badge[uid] is your **user**" in said
    assert " in ratio" in said
    assert at.selectbox(key="upload-delimiter").value == ";"
    assert at.selectbox(key="upload-decimal").value == "."

    at = pressed(at, "upload-all")
    assert at.selectbox(key="upload-decimal").value == ","
    assert at.dataframe[1].value["ratio"].tolist() == pytest.approx(to_score["ratio"].tolist()[:8], nan_ok=True)
    assert at.text_input(key=f"upload-{_file(at)}-name").value == "kw47"
    at = pressed(at, "upload-use")
    assert margins(own, at.query_params["run"]) == expected
    assert own.mappings.find("kw47").columns == (("uid", "user"),)

    at = upload(own, content.replace(b"u3-0;", b"u3-x;"), name="kw48.csv")
    assert ":gray-badge[uid] is your **user**" in screen.sentences(at)
    assert "as in kw47" in screen.sentences(at)
    at = pressed(at, "upload-use")
    assert margins(own, at.query_params["run"]) == expected
    assert [each.name for each in own.mappings.listed()] == ["kw47"]


def _file(at: AppTest) -> str:
    return str(at.session_state["_said_of"]["upload"].file)


def test_a_workbook_is_shown_before_it_is_scored_and_another_sheet_can_be_chosen(
    upload: Upload, own: Home, to_score: pd.DataFrame, expected: list[float]
) -> None:
    rows = [[None if pd.isna(value) else value for value in row] for row in to_score.astype(object).to_numpy().tolist()]
    data = workbook.sheet([["March"], [], list(to_score.columns), *rows])
    content = workbook.book({"Notes": workbook.sheet([["x", "y"], ["a", "b"]]), "Data": data})
    at = upload(own, content, name="users.xlsx")
    assert "not one known column is in the header" in screen.errors(at)[0]
    at = at.selectbox(key="upload-sheet").set_value("Data").run()
    assert not at.error
    assert at.number_input(key="upload-header").value == 3
    assert at.dataframe[1].value["row"].tolist()[0] == 4
    at = pressed(at, "upload-use")
    assert margins(own, at.query_params["run"]) == expected
    assert own.mappings.listed() == ()
    assert "1 problem" not in screen.sentences(at)
    assert "\nRead as sheet Data of an Excel workbook" in screen.sentences(at)


def test_each_column_and_each_rejected_row_is_shown_before_a_file_is_scored(
    upload: Upload, own: Home, to_score: pd.DataFrame
) -> None:
    frame = to_score.astype({"links": object}).rename(columns={"user": "uid"})
    frame.loc[2, "links"], frame.loc[3, "tier"] = "many", None
    frame.loc[5, "uid"] = frame.loc[4, "uid"]
    at = upload(own, frame.to_csv(index=False).encode(), name="kw47.csv")
    assert ":gray-badge[5 features, 3 not used]" in screen.sentences(at)

    at.selectbox(key=f"upload-{_file(at)}-is-user").set_value("uid").run()
    said = screen.sentences(at)
    accepted = len(frame) - 2
    assert (
        f":gray-badge[:material/check_circle: {accepted} accepted] :orange-badge[:material/warning: 2 rejected]" in said
    )
    assert ":gray-badge[5 features, 1 ID, 2 not used]" in said
    columns, rows, rejected = (at.dataframe[place].value for place in range(3))
    columns = columns.set_index("In the file")
    assert columns.loc["uid", ["Role", "Column", "Rejected"]].tolist() == ["ID", "user", 1]
    assert columns.loc["links", ["Kind", "Role", "Column", "Rejected"]].tolist() == ["count", "Feature", "links", 1]
    assert columns.loc["name", ["Kind", "Role", "Column"]].tolist() == ["–", "Not used", "name"]
    assert columns.loc["tier", "Missing"] == pytest.approx(100 * (1 + to_score["tier"].isna().sum()) / len(frame))
    assert rows["links"].tolist()[:3] == [*map(str, to_score["links"][:2]), "many"]
    assert rejected.to_numpy().tolist() == [
        [4, "links", "many", "not a number"], [7, "user", frame.loc[4, "uid"], "ID seen before"],
    ]  # fmt: skip
    assert at.button(key="upload-use").label == f"Score {accepted} users"
    at = pressed(at, "upload-use")
    run = own.runs.find(at.query_params["run"])
    assert (run.users, run.rejected) == (accepted, 2)
    assert own.datasets.find(run.dataset).by is None


def test_a_missing_column_can_be_named_and_what_was_said_be_taken_back(
    upload: Upload, own: Home, to_score: pd.DataFrame
) -> None:
    at = upload(own, to_score.rename(columns={"user": "uid", "links": "urls"}))
    assert "**links** is not in the file" in screen.sentences(at)
    at = at.selectbox(key=f"upload-{_file(at)}-is-links").set_value("urls").run()
    assert ":gray-badge[urls] is your **links**" in screen.sentences(at)
    at = pressed(at, "upload-ignore-map:uid:user")
    assert ":gray-badge[uid]" not in screen.sentences(at)
    assert "**user** is not in the file" in screen.sentences(at)
    at = pressed(at, "upload-undo-urls")
    assert "**user, links** are not in the file" in screen.sentences(at)
    at = pressed(at, "upload-detected")
    assert ":gray-badge[uid] is your **user**" in screen.sentences(at)


def test_a_kept_mapping_is_undone_like_any_other_proposal(upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    frame = to_score.rename(columns={"user": "uid"})
    own.mappings.keep(Mapping("KW47", tuple(frame.columns), (("uid", "user"),), "Ada", NOW))
    at = upload(own, frame)
    assert "as in KW47" in screen.sentences(at)
    at = pressed(at, "upload-undo-uid")
    assert ":gray-badge[uid] is your **user**" in screen.sentences(at)
    assert "KW47" not in screen.sentences(at)


def test_a_wrong_header_row_can_be_put_right(
    upload: Upload, own: Home, to_score: pd.DataFrame, expected: list[float]
) -> None:
    at = upload(own, b"uid,links\nno,header\n" + make.csv(to_score))
    assert "are not in the file" in screen.sentences(at)
    at = at.number_input(key="upload-header").set_value(3).run()
    assert "not in the file" not in screen.sentences(at)
    assert "header in line 3" in screen.sentences(at)
    assert margins(own, pressed(at, "upload-use").query_params["run"]) == expected


def test_labelled_users_of_a_workbook_are_looked_at_before_they_are_stored(visit: Visit, own: Home) -> None:
    frame = make.users(120, seed=8).rename(columns={"user": "uid"})
    at = visit(own, "train")
    at = at.file_uploader(key="train_file").upload("labelled.xlsx", workbook.of(frame)).run()
    assert "Read as sheet Users of an Excel workbook." in screen.sentences(at)
    assert len(own.datasets.labelled()) == 1
    at = pressed(pressed(at, "train_file-accept-map:uid:user"), "train_file-use")
    stored = own.datasets.labelled()[0]
    assert (stored.name, stored.accepted, at.selectbox(key="train_dataset").value) == ("labelled.xlsx", 120, stored.id)
