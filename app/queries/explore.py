"""What the Explore page asks for: the numbers of a view, each made once and kept (see `services.kept`).

Frames are in input order; a view's mask says which rows are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.queries import services
from core.diagnostics import contributions
from core.diagnostics.contributions import Contributions
from core.explore import bins as binning
from core.explore import duplicates, pairs, profile, quality, segments, shift, texts, value_counts, words
from core.explore.quality import SEVERITIES, Finding
from core.explore.single import Outliers
from core.explore.value_counts import ValueCounts
from core.explore.words import Places
from core.registry.registry import Model
from core.schema.levels import written
from core.schema.schema import Schema
from core.scoring.scorer import Scorer
from core.scoring.view import View

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Use:
    """A random sample of a dataset's users: their positions (m,), and how a version uses their features."""

    rows: npt.NDArray[np.int64]
    found: Contributions
    version: str

    @property
    def mean(self) -> dict[str, float]:
        """Mean |SHAP| of each feature, in log-odds."""
        return self.found.mean


def schema(view: View) -> Schema:
    """The schema of this home, without the features that the dataset has not: it may have been read by another."""
    return services.schema().only(_columns(view))


def absent(view: View) -> tuple[str, ...]:
    """The features of this home that the dataset has no column of."""
    return tuple(name for name in services.schema().names if name not in _columns(view))


def usable(view: View, model: Model | None) -> Model | None:
    """The model, None where the dataset lacks a feature of it."""
    return model if model is not None and _columns(view).issuperset(model.metadata.columns) else None


def _columns(view: View) -> frozenset[str]:
    return services.kept(("columns", view.dataset), lambda: services.home().datasets.columns(view.dataset))


def stored(view: View) -> pd.DataFrame:
    """All features of the dataset as it has them, words as their numbers and as they are written."""
    wanted, columns = schema(view), _columns(view)
    spoken = tuple(written(name) for name in wanted.categories if written(name) in columns)
    return services.features(view.dataset, (*wanted.names, *spoken))


def frame(view: View) -> pd.DataFrame:
    """All features of the dataset, filtered or not; of words their places among those of the dataset."""
    return _placed(view)[0]


def places(view: View) -> Mapping[str, Places]:
    """What the places of words are called, by feature."""
    return _placed(view)[1]


def _placed(view: View) -> tuple[pd.DataFrame, dict[str, Places]]:
    if not schema(view).categories:
        return services.features(view.dataset, schema(view).names), {}
    return services.kept(("placed", view.dataset), lambda: words.placed(stored(view), schema(view)))


def numbers(view: View) -> list[str]:
    """The features that are numbers, and go together or not."""
    return [name for name in schema(view).measures if name not in schema(view).categories]


def rows(view: View) -> npt.NDArray[np.bool_]:
    """Which of the dataset's users are looked at, (n,)."""
    return services.kept(("rows", view), lambda: services.home().views.rows(view, services.schema()))


def everyones_label(view: View) -> npt.NDArray[np.float64] | None:
    return services.kept(("label", view.dataset), lambda: services.home().views.label(view.dataset, services.schema()))


def label(view: View) -> npt.NDArray[np.float64] | None:
    """Labels of the users looked at, None without any."""
    values = everyones_label(view)
    return None if values is None else values[rows(view)]


def column(view: View, name: str) -> pd.Series[Any]:
    """One feature of the users looked at."""
    values = frame(view)[name]
    return values if view.whole else values[rows(view)]


def counted(view: View, name: str) -> ValueCounts:
    """The tally of a feature among the users looked at."""
    return services.kept(("tally", view, name), lambda: _tally(view, name, frame(view)[name]))


def _tally(view: View, name: str, values: pd.Series[Any]) -> ValueCounts:
    """values: of everybody, so that whoever counts many features asks for the frame once."""
    known = everyones_label(view)
    if view.whole:
        return value_counts.of(values, known)
    at, looked_at = _fewer(view)
    few = value_counts.of(values.to_numpy()[at], None if known is None else known[at])
    return few if looked_at else value_counts.without(counted(view.unfiltered, name), few)


def _fewer(view: View) -> tuple[npt.NDArray[np.int64], bool]:
    """Whoever is fewer, (m,) positions: those looked at (True), or those left out, to be taken off the whole."""

    def make() -> tuple[npt.NDArray[np.int64], bool]:
        inside = rows(view)
        looked_at = bool(2 * inside.sum() <= len(inside))
        return np.flatnonzero(inside if looked_at else ~inside), looked_at

    return services.kept(("fewer", view), make)


def looked_at(view: View) -> pd.DataFrame:
    """All features of the users looked at."""
    found = frame(view)
    return found if view.whole else found[rows(view)]


def table(view: View, model: Model | None, *, progress: Progress) -> pd.DataFrame:
    """The feature table: `core.explore.profile`, with the model's use of each feature and PSI against its training."""

    def make() -> pd.DataFrame:
        everyone, tallies = frame(view), dict[str, ValueCounts]()
        features = [schema(view).feature(name) for name in schema(view).measures]

        def count(name: str) -> ValueCounts:
            tallies[name] = services.kept(("tally", view, name), lambda: _tally(view, name, everyone[name]))
            return tallies[name]

        found = profile.profile(features, count, progress=progress)
        found.loc[found["feature"].isin([*places(view)]), [*profile.SHARES, "min", "max", "mean", "auc"]] = np.nan
        return found if model is None else found.assign(psi=_psi(view, tallies, model))

    made = services.kept(("table", view, model.version if model else None), make)
    return made.assign(meaning=made["feature"].map(services.meanings().sentence))


def use(view: View, model: Model) -> Use:
    """The contributions on a sample of the whole dataset: filters change who is looked at, not how the model works."""

    def make() -> Use:
        everyone = services.features(view.dataset, (*model.metadata.columns, *model.encoding.columns))
        chosen = contributions.drawn(len(everyone))
        features = Scorer(model).matrix(everyone.iloc[chosen])
        pushes = model.explainer.contributions(features)
        return Use(chosen, Contributions(model.metadata.names, features, pushes), model.version)

    return services.kept(("use", view.dataset, model.version), make)


def interacting(view: View, name: str, model: Model) -> str | None:
    """The number with which the contributions of a feature go most, beyond its own value."""
    key = ("interacting", view.dataset, model.version, name)
    found = services.kept(key, lambda: use(view, model).found.interacting(name))
    return None if found in places(view) or found not in model.metadata.columns else found


def by_use(view: View, model: Model | None) -> list[str]:
    """Feature names, the ones the model uses most first; in the order of the schema without a model."""
    names = list(schema(view).measures)
    weights = use(view, model).mean if model is not None else {}
    return sorted(names, key=lambda name: -weights.get(name, 0.0))


def findings(view: View, *, progress: Progress) -> tuple[Finding, ...]:
    """What there is to know of the whole dataset."""

    def make() -> tuple[Finding, ...]:
        dataset = services.home().datasets.find(view.dataset)
        ids = services.home().datasets.frame(view.dataset, [dataset.id_column])[dataset.id_column]
        known = everyones_label(view)
        found = quality.findings(
            words.by_rate(stored(view), schema(view), known), schema(view).derived, known, ids=ids,
            pearson=correlations(view.unfiltered, "pearson"), progress=progress,
        )  # fmt: skip
        if not schema(view).texts:
            return found
        of_texts = texts.findings(_with_categories(view), schema(view), known)
        return tuple(sorted((*found, *of_texts), key=lambda one: SEVERITIES.index(one.severity)))

    return services.kept(("findings", view.dataset), make)


def _with_categories(view: View) -> pd.DataFrame:
    """The numbers of texts, and of which category their users are."""
    label = services.schema().label
    names = [*schema(view).texts, *([written(label.column)] if label else [])]
    return services.home().datasets.frame(view.dataset, [name for name in names if name in _columns(view)])


def correlations(view: View, method: pairs.Method, *, progress: Progress = lambda _d, _o: None) -> pd.DataFrame:
    return services.kept(
        ("correlations", view, method),
        lambda: pairs.correlations(looked_at(view), numbers(view), method, progress=progress),
    )


def order(matrix: pd.DataFrame) -> pd.DataFrame:
    """The matrix with features that go together side by side."""
    names = pairs.clustered(matrix)
    return matrix.loc[names, names]


def joint(view: View, x: str, y: str) -> pairs.Joint:
    known = places(view)
    given = (known[x].bins(12) if x in known else None, known[y].bins(12) if y in known else None)
    return services.kept(
        ("joint", view, x, y), lambda: pairs.joint(column(view, x), column(view, y), label(view), most=12, given=given)
    )


def segmented(view: View, context: str) -> pd.DataFrame:
    def make() -> pd.DataFrame:
        where = written(context) if context in schema(view).categories else context
        values = services.home().datasets.frame(view.dataset, [where])[where]
        return segments.segments(values[rows(view)], label(view))

    return services.kept(("segments", view, context), make)


def compared(a: View, b: View, model: Model | None, *, progress: Progress) -> pd.DataFrame:
    """Shift of each feature from a to b, weighted by the model's use of it on a's dataset."""
    weights, names = use(a, model).mean if model is not None else None, schema(a).only(schema(b).names).measures
    return services.kept(
        ("compared", a, b, model.version if model else None),
        lambda: shift.compare(*_alike(a, b), names, weights, progress=progress),
    )


def _alike(a: View, b: View) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The users looked at in two views, words being places among those of the first."""
    second = stored(b)[rows(b)]
    there = {name: each(second[name]) for name, each in places(a).items() if name in second}
    return looked_at(a), second.assign(**there)


def bins(view: View, name: str, *, log: bool) -> binning.Bins:
    """Bins of a feature, the same for every filter, so that filtered and whole can be compared."""
    if name in places(view):
        return places(view)[name].bins()
    if said := schema(view).feature(name).said:
        return binning.of_words(said)
    return binning.of(counted(view.unfiltered, name), scale="log" if log else None)


def _psi(view: View, tallies: Mapping[str, ValueCounts], model: Model) -> list[float]:
    baseline = services.baseline(model.version).features
    if model.metadata.levels:
        inside = stored(view)[rows(view)]
        as_learnt = {
            name: value_counts.of(levels.places(inside[name].to_numpy(np.float64)))
            for name, levels in model.metadata.levels.items() if name in inside
        }  # fmt: skip
        tallies = {**tallies, **as_learnt}
    return [
        shift.psi_of(known.edges, known.counts, known.missing, found)[0]
        if (known := baseline.get(name)) is not None
        else float("nan")
        for name, found in tallies.items()
    ]


def noted(view: View, *, progress: Progress) -> tuple[Finding, ...]:
    """`findings`, and whether rows were turned away because of their id, the gravest first."""
    dataset = services.home().datasets.find(view.dataset)
    known = findings(view, progress=progress)
    if services.schema().id is None or not known:
        return known
    repeated = sum(problem.rows for problem in dataset.problems if problem.code == "duplicate_id")
    return tuple(sorted((*known, quality.repeated_ids(repeated)), key=lambda one: SEVERITIES.index(one.severity)))


def evidence(view: View, code: str) -> pd.DataFrame:
    """The rows behind a finding on the whole dataset (its `code`), all of them.

    duplicates and opposite_labels: as `core.explore.duplicates` has them; repeated_ids: the rows turned away; row_order
    and ids: as `quality.along` has them.
    """
    if code == "repeated_ids":
        rejected = services.home().datasets.rejected(view.dataset)
        return rejected.loc[rejected["code"] == "duplicate_id", ["line", "sentence", "record"]].reset_index(drop=True)
    if code in {"row_order", "ids"}:
        return _along(view, code)
    known, features = everyones_label(view), _with_texts(view, words.spoken(frame(view), places(view)))
    group = services.kept(("groups", view.dataset), lambda: duplicates.groups(frame(view), schema(view).names))
    if code == "opposite_labels" and known is not None:
        return duplicates.opposites(group, known, _ids(view), features)
    label = services.schema().label
    given = {} if label is None or known is None else {label.column: pd.Series(known, features.index)}
    people = pd.concat([_ids(view), pd.DataFrame(given, features.index)], axis=1)
    return duplicates.duplicates(group, pd.concat([people, features], axis=1))


def _with_texts(view: View, users: pd.DataFrame) -> pd.DataFrame:
    """The same with texts in place of the numbers that stand for them."""
    columns = {written(name): name for name in schema(view).texts if written(name) in _columns(view)}
    if not columns:
        return users
    sent = services.home().datasets.frame(view.dataset, [*columns])
    return users.assign(**{name: sent[at].astype(object) for at, name in columns.items()})


def _ids(view: View) -> pd.Series[Any]:
    name = services.home().datasets.find(view.dataset).id_column
    return services.home().datasets.frame(view.dataset, [name])[name]


def _along(view: View, code: str) -> pd.DataFrame:
    known = everyones_label(view)
    values = quality.as_numbers(_ids(view)) if code == "ids" else frame(view).index.to_numpy(np.float64)
    if known is None or values is None:  # then there is no such finding
        return pd.DataFrame()
    return quality.along(values, known)


def varying(matrix: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A matrix of correlations without the features that have none, not even with themselves; and these.

    They are the same for all users looked at.
    """
    known = ~np.isnan(np.diag(matrix.to_numpy()))
    return matrix.loc[known, known], [str(name) for name in matrix.index[~known]]


def beyond(view: View, name: str, outliers: Outliers) -> pd.DataFrame:
    """All outliers of a feature among the users looked at, furthest beyond the fences first: row, value."""
    values = column(view, name)
    array = values.to_numpy(np.float64)
    past = np.fmax(outliers.low - array, array - outliers.high)
    past[array == (np.nan if outliers.apart is None else outliers.apart)] = -1
    at = np.flatnonzero(past > 0)
    at = at[np.argsort(-past[at], kind="stable")]
    return pd.DataFrame({"row": values.index[at], "value": array[at]})


def groupable(view: View) -> list[str]:
    """The context columns that divide the dataset's users, those with the fewest values first."""

    def make() -> list[str]:
        context = list(services.home().datasets.find(view.dataset).context)
        columns = {name: written(name) for name in schema(view).categories if written(name) in _columns(view)}
        frame = services.home().datasets.frame(view.dataset, [*context, *columns.values()])
        groups = {name: frame[columns.get(name, name)] for name in (*columns, *context)}
        return segments.groupable(groups)

    return services.kept(("groupable", view.dataset), make)
