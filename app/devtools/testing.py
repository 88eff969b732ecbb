"""The tests, as the `test` command runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.settings import ROOT, environment_of_tests

#: All tests in two processes, the tests of a file in one: they share what it made. A part of them is told in order.
#: Files stay in the order of tests/conftest.py: by the number of their tests, the longest ones would come last.
TOGETHER: Final = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
#: What of app and core they reach, over all processes; pyproject.toml has what is measured.
COVERAGE: Final = ("--cov", "--cov-report=term-missing:skip-covered")
#: Options with which the caller says himself where tests run, or wants to see or stop them as they go.
_ALONE: Final = ("-n", "--numprocesses", "--dist", "--tx", "--pdb", "--trace", "-s", "--capture=no")
_WITHOUT: Final = "no:xdist"
#: Files that live as long as a test need no disk, which is waited for a third of the time. So much room they take.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - made by the system, for this
_ROOM: Final = 4 * 2**30


def run_tests(arguments: list[str], *, slow: bool = False, coverage: bool = False) -> int:
    """Run pytest over the repository; gives its exit code. Without `slow`, the long tests are left out.

    With `coverage` it says what was reached.
    """
    command = [sys.executable, "-m", "pytest", *options(arguments, slow=slow, coverage=coverage)]
    environment = files_in_memory() | environment_of_tests()
    return subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode  # noqa: S603


def files_in_memory(folder: Path = _MEMORY, *, room: int = _ROOM) -> dict[str, str]:
    """What has temporary files lie in a folder, where it has that much room in bytes and its files may be run."""
    try:
        fits = shutil.disk_usage(folder).free >= room and os.access(folder, os.W_OK)
        runs = not os.statvfs(folder).f_flag & os.ST_NOEXEC
    except (AttributeError, OSError):  # there is no such folder, or no such question
        return {}
    return {"TMPDIR": str(folder)} if fits and runs else {}


def options(arguments: Sequence[str], *, slow: bool = False, coverage: bool = False) -> list[str]:
    """What pytest is given: `arguments` as they are, after ours, so that a `-m` among them wins."""
    ours = [*([] if slow else ["-m", "not slow"]), *(COVERAGE if coverage else ())]
    return [*ours, *([] if _alone(arguments) else TOGETHER), *arguments]


def _alone(arguments: Sequence[str]) -> bool:
    """Whether the tests run in one process: the caller wants it so, or names one file, whose tests stay together."""
    named = [path for word in arguments if (path := ROOT / word.partition("::")[0]).exists()]
    return (len(set(named)) == 1 and named[0].is_file()) or any(map(_chosen, arguments))


def _chosen(word: str) -> bool:
    if word.endswith(_WITHOUT):
        return True
    return word.startswith("-n") or word.partition("=")[0] in _ALONE or word in _ALONE
