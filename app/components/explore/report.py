"""The exploration as one self-contained HTML file."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app import charts
from app.components.explore.feature_pairs import left_out
from app.components.explore.one_feature import overall
from app.components.explore.source import filter_words
from app.components.shared import room
from app.queries import explore, services
from app.reports import page
from app.reports.page import Section
from app.words import count, percent
from core.explore import pairs, single
from core.registry.registry import Model
from core.scoring.view import View
from core.wording import value_text

#: Features told in full: the ones the model uses most.
FEATURES: Final = 12
_COLUMNS: Final = {
    "feature": "Feature", "kind": "Kind", "use": "Use", "auc": "AUC", "missing": "Missing", "distinct": "Distinct",
    "min": "Min", "median": "Median", "max": "Max", "meaning": "Meaning",
}  # fmt: skip
_RATES: Final = {
    "bin": "Values", "n": "Users", "labelled": "Labelled", "spammers": "Spammers", "rate": "Share of spammers",
    "low95": "from", "high95": "to",
}  # fmt: skip


def export_button(view: View, model: Model | None) -> None:
    name = services.home().datasets.find(view.dataset).name
    st.download_button(
        "Export", lambda: _report(view, model).encode(), f"explore.{name}.html", "text/html",
        icon=":material/download:", on_click="ignore", key="export", width=room.width("Export", icon=True),
    )  # fmt: skip


def _report(view: View, model: Model | None) -> str:
    dataset = services.home().datasets.find(view.dataset)
    users = int(explore.rows(view).sum())
    sentences = [
        f"{dataset.name}: {count(users)} of {count(dataset.accepted)} users, "
        f"{len(explore.schema(view).names)} features.",
        *([f"Only {filter_words(view)}."] if not view.whole else []),
        *(finding.sentence for finding in explore.noted(view, progress=_quiet)),
    ]
    table = explore.table(view, model, progress=_quiet).drop(columns=["spark"])
    if model is not None:
        table = table.assign(use=table["feature"].map(explore.use(view, model).mean)).sort_values(
            "use", ascending=False, kind="stable"
        )
    known, constant = explore.varying(explore.correlations(view, "spearman"))
    matrix = explore.order(known)
    sections = [
        Section("Features", "" if model is None else f"Most used by {model.version} first.", table=_shown(table)),
        *(_feature(view, name) for name in table["feature"].head(FEATURES)),
        Section(
            "Correlations", left_out(constant) if constant else "",
            figure=charts.correlations(matrix, method="Spearman", theme="light"),
            table=pairs.strongest(matrix, 20),
        ),
    ]  # fmt: skip
    for context in explore.groupable(view):
        frame = explore.segmented(view, context)
        shown = frame.rename(columns={"segment": "value", "low95": "low", "high95": "high"})
        drawn = charts.segments(shown, context, overall=overall(view), theme="light")
        sections.append(Section(f"Segments by {context}", figure=drawn, table=frame))
    return page.html(f"Exploration of {dataset.name}", sentences, sections)


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """The feature table as wide as paper; values of every size stand in one column, so each has its own decimals."""
    values = {name: [value_text(value) for value in table[name].round(3)] for name in ("min", "median", "max")}
    shares = {"missing": [percent(share, 2) for share in table["missing"]]}
    kept = {name: word for name, word in _COLUMNS.items() if name in table}
    return table.assign(**values, **shares)[list(kept)].rename(columns=kept)


def _feature(view: View, name: str) -> Section:
    tally, bins = explore.counted(view, name), explore.bins(view, name, log=False)
    rates = single.rates(tally, bins)
    drawn = charts.spam_rate(rates.rename(columns={"bin": "label"}), name, overall=overall(view), theme="light")
    frame = rates[list(_RATES)].rename(columns=_RATES)
    return Section(name, services.meanings().sentence(name), figure=drawn, table=frame)


def _quiet(_done: int, _of: int) -> None: ...
