"""A policy as a file for people: what is written is read back, and what is wrong is told with its place."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadOptionError, NewerFormatError
from core.policy import document
from core.policy.automation.removal import Removal, Statement
from core.policy.policy import Policy
from core.policy.rules import Condition, Rule
from core.policy.thresholds.aims import Aims
from tests import make
from tests.core.policy.test_rules import rules_

BASE = make.policy()
START = "format = 3\n[thresholds]\nmonitor = 0.3\nreview = 0.7\nremove = 0.9\n"
RULE = '[[rules]]\nname = "a"\neffect = "exactly"\nband = "allow"\n'
edges = st.lists(st.floats(1e-9, 1 - 1e-9), min_size=3, max_size=3, unique=True).map(sorted)
texts = st.text(min_size=1, max_size=30).filter(lambda text: text.strip() and text.isprintable())
statements = st.lists(
    st.builds(Statement, st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), texts), max_size=3,
    unique_by=lambda one: one.reason,
)  # fmt: skip
removals = st.builds(
    Removal, st.floats(0.11, 0.99), st.floats(0, 0.4), st.none() | st.floats(0.1, 1e6), statements.map(tuple)
)
costs = st.floats(0, 1e9)
shares = st.none() | st.floats(0, 1)
aims = st.builds(
    Aims, st.none() | st.integers(0, 1_000_000), st.none() | st.floats(0.05, 0.5), costs, costs, costs, shares, shares
)
policies = st.builds(
    lambda found, rules, removal, aims: replace(make.policy(*found), rules=tuple(rules), removal=removal, aims=aims),
    edges, st.lists(rules_, max_size=4, unique_by=lambda one: one.name.casefold()), removals, aims,
)  # fmt: skip


@given(policies, aims)
def test_a_policy_written_and_read_is_the_same_policy(policy: Policy, others: Aims) -> None:
    assert document.loads(document.dumps(policy), replace(BASE, aims=others)) == policy
    assert document.difference(policy, policy) == ""


@given(policies)
def test_what_is_stored_is_read_back(policy: Policy) -> None:
    assert Policy.from_json(policy.as_json()) == policy


def test_a_policy_of_before_rules_is_read() -> None:
    raw = {"version": "p0002", "monitor": 0.3, "review": 0.6, "remove": 0.9, "armed": False}
    assert Policy.from_json(raw) == make.policy(review=0.6, version="p0002")


def test_a_policy_of_a_newer_program_is_refused() -> None:
    with pytest.raises(NewerFormatError):
        Policy.from_json(BASE.as_json() | {"format": 5})
    with pytest.raises(NewerFormatError):
        document.loads(START.replace("format = 3", "format = 4"), BASE)


def test_a_file_arms_nothing_and_names_no_version() -> None:
    found = document.loads("armed = true\nversion = 'p9999'\n" + START, BASE)
    assert (found.armed, found.version) == (False, "p0001")


def test_the_difference_names_what_changes_and_nothing_else() -> None:
    changed = document.difference(BASE, replace(BASE, review=0.6, version="p0002"))
    assert [line for line in changed.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}] == [
        "-review = 0.7", "+review = 0.6"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "thresholds: give monitor, review, remove"),
        ("=", "it is no TOML"),
        ("format = 0\n", "it has format 0"),
        ("format = 'x'\n", "it has format 'x'"),
        (START + "colour = 1\n", "thresholds: give monitor, review, remove"),
        ("colour = 1\n" + START, "colour is none of"),
        (START.replace("0.7", '"a"'), "thresholds, review: a is no number"),
        (START.replace("0.7", "true"), "thresholds, review: True is no number"),
        (START.replace("0.7", "nan"), "thresholds must rise"),
        (START.replace("0.7", "-1"), "thresholds must rise"),
        (START.replace("0.7", "0.2"), "thresholds must rise"),
        (START + RULE, "rule a, rule: conditions is missing"),
        (START + RULE + "conditions = []\n", "rule a, conditions: a rule has 1 to 20"),
        (START + 2 * (RULE + 'conditions = [{column = "x", operator = "is missing"}]\n'), "two rules are named a"),
        (START + RULE + 'conditions = [{column = "x", operator = "=", value = nan}]\n', "rule a, condition 1, value"),
        ("a = " + "[" * 5_000 + "]" * 5_000, "nested too deep"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(BadOptionError, match=words):
        document.loads(text, BASE)


def test_a_file_and_a_policy_of_before_ask_of_removal_what_a_new_home_does() -> None:
    before = START.replace("format = 3", "format = 1")
    assert document.loads(before, BASE).removal == Removal()
    raw = {name: value for name, value in BASE.as_json().items() if name not in {"removal", "aims"}}
    assert Policy.from_json(raw | {"format": 2}) == BASE
    assert Policy.from_json(raw | {"format": 3, "removal": {}}) == BASE


@pytest.mark.parametrize("number", [1, 2])
def test_a_file_of_before_keeps_what_the_policy_in_force_is_made_for(number: int) -> None:
    base = replace(BASE, aims=Aims(90, 0.3, 20.0, 2.0, 3.0, 0.5, 0.9))
    before = START.replace("format = 3", f"format = {number}") + "[targets]\nrule_precision = 0.4\n"
    found = document.loads(before, base)
    assert (found.aims, found.rule_precision) == (base.aims, 0.4)
    assert document.loads(START, base).aims == base.aims
    assert document.loads(START + "[targets]\nrule_precision = 0.4\n[capacity]\n", base).aims == replace(
        base.aims, reviews_a_day=None, random_share=None, min_recall=None, min_precision=None
    )


@pytest.mark.parametrize(
    ("wrong", "place", "words"),
    [
        ("[capacity]\nreviews_a_day = -1", "capacity, reviews_a_day", "give a number from 0 to 1,000,000, not -1"),
        ("[capacity]\nreviews_a_day = 200.5", "capacity, reviews_a_day", "200.5 is no whole number"),
        ("[capacity]\nreviews_a_day = true", "capacity, reviews_a_day", "True is no whole number"),
        ("[capacity]\nrandom_share = 0.6", "capacity, random_share", "give a number from 0.05 to 0.5, not 0.6"),
        ("[capacity]\nrandom_share = nan", "capacity, random_share", "give a number from 0.05 to 0.5, not nan"),
        ("[capacity]\nhours = 4", "capacity", "give reviews_a_day, random_share in a table"),
        ("capacity = 200", "capacity", "give reviews_a_day, random_share in a table"),
        ("[costs]\nremoval = 1\nreview = 1\nmiss = -1", "costs, miss", "give a number of at least 0, not -1"),
        ("[costs]\nremoval = inf\nreview = 1\nmiss = 1", "costs, removal", "give a number of at least 0, not inf"),
        ('[costs]\nremoval = 1\nreview = "%s"\nmiss = 1' % ("x" * 10_000), "costs, review", "x is no number"),
        ("[costs]\nremoval = 1", "costs", "review is missing"),
        ("[costs]\nfine = 1", "costs", "give removal, review, miss in a table"),
        ("[targets]\nrule_precision = 0.5\nrecall = 1.5", "targets, recall", "give a number from 0 to 1, not 1.5"),
        ("[targets]\nrecall = 0.5", "targets", "rule_precision is missing"),
        ("[targets]\nrule_precision = 0.5\nfloor = 1", "targets", "give rule_precision, recall, precision in a"),
    ],
)
def test_what_thresholds_cannot_be_made_for_is_told_with_its_place(wrong: str, place: str, words: str) -> None:
    text = f"{wrong}\n{START}" if wrong.startswith("capacity") else f"{START}{wrong}\n"
    with pytest.raises(BadOptionError, match=re.escape(words)) as found:
        document.loads(text, BASE)
    assert found.value.option == place


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ("target = 1.5", "target"),
        ("target = true", "removal, target"),
        ("reviewer_error = 0.5", "reviewer error"),
        ("audits_a_day = 0", "audits a day"),
        ("weight = 1", "removal"),
        ('[removal.statements]\nScore = "x"', "statement"),
        ('[removal.statements]\nscore = ""', "statement"),
        ("[removal.statements]\nscore = 1", "removal, statements"),
    ],
)
def test_what_cannot_be_asked_of_removal_is_told_with_its_place(wrong: str, place: str) -> None:
    with pytest.raises(BadOptionError) as found:
        document.loads(f"{START}[removal]\n{wrong}\n", BASE)
    assert found.value.option == place


def test_a_removed_user_is_told_the_words_for_the_reason_and_nothing_of_the_model() -> None:
    rule = Rule("Many links", "exactly", "auto_remove", (Condition("links", ">", (9.0,)),), "live", "links")
    own = Removal(statements=(Statement("links", "You sent too many links."),))
    policy = replace(BASE, rules=(rule,), removal=own)
    assert policy.statement("rule:Many links") == "You sent too many links."
    assert policy.statement("score").startswith("Your account was removed by an automated system")
    assert policy.statement("list:block") != policy.statement("score")
    assert "appeal" in replace(policy, removal=Removal()).statement("rule:Many links")
