"""The table of a page of cases: which columns there are, what stands in them, and how they are drawn.

Of a blind case it has neither score, band and category, nor what decided, nor reasons; values say nothing of the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from app.components.review import triage_words
from app.components.review.near_same import masked
from app.queries import review, services
from app.words import MISSING, UNKNOWN, label, legible
from core.policy.bands import BANDS
from core.policy.decide import SCORE
from core.review.cases import Case
from core.scoring.listing.sorting import COLUMN

#: Reasons and values of a row.
_SHOWN: Final = 4
#: Letters of a message, or of a value of the context.
_LONGEST: Final = 120


def options() -> tuple[str, ...]:
    """Keys of all columns that can be shown beside the user."""
    ours = [key for key in triage_words.COLUMNS if key != "category" or services.categories()]
    schema = services.schema()
    return (*ours, *(COLUMN + name for name in dict.fromkeys((*schema.beside, *schema.texts, *schema.measures))))


def usual() -> tuple[str, ...]:
    """Those that are shown when nobody has chosen others."""
    schema = services.schema()
    there = [COLUMN + name for name in (*schema.texts[:1], *schema.beside[:1])]
    named = ["category"] * bool(services.categories())
    return (*there, "score", "action", *named, "reasons", "values", "blind", "waiting", "case")


def frame(waiting: pd.DataFrame, cases: Mapping[str, Case], keys: Sequence[str]) -> pd.DataFrame:
    """waiting: a page of `Cases.listing`; cases: the same, whole, by id. A row a case; columns by the names that are
    shown.
    """
    whole = [cases.get(case) for case in waiting.index]
    ours: Mapping[str, Any] = {
        "case": lambda: waiting.index,
        "score": lambda: waiting["score"],
        "category": lambda: waiting["category"].fillna(""),
        "action": lambda: [[label(band)] if band in BANDS else [] for band in waiting["band"]],
        "reasons": lambda: ["" if each is None else _reasons(each) for each in whole],
        "values": lambda: ["" if each is None else _values(each) for each in whole],
        "decided_by": lambda: [_decider(by) for by in waiting["decided_by"]],
        "blind": lambda: waiting["blind"].map({True: "blind", False: ""}),
        "waiting": lambda: waiting["queued"],
        "assigned": lambda: waiting["assigned_to"].fillna(UNKNOWN),
        "with": lambda: waiting["claimed_by"].fillna(UNKNOWN),
        "snoozed": lambda: _ends(waiting["user"].tolist()),
    }  # fmt: skip
    shown = pd.DataFrame({"User": waiting["user"]})
    for key in keys:
        if key in ours:
            shown[triage_words.COLUMNS[key]] = ours[key]()
        elif (name := key.removeprefix(COLUMN)) != key:
            # A column of a file may be called like one of ours.
            shown[name if name not in shown else f"{name} (of the file)"] = [_cell(each, name) for each in whole]
    return shown


def config() -> dict[str, Any]:
    """How the columns of `frame` are drawn."""
    columns = st.column_config
    # Widths of the usual columns add up to what a window of 1440 px has room for.
    return {
        "User": columns.TextColumn(pinned=True, width="small"),
        "Score": columns.ProgressColumn(min_value=0, max_value=1, format="%.3f", color="gray", width=100),
        "Band": columns.MultiselectColumn(
            options=[label(band) for band in reversed(BANDS)], color=["red", "orange", "blue", "gray"], width=118
        ),
        triage_words.COLUMNS["reasons"]: columns.TextColumn(width=230),
        "Values": columns.TextColumn(width=180, help="Of the features in which spammers and others differ most"),
        "Decided by": columns.TextColumn(help="The score, or a rule or list"),
        "Blind": columns.TextColumn(width=55, help="Judged without its score and reasons"),
        "Waiting since": columns.DatetimeColumn(format="D MMM, HH:mm", timezone=st.context.timezone, width=104),
        "Snoozed until": columns.DatetimeColumn(format="D MMM, HH:mm", timezone=st.context.timezone, width=104),
        "Case": columns.TextColumn(width=72),
        "With": columns.TextColumn(help="Who has it on screen now"),
        **{name: columns.TextColumn(width="medium") for name in services.schema().texts},
    }


def _ends(users: Sequence[str]) -> list[datetime | None]:
    found = services.home().snoozing.standing(users, now=services.now())
    return [found[user].expires if user in found else None for user in users]


def _reasons(case: Case) -> str:
    if case.blind:
        return ""
    strongest = sorted(review.reasons(case), key=lambda each: -abs(each.contribution))
    return "   ".join(each.text for each in strongest[:_SHOWN])


def _values(case: Case) -> str:
    """The same features for all cases of a version, so that they tell nothing of its score."""
    population = services.population(case.model)
    apart = np.argsort(-np.abs(population.spammer - population.legitimate), kind="stable")
    texts = services.schema().texts  # they have columns of their own
    names = [population.names[at] for at in apart]
    shown = [name for name in names if name in case.features and name not in texts][:_SHOWN]
    return "   ".join(f"{name}={_said(case, name)}" for name in shown)


def _said(case: Case, name: str) -> str:
    value, word = case.features.get(name), case.context.get(name)
    return legible(word)[:40] if word else MISSING if value is None else f"{value:g}"


def _cell(case: Case | None, name: str) -> str | float | None:
    if case is None:
        return None
    if (text := case.context.get(name)) is not None:
        return masked(str(text))[:_LONGEST] if name in services.schema().texts else str(text)[:_LONGEST]
    return case.features.get(name)


def _decider(by: str | None) -> str:
    return "" if by is None or by != by else "the score" if by == SCORE else legible(by.replace(":", " ", 1))  # noqa: PLR0124
