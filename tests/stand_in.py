"""The `python3` that the commands in the documents are run with: this one, with this checkout as `-m app`.

What goes on until somebody ends it is ended once it answers; the tests are listed, not run; where a password is asked
for, one is given. Each command of ours and its exit code go into a log. Exit code 3, some rows were rejected, is
passed on as 0, so that a script goes on: the log has it.

What our commands import takes most of them longer than their work. So they are forks of one process that has imported
it and done nothing else; which process a command is, and what it was given, it cannot tell from one of its own.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.settings import ROOT

#: Where the log is.
LOG: Final = "TRUSTDESK_TEST_LOG"
#: Where the process listens that is forked.
SOCKET: Final = "TRUSTDESK_TEST_SOCKET"
PASSWORD: Final = "correct horse battery"  # noqa: S105 - opens nothing
REJECTED: Final = 3
_LISTED: Final = ["test", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/test_house.py"]
#: Where each server says that it lives.
_LIVES: Final = {"": "_stcore/health", "api": "health"}
#: What most commands import.
_LOADED: Final = ("app.cli", "app.bootstrap", "core.training.training", "core.scoring.score_file")


@contextlib.contextmanager
def forked(address: Path) -> Iterator[None]:
    """A process to be forked listens at this address until the end of the block."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        command = [sys.executable, "-m", "tests.stand_in", "--serve", str(listening.fileno())]
        # As the start of a command says it, before anything is loaded that looks at it.
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
        with subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[listening.fileno()]) as server:
            try:
                yield
            finally:
                server.terminate()


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
    return _in_a_fork(words, typed)


def _in_a_fork(words: list[str], typed: str | None) -> int:
    """The exit code of a command with the standard streams, the folder and the environment of this process."""
    read, write = os.pipe()
    with os.fdopen(read) as keyboard, os.fdopen(write, "w") as hands, socket.socket(socket.AF_UNIX) as server:
        hands.write(typed or "")
        hands.close()
        server.connect(os.environ[SOCKET])
        asked = {"words": words, "folder": str(Path.cwd()), "environment": dict(os.environ)}
        streams = [0 if typed is None else keyboard.fileno(), 1, 2]
        socket.send_fds(server, [json.dumps(asked).encode() + b"\n"], streams)
        with server.makefile() as answer:
            return int(answer.read())


def _serve(listening: socket.socket) -> None:
    for name in _LOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they tell their exit codes themselves
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listening.close()
            _work(connection)
            os._exit(0)
        connection.close()


def _work(connection: socket.socket) -> None:
    from app import bootstrap  # noqa: PLC0415 - of the process that has imported it

    asked, streams, _, _ = socket.recv_fds(connection, 65_536, 3)
    while not asked.endswith(b"\n"):
        asked += connection.recv(65_536)
    told = json.loads(asked)
    for stream, given in enumerate(streams):
        os.dup2(given, stream)
        os.close(given)
    sys.stdin, sys.stdout, sys.stderr = (open(fd, mode, closefd=False) for fd, mode in enumerate("rww"))  # noqa: SIM115
    os.environ.clear()
    os.environ.update(told["environment"])
    os.chdir(told["folder"])
    sys.argv = ["app", *told["words"]]
    try:
        code = bootstrap.start(told["words"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(str(code).encode())


def _first(words: list[str]) -> str:
    """The command, "" for the dashboard."""
    rest = list(words)
    while rest and rest[0] in {"--home", "--port"}:
        del rest[:2]
    return rest[0] if rest else ""


def _served(words: list[str], lives: str) -> int:
    from app.devtools import test_server  # noqa: PLC0415 - most commands do without

    port = str(test_server.free_port())
    with subprocess.Popen([sys.executable, "-m", "app", *words, "--port", port]) as server:
        try:
            test_server.wait(f"http://127.0.0.1:{port}/{lives}", server)
        except TimeoutError:
            return 1
        finally:
            server.terminate()
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        _serve(socket.socket(fileno=int(sys.argv[2])))
    sys.exit(main(sys.argv[1:]))
