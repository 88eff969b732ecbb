"""All plots: numbers in, plotly figure out. Never imports streamlit.

Every figure carries `layout.meta` with title, sub (units, sample) and alt (what is seen, with numbers);
`app.components.shared.figure` writes them as native text.
"""

from app.charts.arming import proof
from app.charts.base import (
    CONFIG,
    PALETTE,
    PICTURES,
    SEQUENTIAL,
    Palette,
    Picture,
    Theme,
    escape_label,
    saved_as,
)  # fmt: skip
from app.charts.cases import evidence
from app.charts.compare import classes, confusion, differences, flips
from app.charts.diagnostics import dropped, endurance, importances, learning
from app.charts.expected import expected_cost, lift
from app.charts.features import dependence, distribution, spam_rate
from app.charts.lists import chosen_scores, scores_to_choose
from app.charts.monitor import score_levels, then_and_now, throughput
from app.charts.pairs import DIVERGING, Bins, correlations, joint
from app.charts.parts import ranks
from app.charts.planner import frontier
from app.charts.policy import draft_histogram
from app.charts.reasons import pushes
from app.charts.runs import band_shares, reliability
from app.charts.scores import place, score_histogram, what_if
from app.charts.shifts import segments, shifts
from app.charts.swarm import DOTS, beeswarm
from app.charts.training import folds, search
from app.charts.two_curves import curves, reliabilities, score_lines
from app.charts.values import values

__all__ = [
    "CONFIG",
    "DIVERGING",
    "DOTS",
    "PALETTE",
    "PICTURES",
    "SEQUENTIAL",
    "Bins",
    "Palette",
    "Picture",
    "Theme",
    "band_shares",
    "beeswarm",
    "chosen_scores",
    "classes",
    "confusion",
    "correlations",
    "curves",
    "dependence",
    "differences",
    "distribution",
    "draft_histogram",
    "dropped",
    "endurance",
    "escape_label",
    "evidence",
    "expected_cost",
    "flips",
    "folds",
    "frontier",
    "importances",
    "joint",
    "learning",
    "lift",
    "place",
    "proof",
    "pushes",
    "ranks",
    "reliabilities",
    "reliability",
    "saved_as",
    "score_histogram",
    "score_levels",
    "score_lines",
    "scores_to_choose",
    "search",
    "segments",
    "shifts",
    "spam_rate",
    "then_and_now",
    "throughput",
    "values",
    "what_if",
]  # fmt: skip
