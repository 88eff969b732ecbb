"""What the Monitor page asks for: each made once per process for a run, which never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from app.queries import services
from core.errors import UnknownItemError
from core.monitoring import calibration, drift, volume
from core.monitoring.drift import Drift
from core.registry.registry import Model
from core.scoring.runs import Run


def use(model: Model) -> Mapping[str, float]:
    """How much a version uses each feature."""
    return services.kept(
        ("use of", services.home(), model.version),
        lambda: drift.use_of(model, services.baseline(model.version)),
    )


def report(run: Run) -> Drift:
    """A run, and what its window adds, against what its version was trained on."""
    home = services.home()
    key = ("drift", home, *(each.id for each in home.drift.window(run)))
    return services.kept(key, lambda: home.drift.of_run(run.id, use=use(services.model(run.model))))


def shape(found: Drift, name: str) -> pd.DataFrame:
    """The bins of a feature, or of the score (""), before and now."""
    return services.kept(("shape", services.home(), found.version, found.runs, name), lambda: _shape(found, name))


def levels(found: Sequence[Run]) -> pd.DataFrame:
    """`run`, `when`, `level` and `score` of runs."""
    home = services.home()
    rows = []
    for run in found:
        at = services.kept(("levels", home, run.id), lambda run=run: home.volume.quantiles(run))  # type: ignore[misc]
        rows += [(run.id, run.created, level, score) for level, score in zip(volume.LEVELS, at, strict=True)]
    return pd.DataFrame(rows, columns=["run", "when", "level", "score"])


def calibrated(run: Run) -> pd.DataFrame | None:
    """Whether the scores of a run come true, by the verdicts so far; None while it has no plan."""
    home, known = services.home(), services.home().ledger
    known.refresh()
    key = ("live calibration", home, run.id, known.position, len(home.runs.sent(run.id)))
    rows = services.kept(key, lambda: home.live_figures.labelled(run, known.valid()))
    return None if rows is None else calibration.groups(rows["probability"], rows["label"], rows["inclusion"])


def _shape(found: Drift, name: str) -> pd.DataFrame:
    home, known = services.home(), services.baseline(found.version)
    if name and name not in known.features:
        raise UnknownItemError("feature", name)
    together = [home.runs.find(run) for run in found.runs]
    if not name:
        score = np.concatenate([home.runs.scores(run.id)["probability"].to_numpy() for run in together])
        return drift.side_by_side(drift.of_scores(known), drift.below_one(score))
    model = services.model(found.version)
    values = home.drift.values(model, together, name)
    return drift.side_by_side(known.features[name], values, model.metadata.levels.get(name))
