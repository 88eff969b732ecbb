"""Monitor: what it says of users like those of training and of others, of the queue, and of what went wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from core.home import Home
from core.monitoring.incidents import Finding
from core.monitoring.stream_status import StreamStatus
from core.monitoring.targets import Targets
from core.registry import registry
from core.schema import schema as schemas
from tests import make, screen
from tests.core.review.reviewing import judge_all, rules, truth_of
from tests.screen import Scored, Visit

PASSWORD = "long enough to be one"  # noqa: S105 - of accounts that live for one test
LIKE = make.users(1500, seed=5)
MOVED = LIKE.assign(links=LIKE["links"] + 3, user=LIKE["user"] + "b")


def test_a_home_without_a_model_or_a_run_says_what_to_do(visit: Visit, home: Home, own: Home) -> None:
    assert "Nothing to monitor yet" in screen.sentences(visit(own, "monitor"))
    (own.settings.models / registry.CHAMPION).unlink()
    assert "This workspace has no live model" in screen.sentences(visit(own, "monitor"))


def test_users_like_those_of_training_are_said_to_be_so_with_every_feature(
    visit: Visit, own: Home, scored: Scored
) -> None:
    scored(own, LIKE, reasons=False)
    own.stream_statuses.write(StreamStatus("orders", "redis", 7, 1, 2, 5, None, make.NOW, make.NOW))

    at = visit(own, "monitor")

    assert not at.exception
    (streams,) = (each.value for each in at.dataframe if "Stream" in each.value)
    assert streams.iloc[0][["Stream", "State", "Decided", "Dead letters"]].tolist() == ["orders", "stopped", 7, 2]
    assert pd.isna(streams["Waiting"].iloc[0])
    assert at.header[0].value.startswith("The 1,500 users of r-0001 are like those v0001 was trained on")
    assert set(at.dataframe[0].value["verdict"]) == {"steady"}
    assert at.dataframe[0].value["name"].tolist()[:2] == ["(score)", "links"]
    assert "None so far." in screen.sentences(at)
    values = {metric.label: metric.value for metric in at.metric}
    assert values["Users of r-0001"] == "1,500"
    assert values["Precision"] == "–"


def test_a_drift_leads_the_page_and_the_address_opens_its_feature(visit: Visit, own: Home, scored: Scored) -> None:
    scored(own, LIKE, reasons=False)
    run = scored(own, MOVED, name="<b>moved</b>.csv", reasons=False)

    at = visit(own, "monitor", feature="links")

    assert not at.exception
    report = own.drift.of_run(run.id)
    links = next(each for each in report.features if each.name == "links")
    assert f"links (PSI {links.psi:.2f})" in at.header[0].value
    assert at.dataframe[0].value["verdict"].iloc[0] == "drifted"
    assert "**links** &nbsp;:small[:gray[share of users" in screen.sentences(at)
    earlier = visit(own, "monitor", run="r-0001", feature="nothing")
    assert not earlier.exception
    assert "r-0001 are like those" in earlier.header[0].value
    assert "**Score** &nbsp;:small[:gray[share of users" in screen.sentences(earlier)


def test_check_now_keeps_what_is_wrong_and_says_what_was_told(visit: Visit, own: Home, scored: Scored) -> None:
    scored(own, MOVED, reasons=False)

    at = visit(own, "monitor")
    at.button[0].click().run()

    assert not at.exception
    kept = own.incidents.recent()
    assert {each.finding.kind for each in kept} == {"drift"}
    assert at.toast[0].value.startswith(f"{len(kept)} new incidents")
    assert f"{len(kept)} told by the log." in at.toast[0].value
    assert Path(own.settings.data / "logs" / "alerts.log").is_file()
    at.button[0].click().run()
    assert at.toast[0].value == "Nothing new"


def test_other_incidents_stand_with_the_way_to_them_and_past_ones_below(
    visit: Visit, own: Home, scored: Scored
) -> None:
    scored(own, LIKE, reasons=False)
    late = Finding("queue", "late", "3 users waited *too* long.", "review", {"queue_age": "48"})
    now = datetime(2026, 3, 1, tzinfo=UTC)
    own.incidents.keep([Finding("model", "v0001", "<i>gone</i>", "registry"), late], looked_at=["model"], now=now)
    own.incidents.keep([late], looked_at=["model", "queue"], now=now)

    at = visit(own, "monitor")

    assert not at.exception
    assert "3 users waited &#42;too&#42; long." in screen.sentences(at)
    assert at.dataframe[-1].value["What"].tolist() == ["<i>gone</i>"]
    opened = at.button(key="open-i-0002").click().run()
    assert not opened.exception
    assert opened.title[0].value == "Review"
    assert opened.query_params["queue_age"] == "48"


def test_the_figures_of_a_judged_run_stand_with_their_intervals(visit: Visit, own: Home, scored: Scored) -> None:
    rules(own, capacity=60)
    frame = make.users(200, seed=5)
    run = scored(own, frame, reasons=False)
    own.plans.queue_run(run.id, by="Lea", now=make.NOW)
    judge_all(own, truth_of(frame))

    at = visit(own, "monitor")

    assert not at.exception
    metrics = {metric.label: metric for metric in at.metric}
    assert "95 % " in metrics["Recall, r-0001"].delta
    assert "each judged user counts for as many as it was drawn from" in screen.sentences(at)
    assert own.inspection.judged_run() == own.runs.find(run.id)


def test_the_figures_say_which_runs_they_leave_out(visit: Visit, own: Home, scored: Scored) -> None:
    rules(own, capacity=60)
    run = scored(own, make.users(200, seed=5), reasons=False)
    own.plans.queue_run(run.id, by="Lea", now=make.NOW)
    said = "Precision and recall. Left out: 1 run without a plan, from which nobody was drawn yet"
    assert said not in screen.sentences(visit(own, "monitor"))
    frame = make.users(60, seed=8)
    scored(own, frame.assign(user=frame["user"] + "x"), reasons=False)

    assert said in screen.sentences(visit(own, "monitor"))


def test_a_queue_that_nobody_has_judged_from_has_no_pace_yet(visit: Visit, own: Home, scored: Scored) -> None:
    rules(own, capacity=60)
    run = scored(own, make.users(200, seed=5), reasons=False)
    own.plans.queue_run(run.id, by="Lea", now=make.NOW)

    at = visit(own, "monitor")

    assert not at.exception
    assert "waiting, the median for" in screen.sentences(at)
    assert " a day they take" not in screen.sentences(at)
    metrics = {metric.label: (metric.value, metric.delta) for metric in at.metric}
    assert metrics["Precision, r-0001"] == ("–", "no verdict yet")


def test_the_target_is_saved_in_the_name_of_who_is_here(visit: Visit, own: Home, scored: Scored) -> None:
    scored(own, make.users(300, seed=5), reasons=False)
    at = visit(own, "monitor", **{"as": "Ada"})
    assert at.number_input(key="target_precision").value == 50
    at.number_input(key="target_precision").set_value(55.0)
    at.button(key="target-save").click().run()

    assert not at.exception
    assert at.toast[0].value == "The target is saved"
    assert own.targets.load() == Targets(0.55)
    assert own.audit.read().iloc[0]["who"] == "Ada"


def test_a_target_that_cannot_be_read_is_told_and_nobody_without_a_name_changes_it(
    visit: Visit, own: Home, scored: Scored
) -> None:
    scored(own, make.users(300, seed=5), reasons=False)
    at = visit(own, "monitor")
    at.button(key="target-save").click().run()
    assert "give 1 to 80 printable characters" in screen.errors(at)[0]

    own.settings.options_file.write_text("[monitoring]\nprecision = 2\n", encoding="utf-8")
    at = visit(own, "monitor")
    assert "give a share from 0 to 1, not 2" in screen.errors(at)[0]
    assert "target-save" not in [each.key for each in at.button]


def test_who_may_not_change_the_target_is_not_asked(visit: Visit, own: Home, scored: Scored) -> None:
    scored(own, make.users(300, seed=5), reasons=False)
    own.accounts.create("Ada", "admin", PASSWORD, now=make.NOW)
    own.accounts.create("Rea", "reviewer", PASSWORD, now=make.NOW)
    at = visit(own, "monitor")
    at.text_input[0].set_value("Rea")
    at.text_input[1].set_value(PASSWORD)
    at.button[0].click().run()

    assert not at.exception
    assert at.header
    assert "target-save" not in [each.key for each in at.button]


@pytest.mark.parametrize("where", [{"run": "r-9999"}, {"run": "../x", "feature": "<b>"}])
def test_an_address_that_leads_nowhere_shows_the_newest_run(
    visit: Visit, own: Home, scored: Scored, where: dict[str, str]
) -> None:
    scored(own, make.users(300, seed=5), reasons=False)

    at = visit(own, "monitor", **where)

    assert not at.exception
    assert at.selectbox[0].value.id == "r-0001"


def test_names_that_look_like_markup_are_shown_as_they_are(visit: Visit, hostile: Home, scored: Scored) -> None:
    feature = next(iter(schemas.load(hostile.settings.schema_file).names))
    scored(hostile, make.users(300, seed=5).rename(columns={"links": feature}).assign(**{feature: 9}), reasons=False)

    at = visit(hostile, "monitor", feature=feature)

    assert not at.exception
    assert not [text for text in screen.markdown(at) if feature in text]


def test_the_link_of_a_late_queue_opens_the_review_filtered_to_who_waits_so_long(visit: Visit, own: Home) -> None:
    at = visit(own, "review", queue_age="48", **{"as": "Ada"})

    assert not at.exception
    assert at.number_input(key="queue_age").value == 48
