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


def of_an_hour(stream: io.StringIO) -> str:
    """Ten million rows, told of every 20 seconds."""
    now = 0.0
    progress = Progress(stream, lambda: now)
    for done in (0, 2_000_000, 4_000_000, 6_000_000):
        progress.counted("Scoring", done, 10_000_000)
        now += 20
    return stream.getvalue()


def test_what_is_counted_says_how_fast_it_is_and_how_long_it_takes() -> None:
    steps = of_an_hour(Terminal()).split("\r\033[K")
    assert steps[1:3] == ["Scoring", "Scoring · 20% · 100,000 rows/s · 80 s left"]
    assert steps[-1] == "Scoring · 60% · 100,000 rows/s · 40 s left"


def test_a_file_gets_a_further_line_a_minute() -> None:
    assert of_an_hour(io.StringIO()) == "Scoring\nScoring · 60% · 100,000 rows/s · 40 s left\n"
