"""Registry: figures as stored, other data judged openly, and what is live changed on the record by who may."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app.queries import services
from app.words import count, plain
from core.data import intake
from core.diagnostics import contributions
from core.evaluation.estimate import Estimate
from core.home import Home
from core.registry import registry
from core.schema import schema as schemas
from core.settings import ROOT
from tests import hub_server, make, screen
from tests.screen import Scored, Visit

PASSWORD = "long enough to be one"  # noqa: S105 - of accounts that live for one test


def labelled(home: Home, seed: int, n: int = 300) -> str:
    """Store labelled users; the id of the dataset."""
    checked = intake.read(f"labelled{seed}.csv", make.csv(make.users(n, seed)), make.SCHEMA)
    return home.datasets.put(checked, make.SCHEMA, now=make.NOW).id


def shown(estimate: Estimate, digits: int) -> str:
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


def test_the_figures_are_those_of_the_metadata(visit: Visit, own: Home) -> None:
    at = visit(own, "registry")

    figures = own.registry.load().metadata.figures
    assert not at.exception
    overall = at.table[0].value
    assert overall["Over all thresholds"].tolist() == ["PR-AUC", "ROC-AUC", "Brier", "ECE"]
    for column, part in (("Value", "value"), ("from", "low"), ("to", "high")):
        assert overall[column].tolist() == [getattr(figure, part) for figure in figures.overall.values()]
    assert f"{figures.n:,} held-out users, {figures.positives:,} spammers" in screen.sentences(at)


def test_the_figures_at_the_thresholds_are_those_of_the_metadata(visit: Visit, own: Home) -> None:
    at = visit(own, "registry")

    rows = at.table[1].value
    for row, shares in zip(rows.to_dict("records"), own.registry.load().metadata.figures.at.values(), strict=True):
        for name, column, digits in (
            ("precision", "Precision", 3), ("recall", "Recall", 3), ("f1", "F1", 3), ("fpr", "FPR", 4)
        ):  # fmt: skip
            expected = "–" if shares[name].value is None else shown(shares[name], digits)
            assert row[column] == expected


def test_lift_and_cost_are_those_of_labelled_users_that_it_did_not_learn_from(visit: Visit, own: Home) -> None:
    labelled(own, 77)
    at = visit(own, "registry")
    version = own.registry.load().version
    assert "**Lift**" not in screen.sentences(at)

    at.session_state[f"brings-{version}"] = True
    at.run()

    assert not at.exception
    said = screen.sentences(at)
    assert "**Lift**" in said
    assert "**Expected cost**" in said
    assert "a review costs 1, a missed spammer 1.5" in said


def test_how_the_version_uses_its_features_is_told_of_the_users_it_was_trained_on(visit: Visit, own: Home) -> None:
    at = visit(own, "registry")

    model = own.registry.load()
    users = len(contributions.drawn(len(model.baseline().sample)))
    drawn = next(each.proto for each in at.get("plotly_chart") if "Mean size of the contributions" in each.proto.alt)
    strongest = max(services.contributions(model).mean.items(), key=lambda pair: pair[1])
    assert f"in log-odds: {strongest[0]} {strongest[1]:.3f};" in drawn.alt
    assert f"{count(users)} users it was trained on, drawn at random, seed 0" in screen.sentences(at)


def test_lineage_tells_what_the_model_was_made_from(visit: Visit, own: Home) -> None:
    at = visit(own, "registry")

    metadata = own.registry.load().metadata
    assert f"on {metadata.data.trained_on:,} users of train.csv" in screen.sentences(at)
    assert "Constant, so nothing was learnt from them: constant." in screen.sentences(at)
    assert metadata.data.sha256 in at.code[0].value


def test_a_home_without_labelled_users_says_how_to_get_some(visit: Visit, own: Home) -> None:
    for folder in own.settings.datasets.iterdir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    assert "No labelled dataset is stored here yet." in screen.sentences(visit(own, "registry"))


@pytest.mark.parametrize(
    ("seed", "sentence"),
    [
        pytest.param(9, r"v0001 was trained on none of these users\.", id="strangers"),
        pytest.param(0, r"v0001 was trained on \d+ of these users: the figures flatter it\.", id="overlap"),
    ],
)
def test_judging_on_other_users_says_whether_the_model_knows_them(
    real_jobs: None, visit: Visit, own: Home, seed: int, sentence: str
) -> None:
    dataset = labelled(own, seed)
    at = visit(own, "registry")
    at.selectbox[0].set_value(next(found for found in own.datasets.stored() if found.id == dataset)).run()

    next(button for button in at.button if button.label == "Judge on these users").click().run()
    assert screen.over(own, f"judge-v0001-{dataset[:16]}").status == "done"
    at.run()

    assert not at.exception
    assert re.search(sentence, screen.sentences(at))
    judged = own.training.judged_before("v0001", dataset)
    assert judged is not None
    assert at.table[2].value["Value"].tolist() == [figure.value for figure in judged.figures.overall.values()]


def test_on_its_own_training_file_only_the_test_part_counts(real_jobs: None, visit: Visit, own: Home) -> None:
    trained_on = next(found for found in own.datasets.stored() if found.name == "train.csv")
    at = visit(own, "registry")
    at.selectbox[0].set_value(trained_on).run()

    next(button for button in at.button if button.label == "Judge on these users").click().run()
    assert screen.over(own, f"judge-v0001-{trained_on.id[:16]}").status == "done"
    at.run()

    assert "only its test part counts" in screen.sentences(at)
    assert f"{own.registry.load().metadata.data.tested_on} users" in at.table[2].value.columns[0]


def test_a_dataset_with_one_class_only_is_told_in_a_sentence(real_jobs: None, visit: Visit, own: Home) -> None:
    frame = make.users(100, 8).assign(spam=1)
    checked = intake.read("spam.csv", make.csv(frame), make.SCHEMA)
    dataset = own.datasets.put(checked, make.SCHEMA, now=make.NOW)
    at = visit(own, "registry")
    at.selectbox[0].set_value(dataset).run()

    next(button for button in at.button if button.label == "Judge on these users").click().run()
    assert screen.over(own, f"judge-v0001-{dataset.id[:16]}").status == "failed"
    at.run()

    assert not at.exception
    assert "0 negative labels" in screen.sentences(at)
    assert "Judge on these users" in [button.label for button in at.button]


def labels(at: AppTest) -> list[str]:
    return [button.label for button in at.button]


def change(at: AppTest, what: str, why: str, name: str | None = None) -> AppTest:
    """Fill in a popover of the title row, `promote-v0002` or `roll-back-to-v0001`, and press its button."""
    if name is not None:
        at.text_input(key=f"{what}-name").set_value(name)
    at.text_area(key=f"{what}-why").set_value(why)
    return at.button(key=f"{what}-now").click().run()


def versions(at: AppTest) -> pd.DataFrame:
    return next(frame.value for frame in at.dataframe if "PR-AUC" in frame.value)


def test_the_list_shows_every_version_newest_first(visit: Visit, two: Home) -> None:
    make.promoted(two, "v0002")
    found = versions(visit(two, "registry"))

    assert found["Version"].tolist() == ["v0002", "v0001"]
    assert found["State"].tolist() == ["live", ""]
    assert found["Parent"].tolist() == ["v0001", "–"]
    assert found["Promoted by"].tolist() == ["Ada", "–"]
    pr_auc = two.registry.describe("v0002").figures.overall["pr_auc"]
    assert found["PR-AUC"][0] == shown(pr_auc, 3)


def test_why_a_version_was_promoted_is_read_whole_and_stands_in_no_cell_that_cuts_it(visit: Visit, two: Home) -> None:
    why = "Catches the invoices of October, " + "and no more wrong flags, " * 30 + "say the reviewers."
    two.registry.promote("v0002", by="Ada", why=why, now=make.NOW)
    live = visit(two, "registry")
    two.registry.rollback(by="Bob", why="x", now=make.NOW)
    (two.settings.models / "v0002" / "metadata.json").write_text("{")
    damaged = visit(two, "registry", version="v0002")

    assert f"“{why}”" in screen.sentences(live)
    assert f"“{why}”" in screen.sentences(damaged)
    assert not any(why[:20] in str(cell) for cell in versions(live).to_numpy().ravel())


def test_the_address_chooses_the_version_and_without_one_the_champion_is_shown(visit: Visit, two: Home) -> None:
    other, champion = visit(two, "registry", version="v0002"), visit(two, "registry", version="v0099")

    seconds = [figure.value for figure in two.registry.describe("v0002").figures.overall.values()]
    assert other.table[0].value["Value"].tolist() == seconds
    assert champion.table[0].value["Value"].tolist() != seconds
    assert "Promote v0001" not in labels(champion)


def test_the_difference_shows_what_is_not_the_same(visit: Visit, two: Home) -> None:
    at = visit(two, "registry", version="v0002")

    found = next(frame.value for frame in at.dataframe if "Fact" in frame.value).set_index("Fact")
    assert found.loc["Trained by"].tolist() == ["Bob", "not supplied"]
    assert found.loc["Seed"].tolist() == ["1", "0"]
    assert "Trained on" not in found.index
    assert "Both were judged on the same held-out users." in screen.sentences(at)


def test_a_version_is_promoted_and_rolled_back_on_the_record(visit: Visit, two: Home) -> None:
    at = visit(two, "registry", version="v0002")
    assert "Roll back to v0001" not in labels(at)

    change(at, "promote-v0002", "Better recall.", "Eve")
    assert not at.exception
    assert two.registry.champion() == "v0002"
    assert "by Eve: “Better recall.”" in screen.sentences(at)
    assert "Promote v0002" not in labels(at)

    change(at, "roll-back-to-v0001", "Too many flagged.")
    assert two.registry.champion() == "v0001"
    assert "Roll back to v0001" not in labels(at)
    assert "by Eve: “Better recall.”" in screen.sentences(visit(two, "registry", version="v0002"))
    noted = two.audit.read()
    assert noted[["who", "what", "about", "why"]].to_numpy().tolist() == [
        ["Eve", "roll back", "v0001", "Too many flagged."], ["Eve", "promote", "v0002", "Better recall."],
    ]  # fmt: skip


def test_what_is_promoted_serves_the_next_scoring_of_a_session_already_open(
    visit: Visit, two: Home, to_score: pd.DataFrame
) -> None:
    at = visit(two, "score_file")
    used = []
    for turn in (lambda: make.promoted(two, "v0002"), lambda: two.registry.rollback(by="Ada", why="x", now=make.NOW)):
        turn()
        at.switch_page(str(ROOT / "pages" / "score_file.py"))
        at.query_params.clear()
        at.run()
        at.file_uploader(key="upload").upload(f"{len(used)}.csv", make.csv(to_score)).run()
        assert not at.exception
        used.append(two.runs.recent(1)[0].model)
    assert used == ["v0002", "v0001"]


def test_without_a_reason_nothing_is_promoted(visit: Visit, two: Home) -> None:
    at = change(visit(two, "registry", version="v0002", **{"as": "Ada"}), "promote-v0002", " ")

    assert "say why in 1 to 1,000 characters." in screen.errors(at)[0]
    assert (two.registry.champion(), two.audit.read().empty) == ("v0001", True)


def signed_in(at: AppTest, name: str) -> AppTest:
    at.text_input[0].set_value(name)
    at.text_input[1].set_value(PASSWORD)
    next(button for button in at.button if button.label == "Sign in").click().run()
    return at


def test_a_role_that_may_not_promote_is_told_so_and_has_no_buttons(visit: Visit, two: Home) -> None:
    make.promoted(two, "v0002")
    for name, role in (("Root", "admin"), ("Eve", "reviewer")):
        two.accounts.create(name, role, PASSWORD, now=make.NOW)  # type: ignore[arg-type]
    at = signed_in(visit(two, "registry", version="v0001"), "Eve")

    assert "Eve is a reviewer here, a role that may not promote. Ask an admin" in screen.sentences(at)
    assert not {"Promote v0001", "Roll back to v0001", "Push v0001"} & set(labels(at))


@pytest.mark.parametrize("what", ["promote-v0001", "roll-back-to-v0001"])
def test_a_role_taken_away_meanwhile_refuses_what_the_button_asks(visit: Visit, two: Home, what: str) -> None:
    make.promoted(two, "v0002")
    for name, role in (("Root", "admin"), ("Eve", "lead")):
        two.accounts.create(name, role, PASSWORD, now=make.NOW)  # type: ignore[arg-type]
    at = signed_in(visit(two, "registry", version="v0001"), "Eve")
    at.text_area(key=f"{what}-why").set_value("x")
    two.accounts.change("Eve", role="reviewer", now=make.NOW)
    at.button(key=f"{what}-now").click().run()

    assert not at.exception
    assert two.registry.champion() == "v0002"
    assert "a role that may not promote" in screen.sentences(at)


def test_a_damaged_version_is_told_and_cannot_be_promoted(visit: Visit, two: Home) -> None:
    (two.settings.models / "v0002" / registry.TREES).write_bytes(b"x")
    at = visit(two, "registry", version="v0002")

    assert not at.exception
    assert versions(at)["State"].tolist() == ["damaged", "live"]
    assert "model.ubj differs from SHA256SUMS" in screen.sentences(at)
    assert "Promote v0002" not in labels(at)


def test_a_damaged_champion_can_be_rolled_back_from_the_page(visit: Visit, two: Home) -> None:
    make.promoted(two, "v0002")
    (two.settings.models / "v0002" / registry.TREES).write_bytes(b"x")
    at = visit(two, "registry", **{"as": "Ada"})
    assert "Model v0002 was not loaded" in screen.errors(at)[0]

    change(at, "roll-back-to-v0001", "It is damaged.")
    assert not at.exception
    assert two.registry.champion() == "v0001"
    assert not at.error


def test_a_damaged_log_leaves_the_list_and_the_promotion(visit: Visit, two: Home) -> None:
    make.promoted(two, "v0002")
    two.settings.audit.write_bytes(two.settings.audit.read_bytes() + b'"' * 3 + b",,\n")
    at = visit(two, "registry", version="v0001")

    assert not at.exception
    assert len(at.error) == 1
    assert versions(at)["Version"].tolist() == ["v0002", "v0001"]
    assert "Promote v0001" in labels(at)


def test_what_people_write_is_shown_as_text(visit: Visit, two: Home) -> None:
    hostile = "<b>x</b> :red[x] $x$ [a](javascript:alert(1))"
    two.registry.promote("v0002", by="*Eve*", why=hostile, now=make.NOW)
    at = visit(two, "registry")

    assert not at.exception
    for text in screen.markdown(at):
        assert not [raw for raw in ("<b>", ":red[", "$x$", "[a](", "*Eve*") if raw in text], text


def test_the_card_says_what_nobody_has_told(visit: Visit, own: Home) -> None:
    at = visit(own, "registry")
    assert "| Licence | not supplied |" in screen.sentences(at)
    assert "| Promoted | not on record |" in screen.sentences(at)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[hub_server.Hub]:
    """A Hub to speak to, with a token that it knows."""
    with hub_server.running() as found:
        monkeypatch.setenv("HF_ENDPOINT", found.address)
        monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
        yield found


def pull(at: AppTest, home: Home, repo: str, why: str = "") -> AppTest:
    """Fill in the form, press its button and wait for the job."""
    at.segmented_control(key="hub-way").set_value("Pull").run()
    at.text_input(key="pull-repo").set_value(repo)
    at.text_area(key="pull-why").set_value(why)
    at.button(key="pull-now").click().run()
    assert not at.exception
    screen.over(home, "hub")
    return at.run()


def test_a_version_goes_to_a_hub_and_comes_back_as_another_that_says_where_from(
    real_jobs: None, visit: Visit, two: Home, there: hub_server.Hub
) -> None:
    at = visit(two, "registry", version="v0002", **{"as": "Ada"})
    assert "with the token from HF_TOKEN" in screen.sentences(at)
    at.text_input(key="push-repo").set_value(" ada/spam ")
    at.button(key="push-now").click().run()
    assert not at.exception
    assert screen.over(two, "hub").status == "done"
    assert [toast.value for toast in at.run().toast] == ["The push of v0002 to ada/spam is done"]
    commit = there.repos["ada/spam"].branches["main"]

    pull(at, two, "ada/spam", "Ours again.")
    assert not at.error
    assert versions(at)["State"].tolist() == ["live, pulled", "", ""]
    assert versions(at)["Parent"].tolist() == ["v0001 of ada/spam", "v0001", "–"]
    at.query_params["version"] = "v0003"
    assert f"Pulled from ada/spam at {commit[:10]} on" in screen.sentences(at.run())
    assert two.audit.read()[["who", "what", "about"]].to_numpy().tolist() == [
        ["Ada", "promote", "v0003"], ["Ada", "pull model", "v0003"], ["Ada", "push model", "v0002"],
    ]  # fmt: skip
    kept = [path.read_bytes() for path in two.settings.home.rglob("*") if path.is_file()]
    assert not [content for content in kept if hub_server.TOKEN.encode() in content]


def test_what_a_pull_refuses_is_a_sentence_on_the_page(
    real_jobs: None, visit: Visit, two: Home, there: hub_server.Hub
) -> None:
    there.put("ada/spam", {"spammer_detector.pkl": b"x"})
    at = pull(visit(two, "registry", **{"as": "Ada"}), two, "ada/spam")
    assert "can run code on whoever loads it" in screen.errors(at)[0]
    assert two.registry.versions() == ("v0001", "v0002")


def test_a_repo_that_is_none_is_told_before_anything_is_started(visit: Visit, two: Home) -> None:
    at = visit(two, "registry", **{"as": "Ada"})
    assert "without a token" in screen.sentences(at)
    at.text_input(key="push-repo").set_value("../spam")
    at.button(key="push-now").click().run()
    assert "write it as owner/name" in screen.errors(at)[0]
    assert not two.settings.jobs.exists()


def test_a_home_without_a_version_can_pull_its_first(
    real_jobs: None,
    visit: Visit,
    own: Home,
    home: Home,
    there: hub_server.Hub,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    files = {path.name: path.read_bytes() for path in (own.settings.models / "v0001").iterdir()}
    there.put("ada/spam", files, private=False)
    empty = Home.open(tmp_path_factory.mktemp("empty"))
    schemas.save(make.SCHEMA, empty.settings.schema_file)
    at = visit(empty, "registry", **{"as": "Ada"})
    at.text_input(key="pull-repo").set_value("ada/spam")
    at.text_area(key="pull-why").set_value("The first.")
    at.button(key="pull-now").click().run()
    screen.over(empty, "hub")
    assert not at.run().exception
    assert (empty.registry.champion(), versions(at)["State"].tolist()) == ("v0001", ["live, pulled"])


def test_a_version_is_tried_in_the_shadow_and_taken_out_again(visit: Visit, two: Home, scored: Scored) -> None:
    at = visit(two, "registry", version="v0001")
    assert "shadow" not in screen.sentences(at)
    at = visit(two, "registry", version="v0002")
    at.text_input(key="put-into-the-shadow-name").set_value("Ada")
    at.button(key="put-into-the-shadow-now").click().run()
    assert not at.exception
    assert at.toast[0].value == "v0002 is in the shadow"

    scored(two, make.users(300, seed=8), reasons=False)
    two.shadow.catch_up()
    found = two.shadow.challenger()
    assert found is not None
    told = two.shadow.standing(found)
    at = visit(two, "registry", version="v0002")
    assert plain(told.sentence) in screen.sentences(at)
    at.text_input(key="take-out-name").set_value("Ada")
    at.button(key="take-out-now").click().run()
    assert not at.exception
    assert two.shadow.challenger() is None
    assert two.audit.read()["about"].tolist()[:2] == ["nobody", "v0002"]
