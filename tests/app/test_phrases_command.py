"""`phrases check` says whether a list can be used and what it finds; `phrases show` what a version counts by."""

from __future__ import annotations

import json

from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home


def run(home: Home, *words: str) -> Result:
    return CliRunner().invoke(app, ["phrases", *words, "--home", str(home.settings.home)])


def test_a_list_is_checked_before_anybody_trains_with_it(trained: Home, own: Home) -> None:
    assert run(own, "check").exit_code == 2
    own.settings.phrases_file.write_text('[money]\nphrases = ["cash only"]\npatterns = ["\\\\d{2} bucks?"]\n')
    done = run(own, "check", "--text", "C A S H only, 50 bucks")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "money\t2 phrases"
    assert lines[1].startswith("sha256\t")
    assert lines[2:] == ['found\tmoney\t"C A S H only"', 'found\tmoney\t"50 bucks"']
    assert "v0001, which is live, counts by none: train to use this one." in done.stderr
    assert json.loads(run(own, "check", "--json").stdout)["categories"] == {"money": 2}
    assert run(trained, "check", "--file", str(own.settings.phrases_file)).exit_code == 0


def test_what_cannot_be_used_is_said_with_its_line_and_entry(own: Home) -> None:
    own.settings.phrases_file.write_text('[money]\nphrases = []\npatterns = [\n  "ok",\n  "(.*)*",\n]\n')
    refused = run(own, "check")
    assert refused.exit_code == 2
    assert 'phrases.toml: on line 5, entry 2 in patterns of [money]: "(.*)*" has *, which repeats' in refused.stderr


def test_a_version_without_a_list_says_so(trained: Home) -> None:
    refused = run(trained, "show")
    assert refused.exit_code == 2
    assert "v0001 counts no phrases" in refused.stderr
