"""What the planner asks for: prepared once for a dataset and model, planned anew with every wish."""

from __future__ import annotations

import pandas as pd

from app.queries import services
from app.queries.compare import SEED
from core.data.datasets import Dataset
from core.estimation.plan_rows import Prepared
from core.evaluation import drawn_curves
from core.evaluation.resample import Costs
from core.evaluation.thresholds import Sweep
from core.feedback import handling
from core.registry.registry import Model


def labelled() -> tuple[Dataset, ...]:
    """Datasets with labels, newest first; the bundled one where there is no other."""
    services.demo_labelled()
    return tuple(each for each in services.home().datasets.stored() if each.positives)


def prepared(dataset: Dataset, model: Model) -> Prepared:
    """What plans are made of."""
    here = services.home()
    return services.kept(("plan rows", here, dataset.id, model.version), lambda: here.plan_rows.of(dataset, model))


def lift(dataset: Dataset, model: Model) -> pd.DataFrame:
    """Of the users that the model has not learnt from; as `drawn_curves.lift`."""
    key = ("lift of one", services.home(), dataset.id, model.version)
    return services.kept(key, lambda: drawn_curves.lift(_sweep(dataset, model), seed=SEED))


def expected_cost(dataset: Dataset, model: Model, costs: Costs) -> pd.DataFrame:
    """Of the users that the model has not learnt from; as `drawn_curves.expected_cost`."""
    key = ("cost of one", services.home(), dataset.id, model.version, costs)
    return services.kept(key, lambda: drawn_curves.expected_cost(_sweep(dataset, model), costs, seed=SEED))


def _sweep(dataset: Dataset, model: Model) -> Sweep:
    found = prepared(dataset, model)
    return Sweep(found.rows.label, found.probability)


def minutes_a_review() -> float | None:
    """How long a verdict took of late; None while too few were timed."""
    ledger = services.home().ledger
    ledger.refresh()
    return handling.minutes_a_review(ledger.frame(), now=services.now())
