"""`python3 -m app rescan` and `changes`: stored runs scored again, and what changed between two runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands.shared import AsJson, By, HomeOption, Output, Overwrite, Version, give, home_of, name_of, table_target
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError
from core.wording import count as counted

if TYPE_CHECKING:
    import pyarrow as pa

    from core.catalog.changes import Changes

_RUN = "A run, such as r-0001."


def changes(
    context: typer.Context,
    before: Annotated[str, typer.Argument(help=_RUN)],
    after: Annotated[str, typer.Argument(help="A later run of the same users.")],
    output: Output = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """What changed between two runs of the same users: who is newly flagged, and who no longer."""
    from core.catalog.changes import MARK

    home = home_of(context, home_dir)
    with guard.command(home):
        target = table_target(home, output, MARK, overwrite=overwrite) if output else None
        found = home.rescans.between(before, after)
        _show([found], as_json=as_json)
        if target:
            give(_table([found]), target)


def rescan(
    context: typer.Context,
    runs: Annotated[list[str] | None, typer.Argument(help="Runs, such as r-0001 r-0002; or --days.")] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Instead of runs: all of so many days whose users were not scored in this way yet."),
    ] = None,
    model: Version = None,
    policy: Annotated[
        str | None, typer.Option("--policy", help="Under which policy, such as p0002; by default the one in force.")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Send the newly flagged to review.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Who changes band, as .csv or .parquet.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Score the users of stored runs again, as new runs: who is newly flagged, and who no longer. The old runs stay."""
    from core.catalog.changes import MARK

    home = home_of(context, home_dir)
    with guard.command(home):
        target = table_target(home, output, MARK, overwrite=overwrite) if output else None
        loaded = home.registry.load(model)
        chosen = home.policies.find(policy) if policy else home.policies.in_force()
        if bool(runs) == bool(days):
            raise BadOptionError("--days", "name runs, or give --days, one of the two.")
        named = runs or home.rescans.due(loaded, chosen, days=days or 0, now=datetime.now(UTC))
        for run in named:
            home.rescans.check(run, loaded, chosen)
        if not named:
            tell(
                f"No run of {counted(days or 0, 'day')} waits to be scored by {loaded.version} under {chosen.version}."
            )
        done = []
        for run in named:
            found = home.rescans.rescan(
                run, loaded, chosen, by=name_of(by), now=datetime.now(UTC), send=send, progress=tell
            )
            done.append(found.changes)
            if found.queued:
                tell(f"{found.queued.new + found.queued.updated:,} of the newly flagged are in review.")
        _show(done, as_json=as_json)
        if target and done:
            give(_table(done), target)


def _show(found: list[Changes], *, as_json: bool) -> None:
    if as_json:
        put(json.dumps([each.as_json() for each in found], indent=1) + "\n")
    else:
        put("".join(f"{each.sentence}\n" for each in found))


def _table(found: list[Changes]) -> pa.Table:
    import pandas as pd
    import pyarrow as pa

    from core.catalog.changes import MARK

    return MARK.on(pa.Table.from_pandas(pd.concat([each.table for each in found]), preserve_index=False))
