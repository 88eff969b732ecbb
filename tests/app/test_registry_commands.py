"""`registry`: list, show, promote, roll back, compare and export, each run for real on a small home."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from core.registry import card, registry
from core.schema import schema as schemas
from tests import hub_server, make

SECRET = "a long password"  # noqa: S105 - made up


def invoked(*arguments: object, home: Home) -> Result:
    return CliRunner().invoke(app, ["registry", *map(str, arguments), "--home", str(home.settings.home)])


def done(*arguments: object, home: Home) -> Result:
    found = invoked(*arguments, home=home)
    assert found.exit_code == 0, found.stderr
    return found


def said(*arguments: object, home: Home, code: int = 4) -> str:
    """What a command says on stderr that is refused and gives no result."""
    found = invoked(*arguments, home=home)
    assert (found.exit_code, found.stdout) == (code, ""), found.stderr
    return found.stderr


def noted(home: Home) -> list[list[str]]:
    return home.audit.read()[["who", "what", "about", "why"]].to_numpy().tolist()[::-1]


def test_promote_and_rollback_say_what_is_in_charge_and_stand_in_the_log(two: Home) -> None:
    found = done("promote", "v0002", "--why", "Better.", "--by", "Ada", home=two)
    assert found.stderr.splitlines()[0] == "v0002 is live, v0001 was before."
    assert two.registry.champion() == "v0002"
    assert "already" in done("promote", "v0002", "--why", "Again.", "--by", "Ada", home=two).stderr
    found = done("rollback", "--why", "Worse.", "--by", "Bob", home=two)
    assert found.stderr == "v0001 is live again, in place of v0002.\n"
    assert two.registry.champion() == "v0001"
    assert noted(two) == [["Ada", "promote", "v0002", "Better."], ["Bob", "roll back", "v0001", "Worse."]]
    assert "no version to roll back to" in said("rollback", "--why", "x", home=two)


def test_who_promotes_a_version_that_ranks_worse_is_told(two: Home) -> None:
    worse, better = sorted(
        two.registry.versions(), key=lambda version: two.registry.describe(version).figures.overall["pr_auc"].value or 0
    )
    make.promoted(two, better)
    assert f"Beware: {worse} ranks worse than {better}" in done("promote", worse, "--why", "x", home=two).stderr
    assert "Beware" not in done("promote", better, "--why", "x", home=two).stderr
    make.promoted(two, worse)
    (two.settings.models / worse / registry.METADATA).write_text("damaged")
    assert "Beware" not in done("promote", better, "--why", "The other one is damaged.", home=two).stderr


def test_promote_without_a_reason_is_no_command(two: Home) -> None:
    assert invoked("promote", "v0002", home=two).exit_code == 2
    assert "say why" in said("promote", "v0002", "--why", " ", home=two, code=2)
    assert two.registry.champion() == "v0001"


def test_a_version_that_is_damaged_or_not_there_is_refused(two: Home) -> None:
    path = two.settings.models / "v0002" / registry.BASELINE
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    for command in (("promote", "v0002", "--why", "x"), ("show", "v0002"), ("diff", "v0001", "v0002"),
                    ("export", "v0002", "-o", two.settings.home / "out")):  # fmt: skip
        assert "baseline.parquet differs from SHA256SUMS" in said(*command, home=two)
    assert "There is no model v0007" in said("promote", "v0007", "--why", "x", home=two, code=2)
    assert (two.registry.champion(), noted(two)) == ("v0001", [])
    listed = done("list", home=two)
    assert "damaged" in listed.stdout.splitlines()[1]
    assert "baseline.parquet" in listed.stderr


def test_who_may_not_promote_may_not_export_or_roll_back_either(two: Home) -> None:
    make.promoted(two, "v0002")
    two.accounts.create("Root", "admin", SECRET, now=make.NOW)
    two.accounts.create("Eve", "reviewer", SECRET, now=make.NOW)
    for command in (("promote", "v0001", "--why", "x"), ("rollback", "--why", "x"),
                    ("export", "v0001", "-o", two.settings.home / "out")):  # fmt: skip
        assert "a role that may not promote" in said(*command, "--by", "Eve", home=two)
        assert "has no account here" in said(*command, "--by", "Nobody", home=two)
    assert (two.registry.champion(), len(noted(two))) == ("v0002", 1)
    assert not (two.settings.home / "out").exists()


def test_the_list_names_every_version_newest_first(two: Home) -> None:
    two.registry.promote("v0002", by="Ada", why="Two\nlines \x1b[31m", now=make.NOW)
    lines = done("list", home=two).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["Version", "v0002", "v0001"]
    assert "live" in lines[1]
    assert "Two lines \N{REPLACEMENT CHARACTER}[31m" in lines[1]
    found = json.loads(done("list", "--json", home=two).stdout)
    assert [(each["version"], each["in_charge"], each["trained_by"]) for each in found] == [
        ("v0002", True, "Bob"), ("v0001", False, None)
    ]  # fmt: skip
    assert (found[0]["parent"], found[0]["promoted"]["before"]) == ("v0001", "v0001")
    assert found[0]["pr_auc"] == two.registry.describe("v0002").figures.overall["pr_auc"].as_json()


def test_a_home_without_versions_says_so(home: Home) -> None:
    found = done("list", home=home)
    assert (found.stdout, found.stderr) == ("", "No version yet: train one.\n")
    assert json.loads(done("list", "--json", home=home).stdout) == []


def test_show_gives_the_metadata_or_the_card(two: Home) -> None:
    facts = json.loads(done("show", "v0002", home=two).stdout)
    assert {"version": "v0002", "in_charge": False} | two.registry.describe("v0002").as_json() == facts
    text = done("show", "v0002", "--card", home=two).stdout
    assert text == card.markdown("v0002", two.registry.describe("v0002"), None)


def test_diff_puts_side_by_side_what_is_not_the_same(two: Home) -> None:
    rows = json.loads(done("diff", "v0001", "v0002", "--json", home=two).stdout)
    assert rows["Seed"] == {"v0001": "0", "v0002": "1"}
    assert "SHA-256" not in rows
    assert "SHA-256" in json.loads(done("diff", "v0001", "v0002", "--json", "--all", home=two).stdout)
    text = done("diff", "v0001", "v0002", home=two).stdout.splitlines()
    assert text[0].split() == ["v0001", "v0002"]
    assert any(line.split() == ["Seed", "0", "1"] for line in text)


def test_diff_warns_that_figures_of_different_users_are_not_comparable(two: Home) -> None:
    make.trained_home(two, n=400)
    assert "judged on different users" in done("diff", "v0001", "v0003", home=two).stderr
    assert "judged on different users" not in done("diff", "v0001", "v0002", home=two).stderr


def test_export_writes_the_version_with_its_card_or_the_four_files(two: Home, tmp_path: Path) -> None:
    done("export", "v0002", "-o", tmp_path / "native", "--by", "Ada", home=two)
    for path in (two.settings.models / "v0002").iterdir():
        assert (tmp_path / "native" / path.name).read_bytes() == path.read_bytes()
    assert (tmp_path / "native" / "card.md").read_text(encoding="utf-8").startswith("# Model card: v0002")
    done("export", "v0002", "--bundle", "-o", tmp_path / "bundle", "--by", "Ada", home=two)
    assert {path.name for path in (tmp_path / "bundle").iterdir()} == {
        "card.md", "feature_mapping.pkl", "model_metrics.json", "scaler.pkl", "spammer_detector.pkl"
    }  # fmt: skip
    assert [row[:3] for row in noted(two)] == [["Ada", "export model", "v0002"]] * 2
    assert "is there already" in said("export", "v0002", "-o", tmp_path / "bundle", home=two, code=2)


def test_training_with_promote_goes_through_the_same_door(own: Home, tmp_path: Path) -> None:
    make.users(400, 7).to_csv(tmp_path / "labelled.csv", index=False)
    train = ["train", str(tmp_path / "labelled.csv"), "--promote", "--home", str(own.settings.home), "--by"]
    assert CliRunner().invoke(app, [*train, "Ada"]).exit_code == 0
    assert own.registry.describe("v0002").trained_by == "Ada"
    assert noted(own) == [["Ada", "promote", "v0002", "Trained with --promote."]]

    own.accounts.create("Root", "admin", SECRET, now=make.NOW)
    own.accounts.create("Eve", "analyst", SECRET, now=make.NOW)
    refused = CliRunner().invoke(app, [*train, "Eve"])
    assert refused.exit_code == 4
    assert "a role that may not promote" in refused.stderr
    assert own.registry.versions() == ("v0001", "v0002")  # refused before the work, not after it


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[hub_server.Hub]:
    """A Hub to speak to, with a token that it knows."""
    with hub_server.running() as found:
        monkeypatch.setenv("HF_ENDPOINT", found.address)
        monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
        yield found


def test_push_and_pull_go_round_and_say_what_went_where(there: hub_server.Hub, two: Home, tmp_path: Path) -> None:
    told = done("push", "v0002", "ada/spam", "--by", "Ada", home=two).stderr
    assert f"v0002 is at {there.address}/ada/spam, private, as commit " in told
    assert "model.ubj, calibration.json, metadata.json, baseline.parquet, SHA256SUMS" in told
    assert "The users it was trained on stayed here." in told
    assert "went with it" in done("push", "v0002", "ada/spam", "--revision", "all", "--with-baseline", home=two).stderr

    other = Home.open(tmp_path / "other")
    schemas.save(make.SCHEMA, other.settings.schema_file)
    found = done("pull", "ada/spam", "--revision", "all", "--by", "Eve", home=other)
    assert found.stdout == "v0001\n"
    assert re.fullmatch(r"v0001 is ada/spam at [0-9a-f]{10} on 127\.0\.0\.1:\d+, checked and stored\.\n", found.stderr)
    assert other.registry.champion() is None

    found = done("pull", "ada/spam", "--promote", "--why", "Theirs.", "--by", "Eve", home=other)
    assert found.stdout == "v0002\n"
    assert found.stderr.endswith("v0002 is live.\n")
    assert other.registry.champion() == "v0002"
    assert "here already" in done("pull", "ada/spam", "--by", "Eve", home=other).stderr
    assert noted(other)[-1] == ["Eve", "promote", "v0002", "Theirs."]
    commit = there.repos["ada/spam"].branches["main"]
    assert json.loads(done("show", "v0002", home=other).stdout)["pulled"]["revision"] == commit
    assert [each.get("pulled", {}).get("repo") for each in json.loads(done("list", "--json", home=other).stdout)] == [
        "ada/spam", "ada/spam"
    ]  # fmt: skip
    assert f"| Commit | {commit} |" in done("show", "v0002", "--card", home=other).stdout
    done("export", "v0002", "-o", tmp_path / "out", "--by", "Eve", home=other)
    assert (tmp_path / "out" / "origin.json").is_file()


def test_what_a_push_or_a_pull_ends_with_is_a_sentence_and_an_exit_code(
    there: hub_server.Hub, two: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = noted(two)
    there.put("ada/spam", {"spammer_detector.pkl": b"x"}, private=False)
    assert "can run code on whoever loads it" in said("pull", "ada/spam", home=two)
    assert "ada/spam is public" in said("push", "v0001", "ada/spam", home=two)
    for command, words in (
        (("pull", "ada/none"), "There is no repo ada/none"),
        (("pull", "ada/spam", "--revision", "v9"), "has no branch, tag or commit v9"),
        (("pull", "ada"), "write it as owner/name"),
        (("pull", "ada/spam", "--promote"), "say why in 1 to 1,000 characters."),
        (("pull", "ada/spam", "--why", "x"), "give --promote too"),
        (("push", "v0009", "ada/spam"), "There is no model v0009"),
    ):
        assert words in said(*command, home=two, code=2)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    found = said("pull", "ada/spam", home=two, code=2)
    assert "does not accept the token" in found
    assert "hf_wrong" not in found
    monkeypatch.delenv("HF_TOKEN")
    assert "set HF_TOKEN" in said("push", "v0001", "ada/spam", home=two, code=2)
    assert (noted(two), two.registry.versions()) == (before, ("v0001", "v0002"))
