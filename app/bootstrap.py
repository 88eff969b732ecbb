"""The set-up: makes `.venv` with the locked packages, once, and hands over to the Python in it.

Only the standard library is used, because nothing else is installed yet. There are three ways, best first:

1. The machine's own `uv`: `uv sync --frozen`, exactly what uv.lock says.
2. `python -m venv`, into which pip fetches uv: the same, a few seconds later.
3. pip alone, slower: the exact versions of uv.lock when uv can at least read them out, else the ranges of
   pyproject.toml. A pip with an index of its own comes here at once, because uv.lock names public
   addresses, while pip knows that index, its proxy, its certificates and its password.

`.venv/trustdesk.stamp` says for which pyproject.toml, uv.lock and Python the environment was made.
`.venv.lock` keeps two starts apart and says, while a set-up is under way, that it is unfinished: one that
was cut off is begun afresh. `.venv.log` keeps what the commands of the last set-up printed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TextIO

ROOT: Final = Path(__file__).resolve().parent.parent
#: The uv that pip fetches where the machine has none. It decides no version; uv.lock does.
UV: Final = "uv==0.13.8"
NO_VENV: Final = "TRUSTDESK_NO_VENV"
UNFINISHED: Final = "unfinished"


class SetUpError(Exception):
    """The environment could not be made; `str(error)` says why and what to do."""


class NotThisWayError(Exception):
    """One way of installing does not work here; what it printed is in the log."""


def start(arguments: list[str]) -> int:
    """Run `app.cli` with these arguments in an environment that has all it needs; gives the exit code."""
    os.environ["PYTHONPATH"] = str(ROOT)  # the project is not installed: this is how children find it
    # Threads that wait for each other do so asleep, as in every process of ours (`core.settings.child_environment`);
    # the libraries look at it when they are loaded, which they are not yet.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if os.environ.get(NO_VENV, "0") not in {"", "0"}:
        return _run(f"{NO_VENV} is set, but this Python lacks {{}}. Install what pyproject.toml names, or unset it.")
    try:
        changed = set_up(ROOT)
    except SetUpError as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("The set-up was stopped. Start again to have it done.")
        return 130
    if changed or Path(sys.prefix).resolve() != (ROOT / ".venv").resolve():
        return _hand_over(arguments)
    return _run("{} is missing from .venv. Delete the folder .venv and start again: it will be made anew.")


def set_up(root: Path) -> bool:
    """Make `.venv` fit this Python and this lock; True when there was anything to do."""
    if is_current(root):
        return False
    try:
        with _alone(root) as lock:
            if not is_current(root):  # else another start made it while this one waited
                _make(root, lock)
    except OSError as error:
        raise SetUpError(f"Trustdesk cannot make its environment in {root}: {error}.") from error
    return True


def is_current(root: Path) -> bool:
    venv = root / ".venv"
    if not (python_of(venv).exists() and (venv / "pyvenv.cfg").exists() and _stamp(root).exists()):
        return False
    return _stamp(root).read_text(encoding="utf-8") == digest(root)


def digest(root: Path, *, version: tuple[int, ...] = sys.version_info[:2]) -> str:
    """What the environment depends on, as one line: the version of Python and the two files."""
    content = hashlib.sha256()
    for name in ("pyproject.toml", "uv.lock"):
        content.update((root / name).read_bytes())
    return f"{version[0]}.{version[1]} {content.hexdigest()}"


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def advice(log: str) -> str:
    """The sentence for a set-up whose commands printed `log`: what went wrong and what to do."""
    told = re.findall(r"(?im)^error: (.+)$", log)  # so begin the lines of uv and of pip
    why = f" ({told[-1].strip().rstrip('.')})" if told else ""
    if re.search(r"(?i)no space left|not enough space", log):
        return f"The disk is full{why}. Trustdesk needs 1.5 GB for its packages: make room and start again."
    return (
        f"Trustdesk could not fetch its packages{why}. Check the network: behind a proxy set HTTPS_PROXY, with a "
        "package index of your own set PIP_INDEX_URL. Then start again. What was tried is in .venv.log."
    )


def _make(root: Path, lock: TextIO) -> None:
    begun, wanted, venv = time.monotonic(), digest(root), root / ".venv"
    lock.seek(0)
    if lock.read() == UNFINISHED or not _reusable(venv):
        shutil.rmtree(venv, ignore_errors=True)
    say("Bringing .venv up to date ..." if venv.exists() else "Setting up .venv once (about a minute) ...")
    _stamp(root).unlink(missing_ok=True)
    _write(lock, UNFINISHED)
    _install(root)
    _compile(root)
    _stamp(root).write_text(wanted, encoding="utf-8")
    _write(lock, "")
    say(f"Ready after {time.monotonic() - begun:.0f} s.")


def _reusable(venv: Path) -> bool:
    """Whether there is an environment that works and has the version of Python that is running."""
    if not (python_of(venv).exists() and (venv / "pyvenv.cfg").exists()):
        return False
    version = re.search(r"(?m)^version\w* *= *(\d+\.\d+)", (venv / "pyvenv.cfg").read_text(encoding="utf-8"))
    return version is not None and version[1] == f"{sys.version_info[0]}.{sys.version_info[1]}"


def _install(root: Path) -> None:
    _log(root).write_text("", encoding="utf-8")
    for way in (_with_uv, _with_fetched_uv, _with_pip):
        with contextlib.suppress(NotThisWayError):
            way(root)
            return
    raise SetUpError(advice(_log(root).read_text(encoding="utf-8", errors="replace")))


def _compile(root: Path) -> None:
    """Have what is compiled on this machine compiled now, so that nobody waits for that at the first file."""

    def compiled(module: str) -> None:
        with contextlib.suppress(NotThisWayError):  # then it is compiled when it is first needed
            _call(root, str(python_of(root / ".venv")), "-m", module)

    with ThreadPoolExecutor() as pool:  # each takes a processor for a while
        list(pool.map(compiled, ("core.model.shap_values", "core.text.linear")))


def _with_uv(root: Path) -> None:
    uv = shutil.which("uv")
    if uv is None or _has_own_index(root, _base_python()):
        raise NotThisWayError
    _sync(root, uv)


def _with_fetched_uv(root: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        raise SetUpError(
            "This Python cannot make an environment: its module ensurepip is missing. On Debian and Ubuntu, "
            f"`sudo apt install python3-venv` (or python3.{sys.version_info[1]}-venv) brings it; then start again."
        )
    _call(root, _base_python(), "-m", "venv", str(root / ".venv"))
    _pip(root, "--only-binary=:all:", UV)
    if _has_own_index(root, str(python_of(root / ".venv"))):
        raise NotThisWayError
    _sync(root, str(_fetched_uv(root)), "--inexact")  # else it would remove itself


def _with_pip(root: Path) -> None:
    if _fetched_uv(root).exists():
        pins = root / ".venv" / "requirements.txt"
        export = ("export", "--frozen", "--extra", "dev", "--no-emit-project", "--output-file", str(pins))
        _call(root, str(_fetched_uv(root)), *export)
        _pip(root, "--no-deps", "--requirement", str(pins))
    else:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        _pip(root, *project["dependencies"], *project["optional-dependencies"]["dev"])


def _sync(root: Path, uv: str, *options: str) -> None:
    # Where Python may not keep compiled files beside its sources, every start would compile them all again.
    compiled = ["--compile-bytecode"] if sys.dont_write_bytecode else []
    _call(root, uv, "sync", "--frozen", "--extra", "dev", "--python", _base_python(), *options, *compiled)


def _pip(root: Path, *arguments: str) -> None:
    quick = ("--no-input", "--disable-pip-version-check", "--retries", "2", "--progress-bar", "off")
    _call(root, str(python_of(root / ".venv")), "-m", "pip", "install", *quick, *arguments)


def _has_own_index(root: Path, python: str) -> bool:
    command = [python, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=False, capture_output=True, text=True, env=_environment(root))  # noqa: S603
    return re.search(r"(?m)^[^=]*(?<!extra-)index-url=", listed.stdout) is not None


def _call(root: Path, *command: str) -> None:
    with _log(root).open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        try:
            subprocess.run(  # noqa: S603 - commands of this file, no shell
                command, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=root, env=_environment(root)
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise NotThisWayError from error


def _environment(root: Path) -> dict[str, str]:
    """This one, less what would lead uv or pip to another environment than ours."""
    misleading = {"VIRTUAL_ENV", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV"}
    ours = {"UV_PROJECT_ENVIRONMENT": str(root / ".venv"), "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    return {name: value for name, value in os.environ.items() if name not in misleading} | ours


def _base_python() -> str:
    """The Python outside all environments, since `.venv` may be replaced while its own Python runs this."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def _fetched_uv(root: Path) -> Path:
    return python_of(root / ".venv").with_name("uv.exe" if os.name == "nt" else "uv")


def _stamp(root: Path) -> Path:
    return root / ".venv" / "trustdesk.stamp"


def _log(root: Path) -> Path:
    return root / ".venv.log"


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[TextIO]:
    """The open lock file, held by one start at a time and let go by the system if that one dies."""
    with (root / ".venv.lock").open("a+", encoding="utf-8") as lock:
        if not _taken(lock):
            say("Another start is setting up .venv; waiting for it ...")
            while not _taken(lock):
                time.sleep(0.2)
        yield lock


def _taken(lock: TextIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # what the two systems raise when another holds it
        return False
    return True


def _write(lock: TextIO, word: str) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(word)
    lock.flush()


def _hand_over(arguments: list[str]) -> int:
    command = [str(python_of(ROOT / ".venv")), "-m", "app", *arguments]
    os.environ.pop("PYTHONHOME", None)
    if os.name != "nt":
        sys.stdout.flush()
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    with subprocess.Popen(command) as child:  # noqa: S603
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # the child has it too, and decides
                return child.wait()


def _run(missing: str) -> int:
    """The command line, in this process. `missing` is the sentence for a package that is not there."""
    try:
        from app.cli import main
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"app", "core", "pages"}:
            raise  # ours: a bug, not a set-up
        say(missing.format(package))
        return 2
    main()
    return 0
