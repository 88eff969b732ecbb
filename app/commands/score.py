"""`python3 -m app score`: a file of users to a file of scores, actions and reasons."""

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
    HomeOption,
    Overwrite,
    Version,
    WithoutTexts,
    home_of,
    schema_as_of,
    texts_left_out,
)
from app.guard import tell
from core.errors import stored

if TYPE_CHECKING:
    from core.registry.registry import Model
    from core.scoring.score_file import Pieces, Scoring
    from core.targets import Target


@reads_table
def score(
    context: typer.Context,
    users: Annotated[
        Path, typer.Argument(help="CSV, Excel, Parquet, JSON or Arrow, packed or not; a folder of Parquet.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write: .csv or .parquet.")],
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
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Score a file of users, of any size: calibrated score, band, action and exact reasons, in input order.

    The same command again after it was stopped goes on from there.
    """
    from core.scoring import export, table_marks
    from core.scoring.streaming import delivery

    home = home_of(context, home_dir)
    with working(home) as progress, contextlib.ExitStack() as stack:
        target = home.exports.target(output, table_marks.SCORES, reads=[users], overwrite=overwrite)
        rejected = home.exports.rejected_target(
            output, table_marks.REJECTED, reads=[users, output], overwrite=overwrite
        )  # fmt: skip
        loaded = home.registry.load(model)
        columns, policy = schema_as_of(home, as_of), home.policies.deciding(loaded.version)

        at_work = stack.enter_context(engine_of(engine, scheduler, dask_workers))

        def deliver(done: Scoring, pieces: Pieces) -> None:
            stack.enter_context(stored(f"All scores are stored as run {done.run.id}: *Score a file* gives them."))
            progress("Writing")
            parts = functools.partial(
                delivery.tables, done, pieces, columns, keep_features=keep_features, texts=not without_texts
            )
            export.write_parts(parts, target)
            export.write_rejected(home.exports.rejected_table(done.dataset.id, texts=not without_texts), rejected)
            # While the work is not done: killed after it, the same command would make another run.
            progress.end()
            _tell_run(done, output, rejected, loaded)
            if without_texts:
                tell(f"{texts_left_out(columns.texts)} Rejected rows are written without what stood in them.")
            if loss := home.lost_runs.look():
                tell(loss.sentence)

        given = said.given(home)
        stack.enter_context(advised(home, users, said))
        done = home.file_scoring.score_file(
            users.name, users, columns, loaded, policy,
            now=datetime.now(UTC), given=given, allow_missing=allow_missing, which=reasons, top=top,
            progress=progress.counted, restart=restart, engine=at_work, ready=rejected.claim, deliver=deliver,
        )  # fmt: skip
    raise SystemExit(SOME_REJECTED if done.run.rejected else 0)


def _tell_run(done: Scoring, output: Path, rejected: Target, model: Model) -> None:
    from core.data.records import KEPT
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
    kept = f", the first {KEPT:,} of them" if run.rejected > KEPT else ""
    tell(f"Scores: {output}" + (f" · rejected rows: {rejected.path}{kept}" if run.rejected else ""))
    if not run.rejected and rejected.is_foreign:
        tell(f"{rejected.path} is not of this command and is left as it is: no row was rejected.")
