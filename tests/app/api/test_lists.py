"""Lists in pages: each entry is on one page, whatever is added meanwhile; and decisions, read and confirmed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest

from app.api import cursors
from core.feedback.short_form import Row
from core.home import Home
from core.review import predictions_of_user
from core.schema import schema as schemas
from tests import make
from tests.app.api.server import Client, serving, spammer
from tests.app.api.test_feedback import queued


def pages(api: Client, path: str, name: str, meanwhile: Callable[[], object] = lambda: None) -> list[list[Any]]:
    """All pages of a list; something happens after the first."""
    told = api.get(path).json
    found = [told[name]]
    meanwhile()
    while told["next"]:
        told = api.get(f"{path}{'&' if '?' in path else '?'}cursor={told['next']}").json
        found.append(told[name])
    return found


def scored(home: Home, seed: int, n: int = 20) -> str:
    columns = schemas.load(home.settings.schema_file)
    return home.file_scoring.score_file(
        f"f{seed}.csv", make.csv(make.users(n, seed=seed)), columns, home.registry.load(), make.policy(), now=make.NOW
    ).run.id  # fmt: skip


def test_runs_come_in_pages_that_stay_when_others_are_added(api: Client, own: Home) -> None:
    there = [scored(own, seed) for seed in range(1, 6)]
    found = pages(api, "/v1/runs?limit=2", "runs", lambda: scored(own, 6))

    assert [[each["id"] for each in page] for page in found] == [there[:2:-1], there[2:0:-1], there[:1]]
    first = found[-1][0]
    assert (first["users"], first["name"], sum(first["bands"].values())) == (20, "f1.csv", 20)


def test_cases_come_in_pages_and_a_blind_one_tells_no_score_while_it_is_open(api: Client, own: Home) -> None:
    queued(own)
    found = [each for page in pages(api, "/v1/cases?limit=7", "cases") for each in page]
    there = {each.id: each for each in own.cases.newest_first(1_000)}

    assert [each["id"] for each in found] == list(there)
    assert any(each["blind"] for each in found)
    for each in found:
        assert (each["score"] is None) == each["blind"]
        assert each["score"] in {None, there[each["id"]].score}
    held = api.get("/v1/cases/next").json["id"]
    api.post(f"/v1/cases/{held}/verdict", {"judgement": "spammer"})
    (closed,) = api.get("/v1/cases?status=closed").json["cases"]
    assert (closed["id"], closed["judgement"], closed["judged_by"], closed["score"]) == (
        held, "spammer", "api", there[held].score,
    )  # fmt: skip
    assert api.get(f"/v1/cases?user_id={closed['user_id']}").json["cases"] == [closed]
    assert len(api.get("/v1/cases?status=open&limit=1000").json["cases"]) == len(there) - 1


def test_a_snoozed_case_says_until_when_and_is_not_the_next(api: Client, own: Home) -> None:
    queued(own)
    now = datetime.now(UTC)
    case = own.cases.find(api.get("/v1/cases/next").json["id"])
    own.snoozing.snooze([case.user], until=now + timedelta(days=7), reason="Waits", by="Ada", now=now)

    assert api.get("/v1/cases/next").json["id"] != case.id
    (shown,) = api.get(f"/v1/cases?user_id={case.user}&status=open").json["cases"]
    assert datetime.fromisoformat(shown["snoozed_until"]) == now + timedelta(days=7)
    others = api.get("/v1/cases?limit=1000").json["cases"]
    assert [each["id"] for each in others if each["snoozed_until"]] == [case.id]


def test_scores_of_a_run_come_in_pages_and_as_a_whole_file(api: Client, own: Home) -> None:
    run = scored(own, 3, n=50)
    found = [each for page in pages(api, f"/v1/runs/{run}/scores?limit=15", "scores") for each in page]
    scores, users = own.runs.scores(run), make.users(50, seed=3)["user"].tolist()

    assert [each["prediction_id"] for each in found] == [f"{run}-{row}" for row in scores.index]
    assert [each["probability"] for each in found] == scores["probability"].tolist()
    assert [each["user_id"] for each in found] == users
    band = found[0]["band"]
    same = pages(api, f"/v1/runs/{run}/scores?band={band}&limit=4", "scores")
    assert [each for page in same for each in page] == [each for each in found if each["band"] == band]

    as_csv, as_parquet = (api.get(f"/v1/runs/{run}/export?kind={kind}") for kind in ("csv", "parquet"))
    assert [row["user"] for row in csv.DictReader(io.StringIO(as_csv.body.decode()))] == users
    assert pq.read_table(io.BytesIO(as_parquet.body))["score"].to_pylist() == scores["probability"].tolist()
    assert as_csv.headers["content-disposition"] == f'attachment; filename="{run}.csv"'
    assert {api.get(f"/v1/runs/r-9999/{what}").status for what in ("scores", "export")} == {404}


def test_all_predictions_of_a_user_are_found_however_many_runs_lie_between(
    api: Client, own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions_of_user, "MOST_RUNS", 2)
    user = make.users(20, seed=1)["user"][0]
    there = [f"{scored(own, seed)}-1" for seed in (1, 2, 3, 4, 1)]
    mine = [there[0], there[-1]]
    mine += [api.post("/v1/predict", spammer(user_id=user)).json["prediction_id"] for _ in range(3)]
    found = pages(api, f"/v1/predictions?user_id={user}&limit=2", "predictions")

    assert [each["prediction_id"] for page in found for each in page] == mine[::-1]
    assert max(map(len, found)) == 2
    assert found[0][0]["action"] == "human_review"
    assert api.get("/v1/predictions?user_id=nobody").json["predictions"] == []
    assert api.get("/v1/predictions").status == 422


@pytest.fixture(scope="module")
def shared(trained: Home) -> Iterator[Client]:
    with serving(trained) as client:
        yield client


@pytest.mark.parametrize(
    "text", ["x", "", "e30", "W10", "%00", "é", cursors.made("cases None None", 3), cursors.made("runs", 3, 4),
             cursors.made("runs", 10**19), cursors.made("runs", -1), cursors.made("runs", True), "A" * 201],
)  # fmt: skip
def test_a_cursor_that_is_none_of_this_list_is_refused(shared: Client, text: str) -> None:
    answer = shared.get(f"/v1/runs?cursor={text.replace('é', '%C3%A9')}")

    assert (answer.status, answer.code) == (422, "not_as_described" if len(text) > 200 else "bad_cursor")
    assert answer.json["errors"][0]["pointer"] == "query cursor"


def test_a_cursor_goes_with_the_parameters_it_was_given_for(shared: Client) -> None:
    told = cursors.made("cases open None", 3)

    assert shared.get(f"/v1/cases?status=open&cursor={told}").status == 200
    assert shared.get(f"/v1/cases?cursor={told}").code == "bad_cursor"


def decided(home: Home, n: int) -> None:
    run = scored(home, 8)
    for row in range(1, n + 1):
        cells = {"prediction_id": f"{run}-{row}", "actual_label": "spammer"}
        home.feedback_import.record([Row.of(1, cells)], by="Ada", now=make.NOW)


def test_a_consumer_reads_acts_and_confirms_and_is_given_the_rest(own: Home) -> None:
    decided(own, 5)
    text = own.keys.create("platform", "integrator", now=make.NOW, rate=0)[1]
    with serving(own) as server:
        api = replace(server, key=text)
        first = api.get("/v1/decisions?consumer=platform&limit=3").json
        again = api.get("/v1/decisions?consumer=platform&limit=3").json
        said = {"consumer": "platform", "after": first["after"], "last": first["last"]}
        done, twice = (api.post("/v1/decisions/confirm", said).json for _ in range(2))
        rest = api.get("/v1/decisions?consumer=platform").json
        refused = [
            api.post("/v1/decisions/confirm", {"consumer": "platform"} | each)
            for each in ({"after": 4, "last": 5}, {"after": 3, "last": 99}, {"after": 5, "last": 4})
        ]  # fmt: skip

    assert again == first
    assert [each["number"] for each in first["decisions"]] == [1, 2, 3]
    assert (done["new"], twice["new"]) == (True, False)
    assert ([each["number"] for each in rest["decisions"]], rest["after"]) == ([4, 5], 3)
    assert [(each.status, each.code) for each in refused] == [
        (409, "refused"),
        (422, "bad_option"),
        (422, "bad_option"),
    ]
    assert own.outbox.take("platform").after == 3


def test_decisions_are_read_on_by_their_cursor(api: Client, own: Home) -> None:
    decided(own, 3)
    first = api.get("/v1/decisions?limit=2").json
    second = api.get(f"/v1/decisions?cursor={first['next']}").json
    nothing_new = api.get(f"/v1/decisions?cursor={second['next']}").json

    assert [[each["number"] for each in page["decisions"]] for page in (first, second)] == [[1, 2], [3]]
    assert (nothing_new["decisions"], nothing_new["last"]) == ([], 3)
    assert api.get("/v1/decisions?since=1").json["decisions"] == api.get("/decisions?since=1").json["decisions"]
    assert api.get("/v1/decisions?since=1&consumer=a").code == "one_alone"


def test_reading_decisions_again_adds_nothing_to_the_audit_log(api: Client, own: Home) -> None:
    decided(own, 2)
    for _ in range(3):
        api.get("/v1/decisions?consumer=platform")
        api.get("/decisions")
    api.post("/v1/decisions/confirm", {"consumer": "platform", "after": 0, "last": 2})
    notes = own.audit.read()

    assert [what for what in notes["what"] if "decisions" in what] == ["confirm decisions", "export decisions"]
    own.feedback_import.record(
        [Row.of(1, {"prediction_id": "r-0001-1", "actual_label": "legitimate"})], by="Ada", now=make.NOW
    )
    api.get("/decisions")  # what was never given before is noted, so that its number is given to nothing else
    assert list(own.audit.read()["what"]).count("export decisions") == 2
