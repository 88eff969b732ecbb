"""Real processes record at once, and are killed at any moment: what was acknowledged is there, and nothing is torn."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.feedback.ledger import Ledger
from core.home import Home
from core.settings import ROOT, child_environment

#: Seconds a child may take for anything, also on a busy machine.
PATIENCE = 120.0
#: Waits for a word, then records `n` verdicts one by one (0: for ever) and says the id of each once it is stored.
WRITER = """
import itertools, sys
from core.home import Home
from tests.core.feedback.verdicts import verdict
store, name, n = Home.open(sys.argv[1]).feedback, sys.argv[2], int(sys.argv[3])
sys.stdout.write("ready\\n"), sys.stdout.flush()
sys.stdin.readline()
for number in range(n) if n else itertools.count():
    (stored,) = store.record([verdict(f"{name}-{number}", notes="a note\\nof two lines, " * 20)])
    sys.stdout.write(stored.id + "\\n"), sys.stdout.flush()
"""
Child = subprocess.Popen[str]


def writer(home: Home, name: str, n: int) -> Child:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(home.settings.home), name, str(n)],
        cwd=ROOT, env=child_environment(home.settings.home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def go(children: list[Child]) -> None:
    """Let all begin at once."""
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()


def stored(home: Home) -> list[str]:
    """The ids in the file, as a process that comes later reads them."""
    later = Ledger(home.ledger.path)
    later.refresh()
    return [one.id for one in later.since("")]


def killed(home: Home, name: str, after: float) -> list[str]:
    """The ids that were acknowledged before the writer was killed, `after` seconds from its first verdict on."""
    child = writer(home, name, 0)
    go([child])
    assert child.stdout is not None
    first = child.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(after)
    child.kill()
    rest, _ = child.communicate(timeout=PATIENCE)
    return [line for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]


@pytest.fixture
def moments() -> Iterator[float]:
    """Moments to kill at, in seconds: anywhere in the first few records."""
    chance = random.Random(20_260_301)  # noqa: S311 - not a secret
    return iter(lambda: chance.uniform(0, 0.03), None)


def at_once(home: Home, processes: int, each: int) -> None:
    children = [writer(home, f"p{number}", each) for number in range(processes)]
    go(children)
    told = [child.communicate(timeout=PATIENCE)[0].split() for child in children]

    wanted = [[f"vp{process}-{number}" for number in range(each)] for process in range(processes)]
    assert told == wanted
    assert sorted(stored(home)) == sorted(itertools.chain.from_iterable(wanted))
    # What one process recorded stands in the order in which it did.
    assert [[one for one in stored(home) if one.startswith(f"vp{process}-")] for process in range(processes)] == wanted
    verified = home.feedback.verify()
    assert (verified.whole, verified.rows, verified.torn) == (True, processes * each, 0)


def survives(home: Home, moments: Iterator[float], times: int) -> int:
    """Kill a writer so often; how many verdicts were acknowledged in all."""
    acknowledged: list[str] = []
    for turn in range(times):
        acknowledged += [line.strip() for line in killed(home, f"k{turn}", next(moments))]
        verified = home.feedback.verify()
        assert verified.whole, f"after being killed {turn + 1} times: {verified.broken}"
    found = stored(home)
    assert not set(acknowledged) - set(found)
    assert len(found) == len(set(found)) == verified.rows
    # At most the verdict in hand when it was killed is there without having been acknowledged.
    assert len(found) <= len(acknowledged) + times
    return len(acknowledged)


def test_processes_that_record_at_once_lose_tear_and_double_nothing(home: Home) -> None:
    at_once(home, processes=2, each=30)


def test_what_was_acknowledged_is_there_after_a_kill(home: Home, moments: Iterator[float]) -> None:
    assert survives(home, moments, times=2) >= 2


def test_a_kill_in_the_middle_of_a_line_is_mended_by_the_next_writer(home: Home, moments: Iterator[float]) -> None:
    killed(home, "first", next(moments))
    file: Path = home.ledger.path
    file.write_bytes(file.read_bytes()[:-100])
    before = stored(home)

    go([child := writer(home, "next", 1)])
    child.communicate(timeout=PATIENCE)

    assert stored(home) == [*before, "vnext-0"]
    verified = home.feedback.verify()
    assert (verified.whole, verified.torn) == (True, 1)


@pytest.mark.slow
def test_eight_processes_record_500_verdicts_each(home: Home) -> None:
    at_once(home, processes=8, each=500)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_200_kills_at_random_moments(home: Home, moments: Iterator[float]) -> None:
    assert survives(home, moments, times=200) >= 200
