"""`python3 -m app queue`: who waits to be judged."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands.shared import AsJson, By, HomeOption, allowed, home_of, name_of
from app.guard import tell
from app.stdout import put
from core.wording import count

if TYPE_CHECKING:
    from core.review.cases import Waiting

app = typer.Typer(no_args_is_help=True, help="The queue of users to be judged: fill it, look at it, reopen a case.")


@app.command()
def plan(
    context: typer.Context,
    forecast: Annotated[
        bool, typer.Option("--forecast", help="Also what the verdicts of 1 to 40 days will say.")
    ] = False,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """Who is reviewed today if its places are filled now, who waits, and for how many days; changes nothing."""

    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.plans.outlook(now=datetime.now(UTC))
        ahead = home.forecasts.ahead() if forecast else None
        if as_json:
            facts = asdict(found) | {"days": found.days, "sentence": found.sentence}
            put(
                json.dumps(facts | ({"forecast": asdict(ahead) if ahead else None} if forecast else {}), indent=1)
                + "\n"
            )
        else:
            put(f"{found.sentence}\n" + (f"{ahead.sentence}\n" if ahead else ""))


@app.command()
def fill(context: typer.Context, by: By = None, home_dir: HomeOption = None) -> None:
    """Fill today's places: flagged users of all runs, a random sample of everybody, and some the model is unsure of."""

    home = home_of(context, home_dir)
    with guard.command(home):
        tell(home.plans.fill(by=name_of(by), now=datetime.now(UTC)).sentence)


@app.command()
def add(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run, such as r-0001.")],
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Fill today's places once a run is scored: its users take part as those of all runs do."""

    home = home_of(context, home_dir)
    with guard.command(home):
        tell(home.plans.queue_run(run, by=name_of(by), now=datetime.now(UTC)).sentence)


@app.command()
def reopen(
    context: typer.Context,
    case: Annotated[str, typer.Argument(help="The case, such as c-000001.")],
    note: Annotated[str, typer.Option(help="Why it is to be judged again, for whoever does.")],
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Have a decided case judged again, by somebody else than who decided it."""

    home = home_of(context, home_dir)
    with guard.command(home):
        person, now = allowed(home, by, "reopen"), datetime.now(UTC)
        found = home.queue.reopen(case, by=person.name, note=note, now=now)
        home.audit.note(who=person.name, what="reopen", about=case, why=note.strip(), now=now)
        tell(f"{case} is open again, for anybody but {found.not_for}." if found.not_for else f"{case} is open again.")


@app.command()
def assign(
    context: typer.Context,
    cases: Annotated[list[str], typer.Argument(help="The cases, such as c-000001.")],
    to: Annotated[str, typer.Option(help="Who is to judge them; without it, nobody in particular.")] = "",
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Offer cases to one person first; after the hours that the guidance sets, to everybody."""

    home = home_of(context, home_dir)
    with guard.command(home):
        done = home.assigning.assign(cases, to or None, by=name_of(by), now=datetime.now(UTC))
        whose = f"assigned to {done.to}" if done.to else "assigned to nobody now"
        tell(f"{count(len(done.before), 'case')} {whose}; {len(set(cases)) - len(done.before)} were so already.")


@app.command()
def appeal(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run in which automation removed the user, such as r-0001.")],
    row: Annotated[int, typer.Argument(help="The input row there.")],
    note: Annotated[str, typer.Option(help="What the user says, for whoever judges.")],
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Have a person look at a user whom automation has removed and who appeals."""

    home = home_of(context, home_dir)
    with guard.command(home):
        case = home.sending.appeal(run, row, note=note, by=name_of(by), now=datetime.now(UTC))
        tell(f"{case.user} is reviewed next, in {case.id}.")


@app.command()
def stats(context: typer.Context, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """How many cases wait, in which bands, since when, and how many are snoozed. No bands of blind cases are told."""

    home = home_of(context, home_dir)
    with guard.command(home):
        now = datetime.now(UTC)
        waiting, away = home.cases.waiting(now=now), home.case_lists.put_away(now=now)
        oldest = waiting.oldest.isoformat(timespec="seconds") if waiting.oldest else None
        if as_json:
            back = away.next.isoformat(timespec="seconds") if away.next else None
            facts = {
                "open": waiting.open, "bands": waiting.bands, "blind": waiting.blind, "oldest": oldest,
                "snoozed": away.cases, "next_back": back,
            }  # fmt: skip
            put(json.dumps(facts, indent=1) + "\n")
        else:
            put("".join(f"{line}\n" for line in [*_lines(waiting, oldest), *filter(None, [away.sentence])]))


def _lines(waiting: Waiting, oldest: str | None) -> list[str]:
    counts = dict([*waiting.bands.items()][::-1]) | {"blind": waiting.blind}
    return [
        f"{waiting.open:,} open cases" + (f", the oldest since {oldest}" if oldest else ""),
        *(f"{name:<14}{number:>8,}" for name, number in counts.items()),
    ]
