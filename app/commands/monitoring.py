"""`python3 -m app drift` and `metrics`: whether what is live is as in training, for people and for Prometheus."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands.labelled import working
from app.commands.reading import UNSAID, Said, advised, reads_table
from app.commands.shared import SOME_REJECTED, AsJson, AsOf, HomeOption, home_of, schema_as_of
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError
from core.wording import percent

if TYPE_CHECKING:
    from core.home import Home
    from core.monitoring.drift import Drift

#: Exit code when users have drifted, so that a script can tell.
DRIFTED = 4


@reads_table
def drift(
    context: typer.Context,
    users: Annotated[
        str | None,
        typer.Argument(
            help="A file of users of any size, a folder of Parquet, s3://BUCKET/KEY or postgresql://...?table=NAME, of "
            "which nothing is stored; by default a run."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model version to compare a file with; by default the live one.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="A run, such as r-0001; by default the newest.")] = None,
    alert: Annotated[
        bool, typer.Option("--alert", help="Look at all that is live, keep incidents and tell of new ones.")
    ] = False,
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Go on without absent columns.")] = False,
    as_of: AsOf = None,
    as_json: AsJson = False,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Compare the users of a run, or of a file, with those a version was trained on. Exit code 4: they have drifted."""
    home = home_of(context, home_dir)
    with working(home) as progress:
        _refuse_unfit(users, model=model, run=run, alert=alert, reading=allow_missing or bool(as_of) or said != UNSAID)
        if users is None:
            found, rejected = home.drift.of_run(run), 0
            raw = found.as_json()
        else:
            loaded, columns, given = home.registry.load(model), schema_as_of(home, as_of), said.given(home)
            with home.fetching.local(users, progress) as file, advised(home, file, said):
                of_file = home.file_drift.of_file(
                    file.name, file.path, columns, loaded, now=datetime.now(UTC), given=given,
                    allow_missing=allow_missing, progress=progress.counted,
                )  # fmt: skip
            progress.end()
            for problem in of_file.problems:
                tell(f"{'Rejected' if problem.rejected else 'Kept'}: {problem.sentence}")
            found, rejected, raw = of_file.drift, of_file.rejected, of_file.as_json()
            tell(f"{found.file}: {of_file.received:,} users received, {found.n:,} accepted, {rejected:,} rejected.")
        put(json.dumps(raw, indent=1) + "\n" if as_json else f"{found.sentence}\n{_table(found)}\n{_texts(found)}")
        if alert:
            _alert(home)
    raise SystemExit(DRIFTED if found.verdict == "drifted" else SOME_REJECTED if rejected else 0)


def _refuse_unfit(users: str | None, *, model: str | None, run: str | None, alert: bool, reading: bool) -> None:
    """Raises BadOptionError for options of a file without one, and for options of runs with one."""
    if users is None and (model is not None or reading):
        raise BadOptionError(
            "--model" if model is not None else "USERS", "give a file of users with it: a run has its own version."
        )
    if users is not None and (run is not None or alert):
        raise BadOptionError("--run" if run is not None else "--alert", "give this or a file: it is about runs.")


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
