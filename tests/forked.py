"""Our programs as forks of one process that has imported what they need and done nothing else.

What they import takes most of them longer than their work. In place of a program whoever starts one gets a process of
`tests.errand`, which asks for the fork, passes signals on and ends as it does; where it is killed, so is the fork. Two
things differ from a program of one's own: its pid is not that of the process that was started, and a process that is
stopped does not stop it. What has to do with those asks for `real_processes`.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from core.settings import ROOT

#: What is asked for as `python -m MODULE`; of other programs those of `python -c`.
PROGRAMS: Final = ("app", "core.worker", "core.hub.sandbox", "tests.core.delivery.receiver")
#: What is loaded before the first fork.
LOADED: Final = (
    "app.cli", "app.bootstrap", "core.training.training", "core.scoring.score_file", "core.hub.sandbox",
    "core.model.shap_values", "xgboost", "streamlit.web.bootstrap", "app.api.server",
)  # fmt: skip
_ERRAND: Final = Path(__file__).with_name("errand.py")
#: Options that a fork could not follow.
_UNKNOWN: Final = ("pass_fds", "preexec_fn", "executable", "shell")
#: Set by coverage for the processes it measures, each from its start.
_MEASURED: Final = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
_Process = subprocess.Popen
#: Where the process listens that is forked, once there is one.
_listens: list[str] = []


class Forked(_Process):  # type: ignore[type-arg]
    """Takes the place of `subprocess.Popen`: as that one, but our own programs are forks."""

    def __init__(self, args: Any, *more: Any, **options: Any) -> None:
        self._gone: int | None = None
        self._guard = threading.Lock()
        words = None if more or not options.keys().isdisjoint(_UNKNOWN) else _ours(args, options.get("cwd"))
        if words is None:
            super().__init__(args, *more, **options)
            return
        self._gone, held = os.pipe()
        try:
            super().__init__([*errand(address(), held), *words], pass_fds=[held], **options)
        finally:
            os.close(held)

    def poll(self) -> int | None:
        return self.wait() if super().poll() is not None else None

    def wait(self, timeout: float | None = None) -> int:
        code = super().wait(timeout)
        with self._guard:  # threads may wait for it
            if self._gone is not None:  # where the process in its place was killed, it ends a moment later
                os.read(self._gone, 1)
                os.close(self._gone)
                self._gone = None
        return code


def begin() -> None:
    """From now on programs that this process starts are forks, where the system has what that takes."""
    if hasattr(os, "pidfd_open") and not any(name in os.environ for name in _MEASURED):
        subprocess.Popen = Forked  # type: ignore[misc]


@contextlib.contextmanager
def real_processes() -> Iterator[None]:
    """In this block programs are processes of their own."""
    now = subprocess.Popen
    subprocess.Popen = _Process  # type: ignore[misc]
    try:
        yield
    finally:
        subprocess.Popen = now  # type: ignore[misc]


def _ours(args: Any, folder: Any) -> list[str] | None:
    """The words after `python`, where this is to be a fork."""
    if not isinstance(args, list | tuple) or [*map(str, args[:1])] != [sys.executable]:
        return None
    words = [*map(str, args[1:])]
    here = Path(folder or ".").resolve() == ROOT  # elsewhere a module may be another one
    return words if words[:1] == ["-c"] or (words[:1] == ["-m"] and words[1] in PROGRAMS and here) else None


def errand(address: str, held: int | None = None) -> list[str]:
    """What stands before the words of `python WORDS` to have it run as a fork of what listens at this address.

    held: the end of a pipe that is open for as long as there is the program.
    """
    return [sys.executable, "-I", "-S", str(_ERRAND), address, "-" if held is None else str(held)]


def address() -> str:
    """Where the process listens that is forked: begun at the first call, ended with this one."""
    if not _listens:
        _listens.append(_begun())
    return _listens[0]


def _begun() -> str:
    folder = tempfile.TemporaryDirectory(prefix="forks")
    path = f"{folder.name}/socket"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(64)
    # As the start of a command says it, before anything is loaded that looks at it.
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, "-m", "tests.forked", path, str(listening.fileno())]
    theirs, ours = os.pipe()  # at its end however this process ends
    process = _Process(command, cwd=ROOT, env=environment, stdin=theirs, pass_fds=[listening.fileno()])
    os.close(theirs)
    listening.close()

    def end(parent: int = os.getpid()) -> None:
        if os.getpid() == parent:
            os.close(ours)
            process.wait()
            folder.cleanup()

    atexit.register(end)
    return path


def serve(path: str, listening: socket.socket) -> None:
    """Be forked for everybody who asks, until the end of the standard input."""
    for name in LOADED:
        importlib.import_module(name)
    _listens.append(path)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has begun a program waits for it
    subprocess.Popen = Forked  # type: ignore[misc]
    while True:
        ready, _, _ = select.select([listening, 0], [], [])
        if 0 in ready:
            return
        connection, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listening.close()
            _answer(connection)
            os._exit(0)
        connection.close()


def _answer(connection: socket.socket) -> None:
    """Run what is asked for in a fork of this one: tells its pid, then how it ended. Where nobody waits, ends it."""
    asked, files, _, _ = socket.recv_fds(connection, 65_536, 4)
    while not asked.endswith(b"\n"):
        asked += connection.recv(65_536)
    program = os.fork()
    if program == 0:
        connection.close()
        os.setsid()
        for held in files[3:]:
            os.close(held)
        os._exit(_run(json.loads(asked), files[:3]))
    for stream in files[:3]:
        os.close(stream)
    connection.sendall(f"{program}\n".encode())
    ended = os.pidfd_open(program)
    ready, _, _ = select.select([connection, ended], [], [])
    if ended not in ready:
        os.kill(program, signal.SIGKILL)
    _, status = os.waitpid(program, 0)
    with contextlib.suppress(OSError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _run(asked: Mapping[str, Any], streams: Sequence[int]) -> int:
    for stream, given in enumerate(streams):
        os.dup2(given, stream)
        os.close(given)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    for stream, name in ((1, "stdout"), (2, "stderr")):
        raw = open(stream, "wb", 0 if at_once else -1, closefd=False)  # noqa: SIM115
        lines = name == "stderr" or os.isatty(stream)
        errors = "backslashreplace" if name == "stderr" else "strict"
        setattr(sys, name, io.TextIOWrapper(raw, "utf-8", errors, line_buffering=lines, write_through=at_once))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = _done(asked["words"])
    threading._shutdown()  # type: ignore[attr-defined]  # as the interpreter does when it ends
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError, ValueError):
            stream.flush()
    return code


def _done(words: Sequence[str]) -> int:
    """The exit code of `python WORDS`."""
    try:
        if words[0] == "-c":
            sys.argv = ["-c", *words[2:]]
            sys.path.insert(0, "")
            main = sys.modules["__main__"] = types.ModuleType("__main__")
            exec(compile(words[1], "<string>", "exec"), main.__dict__)  # noqa: S102
        else:
            sys.argv = list(words[1:])
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            sys.stderr.write(f"{end.code}\n")
            return 1
        return end.code or 0
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        sys.stderr.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except Exception:  # noqa: BLE001 - whatever ends a program, the interpreter tells of it
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        return 1
    return 0


if __name__ == "__main__":
    from tests import forked  # that module, which programs import too, has the address

    forked.serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
