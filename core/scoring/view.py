"""Which users somebody looks at: those of a stored dataset, with the scores of a run where there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from core.ports import DatasetStore
from core.schema.schema import Schema
from core.scoring.filters import Filters
from core.scoring.runs import Run, Runs

EVERYONE: Final = Filters(group="everyone")


@dataclass(frozen=True, slots=True)
class View:
    """A dataset (its id), the run whose scores belong to it, and the filters that hold. Small and hashable."""

    dataset: str
    run: str | None = None
    filters: Filters = EVERYONE

    @property
    def whole(self) -> bool:
        """Whether nobody is left out."""
        return self.filters.group == "everyone" and not self.filters.extra and not self.filters.text.strip()

    @property
    def unfiltered(self) -> View:
        return replace(self, filters=EVERYONE)


def of_run(run: Run, filters: Filters | None = None) -> View:
    return View(run.dataset, run.id, filters or EVERYONE)


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Who is looked at in a view."""

    datasets: DatasetStore
    runs: Runs

    def label(self, dataset: str, schema: Schema) -> npt.NDArray[np.float64] | None:
        """1 for a spammer, 0 for a legitimate user, NaN where not known, (n,); None without a label column."""
        if schema.label is None or self.datasets.find(dataset).positives is None:
            return None
        return self.datasets.frame(dataset, [schema.label.column])[schema.label.column].to_numpy(np.float64)

    def rows(self, view: View, schema: Schema) -> npt.NDArray[np.bool_]:
        """Whether each user of the dataset is looked at, (n,), in input order."""
        dataset = self.datasets.find(view.dataset)
        if view.whole:
            return np.ones(dataset.accepted, bool)
        filters = view.filters
        texts = (dataset.id_column, *dataset.context) if filters.text.strip() else ()
        chosen = (filters.context,) if filters.context is not None and filters.values else ()
        # Of half a million users only the columns asked for are read.
        everyone = self.datasets.frame(view.dataset, list(dict.fromkeys((*texts, *chosen))))
        if view.run is None:  # without scores there are neither bands nor score ranges
            filters = replace(filters, group="everyone", scores=(0.0, 1.0), novel=False, incomplete=False)
        if view.run is not None and filters.scored:
            everyone = everyone.join(self.runs.scores(view.run))
        else:
            everyone = everyone.assign(probability=0.0)
        values = None
        if filters.feature is not None:
            values = self.datasets.frame(view.dataset, [filters.feature])[filters.feature]
        known = self.label(view.dataset, schema) if filters.label != "any" else None
        return filters.matches(everyone, texts=texts, values=values, label=known)
