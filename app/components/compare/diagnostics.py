"""One version looked at closer: how robust it is, what it needs, and whether more users would help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st

from app import charts
from app.charts.diagnostics import Measure
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.components.shared.job_progress import job_progress
from app.queries import services
from app.words import NARROW, percent, plain
from core.data.datasets import Dataset
from core.diagnostics.learning_curve import LearningCurve
from core.errors import listed

#: The band at whose threshold precision and recall are taken.
BAND: Final = "human_review"
_MEASURES: Final[dict[Measure, str]] = {
    "pr_auc": "PR-AUC", "roc_auc": "ROC-AUC", "precision": "Precision", "recall": "Recall"
}  # fmt: skip
_A_LITTLE_OFF: Final = (
    "A little off: numbers move by normal noise of that share of the feature's spread (interquartile range / 1.349); "
    "codes and flags are another user's for that share of the users."
)


@dataclass(frozen=True, slots=True)
class _Work:
    """A job that can be asked for: its title, the words on its button, what it does, what is called with what."""

    title: str
    button: str
    what: str
    target: str
    arguments: Mapping[str, Any]
    identity: str


@st.fragment
def deeper(version: str, dataset: Dataset) -> None:
    """Three sections in tabs, each drawn when it is opened and worked out when somebody asks for it."""
    section(f"{version}, closer", f"on {plain(dataset.name)}")
    tabs = st.tabs(["Robustness", "Importance", "Learning curve"], on_change="rerun", key="deeper")
    for tab, draw in zip(tabs, (_robustness, _importance, _learning_curve), strict=True):
        if tab.open:
            with tab:
                draw(version, dataset)


def _robustness(version: str, dataset: Dataset) -> None:
    above = services.policy().thresholds
    found = services.home().robustness.stored(version, dataset.id, above=above[BAND])
    if found is None:
        _offer(
            _Work(
                f"Robustness of {version}", "Disturb values",
                f"What becomes of {version} when values go missing, are wrong, or a feature is gone.",
                "robustness",
                {"version": version, "dataset": dataset.id, "thresholds": above, "band": BAND},
                f"robustness-{version}-{dataset.id[:16]}",
            )
        )  # fmt: skip
        return
    st.markdown(plain(found.sentence))
    _warn(found.warnings)
    frame = found.frame()
    levels, features = frame[frame["kind"] != "dropped"], frame[frame["kind"] == "dropped"]
    halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
    with halves.cell():
        measure = st.segmented_control(
            "Figure", list(_MEASURES), default="pr_auc", required=True, format_func=_MEASURES.__getitem__,
            key="deeper_measure", label_visibility="collapsed",
        )  # fmt: skip
        figure(
            charts.endurance(levels, measure, version=version, theme=theme()), key="endurance", of=version, table=levels
        )
        figure(
            charts.endurance(levels, "moved", version=version, theme=theme()),
            key="endurance_moved",
            of=version,
            table=levels,
        )
    with halves.cell():
        strongest = features.sort_values("lost_pr_auc", ascending=False, kind="stable")
        figure(charts.dropped(strongest, version=version, theme=theme()), key="dropped", of=version, table=strongest)
    at = f"Precision and recall above {found.above:g}. A little off: numbers move by normal noise of that share of the "
    kinds = (
        "feature's spread (interquartile range / 1.349), codes and flags are another user's for that share of users."
    )
    _notes(found.rows, *found.notes, at + kinds)


def _importance(version: str, dataset: Dataset) -> None:
    found = services.home().importance.stored(version, dataset.id)
    if found is None:
        _offer(
            _Work(
                f"Importance of {version}'s features", "Permute features",
                f"How much PR-AUC {version} loses when a feature's values are dealt out anew, "
                "beside how far the feature moves scores.",
                "importance", {"version": version, "dataset": dataset.id},
                f"importance-{version}-{dataset.id[:16]}",
            )
        )  # fmt: skip
        return
    st.markdown(plain(found.sentence))
    _warn(found.warnings())
    frame = found.frame()
    alone = frame[frame["feature"].isin({each.features[0] for each in found.features})]
    figure(charts.importances(alone, version=version, theme=theme()), key="importances", of=version, table=frame)
    same = f"The same for all of these users, so nothing to permute: {listed(found.constant, most=12)}."
    repeats = f"Mean of {found.repeats} permutations; the interval is of other users and of one permutation."
    _notes(found.rows, *found.notes, repeats, *([same] if found.constant else []))


def _learning_curve(_version: str, dataset: Dataset) -> None:
    found = services.home().learning_curves.stored(dataset.id)
    if found is None:
        _offer(
            _Work(
                "The learning curve", "Draw the learning curve",
                "Five models, trained on more and more of these users: takes twice as long as to train one on all.",
                "learning_curve", {"dataset": dataset.id},
                f"learning_curve-{dataset.id[:16]}",
            )
        )  # fmt: skip
        return
    st.markdown(plain(found.sentence))
    frame = found.frame()
    halves = st.grid(2, min_column_width=430, gap=("small", "medium"))
    with halves.cell():
        figure(
            charts.learning(frame, name=found.name, n=found.n, theme=theme()), key="learning_curve", of=found.name,
            table=frame,
        )  # fmt: skip
    with halves.cell():
        section("Step by step", f"95{NARROW}% intervals")
        _steps(found)
    few = [percent(share, 0) for share in found.left_out]
    _notes(
        "Smaller sets lie in larger ones. XGBoost with this workspace's settings, whatever version is looked at.",
        *([f"Left out, for too few spammers: {listed(few)}."] if few else []),
    )


def _steps(found: LearningCurve) -> None:
    rows = [
        {"Users": each.n, "Spammers": each.positives, "PR-AUC": each.pr_auc.value, "Gained": each.gained.value,
         "from": each.gained.low, "to": each.gained.high}
        for each in found.points
    ]  # fmt: skip
    frame = pd.DataFrame(rows).astype(dict.fromkeys(("PR-AUC", "Gained", "from", "to"), float))
    digits: dict[Any, Any] = {"Users": "{:,}", "Spammers": "{:,}"}
    digits |= dict.fromkeys(("PR-AUC", "Gained", "from", "to"), "{:.3f}")
    st.table(frame.style.format(digits, na_rep="–"), border="horizontal", hide_index=True)


def _offer(work: _Work) -> None:
    """The button that starts a job; while it runs its progress, and how it ended where it gave no result."""
    job = services.home().jobs.look(work.identity)
    if job is not None and not job.over:
        job_progress(work.identity)
        return
    st.caption(plain(work.what))
    st.button(work.button, key=f"start-{work.identity}", on_click=_start, args=(work,))
    if job is not None and job.message:
        st.caption(plain(job.message))


def _start(work: _Work) -> None:
    services.home().jobs.start(work.target, work.arguments, title=work.title, identity=work.identity, lane="long")


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        st.markdown(f":material/warning: {plain(warning)}")


def _notes(*said: str) -> None:
    st.caption(plain(" ".join(said)))
