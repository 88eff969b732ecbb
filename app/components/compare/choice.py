"""Which two are compared, and on whom; all of it is in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from app.queries import services
from app.words import count, legible
from core.comparison.comparison_job import Asked
from core.comparison.predictions import IDENTITY as PREDICTIONS
from core.data.datasets import Dataset
from core.model import families
from core.registry.lineage import VERSION
from core.training.training_runs import IDENTITY as RUN

_WIDTH = 240


def contenders() -> tuple[str, ...]:
    """Ids of all that can be compared: versions and runs without one, newest first, then predictions."""
    home = services.home()
    runs = [kept.id for kept in home.training_runs.listed() if not kept.version]
    return (*reversed(home.registry.versions()), *runs, *(given.id for given in home.prediction_files.listed()))


def choice(found: Sequence[str]) -> Asked | None:
    """The three menus; None while there is nobody to compare on. found: at least two contenders."""
    champion = services.home().registry.champion()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        a = _menu("a", "Model", found, champion or found[-1], _contender)
        others = [each for each in found if each != a]
        b = _menu("b", "Compared with it", others, others[0], _contender)
        if PREDICTIONS.fullmatch(a) and PREDICTIONS.fullmatch(b):
            st.selectbox("On", ["The rows of the two files"], disabled=True, width=_WIDTH, key="on-files")
            return _asked(a, b, "")
        known = _labelled()
        if not known:
            return None
        named = {found.id[:12]: found for found in known}
        on = _menu("on", "On", list(named), _of(a, b, named), lambda name: _users(named[name]))
    return _asked(a, b, named[on].id)


def _menu(name: str, label: str, options: Sequence[str], default: str, words: Callable[[str], str]) -> str:
    """A menu whose choice stands in the address under `name`: the id, not the words that are shown.

    The default is chosen where the address has none, or one that is gone: a file read in another way has another id.
    """
    text = st.query_params.get(name, default)
    at = text if text in options else default
    chosen = st.selectbox(
        label, options, index=options.index(at), key=f"{name}-{at}-{len(options)}",
        width=_WIDTH, format_func=lambda each: legible(words(each)),
    )  # fmt: skip
    if chosen != st.query_params.get(name):
        st.query_params[name] = chosen
    return chosen


def _labelled() -> tuple[Dataset, ...]:
    services.demo_labelled()
    return services.home().datasets.labelled()


def _of(a: str, b: str, named: dict[str, Dataset]) -> str:
    """The dataset a contender was trained on, whose test part neither learnt from; else the newest."""
    home = services.home()
    for each in (b, a):
        if each in home.registry.versions():
            sha256 = home.registry.describe(each).data.sha256
        elif RUN.fullmatch(each):
            sha256 = home.training_runs.find(each).data.sha256
        else:
            continue
        if trained_on := next((name for name, found in named.items() if found.sha256 == sha256), None):
            return trained_on
    return next(iter(named))


def _contender(identity: str) -> str:
    """'v0002', 'v0001 · live', 't-0003 · random forest', 'theirs.csv · predictions'."""
    home = services.home()
    if VERSION.fullmatch(identity):
        return f"{identity} · live" if identity == home.registry.champion() else identity
    if RUN.fullmatch(identity):
        family = home.training_runs.find(identity).family
        return f"{identity} · {families.FAMILIES[family].name if family in families.FAMILIES else family}"
    return f"{home.prediction_files.find(identity).name} · predictions"


def _users(dataset: Dataset) -> str:
    return f"{dataset.name} · {count(dataset.accepted)} users"


def _asked(a: str, b: str, on: str) -> Asked:
    thresholds = {str(band): above for band, above in services.policy().thresholds.items()}
    return Asked(a, b, on, thresholds)
