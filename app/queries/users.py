"""What lists of users ask for: who passes, in which order, and how many. Worked out once for each run and question."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from app.queries import services
from core.scoring import export
from core.scoring.filters import Filters
from core.scoring.listing import run_users
from core.scoring.listing.list_view import ListView
from core.scoring.listing.run_users import Listed
from core.scoring.listing.sorting import Positions, Sort
from core.scoring.runs import Run

#: Equal bins of the score.
BINS: Final = 50


def listed(run: Run) -> Listed:
    """Everybody in a run, in input order."""
    return services.listed(run)


def keys(run: Run) -> tuple[str, ...]:
    """What the list of a run can be sorted by."""
    home = services.home()
    return services.kept(("sort keys", home, run.id), lambda: home.run_users.keys(listed(run)))


def column(run: Run, key: str) -> npt.NDArray[Any]:
    """What users are sorted by, (n,), in input order."""
    home = services.home()
    # How often somebody was seen changes with every run.
    newest = home.runs.recent(1)[0].id if key == "runs" else ""
    return services.kept(("column", home, run.id, key, newest), lambda: home.run_users.column(listed(run), key))


def order(run: Run, sort: Sort) -> Positions:
    """Positions of all users in an order, (n,)."""
    home = services.home()
    newest = home.runs.recent(1)[0].id if sort.by == "runs" else ""
    return services.kept(("order", home, run.id, sort, newest), lambda: run_users.ordered(column(run, sort.by), sort))


def matching(run: Run, filters: Filters) -> npt.NDArray[np.bool_]:
    """Who passes, (n,), in input order."""
    home, told = services.home(), services.reasons(run)
    key = ("matching", home, run.id, filters, 0 if told is None else len(told))
    return services.kept(key, lambda: home.run_users.matching(listed(run), filters, told))


def count(run: Run, filters: Filters) -> int:
    """How many pass."""
    return int(np.count_nonzero(matching(run, filters)))


def found(run: Run, view: ListView) -> Positions:
    """The positions of those that pass, in the order of the view, (k,)."""
    home, told = services.home(), services.reasons(run)
    newest = home.runs.recent(1)[0].id if view.sort.by == "runs" else ""
    key = ("found", home, run.id, view.filters, view.sort, 0 if told is None else len(told), newest)
    return services.kept(key, lambda: run_users.found(order(run, view.sort), matching(run, view.filters)))


def bins(run: Run, view: ListView | None = None) -> npt.NDArray[np.int64]:
    """Users by 50 equal bins of the score, (50,); with a view, those that it lists."""
    bin_of = services.kept(("score bins", services.home(), run.id), lambda: _bins(listed(run)))
    return np.bincount(bin_of if view is None else bin_of[matching(run, view.filters)], minlength=BINS)


def _bins(listed: Listed) -> npt.NDArray[np.int8]:
    score = listed.users["probability"].to_numpy()
    return np.asarray(np.minimum(score * BINS, BINS - 1), np.int8)


def selection_file(run: Run, rows: npt.NDArray[np.int64], suffix: str, *, texts: bool = True) -> bytes:
    """The result table of some users of a run, by input row, in input order, as the bytes of a `.csv` or `.parquet`.

    texts: whether reasons quote words.
    """
    taken = np.isin(listed(run).users.index.to_numpy(), rows)
    return export.as_bytes(services.home().exports.run_table(run, texts=texts).filter(pa.array(taken)), suffix)


def deciders(run: Run) -> dict[str, int]:
    """How many users each decided."""
    home = services.home()
    return services.kept(("deciders", home, run.id), lambda: home.runs.deciders(run.id))
