"""What the *Compare* page shows of a comparison: numbers worked out from its scores once, and words for bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from app import services
from app.words import WORD
from core.data.datasets import Dataset
from core.decision.policy import BANDS, Band
from core.model import operating
from core.model.compared import Compared
from core.model.flips import Flips
from core.model.lineage import VERSION
from core.model.operating import Confusion, Decomposition, Sweep

Side = Literal["a", "b"]
SIDES: Final[tuple[Side, Side]] = ("a", "b")
#: Characters of a contender's name in a heading.
_LONGEST: Final = 40


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


def sweep(view: View, side: Side) -> Sweep:
    return services.sweep(view.identity, side)


def curves(view: View, side: Side) -> pd.DataFrame:
    return services.kept(("curves", view.identity, side), sweep(view, side).curves)


def at_thresholds(view: View, side: Side) -> tuple[Confusion, ...]:
    """Confusion matrices at the thresholds of the policy that was compared."""
    return tuple(sweep(view, side).confusion(above) for above in view.found.thresholds.values())


def distribution(view: View, side: Side) -> pd.DataFrame:
    users = view.found.users
    return services.kept(
        ("scores", view.identity, side), lambda: operating.distributions(users["label"], users[side])
    )  # fmt: skip


def decomposition(view: View, side: Side) -> Decomposition:
    users = view.found.users
    return services.kept(("brier", view.identity, side), lambda: operating.decompose(users["label"], users[side]))


def flips(view: View) -> Flips:
    return services.kept(("flips", view.identity), view.found.flips)


def changed(view: View) -> pd.DataFrame:
    """Those who change band, the largest change first, indexed by input row.

    Columns: user, label, a, b (probabilities), before, after (bands), stricter (whether b is), why.
    """
    return services.kept(("changed", view.identity), lambda: _changed(view))


def _changed(view: View) -> pd.DataFrame:
    found = view.found
    rows = flips(view).rows
    users = found.users.iloc[rows]
    before, after = (_bands(view, users[side]) for side in SIDES)
    frame = users.assign(
        before=before, after=after, stricter=users["b"] > users["a"], why=_why(found).reindex(users.index)
    )
    order = np.argsort(-np.abs(users["b"].to_numpy() - users["a"].to_numpy()), kind="stable")
    return frame.iloc[order]


def _bands(view: View, score: pd.Series[float]) -> list[Band]:
    edges = list(view.found.thresholds.values())
    return [BANDS[at] for at in np.searchsorted(edges, score.to_numpy(), side="left")]


def _why(found: Compared) -> pd.Series[str]:
    """The features whose push moved most, in words, by input row."""
    if found.why is None or found.why.empty:
        return pd.Series([], dtype="str", index=pd.Index([], dtype="int64"))
    moved = found.why.sort_values(["row", "rank"])
    told = [
        f"{name} {change:+.2f}".replace("-", "−")
        for name, change in zip(moved["feature"], moved["change"], strict=True)
    ]
    return pd.Series(told, index=moved["row"]).groupby(level=0).agg("   ".join)


def spoken(sentence: str) -> str:
    """A sentence of the comparison with the bands as a person says them: "above human review"."""
    for band in BANDS:
        sentence = sentence.replace(f"above {band}", f"above {WORD[band].lower()}")
    return sentence


def short(name: str) -> str:
    """A contender's name in a heading."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
