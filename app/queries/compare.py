"""What the *Compare* page shows of a comparison: numbers worked out from its scores once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from app.queries import services
from app.tables import comparison as tables
from core.comparison.comparison_store import Compared
from core.comparison.flips import Flips
from core.comparison.lead import Lead
from core.data.datasets import Dataset
from core.evaluation import drawn_curves, thresholds
from core.evaluation.resample import Costs
from core.evaluation.thresholds import Confusion, Decomposition, Sweep
from core.registry.lineage import VERSION

Side = Literal["a", "b"]
#: Of the draws behind intervals of curves: the same users for both models, and each time the page is opened.
SEED: Final = 0
SIDES: Final[tuple[Side, Side]] = ("a", "b")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A comparison that was made. `dataset`: of its users, None for two files of predictions."""

    identity: str
    found: Compared
    dataset: Dataset | None

    @property
    def names(self) -> tuple[str, str]:
        a, b = self.found.names
        return a, b

    @property
    def versions(self) -> tuple[str, ...]:
        """Which of the two are versions of the registry, b first: it is the one looked at."""
        return tuple(each for each in reversed(self.found.contenders) if VERSION.fullmatch(each))


def at_costs(identity: str, found: Compared, costs: Costs) -> Compared:
    """A comparison that was kept, with its cost per user at other costs."""
    return services.kept(("at costs", identity, costs), lambda: found.at_costs(costs, seed=SEED))


def lead(view: View) -> Lead:
    """Ranking, calibration, and equal capacity by what the lead of reviews has set for a day."""
    day = services.guidance().capacity
    return services.kept(("lead", view.identity, day), lambda: view.found.lead(day))


def sweep(view: View, side: Side) -> Sweep:
    return services.sweep(view.identity, side)


def curves(view: View, side: Side) -> pd.DataFrame:
    return services.kept(("curves", view.identity, side), sweep(view, side).curves)


def lift(view: View, side: Side) -> pd.DataFrame:
    return services.kept(("lift", view.identity, side), lambda: drawn_curves.lift(sweep(view, side), seed=SEED))


def expected_cost(view: View, side: Side, costs: Costs) -> pd.DataFrame:
    key = ("cost", view.identity, side, costs)
    return services.kept(key, lambda: drawn_curves.expected_cost(sweep(view, side), costs, seed=SEED))


def at_thresholds(view: View, side: Side) -> tuple[Confusion, ...]:
    """Confusion matrices at the thresholds of the policy that was compared."""
    return tuple(sweep(view, side).confusion(above) for above in view.found.thresholds.values())


def distribution(view: View, side: Side) -> pd.DataFrame:
    users = view.found.users
    return services.kept(
        ("scores", view.identity, side), lambda: thresholds.distributions(users["label"], users[side])
    )  # fmt: skip


def decomposition(view: View, side: Side) -> Decomposition:
    users = view.found.users
    return services.kept(("brier", view.identity, side), lambda: thresholds.decompose(users["label"], users[side]))


def flips(view: View) -> Flips:
    return services.kept(("flips", view.identity), view.found.flips)


def changed(view: View) -> pd.DataFrame:
    """Those who change band, the largest change first, indexed by input row.

    Columns: user, label, a, b (probabilities), before, after (bands), stricter (whether b is), why.
    """
    return services.kept(("changed", view.identity), lambda: tables.changed(view.found, flips(view)))
