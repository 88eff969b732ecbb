"""Programs as forks end, are ended and are spoken to as processes of their own are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import forked

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="programs are forks on Linux alone")


def python(code: str, *words: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *words], text=True, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", 0), ("import sys; sys.exit(3)", 3), ("raise SystemExit('why')", 1), ("1 / 0", 1),
        ("import os; os._exit(7)", 7), ("import os; os.abort()", -signal.SIGABRT),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL), ("raise KeyboardInterrupt", -2),
    ],
)  # fmt: skip
def test_it_ends_as_a_process_of_its_own(code: str, expected: int) -> None:
    codes = [python(code, stderr=subprocess.DEVNULL).wait()]
    with forked.real_processes():
        codes.append(python(code, stderr=subprocess.DEVNULL).wait())

    assert codes == [expected, expected]


def test_it_has_its_streams_words_folder_and_environment(tmp_path: Path) -> None:
    code = """
import os, sys
print(input(), sys.argv[1:], os.getcwd(), os.environ["A"], "HOME" in os.environ)
sys.stderr.write("so")
"""
    words = [sys.executable, "-c", code, "a b", "c"]
    done = subprocess.run(words, input="hi\n", capture_output=True, text=True, check=True, cwd=tmp_path, env={"A": "1"})
    assert (done.stdout, done.stderr) == (f"hi ['a b', 'c'] {tmp_path} 1 False\n", "so")


def test_what_ends_the_process_ends_the_program(tmp_path: Path) -> None:
    code = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        told = tmp_path / str(number)
        process = python(code, str(told), stderr=subprocess.DEVNULL)
        while not (told.exists() and (text := told.read_text())):
            time.sleep(0.01)
        program = int(text)
        assert program != process.pid  # it is a fork, indeed
        process.send_signal(number)

        assert process.wait() == -number
        while Path(f"/proc/{program}").exists():
            time.sleep(0.01)


def test_who_reads_is_told_of_the_end_of_the_program() -> None:
    with python("print('last')", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read() == "last\n"
