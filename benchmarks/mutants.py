"""Change a kernel in one place at a time, and see whether its quick tests notice.

`.venv/bin/python -m benchmarks.mutants policy --mutants 50 --cosmic-ray mutants-venv/bin/python`, where that Python has
cosmic-ray (`python3 -m venv mutants-venv; mutants-venv/bin/pip install cosmic-ray`). Which mutants are drawn depends on
the seed alone. Works in a copy of what is committed; each mutant is a process with the libraries loaded. Linux only.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
#: Seconds after which a mutant counts as noticed: it never ends, say.
WITHIN: Final = 120
#: Each kernel with its tests, the quickest first.
KERNELS: Final = {
    "policy": (
        ("core/policy/policy.py", "core/policy/decide.py"),
        (
            "tests/core/policy/test_policy.py", "tests/core/policy/test_decide_users.py",
            "tests/core/policy/test_document.py", "tests/core/policy/test_rules.py", "tests/core/policy/test_store.py",
        ),
    ),
    "chain": (
        ("core/store/chained_log.py", "core/store/log_line.py", "core/store/verify.py"),
        ("tests/core/store/test_chained_log.py", "tests/core/store/test_chain.py"),
    ),
    "gate": (
        ("core/retraining/gate.py", "core/retraining/gate_checks.py"),
        (
            "tests/core/retraining/test_gate_checks.py", "tests/core/retraining/test_gate.py",
            "tests/core/retraining/test_gate_promises.py",
        ),
    ),
    "sampling": (
        ("core/planning/sampling.py",),
        (
            "tests/core/planning/test_sampling.py", "tests/core/planning/test_audits.py",
            "tests/core/planning/test_inclusions.py",
        ),
    ),
    "estimation": (
        ("core/estimation/estimate.py", "core/estimation/bounds.py"),
        ("tests/core/estimation/test_estimate.py", "tests/core/estimation/test_live_figures.py"),
    ),
}  # fmt: skip
_LIBRARIES: Final = (
    "alembic", "fastapi", "numpy", "pandas", "pyarrow.parquet", "pyarrow.csv", "scipy.stats",
    "sklearn.linear_model", "sklearn.metrics", "sqlalchemy", "starlette.testclient", "streamlit", "typer", "xgboost",
)  # fmt: skip
#: Run by the Python that has cosmic-ray: all mutants of the files named, but of types, which are never run.
_LISTED: Final = """
import json, sys
from pathlib import Path
from cosmic_ray import plugins
from cosmic_ray.mutating import mutate_code
for name in sys.argv[1:]:
    code = Path(name).read_text()
    for operator in sorted(plugins.operator_names()):
        made = plugins.get_operator(operator)
        at = 0
        while True:
            try:
                changed = mutate_code(code, made(), at)
            except TypeError:
                break
            if changed is None:
                break
            old, new = code.splitlines(), changed.splitlines()
            places = [n for n, (a, b) in enumerate(zip(old, new)) if a != b]
            line = places[0] if places else 0
            print(json.dumps([name, operator, line + 1, old[line], new[line], changed]))
            at += 1
"""


class _Ready:
    """Tests that train a home get one that was trained before, by the code as it is."""

    def __init__(self, trained: Path) -> None:
        self._trained = trained

    def pytest_configure(self) -> None:
        make = importlib.import_module("tests.make")
        train = make.trained_home

        def trained_home(home: Any, **options: Any) -> str:
            if options:
                return str(train(home, **options))
            shutil.copytree(self._trained, home.settings.home, dirs_exist_ok=True)
            return "v0001"

        make.trained_home = trained_home


def noticed(tree: Path, tests: Sequence[str], trained: Path, *, shown: bool = False) -> bool:
    """Whether a test fails in this tree, or does not end; in a process of its own, which has the libraries already."""
    child = os.fork()
    if child == 0:
        signal.alarm(WITHIN)
        if not shown:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
        code = 1
        try:
            os.chdir(tree)
            sys.path[0] = str(tree)
            asked = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "-m", "not slow"]
            asked += [
                "-W",
                "ignore::pytest.PytestAssertRewriteWarning",
                *tests,
            ]  # those are libraries
            code = int(pytest.main(asked, plugins=[_Ready(trained)]))
        finally:  # the process ends here in any case
            if sys.exc_info()[0]:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(code)
    return os.waitpid(child, 0)[1] != 0


def _trained(tree: Path, folder: Path) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.chdir(tree)
            sys.path[0] = str(tree)
            home = importlib.import_module("core.home").Home.open(folder)
            importlib.import_module("tests.make").trained_home(home)
            code = 0
        finally:
            os._exit(code)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("no home could be trained")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("kernel", choices=KERNELS)
    asked.add_argument("--mutants", type=int, default=50)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--cosmic-ray", type=Path, required=True, help="a Python that has cosmic-ray")
    options = asked.parse_args()
    files, tests = KERNELS[options.kernel]
    sys.dont_write_bytecode = True
    for name in _LIBRARIES:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        tree, trained = Path(folder) / "tree", Path(folder) / "trained"
        packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S607
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(tree, filter="data")
        listed = subprocess.run(
            [options.cosmic_ray, "-c", _LISTED, *files], cwd=tree, capture_output=True, check=True, text=True
        )
        mutants = [json.loads(line) for line in listed.stdout.splitlines()]
        # Types in signatures are never run; whether a class is frozen or has slots is looked at by a type checker.
        mutants = [
            each
            for each in mutants
            if not ("BitOr" in each[1] and " | None" in each[3]) and not each[3].startswith("@dataclass")
        ]
        drawn = random.Random(options.seed).sample(mutants, min(options.mutants, len(mutants)))  # noqa: S311
        _trained(tree, trained)
        if noticed(tree, tests, trained, shown=True):
            raise SystemExit("the tests fail on the code as it is")
        killed = 0
        for number, (name, operator, line, old, new, code) in enumerate(drawn):
            before = (tree / name).read_text()
            (tree / name).write_text(code)
            seen = noticed(tree, tests, trained)
            (tree / name).write_text(before)
            killed += seen
            if not seen:
                print(f"survived: {name}:{line} {operator}\n  - {old.strip()}\n  + {new.strip()}", flush=True)
            if number % 10 == 9:
                print(f"{killed} of {number + 1} killed", flush=True)
        print(f"{options.kernel}: {len(drawn)} of {len(mutants)} mutants, {killed} killed")


if __name__ == "__main__":
    main()
