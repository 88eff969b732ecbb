"""`python3 -m app registry robustness|importance|learning-curve`: a version, or a recipe, looked at closer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.labelled import read, tell_problems, working
from app.commands.reading import UNSAID, Said, reads_table
from app.commands.shared import AsJson, HomeOption, home_of
from app.stdout import put

if TYPE_CHECKING:
    import pandas as pd

    from app.progress import Progress
    from core.data.datasets import Dataset
    from core.home import Home
    from core.schema.schema import Schema

Version = Annotated[str, typer.Argument(help="The version, such as v0001.")]
On = Annotated[
    str, typer.Option("--on", help="A file or an address of labelled users; only users not learnt from count.")
]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of chance.")]
#: Share of the values, or of a feature's spread, in words.
_KINDS = {"missing": "missing", "swapped": "of another user", "jittered": "a little off"}


@reads_table
def robustness(
    context: typer.Context,
    version: Version,
    on: On,
    seed: Seed = 0,
    as_json: AsJson = False,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """What becomes of a version when values go missing, are wrong, or a feature is gone?"""

    home = home_of(context, home_dir)
    with working(home) as progress:
        dataset, columns = _read(home, on, progress, said)
        found = home.robustness.of_version(
            home.registry.load(version), dataset, columns, home.policies.in_force().thresholds, band="human_review",
            seed=seed, progress=lambda done, of: progress.counted("Disturbing values", done, of),
        )  # fmt: skip
        progress.end()
        told = [
            found.sentence,
            *found.warnings,
            found.rows,
            *found.notes,
            "",
            *_aligned(map(_step, found.frame().to_dict("records"))),
        ]
        _print(found.as_json(), told, as_json)


@reads_table
def importance(
    context: typer.Context,
    version: Version,
    on: On,
    seed: Seed = 0,
    as_json: AsJson = False,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Which features does a version need? PR-AUC lost when they are permuted, and mean |SHAP|."""

    home = home_of(context, home_dir)
    with working(home) as progress:
        dataset, columns = _read(home, on, progress, said)
        found = home.importance.of_version(
            home.registry.load(version), dataset, columns, seed=seed,
            progress=lambda done, of: progress.counted("Permuting features", done, of),
        )  # fmt: skip
        progress.end()
        told = [found.sentence, *found.warnings(), found.rows, *found.notes, "", *_aligned(_features(found.frame()))]
        _print(found.as_json(), told, as_json)


@reads_table
def learning_curve(
    context: typer.Context,
    on: On,
    seed: Seed = 0,
    as_json: AsJson = False,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Would more users help? PR-AUC of models that learn from 5 to 100 % of these."""

    home = home_of(context, home_dir)
    with working(home) as progress:
        dataset, columns = _read(home, on, progress, said)
        found = home.learning_curves.of_dataset(dataset, columns, seed=seed, progress=progress)
        progress.end()
        rows = [
            f"{each.n:>9,} users {each.positives:>7,} spammers  PR-AUC {_interval(each.pr_auc.as_json(), 'value', '')}"
            for each in found.points
        ]
        _print(found.as_json(), [found.sentence, "", *rows], as_json)


def _read(home: Home, on: str, progress: Progress, said: Said) -> tuple[Dataset, Schema]:
    from core.schema import schema as schemas

    columns = schemas.load(home.settings.schema_file)
    dataset = read(home, on, columns, progress, said)
    tell_problems(dataset)
    return dataset, columns


def _aligned(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Lines of a name and what is said of it, which begins in the same place however long the names are."""
    told = list(rows)
    width = max((len(name) for name, _ in told), default=0) + 2
    return [f"{name:<{width}}{said}" for name, said in told]


def _step(row: dict[Any, Any]) -> tuple[str, str]:
    what = {"undisturbed": "undisturbed", "dropped": f"without {row['feature']}"}.get(row["kind"])
    what = what or f"{row['amount']:.0%} {_KINDS[row['kind']]}"
    moved = "–" if row["moved"] is None else f"{100 * row['moved']:.2f} %"
    return what, f"PR-AUC {_interval(row, 'pr_auc')}  lost {_interval(row, 'lost_pr_auc')}  new band {moved}"


def _features(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    for row in frame.to_dict("records"):
        shap = "" if row["shap"] != row["shap"] else f"  mean |SHAP| {row['shap']:.3f}"
        yield row["feature"], f"lost {_interval(row, 'lost')}{shap}"


def _interval(row: dict[Any, Any], name: str, start: str | None = None) -> str:
    """A figure and its ends, which are called `<start>low` and `<start>high`, in a table or in JSON."""
    ends = f"{name}_" if start is None else start
    value, low, high = row[name], row[f"{ends}low"], row[f"{ends}high"]
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return "–"
    if low is None or low != low:  # noqa: PLR0124
        return f"{value:.4f}"
    return f"{value:.4f} ({low:.4f} to {high:.4f})"


def _print(facts: dict[str, Any], told: list[str], as_json: bool) -> None:  # noqa: FBT001
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n" if as_json else "".join(f"{line}\n" for line in told)
    put(text)
