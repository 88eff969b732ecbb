"""What lists, rules and the score decide together: a fixed order of precedence, told by what decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadOptionError
from core.policy.bands import BANDS
from core.policy.decide import Hits, decide, decide_users
from core.policy.lists import NO_LISTS, USER, Lists
from core.policy.policy import Policy
from core.policy.rules import Condition, Rule
from tests import make
from tests.core.policy.test_rules import rule, users

MANY = Condition("links", ">", (5.0,))
FEW = Condition("links", "<=", (5.0,))
SOMEONE = users(
    links=[0.0, 3.0, 7.0, 9.0], score=[0.95, 0.5, 0.1, 0.95], country=["DE", "PH", "PH", None],
    user=["a", "b", "c", "d"],
)  # fmt: skip


def policy(*rules: Rule) -> Policy:
    return replace(make.policy(), rules=rules)


def live(name: str, *conditions: Condition, **options: object) -> Rule:
    return rule(*conditions, **{"name": name, "state": "live"} | options)


def told(policy_: Policy, lists: Lists = NO_LISTS) -> tuple[list[str], list[str]]:
    found = decide_users(policy_, SOMEONE, lists, now=make.NOW)
    return found.bands.tolist(), found.decided_by.tolist()


def test_what_rules_have_matched_and_decided_adds_up() -> None:
    assert sum([Hits(5, 2), Hits(7, 3)], Hits(0, 0)) == Hits(12, 5)


def test_two_rules_of_one_name_are_refused_by_the_first_of_them() -> None:
    with pytest.raises(BadOptionError, match="two rules are named Many: give one another name"):
        policy(live("few", FEW), live("Many", MANY), live("other", MANY), live("mANY", FEW))


def test_without_rules_and_lists_the_score_decides() -> None:
    assert told(policy()) == (["auto_remove", "monitor", "allow", "auto_remove"], ["score"] * 4)


@pytest.mark.parametrize(
    ("effect", "band", "bands", "by"),
    [
        ("at least", "human_review", ["auto_remove", "monitor", "human_review", "auto_remove"], "ssrs"),
        ("at most", "human_review", ["auto_remove", "monitor", "allow", "human_review"], "sssr"),
        ("exactly", "monitor", ["auto_remove", "monitor", "monitor", "monitor"], "ssrr"),
        ("exactly", "auto_remove", ["auto_remove", "monitor", "auto_remove", "auto_remove"], "ssrr"),
    ],
)
def test_a_rule_decides_where_it_gives_another_band_than_the_score_or_says_exactly_which(
    effect: str, band: str, bands: list[str], by: str
) -> None:
    found = told(policy(live("many", MANY, effect=effect, band=band)))
    assert found == (bands, [{"s": "score", "r": "rule:many"}[each] for each in by])


def test_the_first_rule_that_matches_is_the_only_one() -> None:
    spare = live("spare", MANY, effect="exactly", band="allow")
    hit = live("hit", MANY, effect="exactly", band="auto_remove")
    assert told(policy(spare, hit))[0] == ["auto_remove", "monitor", "allow", "allow"]
    assert told(policy(hit, spare))[0] == ["auto_remove", "monitor", "auto_remove", "auto_remove"]
    # Also where it leaves the score's band as it is.
    same = live("same", MANY, effect="at least", band="allow")
    assert told(policy(same, hit)) == told(policy())


def test_lists_come_before_rules_ids_before_values_block_before_allow_before_snooze() -> None:
    everybody = live("all", Condition("links", "is not missing"), effect="exactly", band="human_review")
    lists = Lists(
        {
            ("allow", USER): frozenset("a"), ("block", "country"): frozenset(["ph"]), ("allow", "country"): frozenset(),
            ("snooze", USER): frozenset("b"), ("snooze", "country"): frozenset(["ph"]), ("block", USER): frozenset(),
        }
    )  # fmt: skip
    bands, by = told(policy(everybody), lists)
    # b is snoozed by id, which leaves monitor as it is and still keeps the block of the country and the rule away.
    assert bands == ["allow", "monitor", "auto_remove", "human_review"]
    assert by == ["list:allow", "score", "list:block", "rule:all"]
    both = Lists({("block", USER): frozenset("d"), ("allow", USER): frozenset("d"), ("snooze", USER): frozenset("ad")})
    bands, by = told(policy(), both)
    assert bands == ["monitor", "monitor", "allow", "auto_remove"]
    assert by == ["list:snooze", "score", "score", "list:block"]


def test_ids_are_compared_exactly_and_context_without_regard_to_case() -> None:
    lists = Lists({("allow", USER): frozenset("A"), ("allow", "country"): frozenset(["de"])})
    assert told(policy(), lists)[1] == ["list:allow", "score", "score", "score"]
    assert told(policy(), Lists({("allow", USER): frozenset("A")}))[1] == ["score"] * 4


def test_a_rule_in_shadow_is_counted_and_never_acted_on_a_draft_or_expired_one_is_not_looked_at() -> None:
    shadow = replace(live("shadow", MANY, effect="exactly", band="allow"), state="shadow")
    draft = replace(shadow, name="draft", state="draft")
    expired = replace(shadow, name="expired", state="live", expires=make.NOW)
    later = replace(shadow, name="later", state="live", expires=make.NOW + timedelta(seconds=1))
    found = decide_users(policy(shadow, draft, expired), SOMEONE, now=make.NOW)
    assert (found.bands.tolist(), found.hits) == (told(policy())[0], {"shadow": Hits(2, 0)})
    found = decide_users(policy(later, shadow), SOMEONE, now=make.NOW)
    assert found.hits == {"later": Hits(2, 2), "shadow": Hits(2, 0)}


def test_hits_are_counted_also_where_an_earlier_rule_decides() -> None:
    first = live("first", MANY, effect="exactly", band="allow")
    found = decide_users(policy(first, replace(first, name="hidden")), SOMEONE, now=make.NOW)
    assert found.hits == {"first": Hits(2, 2), "hidden": Hits(2, 0)}


def test_removal_by_a_list_or_rule_acts_only_where_it_is_armed() -> None:
    block = Lists({("block", USER): frozenset("c")})
    unarmed = decide_users(policy(), SOMEONE, block, now=make.NOW)
    armed = decide_users(replace(policy(), armed=True), SOMEONE, block, now=make.NOW)
    assert (unarmed.actions[2], armed.actions[2]) == ("human_review", "auto_remove")
    assert unarmed.bands[2] == "auto_remove"


numbers = st.lists(st.floats(-10, 10) | st.just(float("nan")), min_size=1, max_size=12)
effects = st.tuples(st.sampled_from(["at least", "at most", "exactly"]), st.sampled_from(BANDS))
chains = st.lists(st.tuples(effects, st.sampled_from([MANY, FEW, Condition("links", "is missing")])), max_size=5)


def made(chain: list[tuple[tuple[str, str], Condition]]) -> tuple[Rule, ...]:
    return tuple(
        live(f"r{i}", condition, effect=effect, band=band) for i, ((effect, band), condition) in enumerate(chain)
    )


@given(numbers, chains, st.randoms(use_true_random=False))
def test_the_order_of_rules_below_the_first_match_changes_nothing(links: list[float], chain, shuffle) -> None:  # type: ignore[no-untyped-def]
    someone, rules = users(links=links, score=np.linspace(0.05, 0.99, len(links))), list(made(chain))
    first = replace(rules[0], conditions=(Condition("score", ">", (0.0,)),)) if rules else None
    if first is None:
        return
    below = rules[1:]
    before = decide_users(policy(first, *below), someone, now=make.NOW)
    shuffle.shuffle(below)
    after = decide_users(policy(first, *below), someone, now=make.NOW)
    assert (before.severity == after.severity).all()
    assert (before.decided_by == after.decided_by).all()


@given(numbers, chains)
def test_one_user_at_a_time_is_decided_as_all_at_once_and_as_told_in_words(links: list[float], chain) -> None:  # type: ignore[no-untyped-def]
    rules, score = made(chain), np.linspace(0.05, 0.99, len(links))
    whole = decide_users(policy(*rules), users(links=links, score=score), now=make.NOW)
    for at, value in enumerate(links):
        alone = decide_users(policy(*rules), users(links=[value], score=[score[at]]), now=make.NOW)
        assert (alone.severity[0], alone.decided_by[0]) == (whole.severity[at], whole.decided_by[at])
        assert (BANDS[whole.severity[at]], whole.decided_by[at]) == in_words(rules, value, score[at])


def in_words(rules: tuple[Rule, ...], links: float, score: float) -> tuple[str, str]:
    """The same, as one would tell it, user by user."""
    band = int(decide(policy(), [score]).severity[0])
    for each in rules:
        condition = each.conditions[0]
        met = (
            np.isnan(links)
            if condition.operator == "is missing"
            else (links > 5 if condition.operator == ">" else links <= 5)
        )
        if met:
            bound = BANDS.index(each.band)
            changed = {"exactly": True, "at least": band < bound, "at most": band > bound}[each.effect]
            return (BANDS[bound], f"rule:{each.name}") if changed else (BANDS[band], "score")
    return BANDS[band], "score"


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_a_higher_score_never_gets_a_milder_action_where_no_rule_or_list_speaks(scores: list[float]) -> None:
    someone = users(links=[0.0] * len(scores), score=sorted(scores))
    found = decide_users(policy(live("many", MANY)), someone, now=make.NOW)
    assert (np.diff(found.severity) >= 0).all()
