"""The program, the live model and its policy."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from app.api.models.shared import Told, means
from core.policy.bands import Band


class RuleCondition(Told):
    """One condition of a rule."""

    column: Annotated[str, means("A column, or score, n_missing, n_novel, times_seen, category, category_probability.")]
    operator: Annotated[str, means("As the policy has it: >=, in, is missing, contains ...")]
    value: Annotated[float | str | list[float | str] | None, means("What it is held against; null for presence.")]


class PolicyRule(Told):
    """What is done with users for whom all conditions hold."""

    name: Annotated[str, means("Its name.")]
    state: Annotated[Literal["draft", "shadow", "live"], means("A rule in shadow is counted and never acted on.")]
    effect: Annotated[Literal["at least", "at most", "exactly"], means("How it changes the band.")]
    band: Annotated[Band, means("The band it is about.")]
    conditions: Annotated[list[RuleCondition], means("All of them must hold.")]
    reason: Annotated[str, means("A code; empty for none.")]
    owner: Annotated[str, means("Who answers for it; empty for nobody.")]
    expires: Annotated[datetime | None, means("From when on it does nothing.")]


class MadeFor(Told):
    """What the thresholds of a policy are made for; null where it leaves that open. Costs are in any one unit."""

    reviews_a_day: Annotated[int | None, means("Cases that people see a day; the queue takes it at the activation.")]
    random_share: Annotated[float | None, means("The part of these reviews that is drawn at random.")]
    cost_removal: Annotated[float, means("Of a legitimate user whom automation removes.")]
    cost_review: Annotated[float, means("Of a case that a person sees.")]
    cost_miss: Annotated[float, means("Of a spammer whom nobody looks at.")]
    min_recall: Annotated[float | None, means("The least share of spammers that a plan is to catch.")]
    min_precision: Annotated[float | None, means("The least share of spammers above the threshold of auto_remove.")]


class Policy(Told):
    """By what users are decided: lists first, then rules from the top, then the score."""

    version: Annotated[str, means("The version in force.")]
    thresholds: Annotated[dict[Band, float], means("The score above which each band begins.")]
    armed: Annotated[bool, means("Whether auto_remove acts without a person.")]
    armed_since: Annotated[datetime | None, means("When it was armed.")]
    armed_by: Annotated[str | None, means("Who armed it.")]
    bound: Annotated[float | None, means("What the precision of auto_remove was proven to lie above then.")]
    made_for: Annotated[MadeFor, means("Reviews a day, what decisions cost, floors.")]
    rules: Annotated[list[PolicyRule], means("In their order.")]
    lists: Annotated[dict[str, int], means("How many values stand on each list.")]


class Meaning(Told):
    """What the glossary says of a feature."""

    name: Annotated[str, means("Its name.")]
    description: Annotated[str, means("In a sentence.")]
    category: Annotated[str, means("Its group.")]
    assumed: Annotated[bool, means("Whether that is a guess.")]


class ModelVersion(Told):
    version: Annotated[str, means("The champion.")]
    last_updated: Annotated[datetime, means("When it was trained.")]
    metrics: Annotated[dict[str, Any], means("Figures on users it never saw, with 95 % intervals.")]


class ModelInfo(ModelVersion):
    """All that is known of the champion."""

    feature_mapping: Annotated[dict[str, Meaning], means("Its features by name.")]
    categories: Annotated[dict[str, list[str]], means("The same by group.")]
    training_ranges: Annotated[dict[str, list[float | None]], means("Lowest and highest value in training.")]
    policy_version: Annotated[str, means("The policy.")]
    thresholds: Annotated[dict[Band, float], means("Where each band begins.")]
    trained_on: Annotated[int, means("Users learnt from.")]
    tested_on: Annotated[int, means("Users the figures are of.")]
    notice: Annotated[str, means("What whoever trained it wants to be known.")]


class About(Told):
    name: Annotated[str, means("Trustdesk.")]
    model_version: Annotated[str | None, means("The champion; null while there is none.")]
    key_needed: Annotated[bool, means("Whether requests must show a key.")]
    documentation: Annotated[str, means("Where this is described to people.")]


class Health(Told):
    status: Annotated[Literal["ok"], means("It lives.")]


class Ready(Told):
    status: Annotated[Literal["ready"], means("Users can be scored.")]
    model_version: Annotated[str, means("The champion.")]
