"""`python3 -m app data`: the datasets of a home, what depends on them, and how to be rid of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import guard
from app.commands import runs
from app.commands.shared import AsJson, By, HomeOption, Overwrite, WithoutTexts, home_of, name_of, texts_left_out
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError, RefusedError

if TYPE_CHECKING:
    from core.catalog.holdings import Holding
    from core.home import Home

app = typer.Typer(no_args_is_help=True, help="The datasets of this workspace: look, note, take away, delete.")

app.add_typer(runs.app, name="runs")

Which = Annotated[str, typer.Argument(help="The dataset, by the first digits of its id.")]
Yes = Annotated[bool, typer.Option("--yes", help="Delete. Without, it is only said what would be deleted.")]


@app.command("list")
def list_data(context: typer.Context, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """All datasets, newest first: id, when, rows, size, what uses it, name and note."""

    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.holdings.listed(now=datetime.now(UTC))
        if as_json:
            put(json.dumps([_facts(each) for each in found], indent=1, ensure_ascii=False) + "\n")
            return
        for each in found:
            put("\t".join(_cells(each)) + "\n")
        if not found:
            tell("No file was read here yet.")


@app.command()
def show(context: typer.Context, dataset: Which, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """One dataset: what was read, what was found in it, what depends on it."""

    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.holdings.find(dataset, now=datetime.now(UTC))
        if as_json:
            put(json.dumps(_facts(found), indent=1, ensure_ascii=False) + "\n")
            return
        about = found.dataset
        lines = [
            "\t".join(_cells(found)),
            f"{about.received:,} rows received, {about.accepted:,} accepted, {about.rejected:,} rejected",
            *(problem.sentence for problem in about.problems),
            *(f"Used by {use.kind} {use.id}" + (f", which {use.keeps}" if use.keeps else "") for use in found.uses),
            found.sentence,
        ]
        put("".join(f"{line}\n" for line in lines))


@app.command()
def export(
    context: typer.Context,
    dataset: Which,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write: .csv or .parquet.")],
    without_texts: WithoutTexts = False,
    overwrite: Overwrite = False,
    home_dir: HomeOption = None,
) -> None:
    """Write the accepted rows of a dataset as they are stored, in input order."""
    from core.catalog.holdings import ROWS
    from core.schema import schema as schemas
    from core.scoring import export as exports

    home = home_of(context, home_dir)
    with guard.command(home):
        target = home.exports.target(output, ROWS, overwrite=overwrite)
        found = home.holdings.find(dataset, now=datetime.now(UTC))
        texts = schemas.load(home.settings.schema_file).texts if without_texts else ()
        exports.write(home.holdings.rows(found, without=texts), target)
        tell(f"{found.dataset.accepted:,} rows: {output}")
        if without_texts:
            tell(texts_left_out(texts))


@app.command()
def note(
    context: typer.Context,
    dataset: Which,
    text: Annotated[str, typer.Argument(help="What to note, in the place of what was noted before.")],
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Note something of a dataset, for whoever looks next."""

    home = home_of(context, home_dir)
    with guard.command(home):
        now = datetime.now(UTC)
        home.holdings.note(home.holdings.find(dataset, now=now), text, by=name_of(by), now=now)


@app.command()
def delete(
    context: typer.Context, dataset: Which, yes: Yes = False, by: By = None, home_dir: HomeOption = None
) -> None:  # fmt: skip
    """Delete a dataset and its runs, where nothing else depends on them. Exit code 4: it waits for --yes."""

    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.holdings.find(dataset, now=datetime.now(UTC))
        if found.kept_by:
            raise RefusedError(found.sentence)
        waits = _delete(home, [found], yes=yes, by=by)
    raise SystemExit(runs.ASKED if waits else 0)


@app.command()
def prune(
    context: typer.Context,
    older_than: Annotated[float, typer.Option(min=0, help="Days since it was read, and since its last run.")],
    yes: Yes = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Delete datasets older than so many days on which nothing depends. Exit code 4: they wait for --yes."""

    home = home_of(context, home_dir)
    with guard.command(home):
        try:
            moment = datetime.now(UTC) - timedelta(days=older_than)
        except OverflowError:
            raise BadOptionError("--older-than", f"{older_than:g} days ago there was no calendar.") from None
        found = home.holdings.before(moment, now=datetime.now(UTC))
        if not found:
            tell("There is none.")
        waits = _delete(home, found, yes=yes, by=by)
    raise SystemExit(runs.ASKED if waits else 0)


@app.command("erase-texts")
def erase_texts(context: typer.Context, yes: Yes = False, by: By = None, home_dir: HomeOption = None) -> None:
    """Erase what people wrote longer ago than [messages] in data/settings.toml says. Exit code 4: it waits for --yes.

    Texts go from datasets, cases, reasons of runs and from beside verdicts; ids, scores, figures and the chain of
    verdicts stay. `watch` does it by itself.
    """

    home = home_of(context, home_dir)
    with guard.command(home):
        now = datetime.now(UTC)
        due = home.retention.due(now=now)
        if due is None:
            raise RefusedError(home.messages.load().unstated)
        tell(due.sentence)
        if due and yes:
            home.retention.erase(due, by=name_of(by), now=now)
            tell("Erased.")
        elif due:
            tell("Nothing was erased: give --yes.")
    raise SystemExit(runs.ASKED if due and not yes else 0)


def _delete(home: Home, found: Sequence[Holding], *, yes: bool, by: str | None) -> bool:
    """Delete, or say what would be deleted; whether that waits for a yes."""
    for each in found:
        if not yes:
            tell(each.sentence)
            continue
        gone = home.holdings.delete(each, by=name_of(by), now=datetime.now(UTC), runs=each.runs)
        tell(f"Deleted: {gone.dataset.name} ({gone.id})" + (f" and {', '.join(gone.runs)}." if gone.runs else "."))
    waits = bool(found) and not yes
    if waits:
        tell("Nothing was deleted: give --yes.")
    return waits


def _cells(found: Holding) -> tuple[str, ...]:
    from core.catalog.holdings import megabytes

    about = found.dataset
    used = ", ".join(use.id for use in found.uses) or "unused"
    return (found.id, f"{about.created:%Y-%m-%d %H:%M}", found.by, f"{about.accepted:,}", megabytes(found.size),
            used, about.name, found.note)  # fmt: skip


def _facts(found: Holding) -> dict[str, Any]:
    about = found.dataset
    return {
        "id": about.id, "name": about.name, "created": about.created.isoformat(), "by": about.by,
        "received": about.received, "accepted": about.accepted, "rejected": about.rejected,
        "positives": about.positives, "bytes": found.size, "note": found.note,
        "uses": [{"kind": use.kind, "id": use.id, "keeps": use.keeps} for use in found.uses],
    }  # fmt: skip
