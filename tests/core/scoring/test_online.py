"""Users scored as they are asked for: the same scores and reasons as in a file, stored before anybody is told."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data import intake
from core.errors import BadOptionError, FeaturesError, UnknownItemError, WrongFeaturesError
from core.feedback.short_form import Row
from core.home import Home
from core.policy.decide import decide
from core.policy.lists import NO_LISTS
from core.policy.policy import Policy
from core.review import cases
from core.schema import schema as schemas
from core.schema.glossary import Glossary, Meaning
from core.schema.schema import Column, Schema
from core.scoring import online_runs, score_file
from core.scoring.decisions.prediction_json import factors_json, prediction_json
from core.scoring.online import Asked, Serving
from core.scoring.scorer import Scorer
from tests import make

GLOSSARY = Glossary({"links": Meaning("Links", "Links in messages", "Content", assumed=True)})
NAMES = make.SCHEMA.names


def serving(home: Home, policy: Policy | None = None) -> Serving:
    return make.serving(home, policy, GLOSSARY)


def asked(frame: pd.DataFrame, **options: object) -> list[Asked]:
    return [
        Asked(row, user, {"country": country}, **options)  # type: ignore[arg-type]
        for row, user, country in zip(
            frame[list(NAMES)].to_numpy(float).tolist(), frame["user"], frame["country"], strict=True
        )
    ]


def test_scores_and_actions_are_those_of_a_file_to_the_last_bit(own: Home) -> None:
    users = make.users(1200, seed=7)
    read = intake.read("users.csv", make.csv(users), make.SCHEMA)
    found = serving(own).score(asked(read.frame), now=make.NOW)
    done = own.file_scoring.score_file(
        "users.csv", make.csv(users), make.SCHEMA, own.registry.load(), make.policy(), now=make.NOW
    )  # fmt: skip

    probability = done.results["probability"].to_numpy()
    assert [each.probability for each in found] == probability.tolist()
    assert [each.action for each in found] == decide(make.policy(), probability).actions.tolist()
    assert ["; ".join(each.novel) for each in found] == done.results["novel_features"].tolist()
    assert [len(each.missing) for each in found] == done.results["n_missing"].tolist()


def test_a_score_that_is_a_threshold_gets_the_milder_band_alone_in_a_run_and_in_its_table(own: Home) -> None:
    """The thresholds are put at a user's score, and a float below it."""
    read = intake.read("users.csv", make.csv(make.users(300, seed=7)), make.SCHEMA).frame
    at = int(np.argsort([each.probability for each in serving(own).score(asked(read), now=make.NOW)])[150])
    user = read.iloc[[at]]
    (score,) = (each.probability for each in serving(own).score(asked(user), now=make.NOW))
    below = float(np.nextafter(score, 0))
    for policy, band, spammer in [
        (make.policy(score, 0.98, 0.99), "allow", False), (make.policy(below, 0.98, 0.99), "monitor", False),
        (make.policy(score / 2, score, 0.99), "monitor", False),
        (make.policy(score / 2, below, 0.99), "human_review", True),
        (make.policy(score / 3, score / 2, score, armed=True), "human_review", True),
        (make.policy(score / 3, score / 2, below, armed=True), "auto_remove", True),
    ]:  # fmt: skip
        (found,) = serving(own, policy).score(asked(user), now=make.NOW)
        assert (found.band, found.action, found.is_spammer) == (band, band, spammer)
        done = own.file_scoring.score_file(
            "user.csv", make.csv(user), make.SCHEMA, own.registry.load(), policy, now=make.NOW
        )  # fmt: skip
        assert {name: users for name, users in done.run.counts.items() if users} == {band: 1}
        table = own.exports.run_table(done.run)
        assert table.select(["score", "band", "action"]).to_pylist() == [
            {"score": score, "band": band, "action": band}
        ]  # fmt: skip


def test_one_by_one_is_as_all_at_once(own: Home) -> None:
    everyone, ours = asked(make.users(40, seed=3), which="all"), serving(own)
    at_once = ours.score(everyone, now=make.NOW)
    by_themselves = [ours.score([each], now=make.NOW)[0] for each in everyone]

    assert [(each.probability, each.reasons) for each in by_themselves] == [
        (each.probability, each.reasons) for each in at_once
    ]


def test_reasons_are_those_of_the_file_and_told_in_the_words_of_the_glossary(own: Home) -> None:
    frame = make.users(300, seed=5)
    found = serving(own).score(asked(frame, which="all"), now=make.NOW)
    read = intake.read("users.csv", make.csv(frame), make.SCHEMA).frame
    model = own.registry.load()
    texts = score_file.explained(read, Scorer(model).score(read, top=3), model, make.policy(), "all")

    assert [[reason.text for reason in each.reasons] for each in found] == [
        [text for text in row if text] for row in texts.to_numpy().tolist()
    ]
    links = next(reason for each in found for reason in each.reasons if reason.feature == "links")
    assert links.explanation.startswith(f"links {links.direction} (assumed: links in messages) raises the score by")


def test_a_prediction_is_written_as_json_is(own: Home) -> None:
    users = asked(make.users(60, seed=5).assign(ratio=[-0.0, 1e-7, 1e22] * 20))
    for each in serving(own).score(users, now=make.NOW):
        told = prediction_json(each, 0.0)
        read = json.loads(told)
        assert json.dumps(read, ensure_ascii=False) == told
        assert read["risk_factors"] == factors_json(each.reasons)
        assert (tuple(read["missing_features"]), tuple(read["novel_features"])) == (each.missing, each.novel)
        assert read["decided_by"] == each.decided_by


def test_whose_score_is_explained_can_be_chosen(own: Home) -> None:
    frame, ours = make.users(300, seed=5), serving(own)
    everybody = ours.score(asked(frame), now=make.NOW)
    assert [bool(each.reasons) for each in everybody] == [
        bool(each.reasons) for each in ours.score(asked(frame, which="all"), now=make.NOW)
    ]
    flagged = ours.score(asked(frame, which="flagged"), now=make.NOW)
    bands = {each.band for each in flagged}

    assert {"allow", "monitor", "human_review"} <= bands
    assert all(bool(each.reasons) == (each.band in {"human_review", "auto_remove"}) for each in flagged)
    assert not any(each.reasons for each in ours.score(asked(frame, which="none"), now=make.NOW))
    assert max(len(each.reasons) for each in ours.score(asked(frame, which="all", top=1), now=make.NOW)) == 1


def test_a_feature_that_is_absent_is_named_unless_that_is_allowed(own: Home) -> None:
    ours, given = serving(own), {"links": 1.0, "verified": 0.0, "tier": None}

    with pytest.raises(FeaturesError, match="ratio and constant are missing") as error:
        ours.values(given)
    assert error.value.absent == ("ratio", "constant")
    values = ours.values(given, allow_missing=True)[0]
    assert values[:2] == [1.0, 0.0]
    assert all(map(math.isnan, values[2:]))
    assert ours.score([Asked(values)], now=make.NOW)[0].missing == ("tier", "ratio", "constant")


def test_features_are_named_as_columns_are(own: Home) -> None:
    full = dict.fromkeys(NAMES, 1.0)
    ours = serving(own)

    assert ours.values({f" {name.upper()}": value for name, value in full.items()})[0] == [1.0] * len(NAMES)
    with pytest.raises(FeaturesError, match="lniks is not in the schema"):
        ours.values(full | {"lniks": 1.0})
    with pytest.raises(FeaturesError, match="links and LINKS"):
        ours.values(full | {"LINKS": 1.0}, allow_missing=True)


@pytest.mark.parametrize("name", ["", "links", "USER", "spam"])
def test_context_may_not_have_the_name_of_another_column(own: Home, name: str) -> None:
    with pytest.raises(BadOptionError):
        serving(own).check_context({name: "x"})


def test_a_schema_without_a_feature_of_the_model_is_refused(own: Home) -> None:
    with pytest.raises(WrongFeaturesError, match="links"):
        Serving(
            own.online_runs, own.deciding, own.registry.load(), Schema((Column("other"),)), GLOSSARY, make.policy(),
            NO_LISTS,
        )  # fmt: skip


def test_a_prediction_is_known_by_run_and_row(own: Home) -> None:
    ours = serving(own)
    first = ours.score(asked(make.users(3)), now=make.NOW)
    second = ours.score([Asked([1.0] * len(NAMES))], now=make.NOW)

    ids = [each.id for each in (*first, *second)]
    run = ids[0].rpartition("-")[0]
    assert ids == [f"{run}-{row}" for row in (1, 2, 3, 4)]
    assert own.runs.find(run).model == own.registry.champion()
    assert run not in [each.id for each in own.runs.recent()]
    stored = own.online_runs.find(run)
    assert stored is not None
    assert [each.user for each in stored.by_row.values()] == ["u0-0", "u0-1", "u0-2", ids[3]]
    assert [each.probability for each in stored.by_row.values()] == [each.probability for each in (*first, *second)]


def test_a_run_is_full_after_so_many_users_or_so_long(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online_runs, "MOST_USERS", 2)
    ours = serving(own)
    ids = [ours.score(asked(make.users(2)), now=make.NOW)[0].id for _ in range(2)]
    later = make.NOW + online_runs.MOST_AGE
    ids += [ours.score([Asked([0.0] * len(NAMES))], now=at)[0].id for at in (make.NOW, later, later)]

    of = [identity.rpartition("-")[0] for identity in ids]
    assert len(set(of)) == 4
    assert of[3] == of[4]
    assert ours.ended(now=later) == of[:4]
    assert ours.ended(now=later) == []
    (one_more,) = ours.score([Asked([0.0] * len(NAMES))], now=later)
    assert ours.ended(now=later) == []
    assert ours.ended(now=later + online_runs.MOST_AGE) == [one_more.id.rpartition("-")[0]]


def test_a_closed_run_is_one_like_any_other(own: Home) -> None:
    frame = make.users(60, seed=4)
    ours = serving(own)
    told = ours.score(asked(frame), now=make.NOW)
    (run,) = ours.ended(now=make.NOW, everything=True)
    closed = own.closing.close(run, make.SCHEMA, now=make.NOW)

    assert closed is not None
    assert own.runs.recent()[0] == closed
    assert (closed.users, closed.rejected, sum(closed.counts.values())) == (60, 0, 60)
    assert own.runs.scores(run)["probability"].tolist() == [each.probability for each in told]
    read = intake.read("users.csv", make.csv(frame), make.SCHEMA).frame
    stored = own.datasets.frame(closed.dataset)
    pd.testing.assert_frame_equal(stored[["user", *NAMES]], read[["user", *NAMES]])
    assert stored["country"].tolist() == frame["country"].tolist()
    assert own.online_runs.growing() == ()
    assert own.plans.queue_run(run, by="Ada", now=make.NOW).queued.new > 0
    assert own.closing.close(run, make.SCHEMA, now=make.NOW) == closed


def test_without_an_id_in_the_schema_the_row_is_the_id(own: Home) -> None:
    without = replace(make.SCHEMA, id=None)
    schemas.save(without, own.settings.schema_file)
    ours = serving(own)
    (told,) = ours.score([Asked([1.0] * len(NAMES), user="somebody")], now=make.NOW)
    (run,) = ours.ended(now=make.NOW, everything=True)
    closed = own.closing.close(run, without, now=make.NOW)

    assert closed is not None
    assert own.datasets.frame(closed.dataset).iloc[0, 0] == "1"
    assert told.id == f"{run}-1"


def test_a_user_who_was_scored_twice_has_one_case(own: Home) -> None:
    ours = serving(own, make.policy(monitor=0.001, review=0.002, remove=0.999))
    ours.score(2 * asked(make.users(3, seed=4)), now=make.NOW)
    (run,) = ours.ended(now=make.NOW, everything=True)
    own.closing.close(run, make.SCHEMA, now=make.NOW)
    own.plans.queue_run(run, by="Ada", now=make.NOW)

    waiting = own.cases.listing(cases.CaseFilters(), now=make.NOW)
    assert sorted(waiting["user"]) == ["u4-0", "u4-1", "u4-2"]


def test_a_run_is_closed_once_more_where_that_was_cut_off(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = serving(own)
    ours.score(asked(make.users(5)), now=make.NOW)
    (run,) = ours.ended(now=make.NOW, everything=True)
    with monkeypatch.context() as cut:
        cut.setattr(online_runs.OnlineRuns, "forget", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            own.closing.close(run, make.SCHEMA, now=make.NOW)

    assert own.online_runs.left() == (run,)
    assert own.closing.close(run, make.SCHEMA, now=make.NOW) == own.runs.recent()[0]
    assert own.online_runs.left() == ()


def test_a_run_that_grows_is_left_alone(own: Home) -> None:
    ours = serving(own)
    run = ours.score(asked(make.users(1)), now=make.NOW)[0].id.rpartition("-")[0]

    assert own.online_runs.growing() == (run,)
    assert own.online_runs.left() == ()
    ours.ended(now=make.NOW, everything=True)
    assert own.online_runs.left() == (run,)


def test_feedback_joins_a_prediction_before_and_after_its_run_is_closed(own: Home) -> None:
    ours = serving(own)
    told = ours.score(asked(make.users(200, seed=9)), now=make.NOW)
    of_allow, of_review = (
        next(each for each in told if each.band == band) for band in ("allow", "human_review")
    )  # fmt: skip
    (run,) = ours.ended(now=make.NOW, everything=True)
    first = Row.of(1, {"prediction_id": of_allow.id, "is_correct": False})
    own.feedback_import.record([first], by="Ada", now=make.NOW)
    own.closing.close(run, make.SCHEMA, now=make.NOW)
    second = Row.of(1, {"prediction_id": of_review.id, "is_correct": True})
    own.feedback_import.record([second], by="Ada", now=make.NOW + timedelta(minutes=1))

    known = own.ledger
    known.refresh()
    verdicts = {each.prediction: each for each in known.since("")}
    frame = make.users(200, seed=9).set_index("user")
    for each in (of_allow, of_review):
        verdict = verdicts[each.id]
        assert verdict.verdict == "spammer"
        assert (verdict.score, verdict.band, verdict.action) == (each.probability, each.band, each.action)
        row = frame.loc[verdict.user, list(NAMES)]
        assert verdict.features == {name: None if pd.isna(row[name]) else float(row[name]) for name in NAMES}


def test_feedback_joins_a_prediction_whose_run_is_closed_at_that_moment(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = serving(own)
    (found,) = ours.score(asked(make.users(1, seed=3)), now=make.NOW)
    ours.ended(now=make.NOW, everything=True)
    find = online_runs.OnlineRuns.find

    def closed_before(*where: Any) -> Any:
        own.closing.close("r-0001", make.SCHEMA, now=make.NOW)
        return find(*where)

    monkeypatch.setattr(online_runs.OnlineRuns, "find", closed_before)
    row = Row.of(1, {"prediction_id": found.id, "actual_label": 1})
    done = own.feedback_import.record([row], by="Ada", now=make.NOW)
    assert (done.refused, len(done.ids)) == ((), 1)


def test_feedback_on_a_row_that_does_not_exist_is_refused(own: Home) -> None:
    identity = serving(own).score(asked(make.users(1)), now=make.NOW)[0].id
    other = f"{identity.rpartition('-')[0]}-2"

    done = own.feedback_import.record([Row.of(1, {"prediction_id": other, "is_correct": True})], by="Ada", now=make.NOW)
    assert [refusal.column for refusal in done.refused] == ["prediction_id"]


def test_what_is_no_run_is_unknown(own: Home) -> None:
    with pytest.raises(UnknownItemError):
        own.online_runs.find("r-01")
