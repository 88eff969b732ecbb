"""A user's features as a form, grouped by category: every value can be changed, cleared and put back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from app.components.score_user.user_source import Start, Status
from app.components.score_user.user_text import cut, kept, with_text
from app.components.shared.heading import section
from app.queries import services
from app.words import MISSING, plain
from core.registry.metadata import Trained
from core.registry.registry import Model
from core.schema.glossary import Glossary
from core.schema.levels import number
from core.schema.schema import WHOLE
from core.wording import count

#: Whole numbers below it are exact in a browser, which refuses others.
_EXACT: Final = 2**53
#: Fields drawn at once: each takes the server 10 ms and the browser longer.
MOST: Final = 100


def user_form(start: Start, model: Model, strongest: Callable[[], Sequence[str]]) -> pd.Series[float]:
    """The values as they stand in the form, by feature in the model's order; NaN where one was cleared.

    strongest: the features by their push on the score of the start, asked for where there are too many to show.
    """
    section("Values", "change one to see what if; clear it to make it missing")
    meanings = services.meanings()
    shown = _shown(start, model, strongest, meanings)
    values = start.values.reindex(list(model.metadata.names)).astype(float)
    for name in model.texts:
        values = with_text(values, name, _text(name, start, meanings.sentence(name)))
    first = True
    for category, features in _grouped(shown, meanings).items():
        with st.expander(f"{plain(category)} · {len(features)}", expanded=first):
            first = False
            grid = st.grid(3, min_column_width=110, gap="xsmall")
            for feature in features:
                with grid.cell():
                    values[feature.name] = _field(feature, start, meanings.sentence(feature.name))
    return values


def reset(start: Start) -> None:
    """Put every field back to where it started."""
    for key in [key for key in st.session_state if str(key).startswith(start.field(""))]:
        del st.session_state[key]


def changed(start: Start, values: pd.Series[float]) -> list[str]:
    """Features whose value in the form differs from the start's."""
    both = start.values.reindex(values.index)
    return [name for name in values.index if not _same(both[name], values[name])]


def statuses(start: Start, values: pd.Series[float]) -> Mapping[str, Status]:
    """Given, assumed or missing, by feature."""
    edited = set(changed(start, values))
    return {name: start.status(values[name], changed=name in edited) for name in values.index}


def _shown(
    start: Start, model: Model, strongest: Callable[[], Sequence[str]], meanings: Glossary
) -> Sequence[Trained]:  # fmt: skip
    """The features that have a small field, in the model's order: all of them, or as many as a browser draws at once.

    A text has a large one, and what is counted in it none.
    """
    own = zip(model.metadata.features, model.metadata.given, strict=True)
    features = [each for each, given in own if given and each.name not in model.texts]
    if len(features) <= MOST:
        return features
    word = st.text_input("Find a feature", icon=":material/search:", key=f"find-{start.key}").strip().casefold()
    changed = [feature.name for feature in features if _is_changed(start, feature.name, features)]
    if word:
        others = [each.name for each in features if word in f"{each.name}\n{meanings.sentence(each.name)}".casefold()]
        which = "that match"
    else:
        others, which = list(strongest()), "that contribute most to this score"
    chosen = set(list(dict.fromkeys([*changed, *others]))[: max(MOST, len(changed))])
    of = len(others) if word else len(features)
    st.caption(f"{len(chosen):,} of {count(of, 'feature')}, those {which} and what you change. Find others by name.")
    return [feature for feature in features if feature.name in chosen]


def _is_changed(start: Start, name: str, features: Sequence[Trained]) -> bool:
    """Whether a field holds another value than it began with; one that is not shown any more would forget it."""
    key = start.field(name)
    if key not in st.session_state:
        return False
    feature = next((each for each in features if each.name == name), None)
    value = _value(feature, st.session_state[key])
    return not _same(value, float(start.values.get(name, np.nan)))


def words(start: Start, model: Model, values: pd.Series[float]) -> Mapping[str, str]:
    """What the words are called that stand in the form, by feature."""
    typed = {name: st.session_state.get(start.field(name)) for name in model.metadata.levels}
    found = {name: typed.get(name) or start.words.get(name) for name in model.metadata.levels}
    told = {name: word for name, word in found.items() if word and number(word) == values[name]}
    texts = {name: _typed(start, name) for name in model.texts}
    return told | {name: text for name, text in texts.items() if text is not None}


def _value(feature: Trained | None, typed: Any) -> float:
    """The number of what stands in a field."""
    if typed is None:
        return np.nan
    if feature is not None and feature.levels is not None:
        return number(str(typed))
    return float(feature.words.index(typed)) if feature is not None and feature.words else float(typed)


def _choice(feature: Trained, start: Start, meaning: str) -> float:
    """A field for what is said in words: those that the model knows, or of a category any other."""
    key, value = start.field(feature.name), float(start.values.get(feature.name, np.nan))
    known = start.words.get(feature.name) or (None if np.isnan(value) else feature.say(value))
    options = list(feature.levels.words if feature.levels else feature.words)
    options += [] if known is None or known in options else [known]
    if key not in st.session_state:
        st.session_state[key] = known
    elif st.session_state[key] is not None and st.session_state[key] not in options:
        options.append(st.session_state[key])
    typed = st.selectbox(
        plain(feature.name), options, index=None, placeholder="missing", help=plain(meaning) or None, key=key,
        accept_new_options=feature.levels is not None,
    )  # fmt: skip
    return _value(feature, typed)


def _text(name: str, start: Start, meaning: str) -> str | None:
    """A field for what somebody has written; the text as it stands there, None for an empty one."""
    field = start.field(name)
    if field not in st.session_state:
        st.session_state[field] = start.words.get(name, "")
    st.text_area(plain(name), key=field, height=150, placeholder=MISSING, help=plain(meaning) or None)
    if said := cut(name, st.session_state[field]):
        st.caption(said)
    return _typed(start, name)


def _typed(start: Start, name: str) -> str | None:
    return kept(name, st.session_state.get(start.field(name), start.words.get(name)))


def _field(feature: Trained, start: Start, meaning: str) -> float:
    if feature.levels is not None or feature.words:
        return _choice(feature, start, meaning)
    value = float(start.values.get(feature.name, np.nan))
    whole = feature.kind in WHOLE and (np.isnan(value) or (value.is_integer() and abs(value) < _EXACT))
    key = start.field(feature.name)
    if key not in st.session_state:
        # Not the widget's default: a field that has one springs back to it when cleared.
        st.session_state[key] = None if np.isnan(value) else int(value) if whole else value
    typed = st.number_input(
        plain(feature.name), value=None, step=1 if whole else None, format="%d" if whole else "%g",
        placeholder="missing", help=plain(meaning) or None, key=key,
    )  # fmt: skip
    return np.nan if typed is None else float(typed)


def _grouped(features: Iterable[Trained], meanings: Glossary) -> Mapping[str, list[Trained]]:
    groups: dict[str, list[Trained]] = defaultdict(list)
    for feature in features:
        groups[meanings.category(feature.name)].append(feature)
    return groups


def _same(a: float, b: float) -> bool:
    return a == b or (np.isnan(a) and np.isnan(b))
