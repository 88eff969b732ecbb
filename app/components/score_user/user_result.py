"""What a score says about one user: the score among others, what it would be, and every push behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
import streamlit as st

from app import charts
from app.components.score_user.user_form import statuses
from app.components.score_user.user_source import Start
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.queries import services
from app.tables.cells import safe
from app.words import badge, label, plain, probability, signed
from core.data.kinds import given
from core.policy.decide import SCORE
from core.policy.policy import Policy
from core.registry.registry import Model
from core.scoring.reasons import Reason, reasons
from core.scoring.scorer import Scored, Scorer

#: Rows of the waterfall; the others are added up in one.
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Result:
    """One user scored: the score and a reason for every feature, the largest push to spammer first."""

    scored: Scored
    reasons: tuple[Reason, ...]
    words: Mapping[str, str]

    @property
    def probability(self) -> float:
        return float(self.scored.probability[0])

    @property
    def strongest(self) -> list[str]:
        """The features by how far they push the score, the farthest first."""
        return [reason.feature for reason in sorted(self.reasons, key=lambda reason: -abs(reason.contribution))]

    @property
    def margin(self) -> float:
        return float(self.scored.margin[0])


def scored(model: Model, values: pd.Series[float], words: Mapping[str, str] = MappingProxyType({})) -> Result:
    """Score and explain one user; values by feature, NaN for missing; words: their names. Raises NoScoreError."""
    scorer, texts = Scorer(model), {name: [words.get(name)] for name in model.texts}
    judged = np.asarray(values[list(model.metadata.names)], np.float64)[None, :]
    score = scorer.score_values(judged, texts=texts).checked()
    pushes = model.explainer.contributions(scorer.coded(judged, texts).x)[0]
    return Result(score, reasons(values, pushes, model, services.meanings(), words), words)


def user_result(start: Start, values: pd.Series[float], now: Result, before: Result, model: Model) -> None:
    """The verdict line, the place among others (or before and after), the waterfall, and all features."""
    policy = services.home().policies.deciding(model.version)
    _headline(start, values, now, policy)
    if now.probability == before.probability:
        _place(now, model, policy)
    else:
        figure(charts.what_if(before.probability, now.probability, policy.thresholds, theme=theme()), key="what_if")
    _waterfall(now, model)
    _everything(start, values, now)


def _headline(start: Start, values: pd.Series[float], now: Result, policy: Policy) -> None:
    frame = pd.DataFrame([{**start.context, **values, **given.as_context(now.words)}])
    decided = services.home().deciding.of_file(policy, frame, now.scored, services.schema(), now=services.now())
    band, action, by = decided.bands[0], decided.actions[0], str(decided.decided_by[0])
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"#### {plain(start.title)}", width="content")
        text = f"score **{probability(now.probability)}** &nbsp; {badge(band)}"
        st.markdown(text + (f" → {label(action)}" if action != band else ""), width="content")
    kinds = list(statuses(start, values).values())
    parts = [f"{kinds.count(kind)} {kind}" for kind in ("given", "assumed", "missing") if kind in kinds]
    novel = now.scored.novel[0]
    parts += [f"outside the training range: {plain(novel)}"] if novel else []
    if by != SCORE:
        parts.append(f"decided by {plain(by.replace(':', ' ', 1))}")
    if action != band:
        parts.append("auto-remove is not armed, so a person looks first")
    st.caption(" · ".join([plain(start.about)] * bool(start.about) + [" · ".join(parts)]))


def _place(now: Result, model: Model, policy: Policy) -> None:
    baseline = services.baseline(model.version)
    counts, below = np.asarray(baseline.score.counts), baseline.share_below(now.probability)
    figure(charts.place(counts, now.probability, policy.thresholds, share_below=below, theme=theme()), key="place")


def _waterfall(now: Result, model: Model) -> None:
    strongest = sorted(now.reasons, key=lambda reason: -abs(reason.contribution))
    shown = [reason for reason in strongest[:SHOWN] if reason.contribution]
    rest = [reason for reason in now.reasons if reason not in shown]
    rows = pd.DataFrame(
        {
            "feature": [reason.feature for reason in shown],
            "value_text": [reason.said for reason in shown],
            "meaning": [reason.meaning or None for reason in shown],
            "contribution": [reason.contribution for reason in shown],
        }
    )
    figure(
        charts.pushes(
            rows, model.metadata.bias, now.margin, probability(now.probability),
            rest=sum(reason.contribution for reason in rest), rest_count=len(rest), theme=theme(),
        ),
        key="pushes",
    )  # fmt: skip
    if services.meanings().assumed:
        st.caption("Meanings marked assumed are guesses; edit data/glossary.csv to correct or drop them.")


def _everything(start: Start, values: pd.Series[float], now: Result) -> None:
    kinds = statuses(start, values)
    with st.expander(f"All {len(now.reasons)} features"):
        section("Every push", "log-odds, towards spammer first")
        frame = pd.DataFrame(
            {
                "Feature": [reason.feature for reason in now.reasons],
                "Value": [reason.said for reason in now.reasons],
                "Status": [kinds[reason.feature] for reason in now.reasons],
                "Against training": [reason.direction for reason in now.reasons],
                "Push": [signed(reason.contribution) for reason in now.reasons],
                "Meaning": [reason.meaning for reason in now.reasons],
            }
        )
        st.dataframe(
            safe(frame), hide_index=True, row_height=32, alt="Every feature with its value and its push on the score",
            column_config={"Push": st.column_config.TextColumn(alignment="right")},
        )  # fmt: skip
