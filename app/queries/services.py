"""What pages ask for, loaded once per process: the only place of the interface that caches.

Everything cached is shared between sessions and must be treated as read-only. Keys are small and say all
that the value depends on (ids of things that never change, or a file's time and size).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
import streamlit as st
from streamlit import runtime

from app.queries.cache import SizedCache
from core.comparison.comparison_store import Compared
from core.data import intake
from core.data.datasets import Dataset
from core.data.formats.options import Given
from core.data.understanding import mappings
from core.data.understanding import preview as previews
from core.data.understanding.preview import Preview
from core.diagnostics.contributions import Contributions, drawn
from core.errors import UnknownItemError
from core.evaluation.cautions import Caution
from core.evaluation.thresholds import Sweep
from core.home import Home
from core.jobs import Job
from core.model.encoding import Encoding
from core.policy.policy import Policy
from core.registry.baseline import Baseline
from core.registry.population import Population
from core.registry.registry import Model
from core.review import threads
from core.review.cases import Case
from core.review.guidance import Guidance
from core.review.near_same import Near
from core.review.similar import Judged
from core.review.threads import Talk
from core.schema import glossary
from core.schema import schema as schemas
from core.schema.glossary import Glossary
from core.schema.schema import Schema
from core.scoring import export, score_job
from core.scoring.listing.run_users import Listed
from core.scoring.runs import Run
from core.settings import DEMO_LABELLED, Settings
from core.training import run_cautions
from core.training.training import labels
from core.training.training_runs import TrainingRun

#: What the numbers of the Explore page may take, in bytes.
EXPLORED_BYTES: Final = 100_000_000
T = TypeVar("T")
#: What tells two homes apart in a cache, and what was read of one before a user was forgotten from what is there now.
_BY_HOME: Final[dict[str | type[Any], Callable[[Any], Any]]] = {
    Home: lambda home: (str(home.settings.home), home.datasets.users.last_forgotten())
}


def home() -> Home:
    """The home of this dashboard, opened once."""
    found = _home(Settings.of())
    _emptied_at(found.datasets.users.last_forgotten())
    return found


def now() -> datetime:
    return datetime.now(UTC)


def clock() -> float:
    """Seconds that only grow, for how long something took; `now` can be set back."""
    return time.monotonic()


def policy() -> Policy:
    """The policy in force, as armed as it is now for the champion."""
    return home().policies.deciding(home().registry.champion() or "")


def schema() -> Schema:
    path = home().settings.schema_file
    return _schema(path, _stamp(path))


def categories() -> tuple[str, ...]:
    """Of which violations are in this home; none where a violation is only that."""
    label = schema().label
    return label.categories if label else ()


def has_schema() -> bool:
    """Whether this home knows its columns."""
    return home().settings.schema_file.is_file()


def meanings() -> Glossary:
    path = home().settings.glossary_file
    return _glossary(path, _stamp(path))


def champion() -> Model | None:
    """The champion, or None before the first promotion."""
    version = home().registry.champion()
    return model(version) if version else None


def model(version: str) -> Model:
    return _model(home(), version)


def baseline(version: str) -> Baseline:
    return _baseline(home(), version)


def contributions(model: Model) -> Contributions:
    """How a version uses its features, on some of the users it was trained on; on nobody where it came without them."""

    def make() -> Contributions:
        rows, names = baseline(model.version).sample, model.metadata.names
        if rows.empty:
            return Contributions(names, *np.zeros((2, 0, len(names)), np.float32))
        values = Encoding().matrix(rows.iloc[drawn(len(rows))], names, model.version)
        return Contributions(names, values, model.explainer.contributions(values))

    return kept(("contributions", home(), model.version), make)


def guidance() -> Guidance:
    """What the lead has set for reviews."""
    return home().guidance.load()


def population(version: str) -> Population:
    """Where values stand among the users a version was trained on."""
    return _population(home(), version)


def verdicts_on(user: str) -> pd.DataFrame:
    """All verdicts on a user, newest first; those taken back are left out."""
    known = home().ledger
    known.refresh()
    rows = known.of_user(user)
    standing = (rows["verdict"] != "withdrawn") & ~rows["id"].isin(rows["supersedes"])
    return rows[standing].iloc[::-1]


def planned(run: Run) -> bool:
    """Whether a run was sent to review by a plan."""
    return home().runs.planned(run.id)


def similar(case: Case, weights: Mapping[str, float]) -> pd.DataFrame:
    """The judged users most like the one of a case; weights by feature."""
    return alike(case.model, case.user, case.features, weights)


def alike(
    version: str, user: str, values: Mapping[str, float | None], weights: Mapping[str, float]
) -> pd.DataFrame:  # fmt: skip
    """The judged users most like one with these values, as a version sees them; weights by feature."""
    home().ledger.refresh()
    return _judged(home(), version).like(user, values, weights)


def near_same(case: Case, texts: tuple[str, ...], by: str) -> tuple[Near, ...]:
    """Messages that wait, that `by` may judge, and that are nearly the one of a case."""
    return home().near_same.waiting(case, texts, by=by, now=now())


def preview(file: str, name: str, content: bytes, given: Given, *, need_label: bool) -> Preview:
    """What a file begins with; `file` names the upload. Raises FileProblemError, BadOptionError."""
    asked = home(), file, schema(), given, home().mappings.listed()
    return _preview(*asked, name, content, need_label=need_label)


def demo_file(name: str) -> Path | None:
    """A bundled demo file of this home, or None."""
    path = home().settings.demo / name
    return path if path.is_file() else None


def demo_labelled() -> Dataset | None:
    """The bundled labelled users as a stored dataset; read at first use."""
    path = demo_file(DEMO_LABELLED)
    return _stored(home(), path, _stamp(path), schema()) if path else None


def listed(run: Run) -> Listed:
    """Everybody in a run, in input order."""
    return _listed(home(), run.id)


def talk(dataset: str, row: int) -> Talk | None:
    """What was written round the text of a row, and itself; None where users have no texts, or it is not kept."""
    with contextlib.suppress(UnknownItemError):  # a case may outlive its dataset
        return threads.of_row(home().datasets, dataset, row, schema())
    return None


def features(dataset: str, names: tuple[str, ...]) -> pd.DataFrame:
    """Feature values of a dataset's users, indexed by input row."""
    return _columns(home(), dataset, names)


def reasons(run: Run) -> pd.DataFrame | None:
    """Reasons stored with a run, indexed by input row, or None while there are none."""
    path = home().runs.reasons_file(run.id)
    return _reasons(home(), run.id, _stamp(path)) if path.is_file() else None


def reasons_job(run: Run) -> Job | None:
    """The job that adds the reasons of a run that was stored without, or None when none was ever started."""
    return home().jobs.look(f"reasons-{run.id}")


def explain_in_background(run: Run) -> None:
    """Start adding the reasons of a run that was stored without, unless that is under way."""
    home().jobs.start(
        "explain_run", {"run": run.id},
        title=f"Reasons of {run.id}", identity=f"reasons-{run.id}",
    )  # fmt: skip


def jobs_under_way() -> tuple[Job, ...]:
    """Jobs of this home that wait or run, the one asked for last first; as they were at most a second ago."""
    return _under_way(home())


def ready_to_score(*, after: float = 0.0) -> None:
    """Have a process wait that scores the next file at once; begun in so many seconds. Nothing outside a server."""
    if runtime.exists():
        # pandas would load the second at the first file that it reads, and scoring the third.
        begin = threading.Timer(
            after, home().workers.keep_ready, [score_job.__name__, "pyarrow.dataset", "core.model.shap_values"]
        )
        begin.daemon = True
        begin.start()


def result_file(run: Run, suffix: str, *, texts: bool = True) -> bytes:
    """The whole result table as the bytes of a `.csv` or `.parquet` file; made when somebody downloads it.

    texts: whether reasons quote words.
    """
    return _result_file(home(), run, suffix, texts, _stamp(home().runs.reasons_file(run.id)))


def rejected_file(dataset: str) -> bytes:
    """The rejected rows of a dataset as the bytes of a CSV file."""
    return export.as_bytes(home().exports.rejected_table(dataset), ".csv")


def cautions(run: TrainingRun) -> tuple[Caution, ...]:
    """What speaks against the figures of a training run, leaks first; looked for here where the run says nothing."""
    if run.cautions is not None:
        return run.cautions
    leaks = kept(("leaks", home(), run.data.dataset), lambda: _leaks(run.data.dataset))
    own = kept(("cautions", home(), run.id), lambda: run_cautions.of_run(run, home().training_runs.scores(run.id)))
    return (*leaks, *own)


def compared(identity: str) -> Compared | None:
    """A comparison that was made before, or None."""
    return _compared(home(), identity) if home().comparisons.known(identity) else None


def sweep(identity: str, side: str) -> Sweep:
    """All thresholds of a ("a") or b ("b") of a comparison that was made."""
    return _sweep(home(), identity, side)


def kept(key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives, made once per process and key; the work may draw its own progress, unlike in a cache."""
    return _explored().get((home().datasets.users.last_forgotten(), key), make)


def _leaks(dataset: str) -> tuple[Caution, ...]:
    columns = schema()
    with contextlib.suppress(UnknownItemError):  # a run outlives the users it learnt from
        users = home().datasets.frame(dataset)
        if columns.label is not None and columns.label.column in users:
            return run_cautions.of_users(users, labels(users, columns), columns)
    return ()


@lru_cache(maxsize=4)
def _home(settings: Settings) -> Home:
    return Home(settings)


@lru_cache(maxsize=1)
def _emptied_at(_moment: int) -> None:
    """Keep nothing in memory that was read before a user was forgotten."""
    st.cache_data.clear()
    st.cache_resource.clear()


def _stamp(path: Path | None) -> tuple[int, int]:
    """Changes when the file does."""
    if path is None or not path.is_file():
        return (0, 0)
    status = path.stat()
    return (status.st_mtime_ns, status.st_size)


@st.cache_resource(max_entries=4, show_spinner=False)
def _schema(path: Path, at: tuple[int, int]) -> Schema:  # noqa: ARG001 - of the key
    return schemas.load(path)


@st.cache_resource(max_entries=4, show_spinner=False)
def _glossary(path: Path, at: tuple[int, int]) -> Glossary:  # noqa: ARG001 - of the key
    return glossary.load(path)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_BY_HOME)
def _model(home: Home, version: str) -> Model:
    return home.registry.load(version)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_BY_HOME)
def _baseline(home: Home, version: str) -> Baseline:
    return home.registry.load(version).baseline()


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_BY_HOME)
def _population(home: Home, version: str) -> Population:
    return Population.of_baseline(_baseline(home, version), _model(home, version).metadata.features)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=_BY_HOME)
def _judged(home: Home, version: str) -> Judged:
    return Judged(home.ledger, _population(home, version))


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=_BY_HOME)
def _stored(home: Home, path: Path, at: tuple[int, int], columns: Schema) -> Dataset:  # noqa: ARG001 - of the key
    checked = intake.read(path.name, path, columns)
    return home.datasets.put(checked, columns, now=now(), by="Trustdesk")


@st.cache_resource(max_entries=3, ttl="2h", show_spinner=False, hash_funcs=_BY_HOME)
def _listed(home: Home, run: str) -> Listed:
    return home.run_users.listed(home.runs.find(run))


@st.cache_resource(max_entries=3, ttl="2h", show_spinner=False, hash_funcs=_BY_HOME)
def _columns(home: Home, dataset: str, names: tuple[str, ...]) -> pd.DataFrame:
    frame = home.datasets.frame(dataset, names)
    # Half the memory for every whole number that fits; the values stay the same.
    small = {name: np.int32 for name in frame.columns if _fits(frame[name])}
    return frame.astype(small) if small else frame


def _fits(values: pd.Series[Any]) -> bool:
    return values.dtype == np.int64 and len(values) > 0 and bool(values.abs().max() < 2**31)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_BY_HOME)
def _compared(home: Home, identity: str) -> Compared | None:
    return home.comparisons.load(identity)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_BY_HOME)
def _sweep(home: Home, identity: str, side: str) -> Sweep:
    comparison = _compared(home, identity)
    if comparison is None:
        raise UnknownItemError("comparison", identity)
    return Sweep(comparison.users["label"], comparison.users[side])


@st.cache_data(max_entries=4, ttl=1, show_spinner=False, hash_funcs=_BY_HOME)
def _under_way(home: Home) -> tuple[Job, ...]:
    return tuple(job for job in home.jobs.listed() if not job.over)


@st.cache_resource(max_entries=1, show_spinner=False)
def _explored() -> SizedCache:
    return SizedCache(most=EXPLORED_BYTES)


@st.cache_resource(max_entries=3, ttl="2h", show_spinner=False, hash_funcs=_BY_HOME)
def _reasons(home: Home, run: str, at: tuple[int, int]) -> pd.DataFrame | None:  # noqa: ARG001 - of the key
    return home.runs.reasons(run)


@st.cache_data(max_entries=2, ttl="10m", show_spinner=False, hash_funcs=_BY_HOME)
def _result_file(home: Home, run: Run, suffix: str, texts: bool, at: tuple[int, int]) -> bytes:  # noqa: ARG001, FBT001 - of the key
    return export.as_bytes(home.exports.run_table(run, texts=texts), suffix)


@st.cache_resource(
    max_entries=8, ttl="30m", show_spinner=False,
    hash_funcs=_BY_HOME | {Schema: lambda columns: columns.fingerprint, Given: repr, mappings.Mapping: repr},
)  # fmt: skip
def _preview(
    home: Home,
    file: str,  # noqa: ARG001 - of the key
    columns: Schema,
    given: Given,
    kept: tuple[mappings.Mapping, ...],
    name: str,
    _content: bytes,
    *,
    need_label: bool,
) -> Preview:
    return previews.preview(name, _content, columns, given, kept, need_label=need_label, limits=home.file_limits.load())
