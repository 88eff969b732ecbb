"""The latest runs in figures: the last one against the one before, and the flagged share over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from app import charts
from app.components.shared.figure import figure, theme
from app.queries import review
from app.words import NARROW, count, percent, plain
from core.policy.bands import BANDS
from core.registry.registry import Model
from core.scoring.runs import Run

#: Runs that differ by more than this factor are of different files: a percentage between them says nothing.
ALIKE: Final = 10


def key_figures(runs: Sequence[Run], model: Model) -> None:
    """runs: newest first, at least one."""
    last = runs[0]
    st.markdown(
        f"{model.version} is live under policy {last.policy.version}. The last run, {last.id}, scored "
        f"{count(last.users)} users of {plain(last.name)}."
    )
    if nobody := review.nobody_flagged(last):
        st.info(nobody)
    before = runs[1] if len(runs) > 1 else None
    oldest_first = list(reversed(runs))
    grid = st.grid(4)
    _metric(grid, "Users scored, last run", count(last.users), [run.users for run in oldest_first],
            None if before is None else _change(last.users, before.users))  # fmt: skip
    shares = [_share(run) for run in oldest_first]
    _metric(grid, "Flagged", percent(_share(last), 2), [100 * share for share in shares],
            None if before is None else _points(_share(last), _share(before)))  # fmt: skip
    monitored = [run.counts["monitor"] for run in oldest_first]
    _metric(grid, "Monitored", count(monitored[-1]), monitored,
            None if before is None else _change(monitored[-1], monitored[-2]))  # fmt: skip
    rejected = [run.rejected for run in oldest_first]
    _metric(
        grid,
        "Rejected rows",
        count(last.rejected),
        rejected,
        None if before is None else _change(rejected[-1], rejected[-2]),
    )


def recent_runs(runs: Sequence[Run]) -> None:
    """Share of users in each band above allow, run by run; nothing before there are two to compare."""
    if len(runs) < 2:
        return
    rows = [
        {"when": run.created, "band": band, "share": run.counts[band] / max(run.users, 1)}
        for run in reversed(runs)
        for band in BANDS[1:]
    ]
    figure(charts.band_shares(pd.DataFrame(rows), theme=theme()), key="band_shares")


def _metric(grid: object, name: str, value: str, history: Sequence[float], change: str | None) -> None:
    with grid.cell():  # type: ignore[attr-defined]
        st.metric(
            name, value, change, delta_color="off", delta_description="on the run before" if change else None,
            chart_data=history if len(history) > 2 else None,
        )  # fmt: skip


def _share(run: Run) -> float:
    return run.flagged / max(run.users, 1)


def _change(now: float, before: float) -> str | None:
    """Relative change in words; None where there is none to tell, or where the two are of another size."""
    if not before or now == before or not before / ALIKE < now < before * ALIKE:
        return None
    return f"{100 * (now - before) / before:+.1f}{NARROW}%"


def _points(now: float, before: float) -> str | None:
    return f"{100 * (now - before):+.2f} points" if f"{100 * (now - before):.2f}" not in {"0.00", "-0.00"} else None
