"""Every figure of Explore on simulated and real users equals what pandas, scipy and sklearn say of the same file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from scipy.stats import binomtest, ks_2samp, mannwhitneyu, pearsonr, spearmanr
from sklearn.metrics import mutual_info_score, roc_auc_score

from app.components.shared.numbers import numbers
from app.queries import explore
from core.data import intake
from core.explore import profile, single
from core.home import Home
from core.schema import schema as schemas
from core.schema.schema import Column, Label, Schema
from core.scoring.filters import Filters
from core.scoring.view import View
from core.settings import HOME_VARIABLE, ROOT
from tests import make

SETS = ["demo", "spambase", "twitter_spammers", "unlabelled", pytest.param("simulated", marks=pytest.mark.slow)]
#: Features looked at where a figure takes a while.
SOME = 6
QUANTILES = {"min": 0, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "max": 1}


@dataclass(frozen=True)
class Known:
    """A stored file, and the same file as pandas reads it."""

    home: Home
    view: View
    features: pd.DataFrame
    label: pd.Series[Any] | None

    @property
    def some(self) -> list[str]:
        """Features that differ between users, spread over the file."""
        varied = [name for name in self.features if self.features[name].nunique() > 1]
        return varied[:: -(-len(varied) // SOME)]


def quiet(_done: int, _of: int) -> None: ...


def read(name: str) -> pd.DataFrame:
    """A file with its label last; without one, the features alone."""
    shared = ROOT.parent / "shared" / "data"
    paths = {"demo": ROOT / "data" / "demo" / "labelled.csv.gz", "simulated": shared / "fiverr_simulated_train.csv.gz"}
    path = paths.get(name, shared / "real" / f"{'spambase' if name == 'unlabelled' else name}.csv.gz")
    if not path.is_file():
        pytest.skip(f"there is no {path.name}")
    frame = pd.read_csv(path)
    if name in paths:
        return frame[[column for column in frame if column not in {"user_id", "label"}] + ["label"]]
    return frame.iloc[:, :-1] if name == "unlabelled" else frame


@pytest.fixture(scope="module", params=SETS)
def known(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Known:
    frame, home = read(request.param), Home.open(tmp_path_factory.mktemp(request.param))
    label = None if request.param == "unlabelled" else str(frame.columns[-1])
    names = [str(name) for name in frame if name != label]
    schema = Schema(tuple(Column(name, "real") for name in names), label=Label(label) if label else None)
    schemas.save(schema, home.settings.schema_file)
    dataset = home.datasets.put(intake.read(f"{request.param}.csv", make.csv(frame), schema), schema, now=make.NOW)
    return Known(home, View(dataset.id), frame[names], frame[label] if label else None)


@pytest.fixture(autouse=True)
def _here(known: Known, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(HOME_VARIABLE, str(known.home.settings.home))
    yield
    st.cache_resource.clear()


@pytest.fixture
def spam(known: Known) -> pd.Series[Any]:
    if known.label is None:
        pytest.skip("there is no label")
    return known.label


def wilson(spammers: int, users: int) -> tuple[float, float]:
    found = binomtest(spammers, users).proportion_ci(method="wilson")
    return found.low, found.high


def test_rows_missing_constants_quantiles_and_distinct_values(known: Known) -> None:
    table, features = explore.table(known.view, None, progress=quiet).set_index("feature"), known.features

    assert explore.rows(known.view).sum() == len(features)
    assert table.index.tolist() == features.columns.tolist()
    assert table["missing"].tolist() == features.isna().mean().tolist()
    assert table["distinct"].tolist() == features.nunique().tolist()
    for name, share in QUANTILES.items():
        np.testing.assert_allclose(table[name], features.quantile(share), rtol=1e-9)
    np.testing.assert_allclose(table["mean"], features.mean(), rtol=1e-9)


def test_the_findings_count_what_pandas_counts(known: Known) -> None:
    found = {finding.code: finding for finding in explore.findings(known.view, progress=quiet)}
    features = known.features

    assert found["missing"].figure == features.isna().to_numpy().mean()
    assert list(found["constant"].features) == features.columns[features.nunique(dropna=False) == 1].tolist()
    again = features.duplicated(keep=False)
    assert found["duplicates"].figure == again.mean()
    shown = explore.evidence(known.view, "duplicates")
    assert sorted(shown["row"]) == (np.flatnonzero(again) + 1).tolist()
    if known.label is not None:
        copies = features[again].assign(_label=known.label[again])
        torn = copies.groupby(list(features), dropna=False)["_label"].transform("nunique") == 2
        assert found["opposite_labels"].figure == torn.sum()
        sides = explore.evidence(known.view, "opposite_labels")
        rows = pd.concat([sides["spammer_row"], sides["legitimate_row"]]).dropna()
        assert sorted(rows) == (torn.index[torn] + 1).tolist()


def test_spammers_along_the_file_are_counted_in_its_rows(known: Known, spam: pd.Series[Any]) -> None:
    parts = explore.evidence(known.view, "row_order")

    assert parts["n"].sum() == len(spam)
    for part in parts.itertuples():
        rows = spam.iloc[int(part.low) - 1 : int(part.high)]
        assert (part.n, part.spammers, part.rate) == (len(rows), rows.sum(), rows.sum() / len(rows))
        assert (part.low95, part.high95) == pytest.approx(wilson(part.spammers, part.n), abs=1e-9)


def test_what_a_feature_says_of_the_label(known: Known, spam: pd.Series[Any]) -> None:
    table = explore.table(known.view, None, progress=quiet).set_index("feature")

    for name in known.some:
        values = known.features[name]
        there = values.notna()
        assert table["auc"][name] == pytest.approx(roc_auc_score(spam[there], values[there]), abs=1e-9)
        starts = profile._starts(explore.counted(known.view, name))
        bins = np.where(there, np.searchsorted(starts, values, side="right"), -1)
        assert table["mi"][name] == pytest.approx(mutual_info_score(spam, bins), abs=1e-9)


def test_bins_and_their_spam_rates(known: Known, spam: pd.Series[Any]) -> None:
    for name in known.some:
        bins, values = explore.bins(known.view, name, log=False), known.features[name]
        rates = single.rates(explore.counted(known.view, name), bins)
        edges = [-np.inf, *bins.starts[1:], np.inf]
        grouped = spam.groupby(pd.cut(values, edges, right=False), observed=False).agg(["size", "sum"])
        cells = rates[rates["bin"] != "missing"]
        assert cells["n"].tolist() == grouped["size"].tolist()
        assert cells["spammers"].tolist() == grouped["sum"].tolist()
        assert rates["n"].sum() == len(values)
        for cell in cells[cells["n"] > 0].itertuples():
            assert cell.rate == cell.spammers / cell.n
            assert (cell.low95, cell.high95) == pytest.approx(wilson(cell.spammers, cell.n), abs=1e-9)


def test_correlations(known: Known) -> None:
    names = known.some
    for method, theirs in (("pearson", pearsonr), ("spearman", spearmanr)):
        matrix, constant = explore.varying(explore.correlations(known.view, method))
        assert constant == [name for name in known.features if known.features[name].nunique() < 2]
        np.testing.assert_allclose(np.diag(matrix.to_numpy()), 1, rtol=1e-12)
        for a in names:
            for b in names:
                both = known.features[[a, b]].dropna()
                if a != b and both.nunique().min() > 1:
                    r = theirs(both[a], both[b]).statistic
                    assert matrix.loc[a, b] == pytest.approx(r, abs=1e-6)


def test_two_features_are_a_histogram(known: Known) -> None:
    x, y = known.some[:2]
    joint = explore.joint(known.view, x, y)

    both = known.features[[x, y]].dropna()
    edges = [[-np.inf, *bins.starts[1:], np.inf] for bins in (joint.y, joint.x)]
    places = [np.digitize(both[name], cuts[1:-1]) for name, cuts in zip((y, x), edges, strict=True)]
    corners = [np.arange(len(cuts)) - 0.5 for cuts in edges]
    assert joint.n.tolist() == np.histogram2d(*places, bins=corners)[0].tolist()
    assert joint.left_out == len(known.features) - len(both)
    if known.label is not None:
        weights = known.label[both.index]
        assert joint.spammers.tolist() == np.histogram2d(*places, bins=corners, weights=weights)[0].tolist()


def test_spammers_against_legitimate_users(known: Known, spam: pd.Series[Any]) -> None:
    sides = [View(known.view.dataset, None, Filters("everyone", label=who)) for who in ("legitimate", "spammer")]
    found = explore.compared(*sides, None, progress=quiet).set_index("feature")

    assert [explore.rows(side).sum() for side in sides] == [(spam == 0).sum(), (spam == 1).sum()]
    for name in known.some:
        legitimate, spammers = (known.features.loc[spam == who, name].dropna() for who in (0, 1))
        row = found.loc[name]
        assert row["ks"] == pytest.approx(ks_2samp(legitimate, spammers, method="asymp").statistic, abs=1e-9)
        u = mannwhitneyu(spammers, legitimate, method="asymptotic").statistic
        assert row["delta"] == pytest.approx(2 * u / (len(spammers) * len(legitimate)) - 1, abs=1e-9)
        spread = np.sqrt((legitimate.var() + spammers.var()) / 2)
        assert row["smd"] == pytest.approx((spammers.mean() - legitimate.mean()) / spread, abs=1e-6)
        assert row["psi"] == pytest.approx(
            psi(known.features.loc[spam == 0, name], known.features.loc[spam == 1, name])
        )


def psi(a: pd.Series[Any], b: pd.Series[Any]) -> float:
    """Over the values at ten equally spaced ranks of both, each once, zero apart where most have it; by pandas."""
    both = pd.concat([a, b]).dropna().sort_values()
    if both.nunique() <= 10:
        starts = both.unique()
    elif 2 * (both == 0).sum() > len(both):
        below, above = both[both < 0], both[both > 0]
        if len(below):
            pytest.skip("no set has negative values and mostly zeros")
        starts = np.append([0.0], ranks(above, 9))
    else:
        starts = ranks(both, 10)
    counts = [
        pd.Series(np.searchsorted(starts[1:], side, side="right")).where(side.notna().to_numpy(), -1).value_counts()
        for side in (a, b)
    ]
    p, q = (part + 0.5 for part in counts[0].align(counts[1], fill_value=0))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def ranks(ordered: pd.Series[Any], parts: int) -> np.ndarray:
    if ordered.nunique() <= parts:
        return np.asarray(ordered.unique())
    return np.unique([ordered.iloc[int(np.floor(part * ((len(ordered) - 1) / parts)))] for part in range(parts)])


def test_a_filter_counts_whom_pandas_counts(known: Known) -> None:
    name = known.some[0]
    middle = float(known.features[name].median())
    view = View(known.view.dataset, None, Filters("everyone", feature=name, within=(middle, float("inf"))))

    kept = known.features[known.features[name] >= middle]
    assert explore.rows(view).sum() == len(kept)
    for other in known.some:
        tally = explore.counted(view, other)
        assert dict(zip(tally.values, tally.counts, strict=True)) == kept[other].value_counts().to_dict()


def test_segments_are_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: Known) -> None:
    home, coarse = Home.open(tmp_path), known.features[known.some[0]].round().map("about {:g}".format)
    label = pd.Series(0, coarse.index) if known.label is None else known.label
    schema = Schema((Column("x"),), label=Label("y") if known.label is not None else None, context=("name", "part"))
    frame = pd.DataFrame({"x": 1, "y": label, "name": [f"n{i}" for i in range(len(label))], "part": coarse})
    frame = frame if known.label is not None else frame.drop(columns="y")
    schemas.save(schema, home.settings.schema_file)
    monkeypatch.setenv(HOME_VARIABLE, str(home.settings.home))
    view = View(home.datasets.put(intake.read("s.csv", make.csv(frame), schema), schema, now=make.NOW).id)

    assert explore.groupable(view) == ["part"]
    found = explore.segmented(view, "part")
    grouped = label.groupby(coarse).agg(["size", "sum"])
    values = found[found["kind"] == "value"].set_index("segment")
    assert values["n"].tolist() == grouped["size"][values.index].tolist()
    assert found["n"].sum() == len(coarse)
    if known.label is not None:
        assert values["spammers"].tolist() == grouped["sum"][values.index].tolist()
        assert found["spammers"].sum() == label.sum()
        assert values["rate"].tolist() == (values["spammers"] / values["n"]).tolist()


def test_a_download_reads_back_as_the_table(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[str, bytes] = {}
    monkeypatch.setattr(st, "download_button", lambda _label, data, name, *_, **__: taken.update({name: data()}))
    feature = known.some[0]
    rates = single.rates(explore.counted(known.view, feature), explore.bins(known.view, feature, log=False))
    matrix, _ = explore.varying(explore.correlations(known.view, "spearman"))
    tables = {
        "rates": rates,
        "correlations": matrix.reset_index(names="feature"),
        "joint": explore.joint(known.view, *known.some[:2]).table(),
        "features": explore.table(known.view, None, progress=quiet).drop(columns=["spark", "meaning"]),
    }

    for name, table in tables.items():
        numbers(table, name)
        back = pd.read_csv(io.BytesIO(taken[f"{name}.csv"]))
        texts = [column for column in table if table[column].dtype == "str"]
        # A leading minus or the like is quoted, so that no spreadsheet runs it.
        for column in texts:
            read_back = back[column].astype("str").str.removeprefix("'")
            assert read_back.tolist() == table[column].str.removeprefix("'").tolist()
        pd.testing.assert_frame_equal(back.drop(columns=texts), table.drop(columns=texts), check_dtype=False, rtol=0)
