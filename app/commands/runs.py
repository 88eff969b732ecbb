"""`python3 -m app data runs`: what runs are called, what is noted of them, which were tests; deleting one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands.shared import AsJson, By, HomeOption, home_of, name_of
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError, RefusedError

if TYPE_CHECKING:
    from core.scoring.runs import Run

app = typer.Typer(no_args_is_help=True, help="The runs of this workspace: look, name, note, mark as tests, delete.")

#: Exit code where something waits for a yes.
ASKED = 4
_MOST = 1_000_000
Which = Annotated[str, typer.Argument(help="The run, such as r-0001.")]


@app.command("list")
def list_runs(context: typer.Context, as_json: AsJson = False, home_dir: HomeOption = None) -> None:
    """All runs, newest first: id, when, users, flagged, model, policy, name, whether it was a test, and note."""

    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.runs.recent(_MOST)
        if as_json:
            put(json.dumps([_facts(run) for run in found], indent=1, ensure_ascii=False) + "\n")
            return
        for run in found:
            cells = (run.id, f"{run.created:%Y-%m-%d %H:%M}", f"{run.users:,}", f"{run.flagged:,}", run.model,
                     run.policy.version, run.name, "test" if run.test else "", run.note)  # fmt: skip
            put("\t".join(cells) + "\n")
        if not found:
            tell("Nothing was scored here yet.")


@app.command()
def change(
    context: typer.Context,
    run: Which,
    name: Annotated[str | None, typer.Option(help="What to call it, in the place of the name of its file.")] = None,
    note: Annotated[str | None, typer.Option(help='What to note, in the place of what was; "" for nothing.')] = None,
    test: Annotated[
        bool | None, typer.Option("--test/--no-test", help="Whether it was a test, which figures over time leave out.")
    ] = None,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Name a run, note something of it, or mark it as a test; what it scored and decided stays."""

    home = home_of(context, home_dir)
    with guard.command(home):
        if name is None and note is None and test is None:
            raise BadOptionError("--name", "say what to change: --name, --note, --test or --no-test.")
        changed = home.run_edits.change(
            run, name=name, note=note, test=test, by=name_of(by), now=datetime.now(UTC)
        )  # fmt: skip
        noted = f": {changed.note}" if changed.note else ""
        tell(f"{changed.id}, {changed.name}{', a test' if changed.test else ''}{noted}")


@app.command()
def delete(
    context: typer.Context,
    run: Which,
    yes: Annotated[bool, typer.Option("--yes", help="Delete. Without, it is only said what would be.")] = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Delete a run on which nothing depends; its dataset stays. Exit code 4: it waits for --yes."""

    home = home_of(context, home_dir)
    with guard.command(home):
        now = datetime.now(UTC)
        found = home.holdings.of_run(home.runs.find(run), now=now)
        if found.keeps:
            raise RefusedError(found.sentence)
        if yes:
            home.holdings.delete_run(run, by=name_of(by), now=now)
        tell(f"Deleted: {run}." if yes else f"{found.sentence}\nNothing was deleted: give --yes.")
    raise SystemExit(0 if yes else ASKED)


@app.command()
def reference(
    context: typer.Context,
    run: Which,
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder that is not there yet.")],
    home_dir: HomeOption = None,
) -> None:
    """Write the users of a run, and those its model was trained on, as two files of Parquet with the same columns, for
    Evidently, Great Expectations and the like; roles.json says which column is what.
    """
    from core import targets
    from core.schema import schema as schemas

    home = home_of(context, home_dir)
    with guard.command(home):
        targets.new_folder(output, home.kept)
        label = schemas.load(home.settings.schema_file).label
        done = home.references.write(run, output, label=label.column if label else None)
        tell(f"{done.baseline:,} users of the baseline and {done.current:,} of {run} are in {output}; "
             f"of {done.known:,} of the run it is known what they are.")  # fmt: skip


def _facts(run: Run) -> dict[str, object]:
    return {
        "id": run.id, "created": run.created.isoformat(), "name": run.name, "model": run.model,
        "policy": run.policy.version, "received": run.received, "users": run.users, "rejected": run.rejected,
        "counts": dict(run.counts), "dataset": run.dataset, "test": run.test, "note": run.note,
    }  # fmt: skip
