"""`python3 -m app feedback`: what reviewers have said, and what it says of the scores."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import guard
from app.commands import figures
from app.commands.shared import (
    SOME_REJECTED,
    AsJson,
    By,
    HomeOption,
    Output,
    Overwrite,
    allowed,
    give,
    home_of,
    name_of,
    table_target,
)
from app.guard import tell
from app.stdout import put
from core.errors import BadOptionError, RefusedError, stored
from core.home import Home

if TYPE_CHECKING:
    from core.review.importing import Refusal
    from core.scoring.runs import Run
    from core.store.verify import Verified
    from core.targets import Target

#: Contradictions that `verify` names; more are counted.
_NAMED = 20
app = typer.Typer(no_args_is_help=True, help="Verdicts of reviewers: figures, import, export, proof, forgetting.")
#: Refused rows that are told one by one; all of them are in the file.
TOLD = 5
#: Runs searched for the newest one with a plan.
RUNS = 10_000


@app.command()
def stats(
    context: typer.Context,
    run: Annotated[str | None, typer.Option(help="This run alone; by default all of the period.")] = None,
    days: Annotated[
        int, typer.Option(min=1, help="Days up to the newest run with a plan, over all runs of its model and policy.")
    ] = 28,
    as_json: AsJson = False,
    home_dir: HomeOption = None,
) -> None:
    """Count the verdicts, and estimate precision and recall of what is live from those on users drawn for it."""

    home = home_of(context, home_dir)
    with guard.command(home):
        chosen = _chosen(home, run)
        verdicts = home.ledger
        verdicts.refresh()
        facts = figures.counts(len(verdicts), verdicts.effective())
        facts["set_aside"] = home.feedback.set_aside()
        found = home.live_figures.live(chosen, verdicts.valid(), days=days) if chosen else None
        alone = home.live_figures.figures(chosen, verdicts.valid()) if chosen and run else None
        if chosen and found:
            facts["run"] = figures.of_run(chosen, alone) if alone else figures.of_period(chosen, found, found.name)
        figures.show(facts, as_json=as_json)
        if facts["set_aside"]:
            tell(f"{_count(facts['set_aside'], 'unfinished line')} set aside after a crash; none was acknowledged.")
        if not found:
            tell("No run is queued yet, so that nothing can be estimated: queue one with `queue add RUN`.")


@app.command("export")
def export_feedback(
    context: typer.Context,
    output: Output = None,
    every: Annotated[bool, typer.Option("--all", help="Also what was replaced or withdrawn.")] = False,
    overwrite: Overwrite = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Give the verdicts that stand, one a row, with features, versions and how each user was sampled."""
    import pyarrow as pa

    from core.feedback.table import MARK

    home = home_of(context, home_dir)
    with guard.command(home):
        person = allowed(home, by, "see strata")
        target = table_target(home, output, MARK, overwrite=overwrite)
        verdicts = home.ledger
        verdicts.refresh()
        frame = verdicts.frame() if every else verdicts.effective()
        give(MARK.on(pa.Table.from_pandas(frame, preserve_index=False)), target)
        to, facts = output.name if output else "stdout", {"verdicts": len(frame)}
        home.audit.note(who=person.name, what="export feedback", about=to, details=facts, now=datetime.now(UTC))
        tell(f"{_count(len(frame), 'verdict')} exported.")


@app.command()
def verify(context: typer.Context, home_dir: HomeOption = None) -> None:
    """Prove that no stored verdict and no note of the audit log was changed, taken out or put in.

    Cases and decisions are held against the verdicts, too; what contradicts them is named with its row.
    """
    home = home_of(context, home_dir)
    with guard.command(home):
        found = {"Feedback": home.feedback.verify(), "Audit log": home.audit.verify()}
        for name, verified in found.items():
            put(f"{name}: {_verified(verified)}\n")
        if broken := [str(verified.broken) for verified in found.values() if verified.broken]:
            raise RefusedError(" ".join([*broken, "Restore the file from a backup."]))
        agreement = home.consistency.check()
        if agreement.contradictions:
            for sentence in agreement.contradictions[:_NAMED]:
                put(f"{sentence}\n")
            many = _count(len(agreement.contradictions), "contradiction")
            raise RefusedError(f"{many} between the feedback and data/state.db. Restore both from one backup.")
        held = f"{_count(agreement.cases, 'case')} and {_count(agreement.decisions, 'decision')}"
        tell(f"{held} in data/state.db agree with the feedback.")


@app.command("import")
def import_feedback(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines: prediction_id, is_correct, actual_label ...")],
    overwrite: Overwrite = False,
    by: By = None,
    home_dir: HomeOption = None,
) -> None:
    """Store a verdict for each row; rows that cannot be used go to FILE.rejected.csv, with what to do.

    Columns: prediction_id, is_correct or actual_label, and feedback_notes, reviewer, feedback_id, judged_at where there
    are any. Of each prediction and reviewer the last row counts; it supersedes what that reviewer had said of the
    prediction, unless it says the same or was judged (judged_at) no later. Import a growing file as often as you like.
    """
    from core.feedback import short_form
    from core.review import importing

    home = home_of(context, home_dir)
    with guard.command(home):
        advice = f"Rejected rows would go there: give {file} another name, or move that one."
        rejected = home.exports.rejected_target(
            file, importing.REJECTED, reads=[file], overwrite=overwrite, advice=advice
        )  # fmt: skip
        rows = short_form.read(file.name, file)
        done = home.feedback_import.record(
            rows, by=name_of(by), now=datetime.now(UTC), source=file.name, cumulative=True,
            ready=lambda refused: rejected.claim() if refused else None,
        )  # fmt: skip
        changed = f" ({_count(done.changed, 'changed verdict')})" if done.changed else ""
        replaced = f", {done.replaced:,} replaced by a later row" if done.replaced else ""
        tell(
            f"{file.name}: {len(rows):,} rows, {done.new:,} new{changed}, {done.known:,} known{replaced}, "
            f"{len(done.refused):,} rejected."
        )
        with stored("The verdicts are stored; only the file of rejected rows is not."):
            _reject(rejected, done.refused)
    raise SystemExit(SOME_REJECTED if done.refused else 0)


def _chosen(home: Home, run: str | None) -> Run | None:

    if run is None:
        return next((each for each in home.runs.recent(RUNS) if home.runs.planned(each.id)), None)
    found = home.runs.find(run)
    if not home.runs.planned(run):
        raise BadOptionError("--run", f"{run} was not queued, so that nothing can be estimated: `queue add {run}`.")
    return found


def _verified(verified: Verified) -> str:
    said = f"{verified.rows:,} rows, {verified.forgotten:,} forgotten, {verified.torn:,} unfinished"
    head = f"; the chain ends in {verified.head}" if verified.head else ""
    return f"{'whole' if verified.whole else 'broken'}, {said}{head}."


def _reject(target: Target, refused: tuple[Refusal, ...]) -> None:
    from core.review import importing
    from core.scoring import export

    for refusal in refused[:TOLD]:
        tell(refusal.sentence)
    if export.write_rejected(importing.table(refused), target):
        tell(f"Rejected rows: {target.path}")
    elif target.is_foreign:
        tell(f"{target.path} is not of this command and is left as it is: no row was rejected.")


def _count(number: int, noun: str) -> str:
    from core.wording import count

    return count(number, noun)
