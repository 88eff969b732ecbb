"""One training run: how good it is on held-out users, what speaks against that, and where it leads."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import streamlit as st

from app import charts, navigation
from app.components.overview.model_figures import figure_table
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.components.shared.numbers import numbers
from app.components.train import run_words
from app.components.train.effect import effect
from app.components.train.search import search
from app.queries import services
from app.tables.model import NAMES, cells
from app.words import count, moment, plain
from core.evaluation.cautions import Caution
from core.training.training_runs import TrainingRun
from core.wording import count as counted


def about(kept: TrainingRun, champion: str | None) -> None:
    """The finding as a sentence, then its evidence."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(_finding(kept), anchor=False, width="stretch")
        _ways_on(kept, champion)
    st.markdown(_made_from(kept))
    _cautions(kept)
    halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
    with halves.cell():
        _overall(kept)
        steadiness = _parts(kept)
        figure(charts.folds(steadiness, theme=theme()), key=f"folds-{kept.id}", table=steadiness)
    with halves.cell():
        groups = pd.DataFrame([asdict(group) for group in kept.figures.reliability])
        figure(charts.reliability(groups, theme=theme()), key=f"reliability-{kept.id}", table=groups)
    effect(kept)
    search(kept)


def _overall(run: TrainingRun) -> None:
    figures = run.figures
    rows = [(NAMES[name], *cells(found)) for name, found in figures.overall.items()]
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        sample = f"{count(figures.n)} held-out users, {counted(figures.positives, 'spammer')}"
        section("How good it is", f"95\u202f% intervals, {sample}", width="stretch")
        numbers(pd.DataFrame(rows, columns=["figure", "value", "from", "to"]), f"figures-{run.id}")
    figure_table(figures, first=run.id)


def _finding(run: TrainingRun) -> str:
    pr_auc = run_words.estimate(run.figures.overall["pr_auc"])
    return f"{run.id}, {plain(run_words.family(run.family))}, has a PR-AUC of {pr_auc}."


def _made_from(run: TrainingRun) -> str:
    data = run.data
    parts = [
        f"Learnt from {count(data.trained_on)} users of {plain(data.name)}, judged on {count(data.tested_on)} others",
        *([f"{count(run.rounds)} rounds"] if run.rounds else []),
        *([plain(options)] if (options := run_words.options(run)) != run_words.DEFAULTS else []),
        f"seed {run.seed}",
        f"{run.seconds:.0f}\u202fs",
        f"{moment(run.created)} UTC" + (f", by {plain(run.by)}" if run.by else ""),
    ]
    return " &nbsp;·&nbsp; ".join(parts)


def _ways_on(run: TrainingRun, champion: str | None) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", width="content"):
        if run.version and st.button("Open in Registry", icon=":material/inventory_2:"):
            navigation.go("registry", version=run.version)
        other = champion is not None and champion != run.version
        if other and st.button(f"Compare with {champion}", icon=":material/compare_arrows:"):
            navigation.go("compare", a=str(champion), b=run.version or run.id)


def _cautions(run: TrainingRun) -> None:
    """What speaks against the figures, then what has to be known beside them."""
    found = services.cautions(run)
    if found:
        with st.container(horizontal=True, gap="small", wrap=False):
            st.badge(counted(len(found), "caution"), icon=":material/warning:", color="yellow")
            st.markdown("  \n".join(map(_caution, found)), width="stretch")
    for each in run.notes:
        st.caption(plain(each))


def _caution(found: Caution) -> str:
    return f"**Leak.** {plain(found.sentence)}" if found.kind == "leak" else plain(found.sentence)


def _parts(run: TrainingRun) -> pd.DataFrame:
    """PR-AUC where it was measured; one row a fold."""
    test, unknown = run.figures.overall["pr_auc"], np.nan
    rows = [
        ("learnt from", run.training_pr_auc, unknown, unknown),
        *(("folds left out", value, unknown, unknown) for value in run.folds),
        ("held out", test.value, test.low, test.high),
    ]
    return pd.DataFrame(rows, columns=["users", "value", "low", "high"]).astype(
        dict.fromkeys(("value", "low", "high"), float)
    )
