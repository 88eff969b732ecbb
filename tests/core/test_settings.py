"""Which home is meant, and that asking for a path makes nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from core.access.endpoints import Alerts, Hub
from core.errors import BadOptionError
from core.home import Home
from core.settings import HOME_VARIABLE, ROOT, Settings, child_environment, dashboard_environment

PATHS = [name for name, value in inspect.getmembers(Settings) if isinstance(value, property)]


def test_the_home_given_wins_over_the_variable_and_the_variable_over_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings.of().home == ROOT
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "variable"))
    assert Settings.of().home == tmp_path / "variable"
    assert Settings.of(tmp_path / "given").home == tmp_path / "given"
    monkeypatch.setenv(HOME_VARIABLE, "")
    assert Settings.of().home == ROOT


def test_a_home_is_absolute_whatever_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert Settings.of("a/../b").home == tmp_path / "b"
    assert Settings.of("~/b").home == tmp_path / "b"


@pytest.mark.parametrize("name", PATHS)
def test_every_path_lies_in_data_or_models_and_asking_for_it_makes_nothing(name: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = getattr(Settings.of(home), name)
    assert path.relative_to(home).parts[0] in {"data", "models"}
    assert not home.exists()


@pytest.mark.parametrize("name", sorted({*PATHS} - {"data", "demo"}))
def test_whatever_the_home_keeps_is_told_but_the_demo_is_anybodys(name: str, home: Home) -> None:
    path = getattr(home.settings, name)
    assert any(path == kept or kept in path.parents for kept in home.settings.kept())
    assert not any(path == home.settings.demo or path in home.settings.demo.parents for path in home.settings.kept())


def test_a_process_of_ours_has_this_home_and_finds_core_from_anywhere(tmp_path: Path) -> None:
    program = "from core.settings import Settings; print(Settings.of().home)"
    child = subprocess.run(
        [sys.executable, "-c", program],
        check=True, capture_output=True, text=True, cwd=tmp_path, env=child_environment(tmp_path / "its"),
    )  # fmt: skip
    assert child.stdout.strip() == str(tmp_path / "its")


def test_the_hub_is_the_public_one_unless_the_environment_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Hub.of() == Hub("https://huggingface.co", None)
    assert Hub.of().name == "huggingface.co"
    monkeypatch.setenv("HF_ENDPOINT", " https://hub.example:8443/ ")
    assert (Hub.of().endpoint, Hub.of().name) == ("https://hub.example:8443", "hub.example:8443")


def test_the_token_is_the_first_that_is_set_and_never_part_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for name, value in (("HUGGING_FACE_HUB_TOKEN", "hf_second"), ("HF_TOKEN", " "), ("HF_TOKEN", "hf_first\n")):
        monkeypatch.setenv(name, value)
        found.append(Hub.of().token)
    assert found == ["hf_second", "hf_second", "hf_first"]
    assert "hf_" not in f"{Hub.of()} {Hub.of()!r}"


def test_the_webhook_is_that_of_the_environment_else_of_the_secrets_and_never_part_of_a_text(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Alerts.of(home.settings.secrets_file) == Alerts((), "http://localhost:8501")
    home.settings.data.mkdir()
    home.settings.secrets_file.write_text(
        '[alerts]\nwebhook = "https://hooks.example/T0/secret"\naddress = "https://desk.example/"\n'
    )
    assert Alerts.of(home.settings.secrets_file) == Alerts(("https://hooks.example/T0/secret",), "https://desk.example")
    monkeypatch.setenv("TRUSTDESK_WEBHOOK", "https://hooks.example/other")
    monkeypatch.setenv("TRUSTDESK_ADDRESS", "http://10.0.0.7:8501")
    found = Alerts.of(home.settings.secrets_file)
    assert (found.webhooks, found.address) == (("https://hooks.example/other",), "http://10.0.0.7:8501")
    assert "hooks" not in repr(found)


def test_a_home_may_name_several_webhooks_and_the_environment_one_instead(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.settings.data.mkdir()
    home.settings.secrets_file.write_text(
        '[alerts]\nwebhook = "https://a.example"\nwebhooks = ["https://b.example", "https://a.example"]\n'
    )
    assert Alerts.of(home.settings.secrets_file).webhooks == ("https://a.example", "https://b.example")
    monkeypatch.setenv("TRUSTDESK_WEBHOOK", "https://c.example")
    assert Alerts.of(home.settings.secrets_file).webhooks == ("https://c.example",)


@pytest.mark.parametrize(
    "text", ["secret = [", "secret = " + "[" * 100_000, "alerts = 1", "[alerts]\nwebhook = 5", '[alerts]\nwebhook = "ftp://secret.example"',
             '[alerts]\nwebhooks = "https://secret.example"', "[alerts]\nwebhooks = [5]", 'alerts = "secret"',
             '[alerts]\nwebhooks = ["https://hooks.example", "secret"]',
             '[alerts]\naddress = "secret"', '[alerts]\nwebhook = "https://[secret"'],
)  # fmt: skip
def test_secrets_that_cannot_be_used_are_told_without_repeating_them(home: Home, text: str) -> None:
    home.settings.data.mkdir()
    home.settings.secrets_file.write_text(text)
    with pytest.raises(BadOptionError) as told:
        Alerts.of(home.settings.secrets_file)
    assert "secret" not in str(told.value).replace("secrets.toml", "")


def test_a_process_of_ours_waits_asleep_unless_told_otherwise(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert child_environment(home.settings.home)["OMP_WAIT_POLICY"] == "passive"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert child_environment(home.settings.home)["OMP_WAIT_POLICY"] == "active"


def test_a_dashboard_keeps_little_memory_for_each_thread_unless_told_otherwise(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    assert dashboard_environment(home.settings.home) == child_environment(home.settings.home) | {
        "MALLOC_ARENA_MAX": "2", "TRUSTDESK_HOSTS": "",
    }  # fmt: skip
    monkeypatch.setenv("MALLOC_ARENA_MAX", "8")
    assert dashboard_environment(home.settings.home)["MALLOC_ARENA_MAX"] == "8"
