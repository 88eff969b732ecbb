"""What the planner asks for: prepared once for a dataset and model, planned anew with every wish."""

from __future__ import annotations

from app.queries import services
from core.data.datasets import Dataset
from core.estimation.plan_rows import Prepared
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


def minutes_a_review() -> float | None:
    """How long a verdict took of late; None while too few were timed."""
    ledger = services.home().ledger
    ledger.refresh()
    return handling.minutes_a_review(ledger.frame(), now=services.now())
