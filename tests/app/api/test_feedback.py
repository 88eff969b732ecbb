"""Feedback, review and decisions over the API: the same store, cases and chain as the pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from app.api.routes.feedback import Stored, recorded
from core.feedback.short_form import Row
from core.feedback.verdict import Verdict
from core.home import Home
from core.review.importing import Refusal
from core.schema import schema as schemas
from core.store import tables
from tests import make, make_messages
from tests.app.api.server import QUIET, SPAMMER, Client, serving, spammer


def verdicts(home: Home) -> list[Verdict]:
    known = home.ledger
    known.refresh()
    return list(known.since(""))


def queued(home: Home, n: int = 120) -> str:
    """A run of users sent to review; its id."""
    columns = schemas.load(home.settings.schema_file)
    done = home.file_scoring.score_file(
        "users.csv", make.csv(make.users(n, seed=8)), columns, home.registry.load(), make.policy(), now=make.NOW
    )  # fmt: skip
    home.plans.queue_run(done.run.id, by="Ada", now=make.NOW)
    return done.run.id


def test_feedback_joins_what_was_predicted_by_its_stored_values(api: Client, own: Home) -> None:
    told = api.post("/predict", spammer()).json
    sent = {"prediction_id": told["prediction_id"], "is_correct": False, "feedback_notes": "a friend"}
    answer = api.post("/feedback", sent)

    assert answer.status == 200
    assert answer.json["new"] is True
    (verdict,) = verdicts(own)
    assert (verdict.id, verdict.prediction) == (answer.json["feedback_id"], told["prediction_id"])
    assert (verdict.verdict, verdict.user, verdict.notes) == ("legitimate", "u-1", "a friend")
    assert (verdict.score, verdict.band, verdict.model) == (told["probability"], told["band"], told["model_version"])
    assert verdict.features == SPAMMER
    assert own.feedback.verify().whole


def test_feedback_on_a_run_of_a_file_is_as_that_from_a_file(api: Client, own: Home) -> None:
    run = queued(own)
    cells = {"prediction_id": f"{run}-3", "actual_label": 1}
    answer = api.post("/feedback", cells | {"reviewer": "api"})
    (ours,) = verdicts(own)
    done = own.feedback_import.record([Row.of(1, cells)], by="api", now=datetime.now(UTC))

    assert done.new == 0
    assert done.ids == (answer.json["feedback_id"],)
    assert ours.stratum in {"certain", "uncertain", "random"}


def test_the_same_feedback_counts_once(api: Client, own: Home) -> None:
    sent = {"prediction_id": api.post("/predict", spammer()).json["prediction_id"], "is_correct": True}
    told = [api.post("/feedback", sent).json for _ in range(3)]
    keyed = [api.post("/feedback", sent | {"feedback_notes": "x"}, idempotency_key="k").json for _ in range(3)]

    assert [each["new"] for each in told] == [True, False, False]
    assert keyed[0]["new"] is True
    assert keyed == [keyed[0]] * 3  # with a key it is the same request come again, and so the same answer
    assert len(verdicts(own)) == 2


def test_there_and_back_again_is_stored_each_time_and_told_to_the_platform(api: Client, own: Home) -> None:
    run = queued(own)
    said = [{"prediction_id": f"{run}-2", "actual_label": label} for label in ("legitimate", "spammer", "legitimate")]
    answers = [api.post("/feedback", each).json for each in said]

    assert [each["new"] for each in answers] == [True, True, True]
    assert len({each["feedback_id"] for each in answers}) == 3
    assert [each["decision"] for each in api.get("/decisions?since=0").json["decisions"]] == ["keep", "remove", "keep"]
    stats = api.get("/model/feedback/stats").json
    assert (stats["total_feedback"], stats["standing"], stats["by_verdict"]) == (3, 1, {"legitimate": 1})


def test_a_key_decides_before_what_is_said(api: Client, own: Home) -> None:
    run = queued(own)
    first = {"prediction_id": f"{run}-2", "actual_label": "spammer"}
    told = api.post("/feedback", first, idempotency_key="k1").json
    api.post("/feedback", first | {"actual_label": "legitimate"}, idempotency_key="k2")
    again = api.post("/feedback", first, idempotency_key="k1").json

    assert again["feedback_id"] == told["feedback_id"]
    assert [each.verdict for each in verdicts(own)] == ["spammer", "legitimate"]


def test_feedback_judged_no_later_than_what_stands_changes_nothing(api: Client, own: Home) -> None:
    run = queued(own)
    said = {"prediction_id": f"{run}-2", "actual_label": "spammer", "judged_at": "2026-03-01T10:00:00Z"}
    other = {"actual_label": "legitimate", "judged_at": "2026-03-01T10:59:00+01:00"}
    assert api.post("/feedback", said).json["new"] is True
    assert api.post("/feedback", said | other).json["new"] is False
    refused = api.post("/feedback", said | {"judged_at": "yesterday"})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "#/judged_at")


def test_a_key_that_was_used_for_other_feedback_is_refused(api: Client, own: Home) -> None:
    identity = api.post("/predict", spammer()).json["prediction_id"]
    api.post("/feedback", {"prediction_id": identity, "is_correct": True}, idempotency_key="k")
    sent = {"prediction_id": identity, "is_correct": False}
    other = api.post("/feedback", sent, idempotency_key="k")
    with own.database.writing() as connection:
        connection.execute(delete(tables.replies))  # as after a day
    later = api.post("/feedback", sent, idempotency_key="k")

    assert (other.status, other.code) == (422, "key_used")
    assert (later.status, later.code) == (409, "said_otherwise")
    assert len(verdicts(own)) == 1


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"prediction_id": "r-0001-99999", "is_correct": True}, "#/prediction_id"),
        ({"prediction_id": "nonsense", "is_correct": True}, "#/prediction_id"),
        ({"prediction_id": "OURS"}, "#/actual_label"),
        ({"prediction_id": "OURS", "is_correct": True, "actual_label": 0}, "#/is_correct"),
        ({"prediction_id": "OURS", "is_correct": True, "reviewer": "\n\x7f"}, "#/reviewer"),
    ],
)
def test_feedback_that_cannot_be_used_names_what_to_change(
    api: Client, own: Home, said: dict[str, object], pointer: str
) -> None:
    ours = api.post("/predict", spammer()).json["prediction_id"]
    answer = api.post("/feedback", {name: ours if value == "OURS" else value for name, value in said.items()})

    assert (answer.status, answer.code) == (422, "feedback_refused")
    assert answer.json["errors"][0]["pointer"] == pointer
    assert not verdicts(own)


def test_a_reviewer_key_speaks_for_itself_alone(own: Home) -> None:
    _, text = own.keys.create("tool", "reviewer", now=make.NOW)
    with serving(own) as server:
        api = replace(server, key=text)
        sent = {"prediction_id": api.post("/predict", spammer()).json["prediction_id"], "is_correct": True}
        assert api.post("/feedback", sent | {"reviewer": "Ada"}).status == 422
        assert api.post("/feedback", sent).status == 200

    assert [verdict.reviewer for verdict in verdicts(own)] == ["api:tool"]
    assert "api:tool" in own.audit.read()["who"].tolist()


def test_statistics_count_what_was_said_and_weigh_it(api: Client, own: Home) -> None:
    empty = api.get("/model/feedback/stats").json
    run = queued(own)
    ids = [api.post("/predict", {"features": features}).json["prediction_id"] for features in (SPAMMER, QUIET)]
    api.post("/feedback", {"prediction_id": ids[0], "is_correct": True})
    api.post("/feedback", {"prediction_id": ids[1], "is_correct": False})
    told = api.get("/model/feedback/stats").json

    assert (empty["total_feedback"], empty["accuracy"], empty["run"]) == (0, None, None)
    assert (told["total_feedback"], told["correct_predictions"], told["accuracy"]) == (2, 1, 0.5)
    assert told["by_verdict"] == {"spammer": 2}
    assert told["run"]["id"] == run
    assert {"value", "low", "high", "enough"} <= told["run"]["precision"].keys()
    assert told["run"]["left_out"] == {"unplanned": 0, "unread": 0, "sentence": ""}
    assert told["last_retrain"] is None


def test_a_case_is_held_judged_and_told_to_the_platform(api: Client, own: Home) -> None:
    queued(own)
    case = api.get("/cases/next").json
    assert api.get("/cases/next").json["id"] == case["id"]
    assert api.get("/cases/next?session=other").json["id"] != case["id"]
    sent = {"judgement": "spammer", "reason": "content_seen", "notes": "seen", "seconds": 4.5}
    answers = [api.post(f"/cases/{case['id']}/verdict", sent, idempotency_key="v-1") for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json
    (verdict,) = verdicts(own)
    assert (verdict.id, verdict.case, verdict.verdict) == (answers[0].json["verdict_id"], case["id"], "spammer")
    assert (verdict.reason, verdict.notes, verdict.seconds) == ("content_seen", "seen", 4.5)
    assert own.cases.find(case["id"]).status == "closed"
    told = api.get("/decisions").json
    assert [(each["user"], each["decision"], each["case"]) for each in told["decisions"]] == [
        (case["user_id"], "remove", case["id"])
    ]
    assert api.get(f"/decisions?since={told['last']}").json == {"decisions": [], "last": told["last"]}


def test_a_blind_case_tells_nothing_of_its_score(api: Client, own: Home) -> None:
    queued(own)
    seen = [api.get(f"/cases/next?session={i}").json for i in range(12)]
    blind = [case for case in seen if case["blind"]]
    others = [case for case in seen if not case["blind"]]

    assert blind
    assert others
    for case in blind:
        assert [case[name] for name in ("score", "band", "action", "model_version")] == [None] * 4
        assert case["risk_factors"] == []
    for case in others:
        assert case["score"] == own.cases.find(case["id"]).score
        assert case["risk_factors"]
    judged = others[0]
    sent = {"judgement": "unsure"}
    assert api.post(f"/cases/{judged['id']}/verdict?session={seen.index(judged)}", sent).status == 200
    shown = [f"{factor['feature']}=" for factor in judged["risk_factors"]]
    assert [text.partition("=")[0] + "=" for text in verdicts(own)[0].reasons.split("   ")] == shown


def test_a_case_that_one_does_not_hold_cannot_be_judged(api: Client, own: Home) -> None:
    queued(own)
    case = api.get("/cases/next").json["id"]

    refused = api.post(f"/cases/{case}/verdict?session=other", {"judgement": "spammer"})
    assert (refused.status, refused.code) == (409, "refused")
    assert api.post("/cases/c-999999/verdict", {"judgement": "spammer"}).status == 404
    assert api.post(f"/cases/{case}/verdict", {"judgement": "perhaps"}).status == 422
    assert not verdicts(own)


def test_when_no_case_waits_there_is_nothing_to_tell(api: Client) -> None:
    answer = api.get("/cases/next")

    assert (answer.status, answer.body) == (204, b"")


def test_users_scored_over_the_api_can_be_sent_to_review(own: Home) -> None:
    with serving(own) as api:
        told = api.post("/predict", spammer()).json
    run = own.runs.recent()[0]
    own.plans.queue_run(run.id, by="Ada", now=make.NOW)
    with serving(own) as api:
        case = api.get("/cases/next").json

    assert (case["user_id"], case["prediction_id"]) == ("u-1", told["prediction_id"])
    assert case["features"] == SPAMMER


def test_what_several_say_at_once_is_told_to_each(api: Client, own: Home) -> None:
    told = api.post("/predict", spammer()).json["prediction_id"]
    right, wrong = {"prediction_id": told, "is_correct": True}, {"prediction_id": told, "is_correct": False}
    said = [("Ada", right), ("Ada", right | {"prediction_id": "r-9999-1"}), ("Grace", wrong), ("Ada", right)]
    first, unknown, other, again = recorded(own, said)

    assert isinstance(unknown, Refusal)
    assert unknown.column == "prediction_id"
    assert isinstance(first, Stored) and isinstance(other, Stored) and isinstance(again, Stored)  # noqa: PT018
    assert (first.new, other.new, again.new) == (True, True, False)
    assert first.id == again.id
    assert {verdict.id: verdict.reviewer for verdict in verdicts(own)} == {first.id: "Ada", other.id: "Grace"}


def test_a_case_says_its_category_unless_it_is_blind(kinds: Home, tmp_path: Path) -> None:
    home = make.copied(kinds, tmp_path)
    sent = make_messages.messages(30, seed=4, prefix="n").drop(columns="removed")
    run = home.file_scoring.score_file(
        "new.csv", make.csv(sent), make_messages.KINDS, home.registry.load(), make.policy(), now=make.NOW
    ).run
    row = int(home.runs.scores(run.id)["probability"].idxmax())
    home.sending.send(run.id, [row], by="Lea", now=make.NOW)
    with serving(home) as api:
        seen = api.get("/cases/next").json
        with home.database.writing() as connection:
            connection.execute(update(tables.cases).values(blind=True))
        blind = api.get("/cases/next").json
    assert seen["category"] == home.runs.scores(run.id)["category"].loc[row]
    assert (blind["id"], blind["blind"], "category" in blind) == (seen["id"], True, False)
