"""What names a user over all files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.ports import DatasetStore
from core.schema import schema as schemas
from core.scoring.runs import Run, Runs


@dataclass(frozen=True, slots=True, eq=False)
class UserNames:
    """The names of the users of runs."""

    datasets: DatasetStore
    runs: Runs
    schema_file: Path

    def of(self, run: Run) -> pd.Series[str]:
        """By input row: the id, or, without ids, the file and the row."""
        if schemas.load(self.schema_file).id is None:
            rows = self.runs.scores(run.id).index
            return pd.Series([f"{run.dataset[:12]}-{row}" for row in rows], index=rows, dtype="str")
        column = self.datasets.find(run.dataset).id_column
        return self.datasets.frame(run.dataset, [column])[column].astype("str")


def latest(named: pd.Series[str]) -> pd.Index[int]:
    """The last input row of each user: who asks the API about one user twice means the same user."""
    return named.index[~named.duplicated(keep="last")]
