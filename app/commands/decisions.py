"""`python3 -m app decisions`: what the platform is told to do with users that people have judged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands.shared import By, HomeOption, Output, Overwrite, allowed, give, home_of, table_target
from app.guard import tell
from app.stdout import deliver, put
from core.errors import BadOptionError, OutputError, RefusedError, listed
from core.wording import count

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from core.delivery.sender import Round
    from core.home import Home
    from core.review.decisions.outbox import Batch
    from core.targets import Target

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
    consumer: Annotated[str | None, typer.Option(help="Who takes them; this workspace then remembers how far.")] = None,
    output: Output = None,
    overwrite: Overwrite = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Give the decisions after a number, oldest first, as a table.

    With `--since last --consumer NAME` each decision is in exactly one export of this consumer: the workspace remembers
    the last one once the file has its name, or all of stdout was read. What fails before is given again. Where nothing
    is new, a file that is there stays.
    """
    from core.review.decisions.outbox import MARK

    home = home_of(context, home_dir)
    with guard.command(home):
        person = allowed(home, by, "export decisions")
        target = table_target(home, output, MARK, overwrite=overwrite)
        home.effects.catch_up()  # verdicts whose decisions a crash has left undone
        home.removals.catch_up(now=datetime.now(UTC))
        given = _remembered(home, consumer, target) if since == LAST else _after(home, since, consumer, target)
        if given:
            to = consumer or (output.name if output else "stdout")
            facts = {"decisions": len(given), "last": given[-1]}
            home.audit.note(who=person.name, what="export decisions", about=to, details=facts, now=datetime.now(UTC))


@app.command("send")
def send(
    context: typer.Context,
    every: Annotated[float, typer.Option(min=0.1, max=86_400, help="Seconds between two looks for new decisions.")] = 5,
    once: Annotated[bool, typer.Option("--once", help="Send what waits, then end; exit code 4 if not all was taken.")]
    = False,
    since: Annotated[int | None, typer.Option("--from", min=1, help="Send again from this number on.")] = None,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:  # fmt: skip
    """Send decisions to the webhook of the platform, in order and at least once; ends when stopped.

    The address and the secret are TRUSTDESK_DECISIONS_URL and TRUSTDESK_DECISIONS_SECRET, or url and secret in
    [decisions] of data/secrets.toml. A receiver acts on a decision where its number is above the last one of that user.
    """
    from core.delivery.webhook import Webhook

    home = home_of(context, home_dir)
    with guard.command(home), home.sender.alone():
        person, to = allowed(home, by, "export decisions"), Webhook(home.receiver())
        if since is not None:
            again, now = home.sender.replay(since, now=datetime.now(UTC)), datetime.now(UTC)
            facts = {"from": since, "decisions": again}
            home.audit.note(who=person.name, what="send decisions again", about="webhook", details=facts, now=now)
        if not once:
            home.sender.run(to, every=every, now=_now, told=_said)
        done = home.sender.round(to, now=_now)
        _said(done)
        if done.failure:
            raise RefusedError("The rest waits for the next time.")


@app.command("dead")
def dead(
    context: typer.Context,
    again: Annotated[bool, typer.Option("--send-again", help="Offer each to the webhook once more.")] = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """List the dead letters: decisions that the webhook has refused for good."""
    from core.delivery.webhook import Webhook

    home = home_of(context, home_dir)
    with guard.command(home):
        allowed(home, by, "export decisions")
        if again:
            with home.sender.alone():
                _said(home.sender.again(Webhook(home.receiver()), now=_now))
        for letter in home.dead_letters.listed():
            put(f"{letter.number}\t{letter.at:%Y-%m-%d %H:%M:%S}\t{letter.failure}\n")


@app.command("secret")
def secret() -> None:
    """Make a secret for the webhook, to be put into data/secrets.toml and given to the receiver; it is kept nowhere."""
    from core.delivery.webhook import new_secret

    put(f"{new_secret()}\n")


def _now() -> datetime:
    return datetime.now(UTC)


def _said(done: Round) -> None:
    refused = f" Refused for good: {listed([*map(str, done.dead)])}." if done.dead else ""
    if done.taken or refused or done.failure:
        tell(f"{_now():%Y-%m-%d %H:%M:%S} UTC  {count(done.taken, 'decision')} sent.{refused} {done.failure}".rstrip())


def _after(home: Home, since: str, consumer: str | None, target: Target | None) -> list[int]:

    if consumer is not None:
        raise BadOptionError("--consumer", f"this goes with --since {LAST}; a number moves nobody on.")
    if not since.isdecimal() or len(since) > MOST_DIGITS:
        raise BadOptionError("--since", f"{since} is neither a decision's number nor {LAST}.")
    frame = home.outbox.since(int(since), most=EVERY)
    give(_table(frame), target)
    tell(f"{_counted(frame)}.")
    return _numbers(frame)


def _remembered(home: Home, consumer: str | None, target: Target | None) -> list[int]:

    if not consumer:
        raise BadOptionError("--since last", "say for whom with --consumer NAME.")
    batch = home.outbox.take(consumer, most=EVERY)
    told = _counted(batch.decisions)
    if target is None:
        _to_stdout(home, batch)
    elif not _to_file(home, batch, target):
        told += f", and {target.path} is left as it is"
    tell(f"{told}.")
    return _numbers(batch.decisions)


def _to_stdout(home: Home, batch: Batch) -> None:
    from core.scoring import export

    try:
        deliver(export.as_bytes(_table(batch.decisions), ".csv"))
    except OutputError:
        tell(f"{batch.consumer} is not moved on: the next export gives the same decisions again.")
        raise
    if not home.outbox.confirm(batch, now=datetime.now(UTC)):
        raise RefusedError(f"Another export of {batch.consumer} came first: discard this one and run it again.")


def _to_file(home: Home, batch: Batch, target: Target) -> bool:
    """Whether the file was written: where nothing is new, one that is there stays, as nobody may have read it yet.

    Written aside, and named only while no other export of this workspace can be; then the cursor moves.
    """
    from core.scoring import export

    confirmed = written = False

    def settle(rename: Callable[[], None]) -> None:
        nonlocal confirmed

        def publish() -> None:
            nonlocal written
            target.claim_unchanged()
            if len(batch.decisions) or target.is_free or target.is_foreign:
                rename()
                written = True

        confirmed = home.outbox.confirm(batch, now=datetime.now(UTC), publish=publish)

    export.write(_table(batch.decisions), target, settle)
    if not confirmed:
        raise RefusedError(
            f"Another export of {batch.consumer} came first. {target.path} was not touched by this one: run it again."
        )
    return written


def _table(decisions: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    from core.review.decisions.outbox import MARK

    return MARK.on(pa.Table.from_pandas(decisions.reset_index(), preserve_index=False))


def _numbers(decisions: pd.DataFrame) -> list[int]:
    return [int(number) for number in decisions.index]


def _counted(decisions: pd.DataFrame) -> str:
    many = f"{len(decisions):,} decision" + ("" if len(decisions) == 1 else "s")
    return f"{many}, the last is number {decisions.index[-1]}" if len(decisions) else f"{many}: nothing is new"
