"""`python3 -m app verify`: whether a workspace is what was written."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from app import guard
from app.commands.shared import AsJson, HomeOption, home_of
from app.guard import tell
from app.stdout import put
from core.errors import RefusedError
from core.wording import count


def verify(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Also every file against its digest and every row; reads the whole workspace.")
    ] = False,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """Hold feedback, audit log, database, models, datasets and runs against their digests and each other.

    What is damaged or gone is named, with what to do. Nothing is changed. Exit code 4: something is.
    """
    home = home_of(context, home_dir)
    with guard.command(home):
        proved = home.proof.check(whole=everything)
        if as_json:
            put(json.dumps(asdict(proved), indent=1, ensure_ascii=False) + "\n")
        else:
            put("".join(f"{finding}\n" for finding in proved.findings))
        if proved.findings:
            raise RefusedError(
                f"{count(len(proved.findings), 'finding')}: {home.settings.home} is not what was written."
            )
        tell(proved.sentence)
