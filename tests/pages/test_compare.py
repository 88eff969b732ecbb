"""Compare: the finding, whose treatment changes, thresholds moved, and what can be compared at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.components.compare import changed
from app.queries import compare
from app.queries.compare import View
from app.tables import comparison as tables
from app.words import label, plain
from core.comparison.comparison_job import Asked
from core.comparison.comparison_store import Compared
from core.data import intake, split
from core.home import Home
from core.jobs import Report
from core.policy.bands import BANDS
from core.policy.decide import decide
from core.scoring.scorer import Scorer
from core.training.training_runs import Scores, TrainingRun
from tests import make, screen
from tests.core.review.reviewing import waiting
from tests.screen import Visit

THRESHOLDS = {str(band): above for band, above in make.policy().thresholds.items()}
ON = make.users(900, seed=3)


class _Quiet(Report):
    def __init__(self) -> None: ...

    def __call__(self, done: int, of: int, message: str = "") -> None: ...


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, trained: Home) -> Home:
    """The trained home with v0002, and both compared on on.csv."""
    home = Home.open(tmp_path_factory.mktemp("compared"))
    shutil.copytree(trained.settings.home, home.settings.home, dirs_exist_ok=True)
    second = stored(home, "second.csv", make.users(1500, seed=1))
    home.training.learn(home.datasets.find(second), make.SCHEMA, make.policy().thresholds, now=make.NOW, seed=1)
    made(home, "v0001", "v0002", stored(home, "on.csv", ON))
    return home


@pytest.fixture
def two(compared: Home, tmp_path: Path) -> Home:
    """A copy for one test."""
    shutil.copytree(compared.settings.home, tmp_path / "home")
    return Home.open(tmp_path / "home")


def stored(home: Home, name: str, frame: pd.DataFrame) -> str:
    checked = intake.read(name, make.csv(frame), make.SCHEMA)
    return home.datasets.put(checked, make.SCHEMA, now=make.NOW).id


def made(home: Home, a: str, b: str, on: str) -> Compared:
    home.comparer.compare_stored(_Quiet(), a=a, b=b, on=on, thresholds=THRESHOLDS)
    found = home.comparer.look(Asked(a, b, on, THRESHOLDS))
    assert found is not None
    return found


def on(home: Home) -> str:
    return next(found.id for found in home.datasets.stored() if found.name == "on.csv")


def known(home: Home) -> Compared:
    return made(home, "v0001", "v0002", on(home))


def opened(visit: Visit, home: Home, **where: str) -> AppTest:
    at = visit(home, "compare", **{"a": "v0001", "b": "v0002", "on": on(home)[:12], **where})
    assert not at.exception
    return at


def table(at: AppTest, column: str) -> pd.DataFrame:
    return next(frame.value for frame in at.dataframe if column in frame.value)


def test_the_finding_the_rows_and_every_figure_are_those_of_the_comparison(visit: Visit, compared: Home) -> None:
    found, at = known(compared), opened(visit, compared)

    assert at.header[0].value == plain(found.comparison.sentence)
    assert plain(found.rows) in screen.sentences(at)
    for sentence in found.lead(200).sentences[1:]:
        assert plain(sentence) in screen.sentences(at)
    shown = table(at, "Difference").set_index(["Figure", "Above"])
    pr_auc = found.comparison.figures[1].overall["pr_auc"]
    assert shown.loc[("PR-AUC", ""), "v0002"] == f"{pr_auc.value:.3f} ({pr_auc.low:.3f} to {pr_auc.high:.3f})"
    recall = found.comparison.figures[0].at["human_review"]["recall"]
    assert shown.loc[("Recall", "0.7"), "v0001"].startswith(f"{recall.value:.3f} (")
    assert len(shown) == 4 + 3 * 5
    for each in (*found.comparison.differences[:1], *found.comparison.verdicts[:1]):
        assert plain(tables.spoken(each.sentence)) in screen.sentences(at)


def test_the_cost_per_user_is_at_the_costs_of_the_planner_and_says_so(visit: Visit, compared: Home) -> None:
    at = opened(visit, compared)
    assert "Cost per user: 1.5 for a missed spammer, 1 for a legitimate user flagged" in screen.sentences(at)
    users = known(compared).users
    flagged = users["a"] > 0.7
    cost = flagged.mean() + 1.5 * (users["label"].astype(bool) & ~flagged).mean()
    shown = table(at, "Difference").set_index(["Figure", "Above"])
    assert shown.loc[("Cost per user", "0.7"), "v0001"].startswith(f"{cost:.4f} (")


def test_who_changes_band_is_listed_with_both_scores_and_why(visit: Visit, compared: Home) -> None:
    at = opened(visit, compared)

    score = {version: Scorer(compared.registry.load(version)).score(ON).probability for version in ("v0001", "v0002")}
    before, after = (decide(make.policy(), each).severity for each in score.values())
    moved = ON.assign(**score)[before != after]
    shown = table(at, "why")
    assert set(shown["User"]) == set(moved["user"])
    by_user = moved.set_index("user")
    assert shown["a"].tolist() == by_user.loc[shown["User"], "v0001"].tolist()
    assert (shown["a"] - shown["b"]).abs().is_monotonic_decreasing
    assert f"{len(moved)} users change band" in screen.sentences(at)
    assert shown["why"].str.contains(r"links|ratio|verified|tier").all()


def test_flips_can_be_looked_at_one_way_only(visit: Visit, compared: Home) -> None:
    at = opened(visit, compared)
    everyone = table(at, "why")

    control = next(each for each in at.segmented_control if each.key == "flips_way")
    control.set_value("stricter").run()

    shown = table(at, "why")
    assert 0 < len(shown) < len(everyone)
    assert (shown["b"] > shown["a"]).all()
    assert len(shown) == known(compared).flips().severer


def test_a_cell_that_was_clicked_lists_those_who_go_that_way_until_it_is_taken_off(
    visit: Visit, compared: Home
) -> None:
    at = opened(visit, compared)
    everyone, flips = table(at, "why"), known(compared).flips().frame()
    before, after = flips.loc[0, "before"], flips.loc[0, "after"]
    drawn = next(json.loads(each.proto.spec) for each in at.get("plotly_chart") if "change band" in each.proto.alt)
    told = drawn["data"][1]["customdata"]
    assert len(told) == len(BANDS) ** 2
    assert told[1] == [BANDS[0], BANDS[1]]

    identity = compared.comparer.identity(Asked("v0001", "v0002", on(compared), THRESHOLDS))
    at.session_state[changed._CELL] = (identity, (before, after))
    at.run()

    shown = table(at, "why")
    assert len(shown) == flips.loc[0, "users"] < len(everyone)
    ways = set(zip(shown["before"].str[0], shown["after"].str[0], strict=True))
    assert ways == {(label(before), label(after))}
    at.button(key="flips_all").click().run()
    assert len(table(at, "why")) == len(everyone)


def test_the_download_holds_every_flip_with_its_bands(compared: Home) -> None:
    found = known(compared)
    view = View("x", found, compared.datasets.find(on(compared)))
    frame = tables.changed(view.found, compare.flips(view))
    text = changed._csv(frame, view.names).decode("utf-8-sig")
    lines = text.splitlines()
    assert len(lines) == 1 + len(found.flips().rows)
    assert lines[0].split(",") == [
        "row", "user", "label", "score v0001", "score v0002", "band v0001", "band v0002", "why",
    ]  # fmt: skip
    assert any(f",{band}," in lines[1] for band in BANDS)


def test_flips_are_sent_to_review_as_users_of_a_run(visit: Visit, two: Home) -> None:
    at = opened(visit, two, **{"as": "Ada"})
    expected = known(two).flips()

    next(button for button in at.button if button.label.startswith("Queue ")).click().run()

    assert not at.exception
    cases = waiting(two)
    assert len(cases) == len(expected.rows)
    assert {case.stratum for case in cases} == {"flip"}
    run = two.runs.recent(1)[0]
    assert (run.model, run.dataset) == ("v0002", on(two))


@pytest.mark.parametrize("wish", ["threshold", "recall", "precision", "flag rate", "cost"])
def test_confusion_matrices_follow_the_threshold_or_the_wish(visit: Visit, compared: Home, wish: str) -> None:
    at, found = opened(visit, compared), known(compared)
    at.session_state["_costs"] = {"cost_miss": 30.0}  # as the Planner keeps them
    next(each for each in at.segmented_control if each.key == "threshold_by").set_value(wish).run()
    if wish == "cost":
        assert "a review costs 1, a missed spammer 30" in screen.sentences(at)
    else:
        slider = next(each for each in at.slider if (each.key or "").startswith("threshold_"))
        slider.set_value(0.42 if wish == "threshold" else 50.0).run()

    assert not at.exception
    shown = at.table[-1].value.set_index("Model")
    for side, name in (("a", "v0001"), ("b", "v0002")):
        flagged = int(shown.loc[name, "Flagged"])
        score, label = found.users[side].to_numpy(), found.users["label"].to_numpy()
        if wish == "threshold":
            assert flagged == (score > 0.42).sum()
        elif wish == "recall":
            assert flagged == (score >= sorted(score[label == 1])[-(-len(score[label == 1]) // 2) * -1]).sum()
        elif wish == "flag rate":
            assert flagged <= len(score) / 2
        elif wish == "precision":
            assert shown.loc[name, "Precision"] >= 0.5
        else:
            costs = [30 * label[score <= t].sum() + (score > t).sum() for t in [-1, *score]]
            assert shown.loc[name, "Cost"] == pytest.approx(1000 * min(costs) / len(score))


@pytest.mark.parametrize("tab", ["ROC", "Gain", "Lift", "Cost", "Calibration", "Scores"])
def test_every_tab_draws_its_figure(visit: Visit, compared: Home, tab: str) -> None:
    at = opened(visit, compared)
    title = {
        "ROC": "Recall against false alarms", "Gain": "Recall against users flagged",
        "Lift": "Lift", "Cost": "Expected cost", "Calibration": "Predicted and observed", "Scores": "Scores",
    }[tab]  # fmt: skip
    assert f"**{title}**" not in screen.sentences(at)

    at.session_state["compare_curves"] = tab
    at.run()

    assert not at.exception
    assert f"**{title}**" in screen.sentences(at)


def test_segments_of_either_model_are_those_of_the_comparison(visit: Visit, compared: Home) -> None:
    at, found = opened(visit, compared), known(compared)
    shown = table(at, "Segment")
    assert shown["Segment"].tolist() == found.segments[1]["segment"].tolist()

    next(each for each in at.segmented_control if each.key == "groups_of").set_value("a").run()
    at.selectbox(key="groups_by").set_value("country").run()

    shown = table(at, "Segment").set_index("Segment")
    assert set(shown.index) == {"DE", "KE", "PK"}
    score = found.users["a"].to_numpy()
    inside = (ON["country"] == "DE").to_numpy()
    assert shown.loc["DE", "Users"] == str(inside.sum())
    assert shown.loc["DE", "Selected"].startswith(f"{100 * (score[inside] > 0.3).mean():.1f}")


def test_a_comparison_nobody_made_yet_is_made_in_a_job(real_jobs: None, visit: Visit, two: Home) -> None:
    shutil.rmtree(two.settings.compared)
    asked = Asked("v0001", "v0002", on(two), THRESHOLDS)
    at = opened(visit, two)
    assert not at.header

    assert screen.over(two, f"compare-{two.comparer.identity(asked)}").status == "done"
    at.run()

    assert not at.exception
    assert at.header[0].value == plain(known(two).comparison.sentence)


def test_why_two_cannot_be_compared_is_said_and_they_are_not_compared_again_by_themselves(
    real_jobs: None, visit: Visit, two: Home
) -> None:
    table_of = pd.DataFrame({"id": ["x", "y"], "y_true": [0, 1], "y_proba": [0.1, 0.7]})
    given = two.prediction_files.put("theirs.csv", make.csv(table_of), now=make.NOW)
    asked = Asked("v0001", given.id, on(two), THRESHOLDS)
    at = opened(visit, two, b=given.id)

    assert screen.over(two, f"compare-{two.comparer.identity(asked)}").status == "failed"
    at.run()

    assert plain("theirs.csv: it lacks 900 ids of on.csv") in screen.errors(at)[0]
    assert "Compare again" in [button.label for button in at.button]


def test_predictions_that_are_dropped_become_the_contender(visit: Visit, two: Home) -> None:
    score = Scorer(two.registry.load("v0002")).score(ON).probability
    payload = make.csv(pd.DataFrame({"id": ON["user"], "y_true": ON["spam"], "y_proba": score}))
    given = two.prediction_files.put("theirs.csv", payload, now=make.NOW)
    made(two, "v0001", given.id, on(two))
    shutil.rmtree(two.settings.predictions / given.id)
    at = opened(visit, two)

    at.file_uploader(key="predictions").upload("theirs.csv", payload).run()

    assert not at.exception
    assert at.query_params["b"] in (given.id, [given.id])
    assert "theirs.csv" in at.header[0].value
    assert "why" not in table(at, "before")


@pytest.mark.parametrize("column", ["y_score", "y_pred"])
def test_scores_and_labels_alone_are_shown_on_what_they_allow(visit: Visit, two: Home, column: str) -> None:
    score = Scorer(two.registry.load("v0002")).score(ON).probability
    said = (score > 0.5).astype(int) if column == "y_pred" else 40 * score - 20
    payload = make.csv(pd.DataFrame({"id": ON["user"], "y_true": ON["spam"], column: said}))
    given = two.prediction_files.put("theirs.csv", payload, now=make.NOW)
    found = made(two, "v0001", given.id, on(two))

    at = opened(visit, two, b=given.id)

    shown, lead = screen.sentences(at), found.lead(200)
    assert at.header[0].value == plain(lead.ranking)
    for sentence in (*lead.sentences[1:], *lead.left_out):
        assert plain(sentence) in shown
    assert "change band" not in shown
    assert bool(at.slider) == (column == "y_score")
    held = next(each.value for each in at.table if "Caught" in each.value)
    assert held["Flagged"].nunique() == 1


def test_predictions_with_a_decimal_comma_are_looked_at_before_they_are_added(visit: Visit, two: Home) -> None:
    payload = "id;y_true;y_proba\nx;1;0,75\ny;0;0,2\nz;0;0,1\n".encode("utf-16")
    at = visit(two, "compare")
    at.file_uploader(key="predictions").upload("theirs.csv", payload).run()
    assert "which is not a number" in screen.errors(at)[0]
    assert at.button(key="predictions-use").disabled
    assert "UTF-16" in screen.sentences(at)
    at = at.button(key="predictions-accept-comma").click().run()
    assert not at.exception
    assert at.selectbox(key="predictions-decimal").value == ","
    assert ":gray-badge[:material/check_circle: 3 predictions by id] :gray-badge[1 spammer]" in screen.sentences(at)
    assert at.dataframe[0].value["y_proba"].tolist() == ["0,75", "0,2", "0,1"]
    before = {each.id for each in two.prediction_files.listed()}
    at.button(key="predictions-use").click().run()
    (added,) = [each for each in two.prediction_files.listed() if each.id not in before]
    assert (added.name, added.n, added.kind) == ("theirs.csv", 3, "probability")
    assert two.prediction_files.load(added.id).probability.tolist() == [0.75, 0.2, 0.1]


def test_a_file_of_predictions_that_is_wrong_gets_its_sentence(visit: Visit, two: Home) -> None:
    at = opened(visit, two)

    at.file_uploader(key="predictions").upload("bad.csv", b"id,y_true,y_proba\nx,7,0.5\ny,1,0.2\n").run()

    assert plain('bad.csv: line 2 has y_true "7", which is neither 0 nor 1.') in screen.errors(at)[0]
    assert two.prediction_files.listed() == ()


@pytest.mark.parametrize("tab", ["PR", "Calibration"])
def test_the_name_of_a_file_is_nowhere_read_as_markdown(visit: Visit, two: Home, tab: str) -> None:
    name = "<b>x :red[y] $z$ `w`.csv"
    score = Scorer(two.registry.load("v0002")).score(ON).probability
    payload = make.csv(pd.DataFrame({"id": ON["user"], "y_true": ON["spam"], "y_proba": score}))
    given = two.prediction_files.put(name, payload, now=make.NOW)
    made(two, "v0001", given.id, on(two))

    at = opened(visit, two, b=given.id)
    at.session_state["compare_curves"] = tab
    at.run()

    assert not at.exception
    shown = list(screen.markdown(at))
    assert any(plain(name) in text for text in shown)
    assert [text for text in shown if ":red[y]" in text] == []


def test_with_one_model_there_is_nothing_to_compare(visit: Visit, own: Home) -> None:
    assert "Nothing to compare with yet" in screen.sentences(visit(own, "compare"))


def test_the_address_of_what_is_gone_shows_what_is_there(visit: Visit, compared: Home) -> None:
    at = visit(compared, "compare", a="v0099", b="nobody", on=on(compared)[:12])

    assert not at.exception
    assert at.selectbox[0].value in {"v0001", "v0002"}


def test_the_address_of_a_dataset_that_is_gone_shows_the_one_learnt_from(visit: Visit, compared: Home) -> None:
    at = visit(compared, "compare", a="v0001", b="v0002", on="0" * 12)

    assert not at.exception
    learnt_from = compared.registry.describe("v0002").data.dataset
    assert at.selectbox[2].value == learnt_from[:12]
    assert at.query_params["on"] == learnt_from[:12]


def test_a_training_run_that_is_no_version_can_be_chosen_on_its_own_users(visit: Visit, two: Home) -> None:
    model = two.registry.load("v0001")
    part = make.users(1500)[make.in_test(two, make.users(1500))]
    known = Scores.of(
        split.keys(part, make.SCHEMA, two.split.salt()), part["spam"].to_numpy(), Scorer(model).score(part).probability
    )
    run = TrainingRun(
        created=make.NOW, by=None, family="random_forest", options={}, data=model.metadata.data,
        figures=model.metadata.figures, folds=(0.7, 0.7, 0.7), training_pr_auc=0.8, rounds=None, seconds=1.0, seed=0,
    )  # fmt: skip
    identity = two.training_runs.keep(run, known)
    made(two, "v0002", identity, next(found.id for found in two.datasets.stored() if found.name == "train.csv"))

    at = visit(two, "compare", a="v0002", b=identity)

    assert not at.exception
    assert at.selectbox[1].value == identity
    assert identity in at.header[0].value
    assert f"that {identity} learnt from are left out" in screen.sentences(at)
