"""`python3 -m app train|evaluate`: a model from labelled users, and how good one is on others."""

from __future__ import annotations

import contextlib
import functools
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.engine import DaskWorkers, EngineName, Scheduler, cluster_of
from app.commands.labelled import read, tell_rejected, working
from app.commands.reading import UNSAID, Said, reads_table
from app.commands.shared import (
    SOME_REJECTED,
    AsJson,
    AsOf,
    By,
    HomeOption,
    Version,
    home_of,
    name_of,
    schema_as_of,
    tell_tracking,
)
from app.guard import tell
from app.stdout import put
from core.errors import stored

if TYPE_CHECKING:
    from core.home import Home
    from core.model.families import Recipe
    from core.schema.schema import Schema
    from core.scoring.streaming.dask_engine import DaskEngine
    from core.training.training_runs import TrainingRun
    from core.training.tune import Budget

Labelled = Annotated[
    str,
    typer.Argument(
        help="A file of users, a folder of Parquet, s3://BUCKET/KEY or postgresql://...?table=NAME, with the label "
        "column."
    ),
]


@reads_table
def train(
    context: typer.Context,
    labelled: Labelled,
    promote: Annotated[bool, typer.Option("--promote", help="Promote the new version.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Promote it although something gives the label away.")
    ] = False,
    family: Annotated[str, typer.Option(help="xgboost, which can be live, or one to compare.")] = "xgboost",
    class_weight: Annotated[
        str, typer.Option(help="natural, balanced, or how much a spammer counts for each legitimate user.")
    ] = "natural",
    hard_negatives: Annotated[
        bool, typer.Option("--hard-negatives", help="Legitimate users who score high count more.")
    ] = False,
    augment: Annotated[
        bool, typer.Option("--augment", help="Learn from texts with misspelt and disguised words too.")
    ] = False,
    search_minutes: Annotated[float, typer.Option(min=0, help="Search for better settings for so long.")] = 0,
    search_trials: Annotated[int, typer.Option(min=0, help="Search for better settings, so many of them.")] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of everything random.")] = 0,
    notice: Annotated[str, typer.Option(help="A sentence to show wherever this version is.")] = "",
    engine: EngineName = "local",
    scheduler: Scheduler = None,
    dask_workers: DaskWorkers = None,
    as_of: AsOf = None,
    by: By = None,
    as_json: AsJson = False,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Train a model on labelled users, judge it on users it never sees, and store it as a version."""
    from core.errors import RefusedError
    from core.evaluation.cautions import leaks
    from core.model import families
    from core.training import training
    from core.training.tune import Budget

    home = home_of(context, home_dir)
    with working(home) as progress, contextlib.ExitStack() as stack:
        columns, name = schema_as_of(home, as_of), name_of(by)
        recipe = families.Recipe(family, families.weight(class_weight), hard_negatives, augment)
        budget = Budget(search_minutes, search_trials)
        if cluster := stack.enter_context(cluster_of(engine, scheduler, dask_workers)):
            recipe = _on(cluster, recipe, columns, budget)
        if promote:  # asked before the work, and again when it is done
            recipe.check_can_lead()
            home.accounts.authorise(name, "promote")
        dataset = read(home, labelled, columns, progress, said, name)
        run = home.training.run(
            dataset, columns, home.policies.in_force().thresholds,
            about=training.About(datetime.now(UTC), notice, name), recipe=recipe, budget=budget, seed=seed,
            progress=progress,
        )  # fmt: skip
        progress.end()
        found = run.cautions or ()
        stopped = bool(leaks(found)) and not anyway
        if promote and not stopped:
            why = "Trained with --promote --anyway." if leaks(found) else "Trained with --promote."
            with stored(f"{run.version} is stored and not live: registry promote {run.version}."):
                home.registry.promote(run.version, by=name, why=why, now=datetime.now(UTC))
        tell_rejected(home, dataset)
        _tell_kept(home, run)
        if columns.texts and (unstated := home.messages.load().unstated):
            tell(unstated)
        facts: dict[str, Any] = {"model_version": run.version or None, "candidate": run.id}
        facts |= {"cautions": [each.as_json() for each in found]}
        _print_figures(run.figures.as_json() | facts, as_json)
        tell_tracking(home)
        if promote and stopped:
            raise RefusedError(
                f"{run.version} is kept and not promoted: something gives the label away. Mend that and train "
                "again, or add --anyway if you are sure."
            )
    raise SystemExit(SOME_REJECTED if dataset.rejected else 0)


def _on(cluster: DaskEngine, recipe: Recipe, columns: Schema, budget: Budget) -> Recipe:
    """The recipe, learnt by a cluster. Raises BadOptionError for what it does not learn."""
    from core.training import dask_boosting

    dask_boosting.check(columns, recipe, budget)
    return replace(recipe, engine=dask_boosting.DaskXGBoost(client=cluster.client))


@reads_table
def evaluate(
    context: typer.Context,
    labelled: Labelled,
    model: Version = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Judge a model on labelled users; on its own training file only the test part counts."""
    home = home_of(context, home_dir)
    with working(home) as progress:
        columns, loaded = schema_as_of(home, as_of), home.registry.load(model)
        dataset = read(home, labelled, columns, progress, said)
        judged = home.training.judged(
            loaded, dataset, columns, home.policies.in_force().thresholds,
            scoring=functools.partial(progress.counted, "Scoring"),
            progress=lambda done, of: progress("Drawing samples for the intervals", done / of),
        )  # fmt: skip
        progress.end()
        tell_rejected(home, dataset)
        _tell_overlap(judged.overlap, judged.only_test_part, loaded.version)
        facts = {
            "model_version": loaded.version,
            "policy_version": home.policies.in_force().version,
            "dataset": dataset.id,
            "trained_on_of_these": judged.overlap,
            "only_test_part": judged.only_test_part,
        }
        _print_figures(judged.figures.as_json() | facts, as_json)
    raise SystemExit(SOME_REJECTED if dataset.rejected else 0)


def _tell_overlap(overlap: int | None, only_test_part: bool, version: str) -> None:  # noqa: FBT001
    if only_test_part:
        tell(f"{version} was trained on this file: only its test part is judged.")
    elif overlap is None:
        why = "it comes from a workspace with another salt, or was pulled without its users"
        tell(f"Whether {version} was trained on these users cannot be told: {why}.")
    elif overlap:
        tell(f"{version} was trained on {overlap:,} of these users: the figures flatter it.")


def _tell_kept(home: Home, run: TrainingRun) -> None:
    from core.model import families

    trees = f"{run.rounds} trees" if run.rounds else families.FAMILIES[run.family].name
    tell(
        f"{run.version or run.id}: {trees} on {run.data.trained_on:,} users, judged on "
        f"{run.data.tested_on:,} others, {run.seconds:.0f} s."
    )
    for caution in run.cautions or ():
        tell(f"Caution, {caution.kind}: {caution.sentence}")
    for note in run.notes:
        tell(note)
    if run.search:
        complete = sum(trial.state == "complete" for trial in run.search)
        chosen = ", ".join(f"{name} {value:.4g}" for name, value in _searched(run).items())
        tell(f"Best of {complete} settings tried to the end, {len(run.search)} in all: {chosen}.")
    if run.without is not None and run.validation is not None:
        tell(
            f"On users it had not seen, over the folds: PR-AUC {run.validation.pr_auc:.4f} with these weights, "
            f"{run.without.pr_auc:.4f} without; ECE {run.validation.ece:.4f} and {run.without.ece:.4f}."
        )
    if not run.version:
        tell(f"Kept as {run.id}, to compare: {families.FAMILIES[run.family].name} cannot be promoted.")
        return
    constants = home.registry.describe(run.version).constants
    if constants:
        tell(f"Constant, so nothing was learnt from them: {', '.join(constants)}.")
    in_charge = home.registry.champion() == run.version
    tell(f"{run.version} is live." if in_charge else f"{run.version} is not live.")


def _searched(run: TrainingRun) -> dict[str, float]:
    """The settings chosen, of those that were searched."""
    return {name: run.options["parameters"][name] for name in run.search[0].parameters}


def _print_figures(raw: dict[str, Any], as_json: bool) -> None:  # noqa: FBT001
    if as_json:
        put(json.dumps(raw, indent=1) + "\n")
        return
    put(f"{raw['n']:,} users, {raw['positives']:,} spammers; 95 % intervals\n")
    for name in ("pr_auc", "roc_auc", "brier", "ece"):
        put(f"{name:<10}{_figure(raw[name])}\n")
    for band, entry in raw["thresholds"].items():
        cells = "  ".join(f"{name} {_figure(entry[name])}" for name in ("precision", "recall", "f1", "fpr"))
        put(f"above {entry['above']:g} ({band}): {cells}\n")
    if "categories" in raw:
        _print_categories(raw)
    for each in raw.get("segments", ()):
        cells = "  ".join(f"{name} {_figure(each[name])}" for name in ("roc_auc", "precision", "recall", "fpr"))
        put(f"{each['column']} {each['segment']} ({each['n']:,}, {each['positives']:,} spammers): {cells}\n")


def _print_categories(raw: dict[str, Any]) -> None:
    put(f"macro-F1  {_figure(raw['macro_f1'])}  over {len(raw['categories'])} classes, accuracy "
        f"{_figure(raw['accuracy'])}\n")  # fmt: skip
    for category, entry in raw["categories"].items():
        cells = "  ".join(f"{name} {_figure(entry[name])}" for name in ("precision", "recall", "f1"))
        put(f"{category} ({entry['n']:,}): {cells}\n")


def _figure(entry: dict[str, float | None]) -> str:
    if entry["value"] is None:
        return "–"
    if entry["low"] is None:
        return f"{entry['value']:.4f}"
    return f"{entry['value']:.4f} ({entry['low']:.4f} to {entry['high']:.4f})"
