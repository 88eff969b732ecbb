"""On whom thresholds are planned: labelled users from whom the model has not learnt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.comparison.common_rows import CommonRows, Rows
from core.data.datasets import Dataset
from core.policy import planner
from core.policy.planner import Floats, Rehearsal
from core.registry.registry import Model
from core.schema import schema as schemas
from core.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What plans are made of, the users it comes from, and their scores, (n,)."""

    rehearsal: Rehearsal
    rows: Rows
    probability: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PlanRows:
    """Prepares plans in a home."""

    common_rows: CommonRows
    schema_file: Path

    def of(self, dataset: Dataset, model: Model) -> Prepared:
        """The labelled users of a dataset whom the model has not seen: on others it scores too well.

        Raises SchemaError without a label, TooFewRowsError where a kind is absent, NoScoreError.
        """
        rows = self.common_rows.rows([model], dataset, schemas.load(self.schema_file))
        scored = Scorer(model).score(rows.frame).checked()
        return Prepared(planner.prepare(scored.probability, rows.label), rows, scored.probability)
