"""`python3 -m app score`: a file of users, or a table elsewhere, to one of scores, actions and reasons."""

from __future__ import annotations

import contextlib
import functools
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.commands.engine import DaskWorkers, EngineName, Scheduler, engine_of
from app.commands.labelled import tell_problems, working
from app.commands.reading import UNSAID, Said, advised, reads_table
from app.commands.shared import (
    SOME_REJECTED,
    AsOf,
    By,
    HomeOption,
    Overwrite,
    Version,
    WithoutTexts,
    home_of,
    schema_as_of,
    texts_left_out,
    user_here,
)
from app.guard import tell
from core.errors import stored
from core.remote import addresses

if TYPE_CHECKING:
    from core.registry.registry import Model
    from core.scoring.score_file import Pieces, Scoring


@reads_table
def score(
    context: typer.Context,
    users: Annotated[
        str,
        typer.Argument(
            help="A file of users of any format that is read, packed or not; a folder of Parquet; s3://BUCKET/KEY; "
            "postgresql://USER@HOST/DATABASE?table=NAME or ?query=SELECT ..."
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            help="Where to write: .csv or .parquet, also s3://BUCKET/KEY; or postgresql://...?table=NAME.",
        ),
    ],
    reasons: Annotated[Literal["flagged", "all", "none"], typer.Option(help="Whose scores to explain.")] = "all",
    top: Annotated[int, typer.Option(min=1, max=20, help="Reasons a user.")] = 3,
    model: Version = None,
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Go on without absent columns.")] = False,
    keep_features: Annotated[bool, typer.Option("--keep-features", help="Write the feature values too.")] = False,
    without_texts: WithoutTexts = False,
    overwrite: Overwrite = False,
    as_of: AsOf = None,
    restart: Annotated[bool, typer.Option("--restart", help="Do not go on where the same was interrupted.")] = False,
    engine: EngineName = "local",
    scheduler: Scheduler = None,
    dask_workers: DaskWorkers = None,
    by: By = None,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Score a file of users, of any size: calibrated score, band, action and exact reasons, in input order.

    The same command again after it was stopped goes on from there.
    """
    from core.scoring.streaming import delivery, sinks

    home = home_of(context, home_dir)
    with working(home) as progress, contextlib.ExitStack() as stack:
        reads = [] if addresses.is_address(users) else [Path(users)]
        sink = stack.enter_context(sinks.sink_of(output, home.exports, reads=reads, overwrite=overwrite))
        loaded = home.registry.load(model)
        columns, policy = schema_as_of(home, as_of), home.policies.deciding(loaded.version)
        given, file = said.given(home), stack.enter_context(home.fetching.local(users, progress))
        at_work = stack.enter_context(engine_of(engine, scheduler, dask_workers))

        def deliver(done: Scoring, pieces: Pieces) -> None:
            stack.enter_context(stored(f"All scores are stored as run {done.run.id}: *Score a file* gives them."))
            progress("Writing")
            parts = functools.partial(
                delivery.tables, done, pieces, columns, keep_features=keep_features, texts=not without_texts
            )
            sentences = sink.write(
                done.run, parts, home.exports.rejected_table(done.dataset.id, texts=not without_texts)
            )
            # While the work is not done: killed after it, the same command would make another run.
            progress.end()
            _tell_run(done, loaded)
            for sentence in sentences:
                tell(sentence)
            if without_texts:
                tell(f"{texts_left_out(columns.texts)} Rejected rows are written without what stood in them.")
            if loss := home.lost_runs.look():
                tell(loss.sentence)

        stack.enter_context(advised(home, file, said))
        done = home.file_scoring.score_file(
            file.name, file.path, columns, loaded, policy,
            now=datetime.now(UTC), given=given, allow_missing=allow_missing, which=reasons, top=top,
            progress=progress.counted, by=by or user_here(), restart=restart, engine=at_work,
            ready=sink.ready, deliver=deliver,
        )  # fmt: skip
    raise SystemExit(SOME_REJECTED if done.run.rejected else 0)


def _tell_run(done: Scoring, model: Model) -> None:
    from core.policy import nobody_flagged
    from core.scoring.scorer import strangers

    run = done.run
    tell_problems(done.dataset)
    for sentence in strangers(done.results["novel_features"].fillna(""), model) if model.metadata.levels else ():
        tell(sentence)
    bands = ", ".join(f"{count:,} {band}" for band, count in reversed(list(run.counts.items())))
    tell(f"{run.name}: {run.received:,} users received, {run.users:,} scored, {run.rejected:,} rejected.")
    tell(f"{run.model} under {run.policy.version}: {bands}. Run {run.id}, {run.seconds:.1f} s until scored.")
    for rule in run.policy.rules:
        if (hits := done.hits.get(rule.name)) is not None:
            tell(f"Rule {rule.name}, {rule.state}: {hits.matched:,} users match, {hits.decided:,} decided by it.")
    if not run.flagged and (nobody := nobody_flagged.sentence(done.results["probability"].to_numpy(), run.policy)):
        tell(nobody)
