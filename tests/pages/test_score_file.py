"""Score a file: from what is dropped to problems, table, reasons and downloads."""

from __future__ import annotations

import base64
import io
import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.queries import services
from app.queries import users as queries
from core import jobs
from core.home import Home
from core.scoring import score_job
from core.settings import HOME_VARIABLE
from tests import make, screen
from tests.pages.users_list import checked, clicked, everyone, table, users
from tests.pages.users_list import opened as shown_open
from tests.screen import Scored, Upload, Visit


@pytest.fixture
def opened(visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame) -> AppTest:
    """The page of a run whose reasons are there; ratio is missing for three users, and one has a value never seen."""
    frame = to_score.copy()
    frame.loc[[0, 1, 2], "ratio"] = np.nan
    frame.loc[3, "links"] = 500
    scored(own, frame)
    return visit(own, "score_file", run="r-0001")


def test_a_clean_file_becomes_a_run_with_its_own_address(upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    at = upload(own, to_score)

    assert not at.exception
    assert not at.error
    assert at.query_params["run"] == "r-0001"
    assert "**users.csv** · 200 users received, 200 scored, 0 rejected · v0001 under p0001" in screen.sentences(at)
    assert "problem" not in screen.sentences(at)
    assert not [button for button in at.get("download_button") if button.key == "rejected_rows"]


def test_the_table_begins_with_the_highest_score(upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    at = everyone(upload(own, to_score))

    assert len(table(at)) == 100
    assert table(at)["·score"].is_monotonic_decreasing
    first = users(at)
    at.session_state["page-r-0001"] = 2
    at.query_params["page"] = "2"
    at.run()
    assert sorted(first + users(at)) == sorted(to_score["user"])


def test_a_rerun_does_not_score_the_same_upload_again(upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    at = upload(own, to_score)
    at.run()
    everyone(at)

    assert len(own.runs.recent()) == 1


def test_rejected_rows_are_counted_named_and_can_be_taken_away(
    upload: Upload, own: Home, to_score: pd.DataFrame
) -> None:
    bad = make.csv(to_score) + b"x1,many,0,1,0,3,n,DE\nu3-0,1,0,1,0,3,n,DE\n\n,1,0,1,0,3,n,DE\nx2,1,0\n"

    at = upload(own, bad)

    said = screen.sentences(at)
    assert not at.exception
    assert "5 problems" in said
    assert "**5 rows rejected**" in said
    assert "205 users received, 200 scored, 5 rejected" in said
    assert "1 row was rejected. Line 202, links&#58;" in said
    assert [button for button in at.get("download_button") if button.key == "rejected_rows"]
    rejected = pd.read_csv(io.BytesIO(services.rejected_file(own.runs.find("r-0001").dataset)))
    assert rejected["line"].tolist() == [202, 203, 204, 205, 206]
    assert rejected["code"].tolist() == ["not_a_number", "duplicate_id", "blank", "missing_id", "ragged"]


def test_missing_values_are_counted_as_missing(upload: Upload, own: Home) -> None:
    frame = make.users(200, seed=3).drop(columns="spam")

    at = upload(own, frame)

    assert f"**{frame['ratio'].isna().sum()} missing** values, kept as missing" in screen.sentences(at)


def test_a_file_without_a_feature_stops_with_a_sentence_and_a_way_on(
    upload: Upload, own: Home, to_score: pd.DataFrame
) -> None:
    at = upload(own, to_score.drop(columns=["ratio", "tier"]))

    assert not at.exception
    assert "tier and ratio are missing from users.csv. Scores without them would be guesses" in screen.errors(at)[0]
    assert "run" not in at.query_params
    assert at.button(key="go_on").label == "Go on with tier, ratio as missing"

    at.button(key="go_on").click().run()

    assert not at.exception
    assert not at.error
    assert at.query_params["run"] == "r-0001"
    assert (own.runs.scores("r-0001")["n_missing"] == 2).all()
    assert "**tier and ratio** absent, missing in every row" in screen.sentences(at)


def test_a_file_without_the_id_column_offers_no_way_on(upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    at = upload(own, to_score.drop(columns="user"))

    assert "user is missing from users.csv" in screen.errors(at)[0]
    assert "go_on" not in [button.key for button in at.button]


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        pytest.param(b"<!DOCTYPE html><html><body>Log in</body></html>", "this is a web page", id="html"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "this is a picture (PNG)", id="png"),
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"a,b\n1,2\n", "not one known column is in the header", id="other columns"),
        pytest.param(b"\x1f\x8b\x08\0\0\0\0\0\0\x03broken", "damaged gzip", id="damaged gzip"),
    ],
)
def test_what_is_no_table_gets_its_sentence_and_the_next_file_still_works(
    upload: Upload, own: Home, to_score: pd.DataFrame, payload: bytes, sentence: str
) -> None:
    at = upload(own, payload)

    assert not at.exception
    assert sentence in screen.errors(at)[0].replace("&#40;", "(").replace("&#41;", ")")
    assert not own.runs.recent()

    at.file_uploader(key="upload").upload("better.csv", make.csv(to_score)).run()

    assert not at.error
    assert at.query_params["run"] == "r-0001"


def test_a_file_of_which_every_row_is_rejected_makes_no_run(upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    at = upload(own, to_score.assign(links="many"))

    assert not at.exception
    assert "not one of its 200 rows can be used, so that no run was made" in at.error[0].value
    assert "is not a number" in at.error[0].value
    assert not at.dataframe
    assert own.runs.recent() == ()


def test_marks_that_turn_text_round_are_shown_as_codes(upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    turned = "\u202egpj.exe"
    at = everyone(upload(own, to_score.assign(**{"na\u2066me": turned})))

    shown = table(at)
    assert shown["na\\u2066me"].tolist() == ["\\u202egpj.exe"] * len(shown)
    assert "\u202e" not in "".join(map(str, shown.to_numpy().ravel()))


def test_a_file_with_labels_is_scored_without_them(upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    labelled = everyone(upload(own, to_score.assign(spam=1)))
    without = everyone(upload(own, to_score))

    assert table(labelled)["·score"].tolist() == table(without)["·score"].tolist()
    assert "spam" not in table(labelled).columns


def test_the_demo_file_is_one_button_away(visit: Visit, with_demo: Home) -> None:
    at = visit(with_demo, "score_file")
    at.button(key="use_demo").click().run()

    assert not at.exception
    assert at.query_params["run"] == "r-0001"
    assert "users.csv.gz** · 200 users received" in screen.sentences(at)


def test_a_home_without_demo_offers_none(visit: Visit, own: Home) -> None:
    assert "use_demo" not in [button.key for button in visit(own, "score_file").button]


@pytest.mark.parametrize(
    "name", ["probability", "margin", "score", "row", "index", "_index", "·score", "n_missing", "line", "level_0"]
)
def test_a_column_may_have_any_name(upload: Upload, visit: Visit, own: Home, to_score: pd.DataFrame, name: str) -> None:
    at = upload(own, to_score.assign(**{name: "text of the file"}))

    assert not at.exception
    assert table(at)["·score"].is_monotonic_decreasing

    user = visit(own, "score_user", run="r-0001", row="3")

    assert not user.exception
    assert "text of the file" in screen.sentences(user)


def test_a_link_to_a_run_opens_it(opened: AppTest) -> None:
    assert not opened.exception
    assert "r-0001" in screen.sentences(opened)
    assert table(opened)["·reasons"].str.fullmatch(r"\w+=\S+ \(\+\d+\.\d\d\)(   \w+=\S+ \(\+\d+\.\d\d\)){0,2}").all()


@pytest.mark.parametrize("run", ["r-0099", "nonsense", "../../etc", "r-" + "9" * 50])
def test_a_link_to_a_run_that_is_not_here_is_told_in_a_sentence(visit: Visit, own: Home, run: str) -> None:
    at = visit(own, "score_file", run=run)

    assert not at.exception
    assert screen.errors(at)[0].startswith("This workspace has no run ")


def test_a_run_opens_from_the_list_of_those_before(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    scored(own, to_score)
    at = visit(own, "score_file")

    at.session_state["runs-Scored before"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at.run()

    assert at.query_params["run"] == "r-0001"


def test_the_counts_in_the_filter_are_those_of_the_run(opened: AppTest, own: Home) -> None:
    run = own.runs.find("r-0001")

    assert opened.button_group(key="views-r-0001").options == [f"Flagged {run.flagged}", f"Everyone {run.users}"]
    bands = opened.button_group(key="bands-r-0001").options
    assert bands[0].endswith(f"Auto-remove {run.counts['auto_remove']}")


@pytest.mark.parametrize("band", ["human_review", "monitor"])
def test_a_band_shows_its_users_only(opened: AppTest, own: Home, band: str) -> None:
    everyone(opened)
    opened.button_group(key="bands-r-0001").set_value(band).run()

    assert len(table(opened)) == own.runs.find("r-0001").counts[band]
    assert len(table(opened)["·action"].astype(str).unique()) == 1
    assert opened.query_params["group"] == band


def test_search_finds_a_user_and_a_feature(opened: AppTest) -> None:
    everyone(opened)

    opened.text_input(key="text-r-0001").set_value("U3-17").run()
    assert set(table(opened)["user"]) == {"u3-17", *(f"u3-17{digit}" for digit in range(10))}

    opened.text_input(key="text-r-0001").set_value("links").run()
    assert table(opened)["·reasons"].str.contains("links=", regex=False).all()


def test_filters_narrow_the_table(opened: AppTest, to_score: pd.DataFrame) -> None:
    everyone(opened)

    opened.slider(key="score-r-0001").set_value((0.1, 0.4)).run()
    assert table(opened)["·score"].between(0.1, 0.4).all()
    opened.slider(key="score-r-0001").set_value((0.0, 1.0)).run()

    opened.selectbox(key="feature-r-0001").set_value("links").run()
    opened.number_input(key="from-r-0001-links").set_value(4.0).run()
    expected = set(to_score["user"][to_score["links"] >= 4]) | {"u3-3"}
    assert set(table(opened)["user"]) == expected
    opened.selectbox(key="feature-r-0001").set_value(None).run()

    opened.selectbox(key="context-r-0001").set_value("country").run()
    opened.multiselect(key="values-r-0001-country").set_value(["KE"]).run()
    assert set(table(opened)["country"]) == {"KE"}
    assert "users** match 1 filter" in screen.sentences(opened)


def test_a_click_into_a_row_opens_the_user_beside_the_list(opened: AppTest, own: Home) -> None:
    user = users(everyone(opened))[2]

    clicked(opened, 2)

    assert not opened.exception
    assert shown_open(opened) == [user]
    assert opened.query_params["open"] == str(int(user.removeprefix("u3-")) + 1)
    said = screen.sentences(opened)
    assert f"**{user}**" in said
    assert "3 of " in said
    assert "the score most" in said

    opened.button(key="Next-r-0001").click().run()
    assert shown_open(opened) == [users(opened)[3]]
    opened.button(key="Previous-r-0001").click().run()
    assert shown_open(opened) == [user]
    opened.button(key="close-r-0001").click().run()
    assert shown_open(opened) == []
    assert "open" not in opened.query_params


def test_the_next_user_may_stand_on_the_next_page(opened: AppTest) -> None:
    everyone(opened).selectbox(key="size-r-0001").set_value(20).run()
    clicked(opened, 19)

    opened.button(key="Next-r-0001").click().run()

    assert opened.query_params["page"] == "2"
    assert shown_open(opened) == [users(opened)[0]]


def test_the_whole_page_of_a_user_leads_back_to_the_list_as_it_was(opened: AppTest) -> None:
    everyone(opened)
    opened.selectbox(key="sort-r-0001").set_value("-user").run()
    clicked(opened, 1)
    before, at = users(opened), dict(opened.query_params)

    opened.button(key="full-r-0001").click().run()
    assert opened.title[0].value == "Score a user"
    assert f"#### User {before[1]}" in screen.sentences(opened)
    next(button for button in opened.button if button.label == "Back to r-0001").click().run()

    assert users(opened) == before
    assert shown_open(opened) == [before[1]]
    assert at.items() <= dict(opened.query_params).items()


def test_an_address_shows_the_same_list_elsewhere(opened: AppTest, visit: Visit, own: Home) -> None:
    everyone(opened)
    opened.selectbox(key="sort-r-0001").set_value("user").run()
    opened.text_input(key="text-r-0001").set_value("u3-1").run()
    clicked(opened, 3)
    where = dict(opened.query_params)

    other = visit(own, "score_file", **where)

    assert users(other) == users(opened)
    assert shown_open(other) == shown_open(opened)
    assert other.selectbox(key="sort-r-0001").value == "user"


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ({"sort": "price"}, "is none of score, user"),
        ({"sort": "column.nothing"}, "r-0001 has no column nothing"),
        ({"feature": "nothing", "within": "0..1"}, "r-0001 has no column nothing"),
        ({"context": "nothing", "is": '["x"]'}, "r-0001 has no context column nothing"),
        ({"score": "high"}, "is no range"),
        ({"group": "them"}, "is none of flagged"),
        ({"columns": "[1]"}, "is no list of names"),
        ({"size": "7"}, "show 20, 50, 100 users a page"),
    ],
)
def test_an_address_that_means_nothing_is_told_and_the_usual_list_shown(
    opened: AppTest, visit: Visit, own: Home, where: dict[str, str], sentence: str
) -> None:
    usual = users(opened)

    at = visit(own, "score_file", run="r-0001", **where)

    assert not at.exception
    assert sentence in screen.errors(at)[0]
    assert users(at) == usual


def test_before_anybody_is_selected_the_bar_says_how_and_what_for(opened: AppTest) -> None:
    assert "Nobody is selected" in screen.sentences(opened)
    assert {button.label for button in opened.button if button.disabled} >= {"Export", "Send to review"}


def test_what_is_selected_stays_over_pages_orders_and_filters(opened: AppTest) -> None:
    everyone(opened).selectbox(key="size-r-0001").set_value(20).run()
    checked(opened, [0, 1])
    opened.query_params["page"] = "2"
    opened.run()
    checked(opened, [4])

    assert "**3 users selected**" in screen.sentences(opened)
    opened.selectbox(key="sort-r-0001").set_value("user").run()
    assert "**3 users selected**" in screen.sentences(opened)

    opened.button(key="all-users-r-0001").click().run()
    assert "**200 users selected**" in screen.sentences(opened)
    opened.button(key="none-users-r-0001").click().run()
    assert "selected**" not in screen.sentences(opened)


def test_those_selected_are_sent_to_review_together(opened: AppTest, own: Home) -> None:
    checked(opened, [0, 2])
    sent = [users(opened)[row] for row in (0, 2)]
    name = next(field for field in opened.text_input if str(field.key).startswith("name-users-r-0001"))
    name.set_value("Lea").run()

    next(button for button in opened.button if button.label == "Queue 2 users").click().run()

    assert not opened.error
    assert sorted(case.user for user in sent for case in own.cases.of_user(user)) == sorted(sent)


def test_those_selected_are_put_on_a_list_after_what_that_does_is_said(opened: AppTest, own: Home) -> None:
    checked(opened, [0, 1, 2])
    ids = users(opened)[:3]
    said = screen.sentences(opened)
    assert "From the next run on: auto-remove" in said

    reason = next(field for field in opened.text_input if str(field.key).startswith("why-r-0001"))
    reason.set_value("seen elsewhere").run()
    name = next(field for field in opened.text_input if str(field.key).startswith("name-r-0001"))
    name.set_value("Lea").run()
    next(button for button in opened.button if button.label == "Block 3 users").click().run()

    assert not opened.error
    assert sorted(entry.value for entry in own.lists.entries("block")) == sorted(ids)


def test_those_selected_are_snoozed_until_a_day_and_that_is_undone(opened: AppTest, own: Home) -> None:
    checked(opened, [0, 1])
    ids = users(opened)[:2]
    opened.button_group(key="snooze-for-users-r-0001").set_value("Until a day").run()
    opened.date_input(key="snooze-until-users-r-0001").set_value(date.today() + timedelta(days=9)).run()  # noqa: DTZ011
    opened.text_input(key="snooze-why-users-r-0001").set_value("Known bug").run()
    opened.text_input(key="snooze-by-users-r-0001").set_value("Lea").run()
    next(button for button in opened.button if button.label == "Snooze 2 users").click().run()

    assert not opened.error
    entries = own.lists.entries("snooze")
    assert sorted(each.value for each in entries) == sorted(ids)
    assert {each.expires and each.expires.hour for each in entries} == {0}
    assert "selected**" not in screen.sentences(opened)
    next(button for button in opened.button if button.label == "Undo snoozing 2 users").click().run()
    assert not own.lists.entries()


def test_the_selection_is_taken_away_with_all_columns_in_input_order(opened: AppTest, own: Home) -> None:
    run = own.runs.find("r-0001")
    told = pd.read_csv(io.BytesIO(queries.selection_file(run, np.array([9, 2, 120]), ".csv")))

    assert told["prediction_id"].tolist() == ["r-0001-2", "r-0001-9", "r-0001-120"]
    assert {"user", "country", "score", "reason_1"} <= set(told)


def test_columns_are_chosen_and_what_is_shown_can_be_sorted_by(opened: AppTest, to_score: pd.DataFrame) -> None:
    everyone(opened)
    opened.multiselect(key="columns-r-0001").set_value(["score", "column.links", "row"]).run()

    assert table(opened).columns.tolist() == ["·open", "user", "·score", "links", "·row"]
    opened.selectbox(key="sort-r-0001").set_value("-column.links").run()
    known = dict(zip(to_score["user"], to_score["links"], strict=True)) | {"u3-3": 500}
    assert table(opened)["links"].tolist() == sorted(known.values(), reverse=True)[:100]
    assert [known[user] for user in users(opened)] == table(opened)["links"].tolist()

    opened.button(key="usual-columns-r-0001").click().run()
    assert "·reasons" in table(opened)
    assert "columns" not in opened.query_params


def test_a_view_is_saved_shared_renamed_and_deleted(opened: AppTest, visit: Visit, own: Home) -> None:
    opened.button_group(key="bands-r-0001").set_value("monitor").run()
    opened.text_input(key="view-name-r-0001").set_value("Borderline")
    opened.text_input(key="view-by-r-0001").set_value("Ada")
    opened.checkbox(key="view-shared-r-0001").check()
    next(button for button in opened.button if button.label == "Save view").click().run()

    assert not opened.error
    number = own.runs.find("r-0001").counts["monitor"]
    assert opened.button_group(key="views-r-0001").options[-1] == f"Borderline {number}"

    other = visit(own, "score_file", run="r-0001")
    other.button_group(key="views-r-0001").set_value(2).run()
    assert other.query_params["group"] == "monitor"
    assert "Rename" not in [button.label for button in other.button]

    opened.text_input(key="view-new-r-0001-1").set_value("Grey zone").run()
    next(button for button in opened.button if button.label == "Rename").click().run()
    assert [view.name for view in own.saved_views.seen_by("users", "Bob")] == ["Grey zone"]
    next(button for button in opened.button if button.label == "Stop sharing").click().run()
    assert own.saved_views.seen_by("users", "Bob") == ()
    next(button for button in opened.button if button.label == "Delete").click().run()
    assert own.saved_views.seen_by("users", "Ada") == ()


def test_only_the_novel_and_only_the_incomplete_can_be_shown(opened: AppTest) -> None:
    everyone(opened)

    opened.checkbox(key="novel-r-0001").check().run()
    assert table(opened)["user"].tolist() == ["u3-3"]
    assert table(opened)["·novel"].tolist() == ["links"]
    opened.checkbox(key="novel-r-0001").uncheck().run()

    opened.checkbox(key="incomplete-r-0001").check().run()
    assert set(table(opened)["user"]) == {"u3-0", "u3-1", "u3-2"}


def test_when_nothing_matches_a_caption_says_so(opened: AppTest) -> None:
    opened.text_input(key="text-r-0001").set_value("nobody at all").run()

    assert not opened.dataframe
    assert "No user matches the filters." in screen.sentences(opened)


def test_another_file_leads_back_to_the_uploader(opened: AppTest) -> None:
    next(button for button in opened.button if button.label == "Score another file").click().run()

    assert opened.query_params == {}
    assert opened.file_uploader(key="upload")


def test_the_figure_and_the_counts_tell_the_same(opened: AppTest, own: Home) -> None:
    counts = own.runs.find("r-0001").counts
    every, listed = json.loads(opened.get("plotly_chart")[0].proto.spec)["data"]

    options = opened.button_group(key="bands-r-0001").options
    assert [option.rsplit(" ", 1)[1] for option in options] == [str(counts[band]) for band in reversed(counts)]
    assert bars(every).sum() == 200
    assert bars(listed).sum() == own.runs.find("r-0001").flagged


def bars(trace: dict[str, Any]) -> np.ndarray:
    """The heights of the bars of a figure, as plotly is told them."""
    return np.frombuffer(base64.b64decode(trace["y"]["bdata"]), trace["y"]["dtype"])


HOSTILE = [
    "<b>x</b>",
    "[a](javascript:alert(1))",
    ":red[x]",
    "$x$",
    "~~x~~",
    "![i](http://e.vil/p.png)",
    "`x`",
    "**x**",
]


def test_nothing_of_a_file_becomes_markup(upload: Upload, visit: Visit, own: Home, to_score: pd.DataFrame) -> None:
    frame = to_score.copy()
    frame["user"] = [f"{HOSTILE[i % 8]}{i}" for i in range(200)]
    frame["name"] = [HOSTILE[i % 8] for i in range(200)]
    frame[":red[column]"] = "<i>value</i>"
    name = "<b>x</b> [a](javascript:alert(1)) :red[x] $x$.csv"
    bad = make.csv(frame) + b"z,**x**,0,1,0,3,n,DE,v\n,1,0,1,0,3,n,DE,v\n<b>x</b>0,1,0,1,0,3,n,DE,v\n"

    run = upload(own, bad, name=name)
    pages = [run, visit(own), visit(own, "score_file"), visit(own, "registry")]
    pages += [visit(own, "score_user", run="r-0001", row=str(row)) for row in range(1, 9)]

    for at in pages:
        assert not at.exception
        for text in screen.markdown(at):
            assert not [raw for raw in (*HOSTILE, ":red[x", ":red[column", "<i>") if raw in text], text
    assert any("&#60;b&#62;x" in text for text in screen.markdown(run))


def test_a_feature_with_a_hostile_name_is_shown_as_text(visit: Visit, scored: Scored, hostile: Home) -> None:
    feature = "<b>links</b>$x$ :red[x]"
    frame = make.users(80, seed=4).rename(columns={"links": feature}).drop(columns="spam")
    scored(hostile, frame)

    run = visit(hostile, "score_file", run="r-0001")
    user = visit(hostile, "score_user", run="r-0001", row="1")
    model = visit(hostile, "registry")

    for at in (run, user, model):
        assert not at.exception
        assert not [text for text in screen.markdown(at) if feature in text or "<b>" in text or ":red[" in text]
    assert feature in run.selectbox(key="feature-r-0001").options
    for chart in user.get("plotly_chart"):
        spec = json.loads(chart.proto.spec)
        del spec["layout"]["meta"]  # not drawn
        assert "<b>links</b>" not in json.dumps(spec)


def test_only_web_addresses_are_links(opened: AppTest, upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    good = to_score.assign(page="https://example.org/u")
    mixed = to_score.assign(page=["javascript:alert(1)", *["https://example.org/u"] * 199])

    assert "link" in json.dumps(json.loads(upload(own, good).dataframe[0].proto.columns)["page"])
    other = everyone(upload(own, mixed))
    other.text_input(key=f"text-{other.query_params['run']}").set_value("u3-0").run()
    assert table(other)["page"].tolist() == ["javascript:alert(1)"]
    assert "page" not in json.loads(other.dataframe[0].proto.columns)


def test_reasons_of_everybody_come_with_the_scores(upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    at = everyone(upload(own, to_score))

    assert not at.exception
    told, scores = table(at)["·reasons"], table(at)["·score"]
    assert len(told) == 100
    assert told[scores > scores.median()].str.contains("(+", regex=False).all()
    assert "Explain everyone" not in [button.label for button in at.button]


def test_a_run_stored_without_reasons_gets_them_on_a_click(
    real_jobs: None, visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(own.settings.home))
    run = scored(own, to_score, reasons=False)
    services.explain_in_background(run)
    own.jobs.cancel("reasons-r-0001")
    assert screen.over(own, "reasons-r-0001").status == "cancelled"

    at = visit(own, "score_file", run="r-0001")

    assert not at.exception
    assert len(table(at)) == min(run.flagged, 20)
    assert "Reasons of r-0001 was cancelled" in screen.sentences(at)

    next(button for button in at.button if button.label == "Explain everyone").click().run()
    assert screen.over(own, "reasons-r-0001").status == "done"
    at.run()
    assert table(at)["·reasons"].str.contains("(+", regex=False).all()
    assert "Explain everyone" not in [button.label for button in at.button]


def test_the_notice_of_the_model_stands_on_every_page_that_scores(
    visit: Visit, noticed: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    scored(noticed, to_score)
    notice = "v0001 is trained on &#42;simulated&#42; users"

    for page, where in (("score_file", {}), ("score_file", {"run": "r-0001"}), ("score_user", {}), ("registry", {})):
        assert notice in screen.sentences(visit(noticed, page, **where))


def test_a_model_of_other_features_is_told_in_a_sentence(upload: Upload, own: Home, to_score: pd.DataFrame) -> None:
    schema = own.settings.schema_file.read_text(encoding="utf-8")
    own.settings.schema_file.write_text(schema.replace("ratio =", "other ="), encoding="utf-8")

    at = upload(own, to_score.rename(columns={"ratio": "other"}))

    assert not at.exception
    assert "needs ratio" in screen.errors(at)[0]
    assert own.registry.champion() == "v0001"


# Scoring goes on behind the page


@pytest.fixture
def interrupted(own: Home, to_score: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> str:
    """A job that was cut off when 100 of the 200 users of november.csv were scored."""
    with monkeypatch.context() as patched:
        patched.setattr(jobs.Jobs, "_launch", lambda *_: None)
        patched.setattr(jobs, "START_WITHIN", 0.0)
        job = own.score_jobs.start_from_page("november.csv", make.csv(to_score), now=services.now())
    told = json.loads((own.settings.jobs / job.id / "state.json").read_text(encoding="utf-8"))
    text = json.dumps(told | {"status": "running", "done": 100, "of": 200, "message": "Scoring november.csv"})
    (own.settings.jobs / job.id / "state.json").write_text(text, encoding="utf-8")
    return job.id


def test_the_address_of_a_job_leads_to_its_run(upload: Upload, visit: Visit, own: Home, interrupted: str) -> None:
    own.score_jobs.again(interrupted)

    at = visit(own, "score_file", job=interrupted)

    assert not at.exception
    assert not at.error
    assert "**november.csv** · 200 users received" in screen.sentences(at)
    assert [button.label for button in at.button if button.label == "Score another file"]


def test_an_interrupted_scoring_says_how_far_it_was_and_is_resumed(visit: Visit, own: Home, interrupted: str) -> None:
    at = visit(own, "score_file", job=interrupted)
    told = (
        "Scoring november.csv was interrupted at 100 of 200 users. The file is stored. Score it again, or discard it."
    )
    assert screen.errors(at) == [told]
    assert at.file_uploader(key="upload")

    at.button(key=f"again-{interrupted}").click().run()

    assert not at.exception
    assert not at.error
    assert at.query_params["run"] == "r-0001"
    assert len(own.runs.recent()) == 1
    assert not list(own.settings.jobs.glob("*/upload-*"))


def test_who_comes_anew_finds_what_did_not_finish_and_may_resume_it(visit: Visit, own: Home, interrupted: str) -> None:
    at = visit(own, "score_file")
    assert "**Not finished**" in screen.sentences(at)

    at.button(key=f"again-{interrupted}").click().run()

    assert at.query_params["run"] == "r-0001"
    assert "**Not finished**" not in screen.sentences(visit(own, "score_file"))


def test_an_interrupted_scoring_may_be_discarded(visit: Visit, own: Home, interrupted: str) -> None:
    at = visit(own, "score_file", job=interrupted)

    at.button(key=f"discard-{interrupted}").click().run()

    assert not at.exception
    assert not at.error
    assert "job" not in at.query_params
    assert not (own.settings.jobs / interrupted).exists()
    assert own.runs.recent() == ()


def test_overview_leads_to_a_scoring_that_was_interrupted(visit: Visit, own: Home, interrupted: str) -> None:
    at = visit(own)
    assert "**Scoring november.csv** was interrupted" in screen.sentences(at)

    at.button(key="go-Resume").click().run()

    assert at.title[0].value == "Score a file"
    assert at.button(key=f"again-{interrupted}")


def test_a_file_that_failed_while_nobody_looked_is_told_to_who_comes_anew_once_it_was_seen_no_more(
    visit: Visit, own: Home
) -> None:
    job = own.score_jobs.start_from_page("photo.csv", b"\x89PNG\r\n\x1a\n\0\0", now=services.now()).id
    assert "this is a picture" in screen.errors(visit(own, "score_file"))[0]

    at = visit(own, "score_file", job=job)
    assert "this is a picture" in screen.errors(at)[0]
    assert f"again-{job}" not in [button.key for button in at.button]
    assert not visit(own, "score_file").error


def test_a_file_without_a_feature_is_kept_and_goes_on_from_its_address(
    visit: Visit, own: Home, to_score: pd.DataFrame
) -> None:
    payload = make.csv(to_score.drop(columns="tier"))
    job = own.score_jobs.start_from_page("short.csv", payload, now=services.now()).id

    at = visit(own, "score_file", job=job)  # as after a reload
    at.button(key="go_on").click().run()

    assert at.query_params["run"] == "r-0001"
    assert (own.runs.scores("r-0001")["n_missing"] == 1).all()


@pytest.mark.parametrize("job", ["score-page-nothing", "nonsense", "../../etc", "reasons-r-0001"])
def test_an_address_of_no_job_is_told_in_a_sentence(visit: Visit, own: Home, job: str) -> None:
    at = visit(own, "score_file", job=job)

    assert not at.exception
    assert screen.errors(at)[0].startswith("This workspace has no job ")
    assert at.file_uploader(key="upload")


def test_a_hostile_name_is_text_where_its_scoring_is_told(visit: Visit, own: Home, interrupted: str) -> None:
    state = own.settings.jobs / interrupted / "state.json"
    told = json.loads(state.read_text(encoding="utf-8"))
    state.write_text(json.dumps(told | {"title": "Scoring <b>x</b> [a](http://e.vil) :red[x].csv"}), encoding="utf-8")

    for at in (visit(own, "score_file"), visit(own)):
        assert not at.exception
        assert not [text for text in screen.markdown(at) if "<b>" in text or ":red[x]" in text or "](http" in text]


def test_a_file_is_scored_and_explained_by_a_process(
    real_jobs: None, upload: Upload, own: Home, to_score: pd.DataFrame
) -> None:
    at = upload(own, to_score)

    assert at.query_params["run"] == "r-0001"
    assert own.runs.reasons("r-0001") is not None
    assert [job.status for job in own.jobs.listed(score_job.PAGE)] == ["done"]


def test_a_user_who_is_forgotten_while_the_page_is_open_is_on_it_no_more(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame
) -> None:
    scored(own, to_score)
    at = everyone(visit(own, "score_file", run="r-0001"))
    first = users(at)[0]
    row = int(own.datasets.row_of(own.runs.find("r-0001").dataset, first) or 0)

    Home.open(own.settings.home).erasure.forget(first, by="Lea", now=make.NOW)
    at.run()

    assert not at.exception
    assert first not in users(at)
    assert "1 to 100 of 199" in screen.sentences(at)
    beside = visit(own, "score_file", run="r-0001", row=str(row))
    assert not beside.exception
    assert first not in screen.sentences(beside)
