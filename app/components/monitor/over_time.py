"""How runs follow each other: bands and scores, whether scores come true, who waits, and what went wrong before."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app import charts, navigation
from app.components.overview.recent_runs import recent_runs
from app.components.shared.figure import Click, Mark, figure, theme
from app.components.shared.heading import section
from app.queries import monitor, services
from app.tables.cells import safe
from app.words import UNKNOWN, count, hours, legible
from core.monitoring.incidents import Incident
from core.monitoring.volume import Queue
from core.scoring.runs import Run
from core.wording import count as counted


def scores(found: Sequence[Run]) -> None:
    """The scores of runs, newest first."""
    if not found:
        section("Scores of each run")
        st.caption("Every run so far was a test.")
        return
    frame = monitor.levels(found)
    figure(
        charts.score_levels(frame, theme=theme()), key="score-levels", of=f"to {found[0].id}", table=frame,
        click=Click(_run, "click a point for its run", leaves=True),
    )  # fmt: skip


def _run(point: Mark) -> None:
    navigation.go("score_file", run=point["customdata"])


def bands(found: Sequence[Run]) -> None:
    """The share of each band of runs; it takes two to compare."""
    recent_runs(found)
    if len(found) < 2:
        section("Bands of each run", counted(len(found), "run"))
        st.caption("A second run will show how the bands change.")


def calibration(run: Run | None) -> None:
    """Whether the scores of a run come true."""
    frame = None if run is None else monitor.calibrated(run)
    if run is None or frame is None or frame.empty:
        section("Predicted and observed", "by verdicts")
        whose = "Send a run to review" if run is None else f"No verdict yet on users drawn from {run.id}"
        st.caption(f"{whose}: verdicts on users drawn at random tell whether scores come true.")
        return
    figure(charts.reliability(frame, theme=theme()), key="live-calibration", of=run.id, table=frame)
    st.caption(f"{run.id}, {run.model}; each judged user counts for as many as it was drawn from.")


def throughput(queue: Queue) -> None:
    figure(charts.throughput(queue.days, theme=theme()), key="throughput", table=queue.days)
    if queue.open:
        late = f", {count(queue.late)} of them longer than {queue.service_hours:g} h" if queue.late else ""
        st.caption(
            f"{counted(queue.open, 'user')} waiting, the median for {hours(queue.median_hours)}{late}.{_pace(queue)}"
        )


def _pace(queue: Queue) -> str:
    """How long the queue takes at the pace of the last days, or as planned while there are too few of them."""
    a_day, planned = queue.judged_a_day, services.guidance().capacity
    if a_day is None:
        return f" At {count(planned)} a day, as planned, they take {_days(queue.open / planned)}." if planned else ""
    return f" At {a_day:.1f} a day, as lately, they take {_days(queue.open / a_day)}." if a_day else ""


def _days(number: float) -> str:
    return counted(math.ceil(number), "day")


def past(found: Sequence[Incident]) -> None:
    """Incidents that are over, newest first."""
    section("Past incidents", f"{len(found)}, newest first" if found else None)
    if not found:
        st.caption("None so far.")
        return
    frame = pd.DataFrame(
        {
            "Kind": [each.finding.kind for each in found],
            "What": [legible(each.finding.sentence) for each in found],
            "From": [each.opened for each in found],
            "Until": [each.closed for each in found],
            "Told": [each.told for each in found],
        }
    )
    when = {
        name: st.column_config.DatetimeColumn(format="D MMM, HH:mm", timezone=st.context.timezone)
        for name in ("From", "Until", "Told")
    }
    st.dataframe(
        safe(frame), hide_index=True, row_height=32, height=min(35 + 32 * len(found) + 3, 230), placeholder=UNKNOWN,
        column_config={"What": st.column_config.TextColumn(width="large"), **when},
        alt="Past incidents: kind, what, from, until, told",
    )  # fmt: skip
