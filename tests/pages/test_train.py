"""Train: what is asked for is what starts, and a run is told with all that speaks for and against it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.queries import services
from core import jobs
from core.data import intake
from core.evaluation import metrics
from core.evaluation.cautions import Caution
from core.evaluation.estimate import Estimate
from core.home import Home
from core.jobs import Jobs, Status
from core.schema import schema as schemas
from core.schema.schema import Label
from core.training.training_runs import Scores, TrainingRun, Trial, Validation
from tests import make, screen
from tests.pages.conftest import Note
from tests.screen import Visit

PASSWORD = "long enough to be one"  # noqa: S105 - of accounts that live for one test
N = 400
RANDOM = np.random.default_rng(7)
LABEL = (RANDOM.random(N) < 0.25).astype(float)
PROBABILITY = np.where(LABEL == 1, RANDOM.beta(4, 4, N), RANDOM.beta(2, 7, N))
SCORES = Scores.of(np.arange(N, dtype=np.uint64), LABEL, PROBABILITY)
FIGURES = metrics.judge(LABEL, PROBABILITY, {"monitor": 0.3}, replicates=50)
TRIALS = (
    Trial(0, "complete", 0.41, {"max_depth": 4, "eta": 0.123456}, 2.5),
    Trial(1, "pruned", 0.2, {"max_depth": 9, "eta": 0.3}, 0.5),
    Trial(2, "complete", 0.47, {"max_depth": 6, "eta": 0.05}, 3.0),
    Trial(3, "failed", None, {"max_depth": 1, "eta": 0.1}, 0.1),
)


class Started(list[tuple[str, dict[str, Any], str, str]]):
    """What was asked of `jobs.start`: target, arguments, title, identity."""

    def method(self) -> Callable[..., None]:
        """In the place of `Jobs.start`."""

        def start(_jobs: Jobs, target: str, arguments: Any, *, title: str, identity: str, lane: str) -> None:
            assert lane == "long"
            self.append((target, dict(arguments), title, identity))

        return start


@pytest.fixture
def started(_no_processes: None, monkeypatch: pytest.MonkeyPatch) -> Started:
    found = Started()
    monkeypatch.setattr(jobs.Jobs, "start", found.method())
    return found


Keep = Callable[..., TrainingRun]


@pytest.fixture
def keep(own: Home) -> Keep:
    """Keep a training run in the home with a model; `keep(family="random_forest", by="Ada")`."""

    def kept(**changes: Any) -> TrainingRun:
        data = own.registry.describe("v0001").data
        spammers = FIGURES.positives + round(data.trained_on * FIGURES.positives / N)
        data = replace(data, positives=spammers, rows=data.trained_on + N, tested_on=N)
        run = TrainingRun(
            created=make.NOW, by="Ada", family="random_forest",
            options={"class_weight": "natural", "hard_negatives": False, "parameters": {}}, data=data,
            figures=FIGURES, folds=(0.7, 0.72, 0.71), training_pr_auc=0.8, rounds=None, seconds=12.4, seed=3,
        )  # fmt: skip
        return own.training_runs.find(own.training_runs.keep(replace(run, **changes), SCORES))

    return kept


def press(at: AppTest) -> AppTest:
    return next(button for button in at.button if button.label == "Train").click().run()


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def listing(at: AppTest) -> pd.DataFrame:
    return next(frame.value for frame in at.dataframe if "Run" in frame.value)


def shown(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def test_a_home_that_has_nothing_says_what_to_do_and_offers_no_start(visit: Visit, own: Home) -> None:
    for folder in own.settings.datasets.iterdir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    at = visit(own, "train")

    assert not at.exception
    assert "Nothing trained yet" in screen.sentences(at)
    assert next(button for button in at.button if button.label == "Train").disabled
    assert [title.value for title in at.title] == ["Train"]


def test_the_bundled_labelled_users_are_offered_first_of_all(visit: Visit, with_demo: Home) -> None:
    at = visit(with_demo, "train")

    assert not at.exception
    assert at.selectbox(key="train_dataset").options == ["labelled.csv.gz · 400 users", "train.csv · 1,500 users"]


def test_the_button_starts_the_job_with_what_was_chosen(visit: Visit, own: Home, started: Started) -> None:
    at = visit(own, "train", **{"as": "Ada"})
    press(at)

    dataset = own.datasets.stored()[0]
    target, arguments, title, identity = started[0]
    assert target == "train"
    assert arguments == {
        "dataset": dataset.id, "family": "xgboost", "class_weight": "natural", "hard_negatives": False,
        "search_minutes": 0, "search_trials": 0, "seed": 0, "by": "Ada", "thresholds": services.policy().thresholds,
    }  # fmt: skip
    assert title == "Training XGBoost on train.csv"
    assert identity.startswith("train-0001")
    assert len(started) == 1


def test_the_same_click_twice_asks_for_the_same_job(visit: Visit, own: Home, started: Started) -> None:
    at = visit(own, "train", **{"as": "Ada"})
    press(at)  # the recorder leaves no job behind, as if the second click came before the first was seen
    press(at)

    assert len({identity for *_, identity in started}) == 1


def test_every_option_reaches_the_job(visit: Visit, own: Home, started: Started) -> None:
    at = visit(own, "train", **{"as": "Ada"})
    at.selectbox(key="train_family").set_value("random_forest")
    at.segmented_control(key="train_weight").set_value("factor")
    at.toggle(key="train_hard").set_value(True)
    at.segmented_control(key="train_budget").set_value("trials")
    at.number_input(key="train_seed").set_value(7)
    at.run()
    at.number_input(key="train_factor").set_value(3.5)
    at.number_input(key="train_trials").set_value(12).run()
    press(at)

    arguments = started[0][1]
    assert {name: arguments[name] for name in ("family", "class_weight", "hard_negatives", "seed")} == {
        "family": "random_forest", "class_weight": 3.5, "hard_negatives": True, "seed": 7,
    }  # fmt: skip
    assert (arguments["search_minutes"], arguments["search_trials"]) == (0, 12)

    at.segmented_control(key="train_budget").set_value("minutes").run()
    at.number_input(key="train_minutes").set_value(15).run()
    press(at)
    assert (started[1][1]["search_minutes"], started[1][1]["search_trials"]) == (15, 0)


def test_without_a_name_nothing_starts_and_with_one_it_is_that_persons(
    visit: Visit, own: Home, started: Started
) -> None:
    at = press(visit(own, "train"))
    assert "give 1 to 80 printable characters" in screen.errors(at)[0]
    assert not started

    at.text_input(key="train_name").set_value("  Eve ")
    press(at)
    assert started[0][1]["by"] == "Eve"
    assert not at.error


def signed_in(at: AppTest, name: str) -> AppTest:
    at.text_input[0].set_value(name)
    at.text_input[1].set_value(PASSWORD)
    next(button for button in at.button if button.label == "Sign in").click().run()
    return at


@pytest.fixture
def team(own: Home) -> Home:
    for name, role in (("Root", "admin"), ("Eve", "reviewer"), ("Sam", "data scientist")):
        own.accounts.create(name, role, PASSWORD, now=make.NOW)  # type: ignore[arg-type]
    return own


def test_a_role_that_may_not_train_sees_the_runs_and_why_it_cannot_add_one(
    visit: Visit, team: Home, keep: Keep
) -> None:
    keep()
    at = signed_in(visit(team, "train"), "Eve")

    assert not at.exception
    assert "Eve is a reviewer here, a role that may not train. Ask an admin" in screen.sentences(at)
    assert "Train" not in labels(at)
    assert listing(at)["Run"].tolist() == ["t-0001"]


def test_a_role_taken_away_meanwhile_refuses_what_the_button_asks(visit: Visit, team: Home, started: Started) -> None:
    at = signed_in(visit(team, "train"), "Sam")
    assert "Train" in labels(at)
    team.accounts.change("Sam", role="reviewer", now=make.NOW)
    button = next(button for button in at.button if button.label == "Train")
    button.click().run()

    assert not at.exception
    assert not started
    assert "a role that may not train" in screen.sentences(at)


def test_a_family_that_is_not_installed_says_so_and_cannot_be_started(
    visit: Visit, own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    at = visit(own, "train", **{"as": "Ada"})
    assert "LightGBM · not installed" in at.selectbox(key="train_family").options

    at.selectbox(key="train_family").set_value("lightgbm").run()
    assert next(button for button in at.button if button.label == "Train").disabled
    assert "LightGBM is not installed here." in screen.sentences(at)


def test_new_labelled_users_are_stored_and_chosen(visit: Visit, own: Home, started: Started) -> None:
    frame = make.users(120, seed=8)
    frame.loc[3, "links"] = -1  # kept, but odd
    payload = make.csv(frame) + b"u9,maybe,1,0,1,0.5,3,x,DE\n"
    at = visit(own, "train", **{"as": "Ada"})
    at.file_uploader(key="train_file").upload("march.csv", payload).run()

    assert not at.exception
    stored = next(found for found in own.datasets.stored() if found.name == "march.csv")
    assert (stored.accepted, stored.rejected) == (120, 1)
    assert at.selectbox(key="train_dataset").value == stored.id
    assert "1 row rejected" in [button.label for button in at.get("download_button")]
    press(at)
    assert started[0][1]["dataset"] == stored.id


def test_a_file_without_labels_gets_its_sentence(visit: Visit, own: Home) -> None:
    at = visit(own, "train")
    at.file_uploader(key="train_file").upload("march.csv", make.csv(make.users(60).drop(columns="spam"))).run()

    assert not at.exception
    assert "spam is missing from march.csv" in screen.errors(at)[0]
    assert at.selectbox(key="train_dataset").options == ["train.csv · 1,500 users"]


def test_every_run_is_listed_newest_first_with_its_figures(visit: Visit, own: Home, keep: Keep) -> None:
    keep(family="xgboost", version="v0001", by=None)
    keep(options={"class_weight": "balanced", "hard_negatives": True}, search=TRIALS)
    found = listing(visit(own, "train"))

    assert found["Run"].tolist() == ["t-0002", "t-0001"]
    assert found["Family"].tolist() == ["Random forest", "XGBoost"]
    assert found["PR-AUC"].tolist() == [shown(FIGURES.overall["pr_auc"])] * 2
    assert found["ROC-AUC"].tolist() == [FIGURES.overall["roc_auc"].value] * 2
    assert found["Options"].tolist() == ["balanced weights, hard negatives, search of 4 trials", "default settings"]
    assert found["By"].tolist() == ["Ada", "–"]
    assert found["Version"].tolist() == ["–", "v0001"]
    assert found["State"].tolist() == ["", "live"]


@pytest.mark.parametrize(("how", "words"), [("full", "retrained in full"), ("warm", "retrained, warm start")])
def test_a_retrained_run_is_told_as_one(visit: Visit, own: Home, keep: Keep, how: str, words: str) -> None:
    keep(options={"class_weight": "natural", "hard_negatives": False, "parameters": {}, "retrained": how})
    at = visit(own, "train")

    assert not at.exception
    table = next(frame.value for frame in at.dataframe if "Options" in frame.value)
    assert table["Options"].tolist()[0] == words
    assert f"{words} &nbsp;·&nbsp; seed 3" in screen.sentences(at)


def test_the_newest_run_is_shown_and_the_address_chooses_another(visit: Visit, own: Home, keep: Keep) -> None:
    keep(family="xgboost", version="v0001")
    keep()

    for where, name in (({}, "t-0002"), ({"run": "t-0001"}, "t-0001"), ({"run": "t-0099"}, "t-0002")):
        at = visit(own, "train", **where)
        assert at.header[0].value.startswith(f"{name}, ")
        assert shown(FIGURES.overall["pr_auc"]) in at.header[0].value
    assert f"95 % intervals, {FIGURES.n} held-out users, {FIGURES.positives} spammers" in screen.sentences(at).replace(
        "\u202f", " "
    )


def test_only_a_run_in_the_registry_leads_there_and_the_champion_is_not_compared_with_itself(
    visit: Visit, own: Home, keep: Keep
) -> None:
    keep(family="xgboost", version="v0001")
    keep()
    forest, champion = labels(visit(own, "train", run="t-0002")), labels(visit(own, "train", run="t-0001"))

    assert "Open in Registry" not in forest
    assert "Compare with v0001" in forest
    assert "Open in Registry" in champion
    assert not [label for label in champion if label.startswith("Compare")]


def test_the_way_to_the_registry_opens_the_version(visit: Visit, own: Home, keep: Keep) -> None:
    keep(family="xgboost", version="v0001")
    at = visit(own, "train")
    next(button for button in at.button if button.label == "Open in Registry").click().run()

    assert not at.exception
    assert at.title[0].value == "Registry"
    assert at.query_params["version"] in ("v0001", ["v0001"])


def test_the_way_to_compare_sets_the_run_against_the_one_in_charge(visit: Visit, own: Home, keep: Keep) -> None:
    keep()
    at = visit(own, "train")
    next(button for button in at.button if button.label == "Compare with v0001").click().run()

    assert not at.exception
    assert at.title[0].value.startswith("Compare")
    assert [at.query_params[name] for name in ("a", "b")] in (["v0001", "t-0001"], [["v0001"], ["t-0001"]])


def test_an_effect_under_settings_that_were_searched_says_whom_they_favour(visit: Visit, own: Home, keep: Keep) -> None:
    with_, without = Validation(0.5, 0.11, 0.02, (0.5, 0.49)), Validation(0.45, 0.12, 0.01, (0.44, 0.46))
    weights = {"class_weight": "balanced", "hard_negatives": False}
    keep(options=weights, validation=with_, without=without)
    keep(options=weights, validation=with_, without=without, search=TRIALS)
    said = "Both use the settings that the search found with them"

    assert said not in screen.sentences(visit(own, "train", run="t-0001"))
    assert said in screen.sentences(visit(own, "train", run="t-0002"))


def test_the_effect_of_options_is_told_with_and_without(visit: Visit, own: Home, keep: Keep) -> None:
    keep(
        options={"class_weight": "balanced", "hard_negatives": True},
        validation=Validation(0.5, 0.11, 0.02, (0.5, 0.49, 0.51)),
        without=Validation(0.45, 0.12, 0.01, (0.44, 0.46, 0.45)),
    )
    at = visit(own, "train")

    said = screen.sentences(at)
    assert "With balanced weights and hard negatives, PR-AUC is 0.500 instead of 0.450 (+0.050)" in said
    assert "higher in 3 of 3 folds." in said
    table = next(each.value for each in at.table if "Without" in each.value)
    assert table["Figure"].tolist() == ["PR-AUC", "Brier", "ECE"]
    assert table["With"].tolist() == [0.5, 0.11, 0.02]
    assert table["Without"].tolist() == [0.45, 0.12, 0.01]


def test_folds_that_do_not_agree_are_no_evidence(visit: Visit, own: Home, keep: Keep) -> None:
    keep(
        options={"class_weight": 2.5, "hard_negatives": False},
        validation=Validation(0.46, 0.11, 0.02, (0.5, 0.4, 0.48)),
        without=Validation(0.45, 0.12, 0.01, (0.45, 0.45, 0.45)),
    )
    said = screen.sentences(visit(own, "train"))

    assert "With a weight of 2.5 for spammers, PR-AUC is 0.460 instead of 0.450 (+0.010)" in said
    assert "higher in 2 of 3 folds, which is no evidence of an effect." in said


def test_a_run_as_it_comes_has_neither_effect_nor_search(visit: Visit, own: Home, keep: Keep) -> None:
    keep()
    said = screen.sentences(visit(own, "train"))

    assert "instead of" not in said
    assert "Search for settings" not in said


def test_a_search_is_told_trial_by_trial_best_first(visit: Visit, own: Home, keep: Keep) -> None:
    keep(search=TRIALS, options={"parameters": {"max_depth": 6, "eta": 0.05}})
    at = visit(own, "train")

    found = next(frame.value for frame in at.dataframe if "trial" in frame.value)
    assert found["trial"].tolist() == [3, 1, 2, 4]
    assert found["state"].tolist() == ["complete", "complete", "given up early", "failed"]
    assert found["max_depth"].tolist() == [6, 4, 9, 1]
    assert "Trial 3 is the best: 0.4700, where the default settings, trial 1, have 0.4100." in screen.sentences(at)
    assert "Home used: max_depth 6 · eta 0.05" in screen.sentences(at)
    assert "Search for settings" in screen.sentences(at)


def test_what_speaks_against_the_figures_stands_beside_them(visit: Visit, own: Home, keep: Keep) -> None:
    keep(training_pr_auc=1.0, folds=(0.3, 0.9, 0.5), notes=("It learnt from *20* of 35 users.",))
    keep()
    warned, clean = visit(own, "train", run="t-0001"), visit(own, "train", run="t-0002")

    said = screen.sentences(warned)
    assert "on the users it learnt from" in said
    assert "The folds of t-0001 have PR-AUCs from" in said
    assert "It learnt from &#42;20&#42; of 35 users." in said
    assert "caution" not in screen.sentences(clean)


def test_a_run_started_here_ends_in_its_figures_its_effect_and_its_search(
    real_jobs: None, visit: Visit, own: Home
) -> None:
    at = visit(own, "train", **{"as": "Ada"})
    at.selectbox(key="train_family").set_value("logistic_regression")  # the quickest
    at.segmented_control(key="train_weight").set_value("balanced")
    at.segmented_control(key="train_budget").set_value("trials").run()
    at.number_input(key="train_trials").set_value(2).run()
    press(at)
    assert "Under way" in screen.sentences(at)
    assert screen.over(own, own.jobs.listed("train-")[0].id, within=240).status == "done"
    at.run()

    assert not at.exception
    kept = own.training_runs.find("t-0001")
    assert kept.validation is not None
    assert kept.without is not None
    assert (
        at.header[0].value == f"t-0001, Logistic regression, has a PR-AUC of {shown(kept.figures.overall['pr_auc'])}."
    )
    assert at.table[0].value["Value"].tolist() == [found.value for found in kept.figures.overall.values()]
    assert at.table[1].value["With"].tolist()[0] == kept.validation.pr_auc
    assert len(next(frame.value for frame in at.dataframe if "trial" in frame.value)) == len(kept.search) == 2
    assert "Under way" not in screen.sentences(at)


@pytest.mark.parametrize("status", ["running", "waiting"])
def test_jobs_that_run_and_wait_are_listed_from_disk(visit: Visit, own: Home, note: Note, status: Status) -> None:
    for number, done in ((1, 30), (2, 0), (3, 0)):
        note(f"train-000{number}", status if done == 0 else "running", done=done, of=100 if done else 0)
    at = visit(own, "train")

    assert not at.exception
    said = screen.sentences(at)
    assert "Under way" in said
    assert "2 wait" in said
    assert labels(at).count("Cancel") == 2 * 3, "on the page, and under Jobs in the sidebar"


def test_a_search_under_way_draws_its_trials_so_far(visit: Visit, own: Home, note: Note) -> None:
    note("train-0001", "running", done=3, of=10, message="Trial 4 of 10")
    own.training_runs.note_trials("train-0001", TRIALS[:3])
    at = visit(own, "train")

    assert not at.exception
    assert "Search for settings" in screen.sentences(at)
    specification = at.get("plotly_chart")[0].proto.spec
    assert "0.4700" in specification


def test_cancel_asks_the_job_to_stop(visit: Visit, own: Home, note: Note) -> None:
    note("train-0001", "running", done=3, of=10)
    at = visit(own, "train")
    at.button(key="cancel-train-0001").click().run()

    assert (own.settings.jobs / "train-0001" / "cancel").exists()


def test_a_run_that_failed_says_why_until_a_later_one_is_there(visit: Visit, own: Home, note: Note, keep: Keep) -> None:
    note("train-0001", "failed", message="spam.csv has 3 positive and 9 negative labels.")
    (own.settings.jobs / "train-0001" / "log.txt").write_text("Traceback: here", encoding="utf-8")
    at = visit(own, "train")
    assert "spam.csv has 3 positive" in screen.errors(at)[0]
    assert [code.value for code in at.code if "Traceback" in code.value]

    keep(created=services.now() + timedelta(minutes=1))
    assert not visit(own, "train").error


def test_a_cancelled_run_is_told_without_alarm(visit: Visit, own: Home, note: Note) -> None:
    note("train-0001", "cancelled", message="Training XGBoost on a.csv was cancelled. Nothing was changed.")
    at = visit(own, "train")

    assert not at.error
    assert "Training XGBoost on a.csv was cancelled." in screen.sentences(at)


def test_names_from_files_people_and_jobs_are_shown_as_text(visit: Visit, own: Home, note: Note, keep: Keep) -> None:
    hostile = "<b>x</b> :red[x] $x$ [a](javascript:alert(1))"
    data = replace(own.registry.describe("v0001").data, name=f"{hostile}.csv")
    keep(
        data=data, by=hostile, notes=(hostile,), search=TRIALS, family=hostile,
        options={"parameters": {hostile: hostile}}, training_pr_auc=1.0,
    )  # fmt: skip
    note("train-0001", "running", done=1, of=2, title=f"Training {hostile}", message=hostile)
    at = visit(own, "train")

    assert not at.exception
    for text in screen.markdown(at):
        assert not [raw for raw in ("<b>", ":red[", "$x$", "[a](") if raw in text], text


def stored_with(own: Home, label: Label, spam: Callable[[pd.DataFrame], Any]) -> str:
    """Labelled users of a home whose label is another column; the id of the dataset."""
    users = make.users(200, seed=8)
    schema = replace(make.SCHEMA, label=label)
    schemas.save(schema, own.settings.schema_file)
    frame = users.assign(**{label.column: spam(users)})
    checked = intake.read("labelled.csv", make.csv(frame), schema, need_label=True)
    return own.datasets.put(checked, schema, now=services.now(), need_label=True).id


def train_button(at: AppTest) -> Any:
    return next(each for each in at.button if each.label == "Train")


def test_who_trains_is_asked_which_label_is_the_spammer_where_that_is_in_doubt(visit: Visit, own: Home) -> None:
    dataset = stored_with(own, Label("is_legit"), lambda users: 1 - users["spam"])
    legitimate = own.datasets.find(dataset).positives
    at = visit(own, "train")
    at.selectbox(key="train_dataset").set_value(dataset).run()
    asked = at.radio(key=f"spammer-{dataset}")
    assert asked.label.replace("\\", "") == "Which value of is_legit is a spammer?"
    assert asked.options[0].startswith(f"1 · {legitimate} users")
    assert asked.options[1].startswith(f"0 · {200 - (legitimate or 0)} users")
    assert train_button(at).disabled

    at = asked.set_value("0").run()
    assert train_button(at).disabled
    assert "positive 0" in at.warning[0].value
    at = at.radio(key=f"spammer-{dataset}").set_value("1").run()
    assert not train_button(at).disabled
    assert not at.warning


def test_nobody_is_asked_where_the_label_is_plain(visit: Visit, own: Home) -> None:
    dataset = stored_with(own, Label("is_legit", "0", "1"), lambda users: 1 - users["spam"])
    at = visit(own, "train")
    at.selectbox(key="train_dataset").set_value(dataset).run()
    assert not [each for each in at.radio if str(each.key).startswith("spammer-")]
    assert not train_button(at).disabled


def test_a_leak_stands_first_among_the_cautions_of_a_run(visit: Visit, own: Home, keep: Keep) -> None:
    run = keep(cautions=(Caution("leak", "Too good to be true."), Caution("weakness", "Few users.")))
    at = visit(own, "train", run=run.id)
    assert any(each.value == "**Leak.** Too good to be true.  \nFew users." for each in at.markdown)
