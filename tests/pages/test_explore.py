"""Explore: what it shows of any users, how filters and the address change it, and that its figures are pandas'."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
import xgboost as xgb
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from app.components.explore import evidence, feature_pairs, feature_table, groups, one_feature, report
from app.components.shared import take_away
from app.components.shared.figure import tell
from app.queries import explore, services
from app.words import plain
from core.data import intake
from core.explore import shift
from core.explore.interval import wilson
from core.home import Home
from core.model.encoding import Encoding
from core.policy.bands import BANDS
from core.registry import registry
from core.schema import schema as schemas
from core.schema.schema import Column, Label, Schema
from core.scoring.filters import Filters
from core.scoring.listing.list_view import ListView
from core.scoring.runs import Run
from core.scoring.view import View, of_run
from core.settings import HOME_VARIABLE
from tests import make, screen
from tests.screen import Scored, Visit

PANELS = ("One feature", "Two features", "Correlations", "Segments", "Compare")
FEATURES = list(make.SCHEMA.names)
TABLE = "feature_table"
Tables = dict[str, pd.DataFrame]


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Tables:
    """The numbers that can be downloaded from the page, by the name of their file."""
    found: Tables = {}
    for module in (evidence, feature_table, groups, one_feature, feature_pairs):
        monkeypatch.setattr(module, "numbers", lambda frame, name: found.__setitem__(name, frame))
    monkeypatch.setattr(take_away, "menu", lambda numbers, _name, key, _watched: found.__setitem__(key, numbers()))
    return found


@pytest.fixture
def users() -> pd.DataFrame:
    """300 labelled users that no model knows."""
    return make.users(300, seed=4)


@pytest.fixture
def run(own: Home, scored: Scored, users: pd.DataFrame) -> Run:
    return scored(own, users, reasons=False)


def stored(home: Home, frame: pd.DataFrame, name: str = "users.csv", schema: Schema = make.SCHEMA) -> str:
    """Store users; what stands for them in the address."""
    return home.datasets.put(intake.read(name, make.csv(frame), schema), schema, now=make.NOW).id[:12]


def train(home: Home) -> str:
    return home.registry.load().metadata.data.dataset[:12]


def who(at: AppTest) -> str:
    return next(element.value for element in at.markdown if " users" in element.value and " · " in element.value)


def specs(at: AppTest) -> list[str]:
    """What plotly is given to draw; without our own titles and alternative texts, which it never reads."""
    found = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    for figure in found:
        figure["layout"].pop("meta")
    return [json.dumps(figure, ensure_ascii=False) for figure in found]


def in_url(at: AppTest, name: str) -> list[str]:
    found = at.query_params.get(name, [])
    return [found] if isinstance(found, str) else list(found)


# What is shown, of what


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("kind", ["labelled", "run", "unlabelled", "no model"])
def test_every_panel_renders(
    visit: Visit, own: Home, scored: Scored, to_score: pd.DataFrame, kind: str, panel: str
) -> None:
    of = train(own)
    if kind == "run":
        of = scored(own, to_score, reasons=False).id
    elif kind == "unlabelled":
        of = stored(own, to_score)
    elif kind == "no model":
        (own.settings.models / registry.CHAMPION).unlink()

    at = visit(own, "explore", of=of, panel=panel)

    assert not at.exception
    assert not at.error
    assert at.session_state["panel"] == panel
    assert specs(at) or panel == "Segments"
    assert ("spammers" in who(at)) == (kind in {"labelled", "no model"})


def test_a_home_with_nothing_in_it_says_what_to_do(visit: Visit, home: Home) -> None:
    at = visit(home, "explore")

    assert not at.exception
    assert "Nothing to explore yet" in screen.sentences(at)


def test_the_address_says_who_is_looked_at_though_nobody_chose(visit: Visit, own: Home, users: pd.DataFrame) -> None:
    stored(own, users, "newest.csv")

    at = visit(own, "explore")

    assert not at.exception
    (of,) = in_url(at, "of")
    assert own.datasets.find(next(each.id for each in own.datasets.stored() if each.id.startswith(of))).name in who(at)


def test_the_users_looked_at_are_told_in_a_sentence(visit: Visit, own: Home) -> None:
    spam = make.users(1500)["spam"]
    low, high = wilson([spam.sum()], [len(spam)])

    told = who(visit(own, "explore", of=train(own))).replace("\u202f", " ")

    assert "**train.csv** · 1,500 users × 5 features" in told
    assert f"{100 * spam.mean():.2f} % spammers ({100 * low[0]:.2f} to {100 * high[0]:.2f})" in told


def test_another_dataset_can_be_chosen_and_is_then_in_the_address(visit: Visit, own: Home) -> None:
    other = stored(own, make.users(80, 6), "other.csv")
    at = visit(own, "explore", of=train(own))

    at.selectbox(key=f"of-{train(own)}").set_value(other).run()

    assert not at.exception
    assert in_url(at, "of") == [other]
    assert "other.csv" in who(at)


def test_an_address_of_users_who_are_gone_shows_others(visit: Visit, own: Home) -> None:
    at = visit(own, "explore", of="r-0099", panel="Nonsense", feature="X99", against="gone")

    assert not at.exception
    assert "train.csv" in who(at)


# At a glance


def test_each_finding_is_a_sentence_that_leads_to_its_evidence(visit: Visit, own: Home) -> None:
    at = visit(own, "explore", of=train(own))
    missing = int(make.users(1500)["ratio"].isna().sum())

    assert f"{missing} cells are missing" in screen.sentences(at)
    assert "constant is the same for every user" in screen.sentences(at)
    at.button(key="see-constant-constant").click().run()

    assert at.selectbox(key="feature").value == "constant"
    assert "count, the same for every user" in screen.sentences(at)


def test_near_copies_lead_to_the_correlations(visit: Visit, own: Home) -> None:
    frame = make.users(400, 8)
    at = visit(own, "explore", of=stored(own, frame.assign(tier=frame["links"] * 2)), panel="Segments")

    assert "links and tier are near-copies" in screen.sentences(at)
    at.button(key="see-near_copies").click().run()

    assert at.session_state["panel"] == "Correlations"
    assert not at.exception


def messy() -> pd.DataFrame:
    """200 users in the order of their labels; 12 again as spammers, three of these twice; and two ids once more."""
    users = make.users(200, 8).sort_values("spam", kind="stable")
    twins = users.head(12).assign(user=[f"twin {i}" for i in range(12)], spam=1)
    thirds = twins.head(3).assign(user=["third 0", "third 1", "third 2"])
    return pd.concat([users, twins, thirds, users.tail(2)], ignore_index=True)


def opened(at: AppTest, code: str) -> pd.DataFrame:
    """What the dialog of a finding shows."""
    before = len(at.dataframe)
    at.button(key=f"see-{code}").click().run()
    assert not at.exception
    assert len(at.dataframe) == before + 1
    return at.dataframe[-1].value


def test_users_who_are_alike_are_shown_group_by_group(visit: Visit, own: Home, tables: Tables) -> None:
    users = messy().drop_duplicates("user")
    shown = opened(visit(own, "explore", of=stored(own, messy()), panel="Segments"), "duplicates")

    again = users[users.duplicated(FEATURES, keep=False)]
    assert sorted(shown["user"]) == sorted(again["user"])
    for _, group in shown.groupby("group"):
        assert len(group) > 1
        assert len(group[FEATURES].drop_duplicates()) == 1
    assert shown["row"].tolist() == [users["user"].tolist().index(user) + 1 for user in shown["user"]]
    assert shown["spam"].tolist() == users.set_index("user")["spam"][shown["user"]].tolist()
    pd.testing.assert_frame_equal(tables["duplicates"], shown, check_dtype=False)


def test_users_with_opposite_labels_stand_side_by_side(visit: Visit, own: Home, tables: Tables) -> None:
    users = messy().drop_duplicates("user").set_index("user")
    at = visit(own, "explore", of=stored(own, messy()), panel="Segments")

    shown = opened(at, "opposite_labels")

    torn = users.groupby(FEATURES, dropna=False)["spam"].transform("nunique") == 2
    assert sorted(shown["spammer"].dropna()) == sorted(users.index[torn & (users["spam"] == 1)])
    assert sorted(shown["legitimate"].dropna()) == sorted(users.index[torn & (users["spam"] == 0)])
    for spammer, legitimate in shown[["spammer", "legitimate"]].dropna().itertuples(index=False):
        assert users.loc[spammer, FEATURES].equals(users.loc[legitimate, FEATURES])
    assert f"{torn.sum()} users in {shown['group'].nunique()} groups" in screen.sentences(at)


def test_rows_with_an_id_again_are_shown_as_they_stand(visit: Visit, own: Home) -> None:
    at = visit(own, "explore", of=stored(own, messy()), panel="Segments")

    shown = opened(at, "repeated_ids")

    assert "2 rows were turned away because their ids are on an earlier row" in screen.sentences(at)
    assert shown["line"].tolist() == [217, 218]
    assert shown["record"].str.split(",").str[0].tolist() == messy()["user"].tail(2).tolist()


def test_spammers_along_the_file_are_those_of_its_rows(visit: Visit, own: Home, tables: Tables) -> None:
    users = messy().drop_duplicates("user")
    at = visit(own, "explore", of=stored(own, messy()), panel="Segments")

    shown = opened(at, "row_order")

    assert any("Spam rate by row" in text for text in screen.markdown(at))
    assert shown["n"].sum() == len(users)
    for low, high, n, spammers in tables["row_order"][["low", "high", "n", "spammers"]].itertuples(index=False):
        part = users.loc[int(low) - 1 : int(high) - 1, "spam"]  # rows of the file are counted from 1
        assert (len(part), part.sum()) == (n, spammers)


def test_of_many_rows_the_first_thousand_are_shown_and_all_can_be_taken_away(
    visit: Visit, own: Home, tables: Tables
) -> None:
    users = make.users(1200, 8).assign(ratio=0.0)
    at = visit(own, "explore", of=stored(own, users), panel="Segments")

    shown = opened(at, "duplicates")

    assert len(shown) == 1000
    assert len(tables["duplicates"]) == users.duplicated(FEATURES, keep=False).sum() > 1000
    assert "first 1,000 of " in screen.sentences(at)


def test_with_filters_findings_are_folded_and_said_to_be_about_everybody(visit: Visit, own: Home) -> None:
    everyone = visit(own, "explore", of=train(own))
    filtered = visit(own, "explore", of=train(own), label="Spammers")
    told = [line for line in screen.sentences(everyone).splitlines() if line.startswith((":material/w", ":material/i"))]
    checks = next(title for title in folds(everyone) if "check" in title)

    assert told
    assert folds(filtered)[-2:] == [f"{len(told)} findings among all 1,500 users", checks]
    assert not set(told) & set(screen.sentences(filtered).splitlines())
    filtered.session_state["folded-search_insights"] = True
    assert set(told) <= set(screen.sentences(filtered.run()).splitlines())


def folds(at: AppTest) -> list[str]:
    """The titles of what is folded away."""
    labels = [popover.proto.popover.label for popover in at.get("popover")]
    return [label for label in labels if label != ":material/download:"]


# Filters


def expected(run: Run, home: Home, users: pd.DataFrame) -> pd.DataFrame:
    """The users with their scores and bands, by pandas."""
    probability = home.runs.scores(run.id)["probability"].to_numpy()
    cuts = [-np.inf, run.policy.monitor, run.policy.review, run.policy.remove, np.inf]
    return users.assign(p=probability, band=pd.cut(probability, cuts, labels=list(BANDS)).astype(str))


FILTERS = {
    "label": ({"label": "Spammers"}, "spam == 1"),
    "legitimate": ({"label": "Legitimate"}, "spam == 0"),
    "flagged": ({"band": "Flagged"}, "band in ('human_review', 'auto_remove')"),
    "band": ({"band": "● Monitor"}, "band == 'monitor'"),
    "score": ({"score": ["0.1", "0.5"]}, "p >= .1 and p <= .5"),
    "range": ({"where": "links", "from": "1", "to": "2"}, "links >= 1 and links <= 2"),
    "half range": ({"where": "ratio", "from": "0.5"}, "ratio >= .5"),
    "context": ({"context": "country", "values": ["DE", "PK"]}, "country in ['DE', 'PK']"),
    "several": (
        {"label": "Legitimate", "where": "links", "to": "1", "context": "country", "values": "KE", "band": "○ Allow"},
        "spam == 0 and links <= 1 and country == 'KE' and band == 'allow'",
    ),
}


@pytest.mark.parametrize(("where", "query"), FILTERS.values(), ids=FILTERS)
def test_a_filter_in_the_address_shows_whom_pandas_finds(
    visit: Visit, own: Home, run: Run, users: pd.DataFrame, tables: Tables, where: dict[str, str], query: str
) -> None:
    found = expected(run, own, users).query(query)

    at = visit(own, "explore", of=run.id, feature="links", **where)

    assert not at.exception
    assert 0 < len(found) < 300
    assert f"{len(found)} of 300 users" in who(at)
    for name, value in where.items():
        assert in_url(at, name) == ([value] if isinstance(value, str) else value)
    spread = tables["distribution"]
    assert spread[spread["n"] > 0]["n"].tolist() == found["links"].value_counts().sort_index().tolist()
    assert spread["spammers"].sum() == found["spam"].sum()


def test_a_filter_that_is_chosen_counts(visit: Visit, own: Home, run: Run, users: pd.DataFrame) -> None:
    at = visit(own, "explore", of=run.id)

    at.selectbox(key="where").set_value("links").run()
    at.number_input(key="from").set_value(2.0).run()

    assert f"{int((users['links'] >= 2).sum())} of 300 users (links from 2)" in who(at)


def test_another_feature_to_filter_by_forgets_the_range_of_the_one_before(visit: Visit, own: Home, run: Run) -> None:
    at = visit(own, "explore", of=run.id, where="links", **{"from": "2"})

    at.selectbox(key="where").set_value("tier").run()

    assert not at.exception
    assert at.number_input(key="from").value is None
    assert "300 users × 5 features" in who(at)


@pytest.mark.parametrize("panel", PANELS)
def test_filters_that_nobody_passes_break_nothing(visit: Visit, own: Home, run: Run, panel: str) -> None:
    at = visit(own, "explore", of=run.id, panel=panel, where="links", **{"from": "900"})

    assert not at.exception
    assert "0 of 300 users" in who(at)


# The feature table


def test_the_feature_table_is_what_pandas_and_sklearn_say(visit: Visit, own: Home, tables: Tables) -> None:
    users = make.users(1500)
    at = visit(own, "explore", of=train(own))

    assert not at.exception
    shown = at.dataframe[0].value.set_index("feature").loc[FEATURES]
    values = users[FEATURES]
    assert shown["missing"].tolist() == values.isna().mean().tolist()
    assert shown["distinct"].tolist() == values.nunique().tolist()
    for name, share in {"min": 0, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "max": 1}.items():
        np.testing.assert_allclose(shown[name], values.quantile(share), rtol=1e-12)
    np.testing.assert_allclose(shown["mean"], values.mean(), rtol=1e-12)
    for name in FEATURES:
        known = users[users[name].notna()]
        assert shown["auc"][name] == pytest.approx(roc_auc_score(known["spam"], known[name]), abs=1e-12)
    assert set(shown) < set(tables["features"]) | {"spark"}


def test_use_and_psi_are_those_of_the_model_in_charge(visit: Visit, own: Home) -> None:
    model = own.registry.load()
    at = visit(own, "explore", of=stored(own, make.users(250, 9)))
    shown = at.dataframe[0].value

    features = make.users(250, 9)[FEATURES]
    names = list(model.metadata.names)
    pushes = model.predictor.booster.predict(
        xgb.DMatrix(Encoding().matrix(features, model.metadata.names, model.version), feature_names=names),
        pred_contribs=True,
    )
    mean = dict(zip(names, np.abs(pushes[:, :-1]).mean(axis=0), strict=True))
    assert shown["use"].fillna(0).tolist() == pytest.approx(
        [mean.get(name, 0.0) for name in shown["feature"]], abs=1e-5
    )
    assert shown["use"].fillna(0).is_monotonic_decreasing
    baseline = model.baseline().features
    for name, psi in zip(shown["feature"], shown["psi"], strict=True):
        if name in baseline:
            known = baseline[name]
            assert psi == shift.psi_against(known.edges, known.counts, known.missing, features[name])[0]
    assert "by use in v0001, on a sample of 250 users" in screen.sentences(at)


def test_looking_for_a_feature_shows_those_with_the_name(visit: Visit, own: Home) -> None:
    at = visit(own, "explore", of=train(own))

    at.text_input(key="find_feature").set_value("TI").run()

    assert at.dataframe[0].value["feature"].tolist() in (["ratio", "tier"], ["tier", "ratio"])
    at.text_input(key="find_feature").set_value("(").run()
    assert "No feature has this in its name or meaning." in screen.sentences(at)


def test_choosing_a_row_shows_its_feature(visit: Visit, own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    at = visit(own, "explore", of=train(own))
    row = at.dataframe[0].value["feature"].tolist().index("tier")
    # AppTest calls no callback of a table: it is called as Streamlit would, with what the page knows.
    known = {name: at.session_state[name] for name in ("_shown_features", "panel")}
    state = {TABLE: {"selection": {"rows": [row]}}, **known}
    with monkeypatch.context() as patch:
        patch.setattr(st, "session_state", state)
        feature_table._chosen()
    for name in ("feature", "panel"):
        at.session_state[name] = state[name]
    at.run()

    assert not at.exception
    assert at.selectbox(key="feature").value == "tier"
    assert any("Distribution of tier" in element.value for element in at.markdown)


# One feature


def test_the_spam_rate_of_each_value_is_what_pandas_says(visit: Visit, own: Home, tables: Tables) -> None:
    visit(own, "explore", of=train(own), feature="links")
    grouped = make.users(1500).groupby("links")["spam"].agg(["size", "sum"])

    rates = tables["spam_rate"]
    assert rates["n"].tolist() == grouped["size"].tolist()
    assert rates["spammers"].tolist() == grouped["sum"].tolist()
    assert rates["rate"].tolist() == (grouped["sum"] / grouped["size"]).tolist()
    low, high = wilson(grouped["sum"], grouped["size"])
    assert (rates["low95"].tolist(), rates["high95"].tolist()) == (low.tolist(), high.tolist())
    commonest = tables["commonest"]
    assert commonest["n"].tolist() == grouped["size"].sort_values(ascending=False).head(8).tolist()


def test_outliers_are_those_beyond_the_fences_and_minus_is_a_minus(visit: Visit, own: Home, tables: Tables) -> None:
    users = make.users(300, 4)
    users.loc[[7, 9, 200], "ratio"] = [-90.0, 45.0, -61.5]
    at = visit(own, "explore", of=stored(own, users), feature="ratio")

    values = users["ratio"].dropna()
    lower, upper = values.quantile([0.25, 0.75])
    beyond = values[(values < lower - 3 * (upper - lower)) | (values > upper + 3 * (upper - lower))]
    found = tables["outliers"]
    assert found["row"].tolist() == [8, 201, 10]
    assert found["value"].tolist() == [-90.0, -61.5, 45.0]
    assert sorted(found["value"]) == sorted(beyond)
    told = next(text for text in screen.sentences(at).splitlines() if text.startswith("3 users ("))
    assert ": below −" in told
    at = visit(own, "explore", of=stored(own, users), where="ratio", **{"from": "-3"})
    assert "(ratio from −3)" in who(at)


def test_without_a_label_there_is_no_spam_rate(visit: Visit, own: Home, to_score: pd.DataFrame, tables: Tables) -> None:
    at = visit(own, "explore", of=stored(own, to_score), feature="links")

    assert not at.exception
    assert "spam_rate" not in tables
    assert tables["distribution"]["n"].tolist() == to_score["links"].value_counts().sort_index().tolist()


# Two features, correlations, segments


@pytest.mark.parametrize("show", ["Density", "Spam rate"])
def test_joint_counts_are_those_of_a_crosstab(visit: Visit, own: Home, tables: Tables, show: str) -> None:
    users = make.users(1500)
    at = visit(own, "explore", of=train(own), panel="Two features", x="links", y="tier", show=show)

    assert not at.exception
    cells = tables["joint"]
    crossed = pd.crosstab(users["tier"], users["links"]).stack()
    spam = pd.crosstab(users["tier"], users["links"], users["spam"], aggfunc="sum").stack()
    for x, y, n, spammers in cells[["x", "y", "n", "spammers"]].itertuples(index=False):
        assert n == crossed[int(y), int(x)]
        assert spammers == spam[int(y), int(x)]
    assert cells["n"].sum() == len(users)


@pytest.mark.parametrize("method", ["Spearman", "Pearson"])
def test_correlations_are_those_of_pandas(visit: Visit, own: Home, tables: Tables, method: str) -> None:
    at = visit(own, "explore", of=train(own), panel="Correlations", method=method)

    assert not at.exception
    found = tables["correlations"].set_index("feature")
    theirs = make.users(1500)[list(found.index)].corr(method.lower()).to_numpy().copy()
    np.fill_diagonal(theirs, 1)
    np.testing.assert_allclose(found[list(found.index)].to_numpy(), theirs, atol=1e-6)
    assert sorted(found.index) == sorted(set(FEATURES) - {"constant"})
    assert plain("1 constant feature is left out: constant.") in screen.sentences(at)
    (heat,) = [trace for trace in json.loads(specs(at)[0])["data"] if trace["type"] == "heatmap"]
    assert len(heat["hovertext"]) == len(found)
    pair = tables["strongest_pairs"].iloc[0]
    assert pair["r"] == pytest.approx(found.loc[pair["a"], pair["b"]])


def test_a_pair_leads_to_its_two_features(visit: Visit, own: Home, tables: Tables) -> None:
    at = visit(own, "explore", of=train(own), panel="Correlations", x="constant", y="tier")

    # The address that the page was opened with names other features; the second pair is chosen on known menus.
    for place in (0, 1):
        pair = tables["strongest_pairs"].iloc[place]
        at.button(key=f"pair-{pair['a']}-{pair['b']}").click().run()

        assert not at.exception
        assert at.session_state["panel"] == "Two features"
        assert (at.selectbox(key="x").value, at.selectbox(key="y").value) == (pair["a"], pair["b"])
        at.segmented_control(key="show").set_value("spam rate").run()
        assert (at.selectbox(key="x").value, at.selectbox(key="y").value) == (pair["a"], pair["b"])
        at.segmented_control(key="panel").set_value("Correlations").run()


def test_segments_are_groups_of_the_context_column(visit: Visit, own: Home, tables: Tables) -> None:
    users = make.users(1500).assign(country=lambda frame: frame["country"].where(frame.index > 9, "NZ"))
    at = visit(own, "explore", of=stored(own, users), panel="Segments", by="country")

    assert not at.exception
    found = tables["segments"].set_index("segment")
    grouped = users.groupby("country")["spam"].agg(["size", "sum", "mean"]).loc[found.index]
    assert found["n"].tolist() == grouped["size"].tolist()
    assert found["spammers"].tolist() == grouped["sum"].tolist()
    assert found["rate"].tolist() == grouped["mean"].tolist()
    assert found["small"].to_dict() == {"DE": False, "KE": False, "PK": False, "NZ": True}
    assert "n = 10, too few to judge" in specs(at)[0]


def test_segments_open_on_the_context_column_with_the_fewest_values(visit: Visit, own: Home, tables: Tables) -> None:
    at = visit(own, "explore", of=train(own), panel="Segments")

    assert at.selectbox(key="by").value == "country"
    assert sorted(tables["segments"]["segment"]) == ["DE", "KE", "PK"]
    at.selectbox(key="by").set_value("name").run()
    assert "No two users have the same value of name: there is nothing to group by." in screen.sentences(at)
    assert not specs(at)


def test_a_click_on_a_segment_of_a_run_lists_its_users_and_on_one_of_several_values_nobody(
    own: Home, run: Run, users: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(own.settings.home))
    went, state = list[tuple[str, dict[str, str]]](), dict[str, object]()
    monkeypatch.setattr(groups.navigation, "go", lambda page, **to: went.append((page, to)))
    monkeypatch.setattr("app.components.shared.figure.st.session_state", state)
    view = of_run(run, Filters(group="everyone", scores=(0.0, 0.5)))
    frame = explore.segmented(view, "country")
    click = groups._click(view, "country", frame)
    assert click is not None
    at = frame["segment"].tolist().index("KE")
    state["segments-light"] = {"selection": {"points": [{"x": 0.2, "y": at}]}}
    tell("segments-light", click.does)

    ((page, address),) = went
    assert (page, address["run"]) == ("score_file", run.id)
    listed = ListView.of(address, usual="everyone").filters
    matching = own.views.rows(of_run(run, listed), make.SCHEMA)
    assert matching.sum() == frame["n"].iloc[at] > 0
    assert set(users["country"][matching]) == {"KE"}

    frame.loc[at, "kind"] = "others"
    tell("segments-light", click.does)
    assert len(went) == 1
    assert groups._click(View(run.dataset), "country", frame) is None  # a dataset that nobody scored has no list


# Comparisons


def test_the_flagged_are_compared_with_the_rest(
    visit: Visit, own: Home, run: Run, users: pd.DataFrame, tables: Tables
) -> None:
    at = visit(own, "explore", of=run.id, panel="Compare")
    everyone = expected(run, own, users)
    flagged = everyone["band"].isin(["human_review", "auto_remove"])

    assert not at.exception
    found = tables["shifts"].set_index("feature")
    for name in FEATURES:
        assert found["mean_a"][name] == pytest.approx(everyone.loc[~flagged, name].mean(), rel=1e-12)
        assert found["mean_b"][name] == pytest.approx(everyone.loc[flagged, name].mean(), rel=1e-12)
    assert f"({(~flagged).sum()} users)" in screen.sentences(at)
    assert tables["all_features"]["PSI"].tolist() == found["psi"].tolist()


def test_two_datasets_are_compared_and_the_other_is_in_the_address(visit: Visit, own: Home, tables: Tables) -> None:
    last = make.users(400, 6).assign(links=9)
    other = stored(own, last, "last.csv")
    at = visit(own, "explore", of=train(own), panel="Compare")

    at.selectbox(key="against-label").set_value(other).run()

    assert not at.exception
    assert in_url(at, "against") == [other]
    found = tables["shifts"].set_index("feature")
    assert found["mean_b"].loc["links"] == 9
    assert found.index[0] == "links"
    again = visit(own, "explore", of=train(own), panel="Compare", against=other)
    assert "to last.csv (400)" in screen.sentences(again)


# The report, and what the log says


def test_the_report_holds_the_sentences_and_asks_nothing_of_the_network(
    visit: Visit, own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(own, "explore", of=train(own))
    monkeypatch.setenv(HOME_VARIABLE, str(own.settings.home))
    view = View(own.registry.load().metadata.data.dataset, None, Filters("everyone", label="spammer"))

    page = report._report(view, services.champion())

    spammers = int(make.users(1500)["spam"].sum())
    assert f"train.csv: {spammers} of 1,500 users, 5 features." in page
    for finding in explore.findings(view, progress=lambda _done, _of: None):
        assert finding.sentence.replace("'", "&#x27;").replace(">", "&gt;") in page
    outside = [
        piece for piece in page.split("<") if ' src="http' in piece or (piece.startswith("link") and "href" in piece)
    ]
    assert outside == []
    assert "default-src 'none'" in page
    assert page.count("<figure>") >= 5


def test_the_log_holds_no_warning(visit: Visit, own: Home, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "streamlit"):
        at = visit(own, "explore", of=train(own), panel="Correlations")
        at.button(key="see-constant-constant").click().run()

    assert [record.getMessage() for record in caplog.records if "default value" in record.getMessage()] == []


# Columns that break careless pages

NAMES = ("missing", "constant", "distinct", "outlier", "negative", "<b>x</b>", "one, two")
HOSTILE = Schema(tuple(Column(name, "real") for name in NAMES), id="user", label=Label("spam"), context=("site",))


def hostile_users(n: int, spam: str) -> pd.DataFrame:
    random = np.random.default_rng(3)
    columns = {
        "missing": [None] * n,
        "constant": 7,
        "distinct": random.permutation(n) / 7,
        "outlier": np.where(np.arange(n) == 0, 1e12, random.poisson(2, n)),
        "negative": random.integers(-9, 0, n),
        "<b>x</b>": random.integers(0, 2, n),
        "one, two": np.where(random.random(n) < 0.5, np.nan, random.normal(size=n)),
    }
    label = {"both": np.arange(n) % 2, "spammers": np.ones(n, int), "legitimate": np.zeros(n, int)}[spam]
    site = np.where(np.arange(n) % 3 == 0, "<i>a</i>", "$b$ :red[b]")
    return pd.DataFrame({"user": [f"u{i}" for i in range(n)], "spam": label, **columns, "site": site})


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of hostile columns, with a model that learnt from them."""
    home = Home.open(tmp_path_factory.mktemp("strange"))
    schemas.save(HOSTILE, home.settings.schema_file)
    checked = intake.read("train.csv", make.csv(hostile_users(400, "both")), HOSTILE, need_label=True)
    dataset = home.datasets.put(checked, HOSTILE, now=make.NOW, need_label=True)
    make.promoted(home, home.training.learn(dataset, HOSTILE, make.policy().thresholds, now=make.NOW))
    return home


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize(
    ("n", "spam"), [(200, "both"), (200, "spammers"), (200, "legitimate"), (5, "both"), (1, "both")]
)
def test_hostile_users_render_and_their_text_is_literal(
    visit: Visit, strange: Home, n: int, spam: str, panel: str
) -> None:
    of = stored(strange, hostile_users(n, spam), f"<u>{n}</u> {spam}.csv", HOSTILE)

    at = visit(strange, "explore", of=of, panel=panel, x="<b>x</b>", y="one, two", by="site")

    assert not at.exception
    assert not at.error
    for text in screen.markdown(at):
        assert not any(tag in text for tag in ("<b>x", "<i>a", "<u>", "$b$", ":red[b]"))
    for text in specs(at):
        assert not any(tag in text for tag in ("<b>x", "<i>a", "<u>", "$b$"))


@pytest.mark.parametrize("log", ["false", "true"])
@pytest.mark.parametrize("feature", NAMES)
def test_every_hostile_feature_renders(visit: Visit, strange: Home, feature: str, log: str) -> None:
    of = stored(strange, hostile_users(200, "both"), "hostile.csv", HOSTILE)

    at = visit(strange, "explore", of=of, feature=feature, log=log)

    assert not at.exception
    assert at.selectbox(key="feature").value == feature
    assert not any("<b>x" in text for text in [*screen.markdown(at), *specs(at)])


@pytest.mark.parametrize("feature", NAMES)
def test_every_hostile_feature_renders_beside_another(visit: Visit, strange: Home, feature: str) -> None:
    of = stored(strange, hostile_users(200, "both"), "hostile.csv", HOSTILE)

    for show in ("Density", "Spam rate"):
        at = visit(strange, "explore", of=of, panel="Two features", x=feature, y="outlier", show=show)

        assert not at.exception
        assert at.selectbox(key="x").value == feature
        assert not any("<b>x" in text for text in [*screen.markdown(at), *specs(at)])


def test_the_evidence_of_hostile_users_is_literal(visit: Visit, strange: Home) -> None:
    users = hostile_users(200, "both").sort_values("spam", kind="stable")
    twins = users.head(9).assign(user=[f"<b>{i}</b>" for i in range(9)], spam=1)
    of = stored(strange, pd.concat([users, twins, twins]), "hostile.csv", HOSTILE)

    for code in ("duplicates", "opposite_labels", "repeated_ids", "row_order"):
        at = visit(strange, "explore", of=of, panel="Segments")
        assert len(opened(at, code)) >= 9
        assert not any("<b>" in text for text in [*screen.markdown(at), *specs(at)])


@pytest.mark.parametrize("name", ["spambase", "twitter_spammers"])
def test_the_real_sets_render(visit: Visit, home: Home, shared: Path, name: str) -> None:
    path = shared / "data" / "real" / f"{name}.csv.gz"
    if not path.is_file():
        pytest.skip(f"there is no {path.name}")
    frame = pd.read_csv(path)
    label, features = frame.columns[-1], frame.columns[:-1]
    schema = Schema(tuple(Column(str(column), "real") for column in features), label=Label(str(label)))
    schemas.save(schema, home.settings.schema_file)
    of = stored(home, frame, f"{name}.csv", schema)

    for panel in PANELS:
        at = visit(home, "explore", of=of, panel=panel)
        assert not at.exception
        assert not at.error
        assert json.loads(specs(at)[0]) if panel != "Segments" else True
