"""`python3 -m app policy plan` and `decide`: thresholds that fit, and users decided anew by another policy."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import guard
from app.commands.labelled import read, tell_rejected, working
from app.commands.reading import UNSAID, Said, reads_table
from app.commands.shared import AsJson, HomeOption, Version, home_of
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError
from core.wording import count, percent

if TYPE_CHECKING:
    from core.estimation.kept import Happened, Kept
    from core.home import Home
    from core.policy.planner import Plan
    from core.policy.thresholds.promise import Figure

ReviewsPerDay = Annotated[
    float | None, typer.Option(help="Cases people can see a day; by default as the policy says, else any number.")
]
HoursPerDay = Annotated[
    float | None, typer.Option(min=0, help="Hours of review a day, instead of a number of reviews.")
]
MinutesPerReview = Annotated[float | None, typer.Option(min=0.01, help="With hours; by default as measured on Review.")]
UsersPerDay = Annotated[float | None, typer.Option(help="Users expected a day; by default, those planned on.")]
CostRemoval = Annotated[
    float | None, typer.Option(help="Of a legitimate user removed by automation; by default as the policy says.")
]
CostReview = Annotated[float | None, typer.Option(help="Of a case that a person sees; the same.")]
CostMiss = Annotated[float | None, typer.Option(help="Of a spammer whom nobody looks at; the same.")]
MinRecall = Annotated[
    float | None,
    typer.Option(help="Share of spammers caught at least; by default as the policy says, 0 for any."),
]
MinPrecision = Annotated[
    float | None, typer.Option(help="Of users above remove, share of spammers at least; the same.")
]
Prevalence = Annotated[float | None, typer.Option(help="Share of spammers to expect; without, as labelled.")]


@reads_table
def plan(
    context: typer.Context,
    labelled: Annotated[
        str, typer.Argument(help="A file or an address of labelled users; those learnt from are left out.")
    ],
    model: Version = None,
    reviews_per_day: ReviewsPerDay = None,
    hours_per_day: HoursPerDay = None,
    minutes_per_review: MinutesPerReview = None,
    users_per_day: UsersPerDay = None,
    days: Annotated[int, typer.Option(help="The period that predictions are for.")] = 1,
    cost_removal: CostRemoval = None,
    cost_review: CostReview = None,
    cost_miss: CostMiss = None,
    min_recall: MinRecall = None,
    min_precision: MinPrecision = None,
    prevalence: Prevalence = None,
    armed: Annotated[
        bool | None, typer.Option("--armed/--unarmed", help="Whether automation removes; by default, as it is now.")
    ] = None,
    as_json: AsJson = False,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """The cheapest thresholds within capacity and floors, with what to expect of them; changes nothing."""
    from core.policy import planner
    from core.policy.thresholds.demand import Demand
    from core.schema import schema as schemas

    home = home_of(context, home_dir)
    with working(home) as progress:
        live = home.policies.deciding(model or home.registry.champion() or "")
        if hours_per_day is not None or minutes_per_review is not None:
            reviews_per_day = _reviews(home, reviews_per_day, hours_per_day, minutes_per_review)
        given = {
            "reviews_per_day": reviews_per_day, "cost_removal": cost_removal, "cost_review": cost_review,
            "cost_miss": cost_miss, "min_recall": min_recall, "min_precision": min_precision,
        }  # fmt: skip
        wanted: dict[str, Any] = {
            **live.aims.wanted(given), "days": days, "prevalence": prevalence,
            "armed": live.armed if armed is None else armed, "monitor": live.monitor,
        }  # fmt: skip
        Demand(1.0 if users_per_day is None else users_per_day, **wanted)  # what is wrong is told before the work
        columns, loaded = schemas.load(home.settings.schema_file), home.registry.load(model)
        dataset = read(home, labelled, columns, progress, said)
        progress("Planning")
        prepared = home.plan_rows.of(dataset, loaded)
        users = float(len(prepared.rows.label)) if users_per_day is None else users_per_day
        found = planner.plan(prepared.rehearsal, Demand(users, **wanted))
        progress.end()
        tell_rejected(home, dataset)
        if as_json:
            put(json.dumps(found.as_json(), indent=1) + "\n")
            return
        put(f"Planned on {prepared.rows.sentence}\n")
        _tell(found)


def kept(
    context: typer.Context,
    version: Annotated[
        str | None, typer.Argument(help="A version, such as p0002; by default the one in force.")
    ] = None,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """What happened under a policy against what the plan that it came from predicted, period by period."""
    home = home_of(context, home_dir)
    with guard.command(home):
        named = home.policies.find(version).version if version else home.policies.in_force().version
        found = home.kept_or_not.of(named, now=datetime.now(UTC))
        if as_json:
            put(json.dumps(None if found is None else found.as_json(), indent=1) + "\n")
        elif found is None:
            tell(f"{named} came from no plan: the Planner stores what it expects where it saves a draft.")
        else:
            _tell_kept(found)


def decide(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run, such as r-0001.")],
    policy: Annotated[str | None, typer.Option(help="A version; by default the one in force.")] = None,
    home_dir: HomeOption = None,
) -> None:
    """Decide the users of a run anew, by another policy: a run of its own; the one of before stays as it is."""
    from core.schema import schema as schemas

    home = home_of(context, home_dir)
    with guard.command(home):
        before = home.runs.find(run)
        version = home.policies.deciding(before.model)
        if policy and (named := home.policies.find(policy)).version != version.version:
            version = named
        schema = schemas.load(home.settings.schema_file)
        after = home.file_scoring.decide_anew(before, schema, version, now=datetime.now(UTC))
        for name, each in ((before.policy.version, before), (version.version, after)):
            tell(f"{each.id} under {name}: " + ", ".join(f"{n:,} {band}" for band, n in each.counts.items()))
        put(f"{after.id}\n")


def _tell_kept(found: Kept) -> None:
    from core.estimation.kept import sentence

    for period in found.periods:
        days = f"{period.since:%Y-%m-%d %H:%M} to {period.until:%Y-%m-%d %H:%M} UTC"
        put(f"{days}{'' if period.over else ', not over'}: {count(period.users, 'user')}\n")
        for each in period.figures:
            of = each.expected
            predicted = f"{_value(each.name, of.value)} ({_ends(each.name, of.predicted_low, of.predicted_high)})"
            put(f"  {each.name}: {_happened(each)}; predicted {predicted}: {sentence(each)}\n")
    if found.left_out:
        put(f"Left out: {count(found.left_out, 'run')} of other models than {found.promise.model}.\n")


def _happened(each: Happened) -> str:
    """What was counted, or what is known of those who were judged, which may be an interval alone."""
    if each.low is None:
        return "not known" if each.value is None else _value(each.name, each.value)
    ends = _ends(each.name, each.low, each.high)
    if each.value is None:
        return ends
    return _value(each.name, each.value) + (f" ({ends})" if each.judged is not None else "")


def _ends(name: str, low: float | None, high: float | None) -> str:
    return f"{_value(name, low)} to {_value(name, high)}"


def _value(name: str, figure: float | None) -> str:
    if figure is None:
        return "?"
    return percent(figure) if name in {"precision", "recall"} else f"{figure:,.1f}"


def _reviews(home: Home, reviews: float | None, hours: float | None, minutes: float | None) -> int:
    """How many fit into the hours. Raises BadOptionError where they are not told, or twice."""
    from core.feedback.handling import ENOUGH, minutes_a_review, reviews_in

    if reviews is not None:
        raise BadOptionError("--hours-per-day", "--reviews-per-day is given too: give one of them.")
    if hours is None:
        raise BadOptionError("--minutes-per-review", "give --hours-per-day with it.")
    for option, value in (("--hours-per-day", hours), ("--minutes-per-review", minutes)):
        if value is not None and not math.isfinite(value):
            raise BadOptionError(option, "give a finite number.")
    if minutes is None:
        home.ledger.refresh()
        minutes = minutes_a_review(home.ledger.frame(), now=datetime.now(UTC))
    if minutes is None:
        raise BadOptionError("--hours-per-day", f"fewer than {ENOUGH} reviews were timed: give --minutes-per-review.")
    found = reviews_in(hours, max(minutes, 0.01))
    tell(f"{hours:g} hours at {minutes:.3g} minutes a review: {count(found, 'review')} a day.")
    return found


def _tell(found: Plan) -> None:
    if (short := found.shortfall) is not None:
        told = [f"{word} is {percent(most)} at most" for word, most in
                (("recall", short.recall), ("precision", short.precision)) if most is not None]  # fmt: skip
        if short.volume is not None:
            told.append(f"{short.volume:,.0f} cases a day are the fewest")
        enough = short.reviews_per_day
        more = f" {enough:,.0f} reviews a day would do." if enough is not None else ""
        put(f"This cannot be done: {', '.join(told)}.{more} The nearest plan:\n")
    edges = f"monitor above {found.monitor:.4g}, review above {found.review:.4g}, remove above {found.remove:.4g}"
    put(f"{edges}; {count(found.rows, 'labelled user')}.\n")
    if found.correction is not None:
        expected, sample = percent(found.correction.expected), percent(found.correction.sample)
        put(f"Counted for {expected} spammers, where {sample} of those labelled are.\n")
    for name, figure in found.expected.items():
        put(f"{name.replace('_', ' ')}: {_figure(name, figure)}\n")


def _figure(name: str, figure: Figure) -> str:
    if figure.value is None:
        return "not known"
    long_run, period = _ends(name, figure.low, figure.high), _ends(name, figure.predicted_low, figure.predicted_high)
    return f"{_value(name, figure.value)} (95 %: {long_run}; in the period {period})"
