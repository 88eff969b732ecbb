"""The latest runs in figures: the last one against those of its size before it, what waits, and the bands over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
import streamlit as st

from app import charts, navigation
from app.components.shared.figure import Click, Mark, figure, theme
from app.queries import review, services
from app.words import GLYPH, NARROW, UNKNOWN, count, day, percent, plain
from core.policy.bands import BANDS
from core.registry.registry import Model
from core.review.cases import CaseFilters
from core.scoring.runs import Run

if TYPE_CHECKING:
    from streamlit.elements.lib.grid_container import GridContainer as Grid

#: Runs that differ by more than this factor are of different files: what lies between them is no change.
ALIKE: Final = 3
#: Fewest runs that are drawn as bars.
BARS: Final = 3
#: Height in px of a card, with the bars that some of them have and without.
TALL: Final = 174
LOW: Final = 106


@dataclass(frozen=True, slots=True)
class Cards:
    """A row of figures, each with its change, what it is about, and the runs before it; all of one height."""

    grid: Grid
    height: int

    def card(
        self, name: str, value: str, change: str | None, about: str, *,
        colour: Literal["off", "blue", "orange", "red"] = "off", bars: Sequence[float] = (),
    ) -> None:  # fmt: skip
        """`about` stands beside the change, or in its place where nothing changed."""
        with self.grid.cell():
            st.metric(
                name, value, change or about, border=True, height=self.height,
                delta_arrow="auto" if change and change[0] in "+-" else "off",
                delta_color=colour if change else "off", delta_description=about if change else None,
                chart_data=list(bars) if len(bars) >= BARS else None, chart_type="bar",
            )  # fmt: skip


def key_figures(runs: Sequence[Run], model: Model) -> None:
    """runs: newest first, at least one."""
    last, like = runs[0], alike(runs)
    st.markdown(
        f"{model.version} is live under policy {last.policy.version}. The last run, {last.id}, scored "
        f"{count(last.users)} users of {plain(last.name)}."
    )
    if nobody := review.nobody_flagged(last):
        st.info(nobody)
    grid = Cards(st.grid(5, min_column_width=160, gap="small"), TALL if len(like) >= BARS else LOW)
    users, flagged = [run.users for run in like], percent(last.flagged / max(last.users, 1), 2)
    grid.card("Users scored", count(last.users), _change(users), f"{flagged} flagged", bars=users)
    monitored = [run.counts["monitor"] for run in like]
    share = percent(monitored[-1] / max(last.users, 1), 2)
    grid.card(
        f":blue[{GLYPH['monitor']}] Monitor", count(monitored[-1]), _change(monitored), f"{share} of users",
        colour="blue", bars=monitored,
    )  # fmt: skip
    _waiting(grid)
    removed = [run.counts["auto_remove"] for run in like]
    armed = services.policy().armed
    grid.card(
        f":red[{GLYPH['auto_remove']}] Auto-remove", count(removed[-1]), "armed" if armed else "not armed",
        "removed" if armed else "go to review", colour="red", bars=removed,
    )  # fmt: skip
    _right(grid, runs)
    if len(like) >= BARS:
        highest = f"{count(max(users))} users, {count(max(monitored))} in monitor, {count(max(removed))} in auto-remove"
        st.caption(
            f"Bars: {len(like)} runs of about this size, {day(like[0].created)} to {day(like[-1].created)}, a bar each "
            f"from 0; the tallest is {highest}."
        )


def alike(runs: Sequence[Run]) -> list[Run]:
    """Runs of about as many users as the newest, the oldest first: a test of 500 and a whole file are no series."""
    size = max(runs[0].users, 1)
    return [run for run in reversed(runs) if run is runs[0] or size / ALIKE < run.users < size * ALIKE]


def _waiting(grid: Cards) -> None:
    """Cases that wait, those over their time, and how many fit a day."""
    guidance, now = services.guidance(), services.now()
    open_, late = (
        services.home().cases.count(CaseFilters(min_age_hours=hours), now=now)
        for hours in (0.0, guidance.service_hours)
    )
    grid.card(
        f":orange[{GLYPH['human_review']}] To review", count(open_), f"{count(late)} overdue" if late else None,
        f"{count(guidance.capacity)} fit a day", colour="orange",
    )  # fmt: skip


def _right(grid: Cards, runs: Sequence[Run]) -> None:
    """Precision of the flagged, weighted by how they were drawn; a dash while too few are judged."""
    judged = next((run for run in runs if services.planned(run)), None)
    live = review.live_period(judged) if judged is not None else None
    found = live.figures.precision if live is not None else None
    if found is None or not found.judged:
        grid.card("Right when flagged", UNKNOWN, None, "nobody judged yet")
    elif not found.enough or np.isnan(found.value):
        grid.card("Right when flagged", UNKNOWN, None, f"{count(found.judged)} judged, too few")
    else:
        ends = f"{percent(found.low, 0)} to {percent(found.high, 0)}"
        grid.card("Right when flagged", percent(found.value), None, ends)


def recent_runs(runs: Sequence[Run]) -> None:
    """Share of users in each band above allow, run by run; nothing before there are two to compare."""
    like = alike(runs) if runs else []
    if len(like) < 2:
        return
    rows = [
        {"run": run.id, "when": run.created, "band": band, "share": run.counts[band] / max(run.users, 1)}
        for run in like
        for band in BANDS[1:]
    ]
    frame = pd.DataFrame(rows)
    figure(
        charts.band_shares(frame, theme=theme()), key="band_shares", of=f"to {like[-1].id}", table=frame,
        click=Click(_users, "click a point for its users", leaves=True),
    )  # fmt: skip


def _users(point: Mark) -> None:
    """Open the users of a run who are in a band."""
    run, band = point["customdata"]
    navigation.go("score_file", run=run, group=band)


def _change(values: Sequence[float]) -> str | None:
    """How the last value differs from the one before, in words; None where there is none to tell."""
    now, before = values[-1], values[-2] if len(values) > 1 else 0
    if not before or now == before:
        return None
    return f"{100 * (now - before) / before:+.1f}{NARROW}%"
