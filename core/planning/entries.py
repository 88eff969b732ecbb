"""Users of a run as the queue takes them: with what there is to judge them by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.policy.bands import BANDS
from core.policy.decide import acted
from core.ports import DatasetStore
from core.review.enqueue import Entry
from core.schema import schema as schemas
from core.schema.levels import written
from core.scoring.runs import Run, Runs


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Makes entries of the users of runs."""

    datasets: DatasetStore
    runs: Runs
    schema_file: Path

    def of(self, run: Run, chosen: pd.DataFrame) -> list[Entry]:
        """chosen: `user`, `stratum`, `inclusion` (None outside the sampled strata) and `blind`, by input row."""
        dataset, rows = self.datasets.find(run.dataset), chosen.index
        schema = schemas.load(self.schema_file)
        names = schema.names
        features = self.datasets.frame(run.dataset, names).loc[rows].to_dict("records")
        there = self.datasets.columns(run.dataset)
        words = {written(name): name for name in schema.worded if written(name) in there}
        shown = self.datasets.frame(run.dataset, [*dataset.context, *words]).loc[rows].rename(columns=words)
        context = shown.to_dict("records")
        scores = self.runs.scores(run.id).loc[rows]
        severity = scores["severity"].to_numpy(np.int8)
        kinds = scores["category"] if "category" in scores else [""] * len(rows)
        acted_on = acted(severity, armed=run.policy.armed)
        return [
            Entry(
                user=user, dataset=run.dataset, run=run.id, row=int(row), model=run.model, policy=run.policy.version,
                score=float(p), band=BANDS[band], action=BANDS[action], decided_by=by, stratum=stratum,
                blind=bool(blind),
                inclusion=None if pd.isna(inclusion) else float(inclusion),
                context={name: None if pd.isna(value) else str(value) for name, value in about.items()},
                features={str(name): None if pd.isna(value) else float(value) for name, value in values.items()},
                category=kind,
            )
            for row, user, stratum, inclusion, blind, p, band, action, by, about, values, kind in zip(
                rows, chosen["user"], chosen["stratum"], chosen["inclusion"], chosen["blind"], scores["probability"],
                severity, acted_on, scores["decided_by"], context, features, kinds, strict=True,
            )
        ]  # fmt: skip
