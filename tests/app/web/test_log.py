"""The log of the dashboard: text or JSON on stderr, warnings and bugs in the workspace too, as the environment says."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit.logger

from app.api import log as of_the_api
from app.log import File
from app.web import log
from core.access.endpoints import Logs
from core.errors import BadOptionError
from core.settings import LOG_FORMAT_VARIABLE, LOG_LEVEL_VARIABLE, Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Of a home whose dashboard writes a log; Streamlit's own is as before afterwards."""
    before, level = list(logging.getLogger().handlers), streamlit.logger._global_log_level
    of_streamlit = (
        dict(streamlit.logger._loggers),
        {name: list(each.handlers) for name, each in streamlit.logger._loggers.items()},
    )
    monkeypatch.setattr(streamlit.logger, "setup_formatter", streamlit.logger.setup_formatter)
    settings = Settings.of(tmp_path)
    settings.data.mkdir()
    yield settings
    logging.getLogger().handlers[:] = before
    streamlit.logger._loggers.clear()
    streamlit.logger._loggers.update(of_streamlit[0])
    for name, handlers in of_streamlit[1].items():
        logging.getLogger("streamlit" if name == "root" else name).handlers[:] = handlers
    streamlit.logger.set_log_level(level)


def test_the_dashboard_writes_json_and_keeps_what_went_wrong(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(LOG_FORMAT_VARIABLE, "json")
    before = streamlit.logger.get_logger("streamlit.of_before")
    log.begin(settings)
    before.info("Begun")
    assert not settings.log.exists()
    streamlit.logger.get_logger("streamlit.of_later").error("A page failed", exc_info=ZeroDivisionError())
    logging.getLogger("of.a.library").warning("Beware")

    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["event"]) for line in said] == [
        ("info", "Begun"), ("error", "A page failed"), ("warning", "Beware"),
    ]  # fmt: skip
    assert "ZeroDivisionError" in said[1]["trace"]
    kept = [json.loads(line) for line in settings.log.read_text(encoding="utf-8").splitlines()]
    assert kept == said[1:]


def test_it_writes_text_from_a_level_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(LOG_LEVEL_VARIABLE, "ERROR")
    log.begin(settings)
    logger = streamlit.logger.get_logger("streamlit.of_text")
    logger.warning("Beware")
    logger.error("Failed")
    assert capsys.readouterr().err.rstrip().endswith("Failed")
    assert settings.log.read_text(encoding="utf-8").rstrip().endswith("ERROR streamlit.of_text Failed")
    assert "Beware" not in settings.log.read_text(encoding="utf-8")


def test_the_api_keeps_to_the_level(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(LOG_LEVEL_VARIABLE, "warning")
    of_the_api.begin()
    of_the_api.tell("request", status=200)
    of_the_api.tell("failed", level=logging.ERROR, why="x")
    monkeypatch.delenv(LOG_LEVEL_VARIABLE)
    of_the_api.begin()
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "failed"


def test_a_file_is_begun_anew_when_it_is_full_and_no_folder_is_made_of_a_home_that_is_gone(tmp_path: Path) -> None:
    settings = Settings.of(tmp_path)
    settings.data.mkdir()
    file = File(settings.log, as_json=False)
    for _ in range(12):
        file.emit(logging.LogRecord("x", logging.ERROR, "", 0, "y" * 600_000, None, None))
    file.close()
    names = sorted(path.name for path in settings.log.parent.glob("*.log*"))
    assert names == ["trustdesk.log", *(f"trustdesk.log.{number}" for number in range(1, 5))]

    gone = File(tmp_path / "gone" / "data" / "logs" / "trustdesk.log", as_json=False)
    gone.emit(logging.LogRecord("x", logging.ERROR, "", 0, "y", None, None))
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize("variable", [LOG_LEVEL_VARIABLE, LOG_FORMAT_VARIABLE])
def test_another_word_is_refused(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "loud")
    with pytest.raises(BadOptionError, match="loud is none of"):
        Logs.of()


def test_processes_that_share_a_log_begin_a_new_file_once_and_lose_no_line(tmp_path: Path) -> None:
    path, each, lines, most = tmp_path / "logs" / "trustdesk.log", 3, 600, 20_000
    script = (
        "import logging, sys; from pathlib import Path; from app.log import File\n"
        f"file = File(Path({str(path)!r}), as_json=True)\n"
        f"file.maxBytes = {most}\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        f"for number in range({lines}):\n"
        "    said = {'msg': f'{sys.argv[1]} {number}', 'levelname': 'ERROR', 'facts': {'more': 'x' * 20}}\n"
        "    file.handle(logging.makeLogRecord(said))\n"
    )
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    writers = [subprocess.Popen([sys.executable, "-c", script, str(who)], **piped) for who in range(each)]
    for writer in writers:  # at once
        writer.stdout.readline()
    for writer in writers:
        writer.stdin.write(b"\n")
        writer.stdin.flush()
    assert [writer.communicate() and writer.returncode for writer in writers] == [0] * each

    files = [path, *(path.with_name(f"trustdesk.log.{number}") for number in range(1, 5))]
    assert sorted(path.parent.glob("trustdesk.log*")) == files
    assert all(most / 2 < file.stat().st_size <= most for file in files[1:])  # each was full
    said = [json.loads(line)["event"].split() for file in reversed(files) for line in file.read_text().splitlines()]
    for who in range(each):  # of each the latest lines, none left out in between
        ours = [int(number) for name, number in said if name == str(who)]
        assert ours == list(range(lines - len(ours), lines))
