"""Users of a run as the queue takes them: with what there is to judge them by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.policy.decide import decide
from core.ports import DatasetStore
from core.review.enqueue import Entry
from core.schema import schema as schemas
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
        names = schemas.load(self.schema_file).names
        features = self.datasets.frame(run.dataset, names).loc[rows].to_dict("records")
        context = self.datasets.frame(run.dataset, dataset.context).loc[rows].to_dict("records")
        score = self.runs.scores(run.id)["probability"].loc[rows]
        bands, actions = decide(run.policy, score).bands.tolist(), decide(run.policy, score).actions.tolist()
        return [
            Entry(
                user=user, dataset=run.dataset, run=run.id, row=int(row), model=run.model, policy=run.policy.version,
                score=float(p), band=band, action=action, stratum=stratum, blind=bool(blind),
                inclusion=None if pd.isna(inclusion) else float(inclusion),
                context={name: None if pd.isna(value) else str(value) for name, value in about.items()},
                features={str(name): None if pd.isna(value) else float(value) for name, value in values.items()},
            )
            for row, user, stratum, inclusion, blind, p, band, action, about, values in zip(
                rows, chosen["user"], chosen["stratum"], chosen["inclusion"], chosen["blind"], score, bands, actions,
                context, features, strict=True,
            )
        ]  # fmt: skip
