"""Our programs as forks of one process that has imported what they need and done nothing else.

What they import takes most of them longer than their work. Which process a program is, and what it was given, it cannot
tell from one of its own.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.settings import ROOT


@contextlib.contextmanager
def server(address: Path, *modules: str) -> Iterator[None]:
    """A process to be forked, with these modules loaded, listens at this address until the end of the block."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen()
        command = [sys.executable, "-m", "tests.forked", str(listening.fileno()), *modules]
        # As the start of a command says it, before anything is loaded that looks at it.
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
        with subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[listening.fileno()]) as process:
            try:
                yield
            finally:
                process.terminate()


def call(
    address: str | Path, module: str, words: Sequence[str], streams: Sequence[int], *, folder: Path,
    environment: Mapping[str, str],
) -> int:  # fmt: skip
    """The exit code of `python -m module words`, with these standard streams; that of a signal is negative."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(address))
        asked = {"module": module, "words": [*words], "folder": str(folder), "environment": dict(environment)}
        socket.send_fds(asking, [json.dumps(asked).encode() + b"\n"], list(streams))
        with asking.makefile() as answer:
            return int(answer.read())


def run(
    address: Path, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[Any]:
    """As `subprocess.run` of `python -m MODULE ...`, with what it writes captured."""
    assert list(command[:2]) == [sys.executable, "-m"], command
    with contextlib.ExitStack() as files:
        nothing = files.enter_context(Path(os.devnull).open("rb"))
        out, err = (files.enter_context(os.fdopen(os.memfd_create(name), "w+b")) for name in ("out", "err"))
        streams = [each.fileno() for each in (nothing, out, err)]
        code = call(address, command[2], command[3:], streams, folder=cwd, environment=env)
        for each in (out, err):
            each.seek(0)
        return subprocess.CompletedProcess(command, code, out.read(), err.read())


def _serve(listening: socket.socket, modules: Sequence[str]) -> None:
    for name in modules:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has begun a program waits for it
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listening.close()
            _answer(connection)
            os._exit(0)
        connection.close()


def _answer(connection: socket.socket) -> None:
    """Run what is asked for in a fork of this one, which tells how it has ended also where it was killed."""
    asked, streams, _, _ = socket.recv_fds(connection, 65_536, 3)
    while not asked.endswith(b"\n"):
        asked += connection.recv(65_536)
    program = os.fork()
    if program == 0:
        connection.close()
        os._exit(_run(json.loads(asked), streams))
    _, status = os.waitpid(program, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _run(asked: Mapping[str, Any], streams: Sequence[int]) -> int:
    for stream, given in enumerate(streams):
        os.dup2(given, stream)
        os.close(given)
    sys.stdin, sys.stdout, sys.stderr = (open(fd, mode, closefd=False) for fd, mode in enumerate("rww"))  # noqa: SIM115
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = [asked["module"], *asked["words"]]
    try:
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
