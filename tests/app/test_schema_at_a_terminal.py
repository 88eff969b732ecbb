"""`schema` at a terminal: a label that is not plain is asked about, and the answer is what is written."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.home import Home
from core.schema import schema as schemas
from core.settings import ROOT
from tests import make
from tests.app.test_cli import command, environment

pty = pytest.importorskip("pty", reason="there are no such terminals")
QUESTION = "Which of them is a spammer?"
#: Seconds, on a busy machine.
PATIENCE = 60.0
Ask = Callable[..., "Terminal"]


class Terminal:
    """A command whose input and output are a terminal, and what that shows."""

    def __init__(self, *arguments: object) -> None:
        self._ours, theirs = pty.openpty()
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        self.process = subprocess.Popen(
            command(*arguments), cwd=ROOT, env=environment(), start_new_session=True, **streams
        )
        os.close(theirs)
        self.shown = ""

    def until(self, text: str, times: int = 1) -> None:
        """Wait until the terminal has shown a text so often."""
        self._read(lambda: self.shown.count(text) >= times)
        assert self.shown.count(text) >= times, self.shown

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def ended(self) -> int:
        """Wait for the end; the exit code."""
        self._read(lambda: False)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def _read(self, enough: Callable[[], bool]) -> None:
        last = time.monotonic() + PATIENCE
        while not enough() and time.monotonic() < last:
            if not select.select([self._ours], [], [], 0.5)[0]:
                continue
            try:
                part = os.read(self._ours, 10_000)
            except OSError:  # as Linux says that the other end is closed
                return
            if not part:
                return
            self.shown += part.decode().replace("\r\n", "\n")


@pytest.fixture
def ask(home: Home, tmp_path: Path) -> Iterator[Ask]:
    """Starts `schema` on users whose label is 1 or 2."""
    file, started = tmp_path / "users.csv", []
    frame = make.users(400)
    file.write_bytes(make.csv(frame.assign(spam=frame["spam"] + 1)))

    def asked() -> Terminal:
        started.append(Terminal("schema", file, "--id", "user", "--label", "spam", "--home", home.settings.home))
        return started[-1]

    yield asked
    for each in started:
        each.close()


def test_a_label_that_is_not_plain_is_asked_about_until_the_answer_is_one_of_its_values(ask: Ask, home: Home) -> None:
    terminal = ask()
    terminal.until(QUESTION)
    assert "spam has" in terminal.shown
    assert not home.settings.schema_file.exists()
    terminal.type("yes\n")
    terminal.until(QUESTION, times=2)
    assert "Answer 1 or 2." in terminal.shown
    terminal.type("2\n")

    assert terminal.ended() == 0, terminal.shown
    label = schemas.load(home.settings.schema_file).label
    assert label is not None
    assert (label.positive, label.negative) == ("2", "1")
    assert "Wrote 6 features" in terminal.shown


def test_whoever_ends_the_input_instead_of_an_answer_has_no_schema(ask: Ask, home: Home) -> None:
    terminal = ask()
    terminal.until(QUESTION)
    terminal.type("\x04")

    assert terminal.ended() == 130, terminal.shown
    assert not home.settings.schema_file.exists()
    assert "Traceback" not in terminal.shown
