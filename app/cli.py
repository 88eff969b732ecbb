"""The command line: the same core as the dashboard. Results on stdout or in files, everything else on stderr.

Heavy modules are imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app import guard
from app.commands import (
    accounts,
    api,
    compare,
    decisions,
    deeper,
    feedback,
    keys,
    learning,
    monitoring,
    queue,
    registry,
    shadow,
)
from app.commands.shared import By, name_of
from app.guard import tell
from app.progress import Progress
from core.errors import BadOptionError, RefusedError
from core.settings import ROOT, Settings, child_environment

#: Exit code when the work was done but some rows were turned away.
SOME_REJECTED = 3
#: Files above this size are worth a second process for the reasons, in bytes.
LARGE_FILE = 3_000_000

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Trustdesk: score users, explain each score exactly, act, review and learn. "
    "Without a command it opens the dashboard.",
)

app.add_typer(feedback.app, name="feedback")
app.add_typer(queue.app, name="queue")
app.add_typer(decisions.app, name="decisions")
app.add_typer(accounts.app, name="accounts")
app.add_typer(keys.app, name="keys")
app.add_typer(registry.app, name="registry")
app.command()(api.api)
app.command()(learning.retrain)
app.command()(learning.watch)
app.command()(shadow.shadow)
app.command()(monitoring.drift)
app.command()(monitoring.metrics)
registry.app.command("compare")(compare.compare)
registry.app.command("robustness")(deeper.robustness)
registry.app.command("importance")(deeper.importance)
registry.app.command("learning-curve")(deeper.learning_curve)

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder with data/ and models/ (else TRUSTDESK_HOME, else the bundled one)."),
]
Labelled = Annotated[Path, typer.Argument(help="CSV or .csv.gz with the label column.")]
Version = Annotated[str | None, typer.Option("--model", help="Model version; by default the one in charge.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON on stdout.")]


def main() -> None:
    app(prog_name="python3 -m app")


@app.callback(invoke_without_command=True)
def dashboard(
    context: typer.Context,
    home: Home = None,
    port: Annotated[int | None, typer.Option(help="Port of the dashboard (8501).")] = None,
) -> None:
    """Open the dashboard, or run one of the commands below."""
    # `--home DIR score ...` is the same as `score --home DIR ...`.
    context.obj = home
    if context.invoked_subcommand is not None:
        return
    settings = Settings.of(home)
    with guard.command(settings):
        if not settings.home.is_dir():
            raise BadOptionError("--home", f"there is no folder {settings.home}.")
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "main.py")]
        command += ["--server.port", str(port)] if port is not None else []
        # Streamlit reads .streamlit/ from the working directory, and reloads only what PYTHONPATH names.
        os.chdir(ROOT)
        os.execve(sys.executable, command, child_environment(settings))  # noqa: S606


# What is not ours goes to pytest: `python3 -m app test -k intake`.
@app.command(context_settings={"ignore_unknown_options": True})
def test(
    context: typer.Context,
    slow: Annotated[bool, typer.Option("--slow", help="Also the statistical proofs and other long tests.")] = False,
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to pytest.")] = None,
    home: Home = None,
) -> None:
    """Run the tests."""
    from app.testing import run_tests

    with guard.command(Settings.of(home or context.obj)):
        raise SystemExit(run_tests(slow, arguments or []))


@app.command()
def schema(
    context: typer.Context,
    users: Annotated[Path, typer.Argument(help="CSV or .csv.gz to infer the columns from.")],
    label: Annotated[str, typer.Option(help="The label column.")],
    id_: Annotated[str | None, typer.Option("--id", help="The id column; without it the row number serves.")] = None,
    positive: Annotated[str | None, typer.Option(help="The label of a spammer, where it cannot be told.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the schema this home has.")] = False,
    home: Home = None,
) -> None:
    """Infer the columns of a file and write data/schema.toml."""
    from core.data import infer
    from core.data import schema as schemas

    settings = Settings.of(home or context.obj)
    with guard.command(settings):
        if settings.schema_file.exists() and not force:
            raise RefusedError(f"{settings.schema_file} is there already. Add --force to replace it.")
        inferred = infer.infer(users.name, users, id=id_, label=label, positive=positive)
        schemas.save(inferred.schema, settings.schema_file)
        for note in inferred.notes:
            tell(note)
        tell(f"Wrote {len(inferred.schema.features)} features to {settings.schema_file}. Look it over, then train.")


@app.command()
def score(
    context: typer.Context,
    users: Annotated[Path, typer.Argument(help="CSV or .csv.gz of users.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write: .csv or .parquet.")],
    reasons: Annotated[Literal["flagged", "all", "none"], typer.Option(help="Whose scores to explain.")] = "flagged",
    top: Annotated[int, typer.Option(min=1, max=20, help="Reasons a user.")] = 3,
    model: Version = None,
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Go on without absent columns.")] = False,
    keep_features: Annotated[bool, typer.Option("--keep-features", help="Write the feature values too.")] = False,
    home: Home = None,
) -> None:
    """Score a file of users: calibrated score, band, action and exact reasons, in input order."""
    from core.data import schema as schemas
    from core.decision import export, runs, scoring
    from core.decision.policy import Policy
    from core.model import contributions, registry

    settings = Settings.of(home or context.obj)
    progress = Progress()
    with guard.command(settings), contextlib.ExitStack() as stack:
        stack.callback(progress.end)
        export.check_target(output)
        loaded = registry.load(settings, model)
        helper = None
        if reasons != "none" and users.is_file() and users.stat().st_size > LARGE_FILE:
            helper = stack.enter_context(contributions.helping(loaded.folder / registry.TREES))
        columns, policy = schemas.load(settings.schema_file), Policy()
        done = scoring.score_file(
            settings, users.name, users, columns, loaded, policy,
            now=datetime.now(UTC), allow_missing=allow_missing, progress=progress.counted,
        )  # fmt: skip
        told = scoring.explained(
            done.frame, done.results["probability"].to_numpy(), loaded, policy, which=reasons, top=top, helper=helper,
            progress=lambda done, of: progress.counted("Reasons", done, of),
        )  # fmt: skip
        progress("Writing")
        if reasons != "none":
            runs.save_reasons(settings, done.run.id, told)
        table = export.table(
            export.kept(done.frame, columns, keep_features=keep_features), done.results, told, done.run,
        )  # fmt: skip
        export.write(table, output)
        rejected = export.write_rejected(settings, done.dataset, output)
        progress.end()
        _tell_run(done, output, rejected)
    raise SystemExit(SOME_REJECTED if done.run.rejected else 0)


@app.command()
def train(
    context: typer.Context,
    labelled: Labelled,
    promote: Annotated[bool, typer.Option("--promote", help="Put the new version in charge.")] = False,
    family: Annotated[str, typer.Option(help="xgboost, which can be in charge, or one to compare.")] = "xgboost",
    class_weight: Annotated[
        str, typer.Option(help="natural, balanced, or how much a spammer counts for each legitimate user.")
    ] = "natural",
    hard_negatives: Annotated[
        bool, typer.Option("--hard-negatives", help="Legitimate users who score high count more.")
    ] = False,
    search_minutes: Annotated[float, typer.Option(min=0, help="Search for better settings for so long.")] = 0,
    search_trials: Annotated[int, typer.Option(min=0, help="Search for better settings, so many of them.")] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of everything random.")] = 0,
    notice: Annotated[str, typer.Option(help="A sentence to show wherever this version is.")] = "",
    by: By = None,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Train a model on labelled users, judge it on users it never sees, and store it as a version."""
    from core import accounts
    from core.data import schema as schemas
    from core.decision.policy import Policy
    from core.model import families, registry, training
    from core.model.tune import Budget

    settings = Settings.of(home or context.obj)
    progress = Progress()
    with guard.command(settings), contextlib.closing(_Closing(progress)):
        columns, name = schemas.load(settings.schema_file), name_of(by)
        recipe = families.Recipe(family, families.weight(class_weight), hard_negatives)
        budget = Budget(search_minutes, search_trials)
        if promote:  # asked before the work, and again when it is done
            recipe.check_can_lead()
            accounts.authorise(settings, name, "promote")
        dataset = _labelled(settings, labelled, columns, progress)
        kept = training.run(
            settings, dataset, columns, Policy().thresholds, about=training.About(datetime.now(UTC), notice, name),
            recipe=recipe, budget=budget, seed=seed, progress=progress,
        )  # fmt: skip
        progress.end()
        if promote:
            registry.promote(settings, kept.version, by=name, why="Trained with --promote.", now=datetime.now(UTC))
        _tell_rejected(settings, dataset)
        _tell_kept(settings, kept)
        facts = {"model_version": kept.version or None, "candidate": kept.id}
        _print_figures(kept.figures.as_json() | facts, as_json)
    raise SystemExit(SOME_REJECTED if dataset.rejected else 0)


@app.command()
def evaluate(
    context: typer.Context, labelled: Labelled, model: Version = None, as_json: AsJson = False, home: Home = None
) -> None:
    """Judge a model on labelled users; on its own training file only the test part counts."""
    from core.data import schema as schemas
    from core.decision.policy import Policy
    from core.model import registry, training

    settings = Settings.of(home or context.obj)
    progress = Progress()
    with guard.command(settings), contextlib.closing(_Closing(progress)):
        columns, loaded = schemas.load(settings.schema_file), registry.load(settings, model)
        dataset = _labelled(settings, labelled, columns, progress)
        progress("Judging")
        judged = training.judged(settings, loaded, dataset, columns, Policy().thresholds)
        progress.end()
        _tell_rejected(settings, dataset)
        _tell_overlap(judged.overlap, judged.only_test_part, loaded.version)
        facts = {
            "model_version": loaded.version,
            "policy_version": Policy().version,
            "dataset": dataset.id,
            "trained_on_of_these": judged.overlap,
            "only_test_part": judged.only_test_part,
        }
        _print_figures(judged.figures.as_json() | facts, as_json)
    raise SystemExit(SOME_REJECTED if dataset.rejected else 0)


class _Closing:
    """Ends a progress line whatever happens, so that an error message starts on a line of its own."""

    def __init__(self, progress: Progress) -> None:
        self.close = progress.end


def _labelled(settings: Settings, path: Path, columns: Any, progress: Progress) -> Any:
    from core.data import datasets, intake

    progress(f"Reading {path.name}")
    checked = intake.read(path.name, path, columns, need_label=True)
    return datasets.put(settings, checked, columns, now=datetime.now(UTC), need_label=True)


def _tell_run(done: Any, output: Path, rejected: Path | None) -> None:
    run = done.run
    for problem in done.dataset.problems:
        tell(f"{'Rejected' if problem.rejected else 'Kept'}: {problem.sentence}")
    bands = ", ".join(f"{count:,} {band}" for band, count in reversed(run.counts.items()))
    tell(f"{run.name}: {run.received:,} users received, {run.users:,} scored, {run.rejected:,} rejected.")
    tell(f"{run.model} under {run.policy.version}: {bands}. Run {run.id}, {run.seconds:.1f} s until scored.")
    tell(f"Scores: {output}" + (f" · rejected rows: {rejected}" if rejected else ""))


def _tell_rejected(settings: Settings, dataset: Any) -> None:
    for problem in dataset.problems:
        tell(f"{'Rejected' if problem.rejected else 'Kept'}: {problem.sentence}")
    if dataset.rejected:
        kept = settings.datasets / dataset.id / "rejected.parquet"
        tell(f"{dataset.rejected:,} of {dataset.received:,} rows were rejected; they are in {kept}.")


def _tell_overlap(overlap: int | None, only_test_part: bool, version: str) -> None:  # noqa: FBT001
    if only_test_part:
        tell(f"{version} was trained on this file: only its test part is judged.")
    elif overlap is None:
        why = "it comes from a home with another salt, or was pulled without its users"
        tell(f"Whether {version} was trained on these users cannot be told: {why}.")
    elif overlap:
        tell(f"{version} was trained on {overlap:,} of these users: the figures flatter it.")


def _tell_kept(settings: Settings, kept: Any) -> None:
    from core.model import families, registry

    trees = f"{kept.rounds} trees" if kept.rounds else families.FAMILIES[kept.family].name
    tell(
        f"{kept.version or kept.id}: {trees} on {kept.data.trained_on:,} users, judged on "
        f"{kept.data.tested_on:,} others, {kept.seconds:.0f} s."
    )
    for note in kept.notes:
        tell(note)
    if kept.search:
        complete = sum(trial.state == "complete" for trial in kept.search)
        chosen = ", ".join(f"{name} {value:.4g}" for name, value in _searched(kept).items())
        tell(f"Best of {complete} settings tried to the end, {len(kept.search)} in all: {chosen}.")
    if kept.without is not None:
        tell(
            f"On users it had not seen, over the folds: PR-AUC {kept.validation.pr_auc:.4f} with these weights, "
            f"{kept.without.pr_auc:.4f} without; ECE {kept.validation.ece:.4f} and {kept.without.ece:.4f}."
        )
    if not kept.version:
        tell(f"Kept as {kept.id}, to compare: {families.FAMILIES[kept.family].name} cannot be put in charge.")
        return
    constants = registry.describe(settings, kept.version).constants
    if constants:
        tell(f"Constant, so nothing was learnt from them: {', '.join(constants)}.")
    in_charge = registry.champion(settings) == kept.version
    tell(f"{kept.version} is in charge." if in_charge else f"{kept.version} is not in charge.")


def _searched(kept: Any) -> dict[str, float]:
    """The settings chosen, of those that were searched."""
    return {name: kept.options["parameters"][name] for name in kept.search[0].parameters}


def _print_figures(raw: dict[str, Any], as_json: bool) -> None:  # noqa: FBT001
    if as_json:
        sys.stdout.write(json.dumps(raw, indent=1) + "\n")
        return
    sys.stdout.write(f"{raw['n']:,} users, {raw['positives']:,} spammers; 95 % intervals\n")
    for name in ("pr_auc", "roc_auc", "brier", "ece"):
        sys.stdout.write(f"{name:<10}{_figure(raw[name])}\n")
    for band, entry in raw["thresholds"].items():
        cells = "  ".join(f"{name} {_figure(entry[name])}" for name in ("precision", "recall", "f1", "fpr"))
        sys.stdout.write(f"above {entry['above']:g} ({band}): {cells}\n")


def _figure(entry: dict[str, float | None]) -> str:
    if entry["value"] is None:
        return "–"
    if entry["low"] is None:
        return f"{entry['value']:.4f}"
    return f"{entry['value']:.4f} ({entry['low']:.4f} to {entry['high']:.4f})"
