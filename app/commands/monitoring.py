"""`python3 -m app drift` and `metrics`: whether what is live is as in training, for people and for Prometheus."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands.shared import AsJson, HomeOption, home_of
from app.guard import tell
from app.stdout import put
from core.wording import percent

if TYPE_CHECKING:
    from core.home import Home
    from core.monitoring.drift import Drift

#: Exit code when users have drifted, so that a script can tell.
DRIFTED = 4


def drift(
    context: typer.Context,
    run: Annotated[str | None, typer.Option(help="A run, such as r-0001; by default the newest.")] = None,
    alert: Annotated[
        bool, typer.Option("--alert", help="Look at all that is live, keep incidents and tell of new ones.")
    ] = False,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """Compare the users of a run with those its version was trained on. Exit code 4: they have drifted."""

    home = home_of(context, home_dir)
    with guard.command(home):
        found = home.drift.of_run(run)
        if as_json:
            put(json.dumps(found.as_json(), indent=1) + "\n")
        else:
            put(f"{found.sentence}\n{_table(found)}\n{_texts(found)}")
        if alert:
            _alert(home)
    raise SystemExit(DRIFTED if found.verdict == "drifted" else 0)


def metrics(context: typer.Context, home_dir: HomeOption = None) -> None:
    """Print the figures of this workspace in the text format of Prometheus."""

    home = home_of(context, home_dir)
    with guard.command(home):
        put(home.exposition.text(now=datetime.now(UTC)))


def _table(found: Drift) -> str:
    frame = found.frame().assign(name=lambda each: each["name"].where(each["name"] != "", "(score)"))
    columns = ["name", "verdict", "psi", "chance", "ks", "js", "missing_before", "missing_now", "use"]
    return frame[columns].to_string(index=False, float_format=lambda value: f"{value:.3f}", na_rep="–")


def _texts(found: Drift) -> str:
    """What is new in texts, and the words that rise, each with its share of the texts then and now."""
    lines = []
    for each in found.texts:
        lines.append(each.sentence)
        lines += [f"  {rise.word}\t{percent(rise.share)} now, {percent(rise.before)} before" for rise in each.rising]
    return "".join(f"{line}\n" for line in lines)


def _alert(home: Home) -> None:

    done = home.rounds.go(now=datetime.now(UTC))
    for finding in done.look.found:
        tell(finding.sentence)
    for sentence in done.news:
        tell(sentence)
