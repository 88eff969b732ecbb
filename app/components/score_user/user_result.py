"""What a score says about one user: the score among others, what it would be, and every push behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from app import charts
from app.components.score_user.user_form import statuses
from app.components.score_user.user_source import Start
from app.components.score_user.user_text import shown_rows, user_texts
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.highlights import WORD, Row
from app.queries import services
from app.tables.cells import safe
from app.words import UNKNOWN, badge, label, percent, plain, probability, signed
from core.data.kinds import given
from core.policy.decide import SCORE
from core.policy.policy import Policy
from core.registry.registry import Model
from core.scoring.reasons import Reason, reasons
from core.scoring.scorer import Scored, Scorer

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: Rows of the waterfall; the others are added up in one.
SHOWN = 8
#: px that a result takes at least.
ROOM = 900


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


def user_result(
    start: Start, values: pd.Series[float], now: Result, before: Result, model: Model, typed: Result
) -> None:  # fmt: skip
    """The verdict line, the texts, the place among others (or before and after), the waterfall, and all features.

    typed: the user as the form has it; `now` is the same without the words that are struck.
    """
    policy = services.home().policies.deciding(model.version)
    _headline(start, values, now, policy, model)
    user_texts(start, typed.words, typed.reasons, model)
    if now.probability == before.probability:
        _place(now, model, policy)
    else:
        figure(
            charts.what_if(before.probability, now.probability, policy.thresholds, theme=theme()),
            key="what_if",
            of=model.version,
        )
    waterfall(now, model, typed)
    _everything(start, values, now)


def _headline(start: Start, values: pd.Series[float], now: Result, policy: Policy, model: Model) -> None:
    frame = pd.DataFrame([{**start.context, **values, **given.as_context(now.words)}])
    decided = services.home().deciding.of_file(policy, frame, now.scored, services.schema(), now=services.now())
    band, action, by = decided.bands[0], decided.actions[0], str(decided.decided_by[0])
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"#### {plain(start.title)}", width="content")
        text = f"score **{probability(now.probability)}** &nbsp; {badge(band)}"
        st.markdown(text + (f" → {label(action)}" if action != band else ""), width="content")
    told = statuses(start, values)
    kinds = [told[name] for name, own in zip(model.metadata.names, model.metadata.given, strict=True) if own]
    parts = _category(now)
    parts += [f"{kinds.count(kind)} {kind}" for kind in ("given", "assumed", "missing") if kind in kinds]
    novel = now.scored.novel[0]
    parts += [f"outside the training range: {plain(novel)}"] if novel else []
    if by != SCORE:
        parts.append(f"decided by {plain(by.replace(':', ' ', 1))}")
    if action != band:
        parts.append("auto-remove is not armed, so a person looks first")
    st.caption(" · ".join([plain(start.about)] * bool(start.about) + [" · ".join(parts)]))


def _category(now: Result) -> list[str]:
    """The second answer, where the model knows categories."""
    found = now.scored.categories
    if found is None:
        return []
    return [f"if a violation, **{plain(str(found.category[0]))}** ({percent(float(found.probability[0]), 0)})"]


def _place(now: Result, model: Model, policy: Policy) -> None:
    baseline = services.baseline(model.version)
    counts, below = np.asarray(baseline.score.counts), baseline.share_below(now.probability)
    figure(
        charts.place(counts, now.probability, policy.thresholds, share_below=below, theme=theme()),
        key="place",
        of=model.version,
    )


def waterfall(now: Result, model: Model, typed: Result) -> None:
    """The chart of contributions. typed: the user as the form has it, whose words are numbered."""
    figure(contributions(now, model, typed, theme=theme()), key="pushes", of=model.version)
    if services.meanings().assumed:
        st.caption("Meanings marked assumed are guesses; edit data/glossary.csv to correct or drop them.")


def contributions(now: Result, model: Model, typed: Result, *, theme: charts.Theme) -> go.Figure:
    """What leads from the average user to this one."""
    numbers = {
        (name, row.kind, row.text.casefold()): row.number
        for name, found in shown_rows(typed.words, typed.reasons, model).items()
        for row in found
    }
    steps, left = _text_steps(now, model, numbers)
    strongest = sorted((each for each in now.reasons if each.feature in left), key=lambda each: -abs(each.contribution))
    kept = [each for each in strongest if left[each.feature]]
    others = [each for each in strongest if not left[each.feature]]
    shown = [*kept, *(each for each in others[:SHOWN] if each.contribution)]
    rest = [each for each in strongest if each not in shown]
    rows = pd.DataFrame(
        [
            *steps,
            *(
                {
                    "feature": f"{left[each.feature]} {each.feature}".lstrip(), "value_text": each.said,
                    "meaning": each.meaning or None, "contribution": each.contribution, "label": "",
                }
                for each in shown
            ),
        ],
        columns=["feature", "value_text", "meaning", "contribution", "label"],
    )  # fmt: skip
    return charts.pushes(
        rows, model.metadata.bias, now.margin, probability(now.probability),
        rest=sum(reason.contribution for reason in rest), rest_count=len(rest), theme=theme,
    )  # fmt: skip


def _text_steps(
    now: Result, model: Model, numbers: Mapping[tuple[str, str, str], int]
) -> tuple[list[dict[str, object]], dict[str, str]]:  # fmt: skip
    """A row of the waterfall for what each text says, and all features but these texts, with the number of what they
    have counted in one, "" for none.
    """
    left = {each.feature: "" for each in now.reasons}
    steps = list[dict[str, object]]()
    for name, found in shown_rows(now.words, now.reasons, model).items():
        words = [row for row in found if row.kind == WORD]
        other = next(each for each in now.reasons if each.feature == name).contribution - sum(row.part for row in words)
        named = [(_quoted(row, numbers.get((name, WORD, row.text.casefold()))), row.part) for row in words]
        named.append((f"{'other ' if words else ''}words of {name}", other))
        steps += [
            {"feature": label, "value_text": None, "meaning": None, "contribution": part, "label": label}
            for label, part in named
        ]
        left.pop(name)
        for row in found:
            if row.kind != WORD:
                left[row.kind] = str(numbers.get((name, row.kind, row.text.casefold()), ""))
    return steps, left


def _quoted(row: Row, number: int | None) -> str:
    """A row of words as it stands beside the axis."""
    read = row.note.removeprefix("= ")
    said = " ".join(read.split() if read else row.text.split())
    return f"{number or ''} “{said}”{', disguised' if read else ''}".lstrip()


def _everything(start: Start, values: pd.Series[float], now: Result) -> None:
    kinds = statuses(start, values)
    with st.expander(f"All {len(now.reasons)} features"):
        section("All contributions", "log-odds, towards spammer first")
        frame = pd.DataFrame(
            {
                "Feature": [reason.feature for reason in now.reasons],
                "Value": [reason.said for reason in now.reasons],
                "Status": [kinds[reason.feature] for reason in now.reasons],
                "Against training": [reason.direction for reason in now.reasons],
                "Contribution": [signed(reason.contribution) for reason in now.reasons],
                "Meaning": [reason.meaning for reason in now.reasons],
            }
        )
        st.dataframe(
            safe(frame), hide_index=True, placeholder=UNKNOWN, row_height=32,
            alt="Every feature with its value and its contribution to the score",
            column_config={"Contribution": st.column_config.TextColumn(alignment="right")},
        )  # fmt: skip
