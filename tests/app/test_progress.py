"""Progress in the terminal: one line that moves for a person, a line a step for a file."""

from __future__ import annotations

import io

from app.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(stream: io.StringIO) -> str:
    progress = Progress(stream)
    progress("Reading")
    progress("Fold 1 of 2", 0.25)
    progress("Fold 1 of 2", 0.5)
    progress.counted("Reasons", 3, 4)
    progress.counted("Reasons", 0, 0)
    progress.end()
    return stream.getvalue()


def test_a_file_gets_a_line_for_each_step() -> None:
    assert told(io.StringIO()) == "Reading\nFold 1 of 2\nReasons\n"


def test_a_terminal_gets_one_line_that_is_wiped_in_the_end() -> None:
    text = told(Terminal())
    assert "\n" not in text
    steps = text.split("\r\033[K")
    assert steps == ["", "Reading", "Fold 1 of 2 · 25%", "Fold 1 of 2 · 50%", "Reasons · 75%", "Reasons", ""]


def test_nothing_to_tell_leaves_no_trace() -> None:
    terminal = Terminal()
    Progress(terminal).end()
    assert terminal.getvalue() == ""
