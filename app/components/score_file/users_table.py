"""The table of a page of users: which columns there are, what stands in them, and how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.components.score_file import list_words
from app.queries import services, users
from app.words import UNKNOWN, label, link
from core.policy.bands import BANDS
from core.policy.decide import SCORE
from core.scoring.listing.sorting import COLUMN, Positions
from core.scoring.runs import Run

#: Context columns shown at first; the others can be added, and all are in the download.
_MOST_CONTEXT: Final = 3
_LABEL: Final = {1.0: "spammer", 0.0: "legitimate"}


def options(run: Run) -> tuple[str, ...]:
    """Keys of all columns that can be shown beside the id."""
    here = users.keys(run)
    ours = [key for key in list_words.COLUMNS if key in here or key == "reasons"]
    schema, there = services.schema(), users.listed(run).texts[1:]
    return (*ours, *(COLUMN + name for name in there), *(COLUMN + name for name in schema.measures))


def usual(run: Run, *, beside: bool = False) -> tuple[str, ...]:
    """Those that are shown when nobody has chosen others; `beside` a user that is open, those that fit there."""
    listed = users.listed(run)
    context = [COLUMN + name for name in listed.texts[1:]]
    named = ["category"] * ("category" in listed.users)
    named += ["reasons"] + ["decided_by"] * any(by != SCORE for by in users.deciders(run))
    if beside:
        return (*context[:1], "score", "action", *named)
    return (*context[:1], "score", "action", *named, *context[1:_MOST_CONTEXT], "novel", "missing")


def frame(run: Run, at: Positions, keys: Sequence[str]) -> pd.DataFrame:
    """The users at some positions, a row each; columns by our names, those of the file by their own."""
    listed, told = users.listed(run), services.reasons(run)
    page = listed.users.iloc[at]
    shown = page[[listed.texts[0]]].copy()
    ours: dict[str, Any] = {
        "score": lambda: page["probability"],
        "action": lambda: [[label(BANDS[band])] for band in page["severity"]],
        "category": lambda: page["category"].astype("str"),
        "reasons": lambda: _reasons(page.index, told),
        "decided_by": lambda: page["decided_by"].astype("str"),
        "novel": lambda: page["novel_features"],
        "missing": lambda: page["n_missing"],
        "label": lambda: [_LABEL.get(value, UNKNOWN) for value in users.column(run, "label")[at].tolist()],
        "runs": lambda: users.column(run, "runs")[at],
        "row": lambda: page.index,
    }  # fmt: skip
    for key in keys:
        if key in ours:
            shown[f"·{key}"] = ours[key]()
        elif (name := key.removeprefix(COLUMN)) in listed.texts:
            shown[name] = page[name]
        else:
            shown[name] = services.features(run.dataset, (name,))[name].to_numpy()[at]
    return shown


def config(run: Run, shown: pd.DataFrame) -> dict[str, Any]:
    """How the columns of `frame` are drawn."""
    columns = st.column_config
    # What people wrote is never a link to press.
    texts = [name for name in users.listed(run).texts if name in shown and name not in services.schema().texts]
    links = {name: columns.LinkColumn() for name in texts[1:] if _all_links(shown[name])}
    return links | {
        str(shown.columns[0]): columns.TextColumn(pinned=True),
        "·score": columns.ProgressColumn("Score", min_value=0, max_value=1, format="%.3f", color="gray", width=110),
        "·action": columns.MultiselectColumn(
            "Band",
            options=[label(band) for band in reversed(BANDS)],
            color=["red", "orange", "blue", "gray"],
            width=118,
        ),
        "·reasons": columns.TextColumn("Reasons, strongest first", width=255),
        "·category": columns.TextColumn("Category", help="Of a violation, if it is one"),
        "·decided_by": columns.TextColumn("Decided by", help="The score, or a rule or list"),
        "·novel": columns.TextColumn("Outside training", help="Features outside the training range"),
        "·missing": columns.NumberColumn("Missing", help="How many of the features are missing"),
        "·label": columns.TextColumn("Known label"),
        "·runs": columns.NumberColumn("Runs", help="In how many of the latest runs this user stands"),
        "·row": columns.NumberColumn("Row", help="In the file", format="localized"),
    }


def _reasons(rows: pd.Index[int], reasons: pd.DataFrame | None) -> list[str]:
    """The reasons of each row on one line; empty where there are none yet."""
    if reasons is None:
        return [""] * len(rows)
    told = reasons.reindex(rows).fillna("")
    return ["   ".join(filter(None, row)) for row in told.itertuples(index=False)]


def _all_links(values: pd.Series[str]) -> bool:
    """Whether every value is an http(s) address: only then are they drawn as links."""
    seen = values.dropna()
    return len(seen) > 0 and all(link(value) for value in seen)
