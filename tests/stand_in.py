"""The `python3` that the commands in the documents are run with: this one, with this checkout as `-m app`.

What goes on until somebody ends it is ended once it answers; the tests are listed, not run; where a password is asked
for, one is given. Each command of ours and its exit code go into a log. Exit code 3, some rows were rejected, is
passed on as 0, so that a script goes on: the log has it.

Commands are forks of one process that has imported what most of them need (`tests.forked`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests import forked

#: Where the log is.
LOG: Final = "TRUSTDESK_TEST_LOG"
#: Where the process listens that is forked.
SOCKET: Final = "TRUSTDESK_TEST_SOCKET"
PASSWORD: Final = "correct horse battery"  # noqa: S105 - opens nothing
REJECTED: Final = 3
_LISTED: Final = ["test", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/test_house.py"]
#: Where each server says that it lives.
_LIVES: Final = {"": "_stcore/health", "api": "health"}


def main(words: list[str]) -> int:
    if words[:2] != ["-m", "app"]:
        os.execv(sys.executable, [sys.executable, *words])  # noqa: S606
    code = _run(words[2:])
    with Path(os.environ[LOG]).open("a", encoding="utf-8") as log:
        log.write(json.dumps({"words": words[2:], "code": code}) + "\n")
    return 0 if code == REJECTED else code


def _run(words: list[str]) -> int:
    first = _first(words)
    if first in _LIVES:
        return _served(words, _LIVES[first])
    if first == "test":
        words = _LISTED
    asks = first == "accounts" and bool({"create", "--password"} & set(words)) and "--password-stdin" not in words
    typed = f"{PASSWORD}\n{PASSWORD}\n" if asks else None
    if first == "test":
        return subprocess.run([sys.executable, "-m", "app", *words], check=False).returncode
    return subprocess.run(_in_a_fork(words), input=typed, text=True, check=False).returncode


def _in_a_fork(words: list[str]) -> list[str]:
    return [*forked.errand(os.environ[SOCKET]), "-m", "app", *words]


def _first(words: list[str]) -> str:
    """The command, "" for the dashboard."""
    rest = list(words)
    while rest and rest[0] in {"--home", "--port"}:
        del rest[:2]
    return rest[0] if rest else ""


def _served(words: list[str], lives: str) -> int:
    from app.devtools import test_server  # noqa: PLC0415 - most commands do without

    port = str(test_server.free_port())
    with subprocess.Popen(_in_a_fork([*words, "--port", port])) as server:
        try:
            test_server.wait(f"http://127.0.0.1:{port}/{lives}", server)
        except TimeoutError:
            return 1
        finally:
            server.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
