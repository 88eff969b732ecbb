"""`policy` and `lists`: what a lead does at a terminal, and what is refused with a sentence."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from core.estimation.kept import HELD
from core.home import Home
from core.policy import document, planner
from core.policy.rules import Condition, Rule
from core.policy.thresholds.demand import Demand
from core.policy.thresholds.promise import Figure, Promise
from tests import make
from tests.core.review.test_queue import add, entry

MANY = Rule("Many links", "exactly", "human_review", (Condition("links", ">=", (4.0,)),), "live", "links")
PAKISTAN = Rule("Pakistan", "at most", "monitor", (Condition("country", "=", ("pk",)),), "shadow")


def ran(home: Home, *words: object) -> Result:
    return CliRunner().invoke(app, ["--home", str(home.settings.home), *map(str, words)])


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.fixture
def scored(own: Home, tmp_path: Path) -> Home:
    users = tmp_path / "users.csv"
    users.write_bytes(make.csv(make.users(300, seed=4).drop(columns="spam")))
    assert ran(own, "score", users, "-o", tmp_path / "first.csv").exit_code == 0
    return own


def written(home: Home, path: Path, *rules: Rule, **changes: object) -> Path:
    policy = replace(home.policies.in_force(), rules=rules, **changes)  # type: ignore[arg-type]
    path.write_text(document.dumps(policy), encoding="utf-8")
    return path


def test_a_policy_goes_out_to_a_file_and_comes_back_as_the_draft_then_decides_and_is_rolled_back(
    scored: Home, tmp_path: Path
) -> None:
    assert ran(scored, "policy", "export", "-o", tmp_path / "p.toml").exit_code == 0
    assert document.loads((tmp_path / "p.toml").read_text(), make.policy()) == make.policy()
    done = ran(scored, "policy", "import", written(scored, tmp_path / "q.toml", MANY, PAKISTAN, review=0.6))
    assert (done.exit_code, "+review = 0.6" in done.stderr) == (0, True)
    assert scored.policies.in_force().version == "p0001"

    tried = json.loads(ran(scored, "policy", "preview", "--json").stdout)
    assert tried["changed"] == len(tried["changes"]) == tried["stricter"] + tried["milder"] > 0
    assert [rule["name"] for rule in tried["rules"]] == ["Many links", "Pakistan"]
    assert ran(scored, "policy", "activate", "--comment", "Links are spam", "--by", "Lea").exit_code == 0
    assert scored.policies.in_force().rules == (MANY, PAKISTAN)

    assert ran(scored, "score", tmp_path / "users.csv", "-o", tmp_path / "second.csv").exit_code == 0
    first, second = (rows_of(tmp_path / name) for name in ("first.csv", "second.csv"))
    links = {row["user"]: row["links"] for row in rows_of(tmp_path / "users.csv")}
    assert {row["decided_by"] for row in first} == {"score"}
    for before, after in zip(first, second, strict=True):
        many = float(links[after["user"]]) >= 4
        assert after["decided_by"] == ("rule:Many links" if many else "score")
        assert after["policy_version"] == "p0002"
        if many:
            assert after["band"] == "human_review"
        elif not 0.6 < float(after["score"]) <= 0.7:
            assert after["band"] == before["band"]
    changed = {row["user"] for row in tried["changes"]}
    assert changed == {b["user"] for b, a in zip(first, second, strict=True) if b["action"] != a["action"]}

    assert ran(scored, "policy", "rollback", "--comment", "Too many cases").stderr == "p0001 is in force.\n"
    told = json.loads(ran(scored, "policy", "list", "--json").stdout)
    assert (told["in_force"], told["versions"]) == ("p0001", ["p0002", "p0001"])
    assert [row["comment"] for row in told["activations"]] == ["Too many cases", "Links are spam"]


def test_a_rule_is_tried_alone_on_a_run_and_on_labelled_users(scored: Home, tmp_path: Path) -> None:
    ran(scored, "policy", "import", written(scored, tmp_path / "q.toml", replace(MANY, state="draft"), PAKISTAN))
    on_run = json.loads(ran(scored, "policy", "backtest", "r-0001", "--rule", "many links", "--json").stdout)
    rule = next(each for each in on_run["rules"] if each["name"] == "Many links")
    users = make.users(300, seed=4)
    assert rule["matched"] == rule["decided"] == (users["links"] >= 4).sum()
    assert rule["precision"] == {"value": None, "low": 0.0, "high": 1.0, "judged": 0, "pending": 0}

    fresh = make.users(400, seed=9)
    labelled = tmp_path / "labelled.csv"
    labelled.write_bytes(make.csv(fresh))
    on_file = json.loads(ran(scored, "policy", "backtest", labelled, "--rule", "Many links", "--json").stdout)
    rule = next(each for each in on_file["rules"] if each["name"] == "Many links")
    hit = fresh[fresh["links"] >= 4]
    assert (rule["matched"], rule["precision"]["judged"]) == (len(hit), len(hit))
    assert rule["precision"]["value"] == pytest.approx(hit["spam"].mean())
    assert rule["precision"]["low"] < hit["spam"].mean() < rule["precision"]["high"]
    assert rule["known_legitimate"] == (hit["spam"] == 0).sum()
    told = ran(scored, "policy", "backtest", labelled, "--draft", written(scored, tmp_path / "r.toml", MANY))
    assert (told.exit_code, "Many links (live)" in told.stdout) == (0, True)


def test_lists_are_filled_from_words_and_files_said_first_and_decide_the_next_file(
    scored: Home, tmp_path: Path
) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("u4-1\n\nu4-2\n", encoding="utf-8")
    add = ["lists", "add", "block", "u4-3", "--file", ids, "--reason", "A ring", "--by", "Lea"]
    told = ran(scored, *add, "--preview")
    assert told.stderr == "3 values: 3 users of r-0001, the latest run, match.\n"
    assert scored.lists.entries() == ()
    assert ran(scored, *add).stderr.endswith("3 values put on the block list.\n")
    assert ran(scored, *add).stderr.endswith("0 values put on the block list; 3 stood there already.\n")
    assert ran(scored, "lists", "add", "allow", "de", "--column", "country", "--reason", "x").exit_code == 0

    assert ran(scored, "score", tmp_path / "users.csv", "-o", tmp_path / "second.csv").exit_code == 0
    for row in rows_of(tmp_path / "second.csv"):
        by = "list:block" if row["user"] in {"u4-1", "u4-2", "u4-3"} else (
            "list:allow" if row["country"] == "DE" else "score"
        )  # fmt: skip
        assert row["decided_by"] == by
        assert by != "list:block" or (row["band"], row["action"]) == ("auto_remove", "human_review")
    assert ran(scored, "lists", "remove", "block", "u4-1").stderr == "1 value taken off the block list.\n"
    stands = json.loads(ran(scored, "lists", "show", "block", "--json").stdout)
    assert sorted(each["value"] for each in stands) == ["u4-2", "u4-3"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["policy", "show", "p0009"], "This workspace has no policy p0009."),
        (["policy", "show", "draft"], "draft: there is none"),
        (["policy", "rollback", "--comment", "x"], "no other version was ever in force"),
        (["policy", "activate", "--comment", "x"], "There is no draft to activate."),
        (["policy", "activate", "p0001", "--comment", "x"], "p0001 is in force already."),
        (["policy", "discard"], "there is no draft"),
        (["policy", "backtest", "r-0001"], "give either --rule NAME or --draft FILE"),
        (["policy", "backtest", "r-0001", "--rule", "x"], "This workspace has no rule x."),
        (["policy", "import", "nowhere.toml"], "it cannot be read"),
        (["policy", "preview"], "draft: there is none"),
        (["lists", "add", "blck", "u1", "--reason", "x"], "'blck' is none of block, allow, snooze"),
        (["lists", "add", "block", "u1", "--column", "links", "--reason", "x"], "links is no id and no context column"),
        (["lists", "add", "snooze", "u1", "--reason", "x"], "a snooze ends: say when"),
        (["lists", "add", "block", "u1", "--reason", "x", "--days", "1e300"], "is no number of days from now"),
        (["lists", "add", "block", "--reason", "x"], "give at least one"),
        (["lists", "remove", "block", "u1"], "u1 is not on the block list"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(own: Home, words: list[str], sentence: str) -> None:
    done = ran(own, *words)
    assert done.exit_code in {2, 4}
    assert sentence in done.stderr
    assert (own.policies.history(), own.lists.entries()) == ((), ())


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ('name = "a"\neffect = "exactly"\nband = "allow"\nconditions = [{column = "age", operator = "is missing"}]',
         "rule a, condition 1, column: this workspace has no column age"),
        ('name = "a"\neffect = "exactly"\nband = "allow"\nconditions = [{column = "links", operator = ">", value = "x"}]',  # noqa: E501
         "rule a, condition 1, value: > compares numbers"),
        ('name = "' + "a" * 10_000 + '"\neffect = "exactly"\nband = "allow"\nconditions = []',
         "name: at most 60 characters, not 10,000"),
    ],
)  # fmt: skip
def test_a_file_with_a_rule_that_cannot_be_used_becomes_no_draft(
    own: Home, tmp_path: Path, rule: str, sentence: str
) -> None:
    path = tmp_path / "p.toml"
    path.write_text(f"{document.dumps(make.policy())}\n[[rules]]\n{rule}\n", encoding="utf-8")
    done = ran(own, "policy", "import", path)
    assert (done.exit_code, own.policies.draft()) == (2, None)
    assert sentence in done.stderr


def test_who_may_not_change_the_policy_is_refused(own: Home, tmp_path: Path) -> None:
    own.accounts.create("Ada", "admin", "a long password", now=make.NOW)
    own.accounts.create("Ron", "reviewer", "a long password", now=make.NOW)
    for words in (
        ["policy", "import", str(written(own, tmp_path / "q.toml", MANY))],
        ["lists", "add", "block", "u1", "--reason", "x"],
    ):
        done = ran(own, *words, "--by", "Ron")
        assert (done.exit_code, "a role that may not change policy" in done.stderr) == (4, True)
    assert (own.policies.draft(), own.lists.entries()) == (None, ())


def test_a_reviewer_snoozes_users_and_the_queue_says_when_their_cases_come_back(own: Home) -> None:
    own.accounts.create("Ada", "admin", "a long password", now=make.NOW)
    own.accounts.create("Ron", "reviewer", "a long password", now=make.NOW)
    add(own, entry("u1"), entry("u2"))

    done = ran(own, "lists", "add", "snooze", "u1", "u7", "--reason", "Waits for papers", "--days", 7, "--by", "Ron")
    assert done.stderr.splitlines() == [
        "Open cases put away until the snooze ends: 1.", "2 values put on the snooze list.",
    ]  # fmt: skip
    told = json.loads(ran(own, "queue", "stats", "--json").stdout)
    assert (told["open"], told["snoozed"]) == (1, 1)
    assert told["next_back"][:19] == own.lists.entries("snooze")[0].expires.isoformat()[:19]  # type: ignore[union-attr]
    assert "1 case is snoozed; it comes back on " in ran(own, "queue", "stats").stdout
    country = ran(
        own, "lists", "add", "snooze", "KE", "--column", "country", "--reason", "x", "--days", 1, "--by", "Ron"
    )
    assert "a role that may not change policy" in country.stderr
    ran(own, "lists", "remove", "snooze", "u1", "--by", "Ron")
    assert json.loads(ran(own, "queue", "stats", "--json").stdout)["snoozed"] == 0


def test_a_plan_on_labelled_users_is_the_planners_and_leaves_everything_as_it_is(own: Home, tmp_path: Path) -> None:
    labelled = tmp_path / "labelled.csv"
    labelled.write_bytes(make.csv(make.users(900, seed=9)))
    wishes = ["--reviews-per-day", 90, "--users-per-day", 1000, "--days", 7, "--min-recall", 0.2, "--cost-miss", 3]
    told = json.loads(ran(own, "policy", "plan", labelled, *wishes, "--json").stdout)

    dataset = own.datasets.stored()[0]
    prepared = own.plan_rows.of(dataset, own.registry.load())
    demand = Demand(1000.0, 90.0, 7, cost_miss=3.0, min_recall=0.2)
    assert told == json.loads(json.dumps(planner.plan(prepared.rehearsal, demand).as_json()))
    by_hours = ["--hours-per-day", 3, "--minutes-per-review", 2, *wishes[2:]]
    assert json.loads(ran(own, "policy", "plan", labelled, *by_hours, "--json").stdout) == told
    assert told["feasible"] is True
    assert told["expected"]["volume"]["value"] <= 90
    assert told["expected"]["recall"]["value"] >= 0.2
    assert (own.policies.draft(), own.policies.history()) == (None, ())

    cannot = ran(own, "policy", "plan", labelled, "--reviews-per-day", 1, "--min-recall", 0.99)
    assert cannot.exit_code == 0
    assert "This cannot be done: recall is" in cannot.stdout
    assert "reviews a day would do. The nearest plan:" in cannot.stdout


def test_what_a_plan_is_not_told_is_as_the_policy_in_force_says_and_a_file_carries_it(
    own: Home, tmp_path: Path
) -> None:
    file, labelled = tmp_path / "policy.toml", tmp_path / "labelled.csv"
    labelled.write_bytes(make.csv(make.users(900, seed=9)))
    ran(own, "policy", "export", "-o", file)
    costs = "[costs]\nremoval = 10.0\nreview = 1.0\nmiss = 1.5\n"
    text = file.read_text(encoding="utf-8")
    assert costs in text
    own_costs = "[costs]\nremoval = 30\nreview = 1\nmiss = 3\n"
    text = text.replace("[capacity]\n", "[capacity]\nreviews_a_day = 90\n").replace(costs, own_costs)
    file.write_text(text.replace("[targets]\n", "[targets]\nrecall = 0.2\n"), encoding="utf-8")
    told = ran(own, "policy", "import", file, "--by", "Lea").stderr
    assert [line for line in told.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}] == [
        "+reviews_a_day = 90", "-removal = 10.0", "-review = 1.0", "-miss = 1.5", "+removal = 30", "+review = 1",
        "+miss = 3", "+recall = 0.2",
    ]  # fmt: skip
    users = tmp_path / "users.csv"
    users.write_bytes(make.csv(make.users(60, seed=4).drop(columns="spam")))
    ran(own, "score", users, "-o", tmp_path / "scores.csv")
    assert "The queue would get: capacity 90." in ran(own, "policy", "preview").stderr
    assert json.loads(ran(own, "policy", "preview", "--json").stdout)["queue"] == {"capacity": 90}
    ran(own, "policy", "activate", "--comment", "Dearer mistakes", "--by", "Lea")
    assert own.guidance.load().capacity == 90
    shown = json.loads(ran(own, "policy", "show", "--json").stdout)
    assert shown["aims"] == own.policies.in_force().aims.as_json()

    plan = json.loads(ran(own, "policy", "plan", labelled, "--users-per-day", 1000, "--json").stdout)
    said = ["--reviews-per-day", 90, "--cost-removal", 30, "--cost-miss", 3, "--min-recall", 0.2]
    ran(own, "policy", "rollback", "--comment", "Back", "--by", "Lea")
    assert plan == json.loads(
        ran(own, "policy", "plan", labelled, "--users-per-day", 1000, *said, "--json").stdout
    )  # fmt: skip


def test_what_happened_under_a_planned_policy_is_told_period_by_period(scored: Home) -> None:
    assert "p0001 came from no plan" in ran(scored, "policy", "kept").stderr
    assert ran(scored, "policy", "kept", "--json").stdout == "null\n"
    figure = Figure(100.0, 90.0, 110.0, 0.0, 1e6)
    promise = Promise(
        0.5, 0.8, Demand(200.0, 90.0), scored.registry.champion() or "", 900, dict.fromkeys(HELD, figure)
    )  # fmt: skip
    base = replace(scored.policies.in_force(), monitor=0.2, review=0.5, remove=0.8)
    scored.policies.save_draft(base, number=0, by="Lea", now=datetime.now(UTC), promise=promise)
    assert json.loads(ran(scored, "policy", "show", "draft", "--json").stdout)["plan"] == promise.as_json()
    ran(scored, "policy", "activate", "--comment", "Planned", "--by", "Lea")
    assert json.loads(ran(scored, "policy", "show", "--json").stdout)["plan"] == promise.as_json()

    told = json.loads(ran(scored, "policy", "kept", "--json").stdout)
    assert (told["version"], told["plan"], told["left_out"]) == ("p0002", promise.as_json(), 0)
    figures = told["periods"][0]["figures"]
    assert set(figures) == set(HELD)
    assert {(each["value"], each["verdict"]) for each in figures.values()} == {(None, "early")}
    words = ran(scored, "policy", "kept", "p0002").stdout
    assert ", not over: 0 users" in words
    assert "  volume: not known; predicted 100.0 (0.0 to 1,000,000.0): too early: the period is not over\n" in words
    assert "  recall: not known; predicted 10000.0" in words


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--days", "0"], "days: must be a whole number"), (["--cost-miss", "-1"], "cost_miss: must be a number"),
        (["--min-recall", "nan"], "min_recall: must be a number"), (["--prevalence", "1"], "prevalence: must be"),
        (["--reviews-per-day", "-5"], "reviews_per_day: must be"), (["--users-per-day", "0"], "users_per_day: must"),
        (["--hours-per-day", "4"], "fewer than 10 reviews were timed: give --minutes-per-review"),
        (["--minutes-per-review", "4"], "give --hours-per-day with it"),
        (["--hours-per-day", "inf", "--minutes-per-review", "2"], "--hours-per-day: give a finite number"),
        (["--hours-per-day", "4", "--minutes-per-review", "inf"], "--minutes-per-review: give a finite number"),
        (["--hours-per-day", "4", "--reviews-per-day", "9"], "give one of them"),
    ],
)  # fmt: skip
def test_a_wish_that_cannot_be_is_told_before_the_file_is_read(own: Home, words: list[str], sentence: str) -> None:
    done = ran(own, "policy", "plan", "nowhere.csv", *words)
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_a_run_is_decided_anew_as_a_run_of_its_own_and_stays_as_it_was(scored: Home) -> None:
    before = scored.runs.find("r-0001")
    saved = scored.policies.save(replace(scored.policies.in_force(), rules=(MANY,)), by="Lea", now=make.NOW)
    assert ran(scored, "policy", "decide", "r-0001", "--policy", "p0002").stdout == "r-0002\n"

    after, old, new = scored.runs.find("r-0002"), scored.runs.scores("r-0001"), scored.runs.scores("r-0002")
    assert (scored.runs.find("r-0001"), after.policy, after.dataset) == (before, saved, before.dataset)
    assert old[["probability", "margin"]].equals(new[["probability", "margin"]])
    assert scored.runs.reasons("r-0002").equals(scored.runs.reasons("r-0001"))  # type: ignore[union-attr]
    assert set(new["decided_by"]) == {"score", "rule:Many links"}
    assert set(old["decided_by"]) == {"score"}
    assert ran(scored, "policy", "decide", "r-0009").exit_code == 2


def test_automation_is_armed_by_a_name_seen_in_a_plan_and_in_the_policy_and_disarmed_again(
    proven: Home, tmp_path: Path
) -> None:
    refused = ran(proven, "policy", "disarm", "--comment", "Stop", "--by", "Lea")
    assert (refused.exit_code, refused.stderr.strip()) == (4, "Automation is not armed.")
    assert ran(proven, "policy", "arm", "--comment", " ", "--by", "Lea").exit_code == 2
    asked = json.loads(ran(proven, "policy", "standing", "--json").stdout)
    assert (asked["armed"], asked["may_be_armed"], asked["verdicts"]["spammer"]) == (False, True, 60)
    assert asked["audited_a_day"] >= 10
    assert asked["fall"]["days_in_95_of_100"] < 7

    done = ran(proven, "policy", "arm", "--comment", "It is proven", "--by", "Lea", "--target", "0.9")
    assert (done.exit_code, done.stderr.startswith("Armed by Lea since ")) == (0, True), done.stderr
    shown = ran(proven, "policy", "show")
    assert "armed = true" in shown.stdout
    assert "Armed by Lea" in shown.stderr
    assert json.loads(ran(proven, "policy", "show", "p0001", "--json").stdout)["armed"] is False
    users = tmp_path / "users.csv"
    users.write_bytes(make.csv(make.users(60, seed=4).drop(columns="spam")))
    assert ran(proven, "score", users, "-o", tmp_path / "scores.csv").exit_code == 0
    assert {row["action"] for row in rows_of(tmp_path / "scores.csv") if row["band"] == "auto_remove"} == {
        "auto_remove"
    }
    assert ran(proven, "decisions", "export", "-o", tmp_path / "decisions.csv").exit_code == 0
    told = rows_of(tmp_path / "decisions.csv")
    assert {row["statement"] for row in told if row["who"] == "automation"} == {make.policy().statement("score")}
    labelled = tmp_path / "labelled.csv"
    labelled.write_bytes(make.csv(make.users(400, seed=8)))
    assert json.loads(ran(proven, "policy", "plan", labelled, "--json").stdout)["armed"] is True
    assert json.loads(ran(proven, "policy", "plan", labelled, "--unarmed", "--json").stdout)["armed"] is False

    assert ran(proven, "policy", "disarm", "--comment", "An incident", "--by", "Lea").exit_code == 0
    assert "Disarmed by Lea" in ran(proven, "policy", "standing").stdout
    assert "armed = false" in ran(proven, "policy", "show").stdout


def test_a_model_that_comes_back_is_not_armed(proven: Home) -> None:
    assert ran(proven, "policy", "arm", "--comment", "It is proven", "--by", "Lea").exit_code == 0
    for version in ("v0002", "v0001"):
        assert ran(proven, "registry", "promote", version, "--why", "Try it", "--by", "Ada").exit_code == 0
        assert json.loads(ran(proven, "policy", "standing", "--json").stdout)["armed"] is False
    assert "v0002 was put in force" in ran(proven, "policy", "standing").stdout
