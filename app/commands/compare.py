"""`python3 -m app registry compare`: two versions, or predictions from outside, on the same users."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.commands.labelled import read, tell_problems, working
from app.commands.reading import UNSAID, Said, reads_table
from app.commands.shared import AsJson, HomeOption, Overwrite, home_of, report_target
from app.stdout import put
from core.remote.addresses import is_address

if TYPE_CHECKING:
    from app.progress import Progress
    from core.comparison.external import Predictions
    from core.comparison.paired_metrics import Comparison, Contender
    from core.data.datasets import Dataset
    from core.data.formats.options import Given
    from core.evaluation.resample import Costs, Floats
    from core.home import Home
    from core.schema.schema import Schema
    from core.targets import Target

#: How names of files end that are no versions.
FILES: Final = frozenset(
    {".csv", ".gz", ".tsv", ".txt", ".zip", ".zst", ".xlsx", ".xlsm", ".parquet", ".json", ".jsonl", ".ndjson"}
    | {".feather", ".arrow"}
)
On = Annotated[
    str | None,
    typer.Option("--on", help="A file or an address of labelled users; not needed for two prediction files."),
]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of the draws.")]
CostReview = Annotated[
    float | None, typer.Option(help="Of a user who is flagged, for the cost per user; by default as the policy says.")
]
CostMiss = Annotated[float | None, typer.Option(help="Of a spammer who is not; the same.")]


@reads_table
def compare(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="A version, a training run, or a file of predictions.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another version, run or file.")],
    on: On = None,
    seed: Seed = 0,
    cost_review: CostReview = None,
    cost_miss: CostMiss = None,
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option("--html", help="Also write a report there: .html.")] = None,
    overwrite: Overwrite = False,
    said: Said = UNSAID,
    home_dir: HomeOption = None,
) -> None:
    """Is B better than A, on users that neither was trained on? Predictions: id,y_true,y_proba per line.

    Scores of any range stand in a column y_score, labels alone in y_pred; they are compared on what they allow.
    """
    home = home_of(context, home_dir)
    with working(home) as progress:
        costs = _costs(home, cost_review, cost_miss)
        target = None if html is None else _target(home, html, first, second, on, overwrite=overwrite)
        facts = {
            **_facts(home, first, second, on, seed, costs, target, progress, said), "costs": asdict(costs)
        }  # fmt: skip
        progress.end()
        put(json.dumps(facts, indent=1, ensure_ascii=False) + "\n" if as_json else _text(facts))


def _costs(home: Home, review: float | None, missed: float | None) -> Costs:
    """As given, else as the policy in force says. Raises BadOptionError."""
    from core.errors import BadOptionError
    from core.evaluation.resample import Costs

    for option, cost in (("--cost-review", review), ("--cost-miss", missed)):
        if cost is not None and not 0 <= cost < math.inf:
            raise BadOptionError(option, "give a finite number, 0 or more.")
    own = home.policies.in_force().aims
    return Costs.at_review(
        review=own.cost_review if review is None else review, missed=own.cost_miss if missed is None else missed
    )


def _target(home: Home, html: Path, first: str, second: str, on: str | None, *, overwrite: bool) -> Target:
    from app.reports import comparison

    reads = [Path(name) for name in (first, second) if _is_file(name)] + (
        [Path(on)] if on and not is_address(on) else []
    )
    return report_target(home, html, comparison.KIND, reads, overwrite=overwrite)


def _facts(
    home: Home, first: str, second: str, on: str | None, seed: int, costs: Costs, html: Target | None,
    progress: Progress, said: Said,
) -> dict[str, Any]:  # fmt: skip
    from core.errors import BadOptionError
    from core.schema import schema as schemas
    from core.training import training_runs

    files = [_is_file(name) for name in (first, second)]
    if html is not None and any(files):
        raise BadOptionError("--html", "a report is of versions and training runs; for files, the Compare page has it.")
    if all(files):
        return _of_files(home, first, second, seed, costs, said.given(home))
    if on is None:
        raise BadOptionError("--on", "give labelled users on whom to compare, such as --on labelled.csv.")
    columns = schemas.load(home.settings.schema_file)
    dataset = read(home, on, columns, progress, said)
    tell_problems(dataset)
    progress("Comparing")
    if any(files):
        return _with_file(home, first, second, dataset, columns, seed, costs, said.given(home))
    if html is not None or any(training_runs.IDENTITY.fullmatch(name) for name in (first, second)):
        return _stored(home, first, second, dataset, seed, costs, html)
    models = home.registry.load(first), home.registry.load(second)
    found = home.version_comparisons.versions(*models, dataset, columns, _thresholds(home), seed=seed, costs=costs)
    return {**found.as_json(), **_lead(home, found.comparison, found.rows.label, *found.contenders)}


def _is_file(name: str) -> bool:
    return Path(name).suffix.lower() in FILES


def _thresholds(home: Home) -> dict[str, float]:
    """By the policy in force."""
    return {str(band): above for band, above in home.policies.in_force().thresholds.items()}


def _of_files(home: Home, first: str, second: str, seed: int, costs: Costs, given: Given) -> dict[str, Any]:
    from core.comparison import external

    a, b = _predictions(first, given), _predictions(second, given)
    if Path(first).resolve() != Path(second).resolve():  # the same file twice stays what cannot be told apart
        b = replace(b, name=external.apart(b.name, [a.name]))
    label, (of_a, of_b) = external.together([a, b])
    return _compared(home, label, of_a, of_b, seed, costs)


def _predictions(name: str, given: Given) -> Predictions:
    """What a file holds, under its name without folders; what is wrong with it is told with them."""
    from core.comparison import external

    return replace(external.read(name, Path(name), given), name=external.base_name(name))


def _compared(home: Home, label: Floats, a: Contender, b: Contender, seed: int, costs: Costs) -> dict[str, Any]:
    from core.comparison.paired_metrics import compare as compared

    thresholds = _thresholds(home)
    found = compared(label, a, b, seed=seed, thresholds=thresholds, costs=costs)
    return {**found.as_json(), **_lead(home, found, label, a, b), "cautions": _upside_down(found, a, b)}


def _lead(home: Home, found: Comparison, label: Floats, a: Contender, b: Contender) -> dict[str, Any]:
    from core.comparison import lead

    thresholds, day = _thresholds(home), home.guidance.load().capacity
    said = lead.of(found, label, a.probability, b.probability, thresholds=thresholds, day=day)
    return {"lead": said.as_json(), "told": said.told(found)}


def _with_file(
    home: Home, first: str, second: str, dataset: Dataset, columns: Schema, seed: int, costs: Costs,
    given: Given,
) -> dict[str, Any]:  # fmt: skip
    from core.comparison import common_rows, external
    from core.errors import BadOptionError

    if columns.id is None:
        raise BadOptionError("--on", "data/schema.toml names no id: predictions cannot be matched with users.")
    model = home.registry.load(second if _is_file(first) else first)
    rows = home.common_rows.rows([model], dataset, columns)

    def contender(name: str) -> Any:
        if not _is_file(name):
            return common_rows.contender(rows, model)
        return external.on(_predictions(name, given), rows.frame[columns.id], rows.label, of=rows.name)

    return {"rows": rows.sentence, **_compared(home, rows.label, contender(first), contender(second), seed, costs)}


def _upside_down(comparison: Comparison, *contenders: Contender) -> list[str]:
    """Those of the two who seem to give the probability of the other class."""
    from core.evaluation import cautions

    both = zip(contenders, comparison.figures, strict=True)
    said = (cautions.upside_down(of.name, found.overall["roc_auc"], of.given) for of, found in both if found.overall)
    return [each for each in said if each]


def _stored(
    home: Home, first: str, second: str, dataset: Dataset, seed: int, costs: Costs, html: Target | None
) -> dict[str, Any]:  # fmt: skip
    """The facts of a comparison as pages have it; with `html`, it is also written there as a report."""
    from app.reports.comparison import report
    from core.comparison.comparison_job import Asked
    from core.evaluation import weakest

    comparison = home.comparer.made(Asked(first, second, dataset.id, _thresholds(home), seed)).at_costs(
        costs, seed=seed
    )
    day = home.guidance.load().capacity
    lead = comparison.lead(day)
    if html is not None:
        html.write_text(report(comparison, lead))
    flips = {"sentence": comparison.flips().sentence, "changes": comparison.flips().frame().to_dict("records")}
    return {
        "rows": comparison.rows, **comparison.comparison.as_json(), "flips": flips, "reasons": comparison.reasons,
        "weakest": weakest.weakest(comparison.segments[1]), "cautions": list(comparison.cautions),
        "lead": lead.as_json(), "told": lead.told(comparison.comparison),
        **({"by_category": comparison.by_category.as_json()} if comparison.by_category else {}),
    }  # fmt: skip


def _text(facts: dict[str, Any]) -> str:
    """Ranking, calibration and equal capacity first, then on whom, what is left out, and every other test."""
    from core.evaluation.resample import Costs

    lead = facts["lead"]
    lines = [lead["ranking"], lead["calibration"], lead["decisions"]["sentence"]]
    lines += [facts.get("rows") or f"{facts['n']:,} users, {facts['positives']:,} spammers.", *lead["left_out"]]
    lines += facts.get("by_category", {}).get("sentences", ())
    lines += facts["told"]
    if any("cost" in line.lower() for line in facts["told"]):
        lines.append(Costs(**facts["costs"]).sentence)
    if "flips" in facts:
        lines += filter(None, (facts["flips"]["sentence"], facts["reasons"], facts["weakest"]))
    lines += [f"Caution: {each}" for each in facts.get("cautions", ())]
    return "".join(f"{line}\n" for line in lines)
