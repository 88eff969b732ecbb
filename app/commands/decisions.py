"""`python3 -m app decisions`: what the platform is told to do with users that people have judged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands.shared import By, Home, Output, allowed, check_output, give, settings_of
from app.guard import tell
from core.errors import BadOptionError, RefusedError

if TYPE_CHECKING:
    import pandas as pd

    from core.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Decisions for the platform: user, decision, who, why, reversal of.")
LAST = "last"
#: More decisions than there will ever be: an export is not cut into pages.
EVERY = 2**31 - 1
#: Of a number; the database holds larger ones, but never counts so far.
MOST_DIGITS = 18


@app.callback()
def group() -> None:
    """Decisions for the platform: user, decision, who, why, reversal of."""


@app.command("export")
def export_decisions(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="Number of the last decision acted on, or `last` with --consumer.")] = "0",
    consumer: Annotated[str | None, typer.Option(help="Who takes them; this home then remembers how far.")] = None,
    output: Output = None,
    by: By = None,
    home: Home = None,
) -> None:
    """Give the decisions after a number, oldest first, as a table.

    With `--since last --consumer NAME` each decision is in exactly one export of this consumer: the home remembers
    the last one once the export is written.
    """
    from core import audit
    from core.feedback import review

    settings = settings_of(context, home)
    with guard.command(settings):
        person = allowed(settings, by, "export decisions")
        check_output(output)
        review.catch_up(settings)  # verdicts whose decisions a crash has left undone
        given = _remembered(settings, consumer, output) if since == LAST else _after(settings, since, consumer, output)
        if given:
            to = consumer or (output.name if output else "stdout")
            facts = {"decisions": len(given), "last": given[-1]}
            audit.note(
                settings, who=person.name, what="export decisions", about=to, details=facts, now=datetime.now(UTC)
            )


def _after(settings: Settings, since: str, consumer: str | None, output: Path | None) -> list[int]:
    from core.decision import outbox

    if consumer is not None:
        raise BadOptionError("--consumer", f"this goes with --since {LAST}; a number moves nobody on.")
    if not since.isdecimal() or len(since) > MOST_DIGITS:
        raise BadOptionError("--since", f"{since} is neither a decision's number nor {LAST}.")
    return _give(outbox.since(settings, int(since), most=EVERY), output)


def _remembered(settings: Settings, consumer: str | None, output: Path | None) -> list[int]:
    from core.decision import outbox

    if not consumer:
        raise BadOptionError("--since last", "say for whom with --consumer NAME.")
    batch = outbox.take(settings, consumer, most=EVERY)
    given = _give(batch.decisions, output)
    if not outbox.confirm(settings, batch, now=datetime.now(UTC)):
        if output is not None:
            output.unlink(missing_ok=True)
        raise RefusedError(f"Another export of {consumer} came first: discard this one and run it again.")
    return given


def _give(decisions: pd.DataFrame, output: Path | None) -> list[int]:
    """The numbers given."""
    frame = decisions.reset_index()
    give(frame, output)
    many = f"{len(frame):,} decision" + ("" if len(frame) == 1 else "s")
    tell(f"{many}, the last is number {frame['number'].iloc[-1]}." if len(frame) else f"{many}: nothing is new.")
    return [int(number) for number in frame["number"]]
