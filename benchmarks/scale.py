"""Whether scoring takes the same for each user however many there are: files of growing size, one after another.

    .venv/bin/python benchmarks/scale.py [users.csv] [--turns 3] [--times 0.1 1 10] [--reasons all]

Files are made from one of users by repeating its rows under other ids. `python3 -m app score` runs in a process of its
own for each. Prints a table in Markdown: seconds and CPU seconds in all (medians), of each added million users, how
many times those of the step before, and the largest memory of a process. The folder for temporary files needs room for
twice the largest of them.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.home import Home  # noqa: E402
from core.schema import schema as schemas  # noqa: E402


@dataclass(frozen=True)
class Measured:
    users: int
    wall: float
    cpu: float
    peak: float


def repeated(users: Path, ids: int, rows: int, target: Path) -> int:
    """A file of so many users; ids: the position of their column. Returns how many there are."""
    opened = gzip.open if users.suffix == ".gz" else open
    with opened(users, "rb") as file:
        header, *lines = file.read().splitlines(keepends=True)
    with target.open("wb") as file:
        file.write(header)
        for at in range(rows):
            cells = lines[at % len(lines)].split(b",")
            cells[ids] = b"%d" % (at + 1)
            file.write(b",".join(cells))
    return rows


def scored(home: Path, users: Path, rows: int, reasons: str) -> Measured:
    """One run, in a home without the dataset."""
    shutil.rmtree(home / "data" / "datasets", ignore_errors=True)
    out = home / "out.csv"
    command = [sys.executable, "-m", "app", "--home", str(home), "score", str(users), "-o", str(out), "--overwrite"]
    started = time.perf_counter()
    process = subprocess.Popen([*command, "--reasons", reasons], cwd=ROOT, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"score failed with exit code {process.returncode}")
    out.unlink()
    return Measured(rows, time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("users", type=Path, nargs="?", default=ROOT / "data" / "demo" / "users.csv.gz")
    options.add_argument("--turns", type=int, default=3)
    options.add_argument("--times", type=float, nargs="+", default=[0.1, 1, 10])
    options.add_argument("--reasons", choices=("all", "none"), default="all")
    chosen = options.parse_args()
    opened = gzip.open if chosen.users.suffix == ".gz" else open
    with opened(chosen.users, "rb") as file:
        header, rows = file.readline().decode().strip().split(","), sum(1 for _ in file)
    column = schemas.load(Home.open().settings.schema_file).id
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(
        "| users | wall s | CPU s | wall s a million more | CPU s a million more | times the step before | memory GB |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        for name in ("models", "data"):
            shutil.copytree(
                ROOT / name, home / name, ignore=shutil.ignore_patterns("datasets", "runs", "state.db*", "jobs")
            )
        before, step = None, float("nan")
        for times in chosen.times:
            users = Path(folder) / "users.csv"
            many = repeated(chosen.users, header.index(column or header[0]), round(rows * times), users)
            turns = [scored(home, users, many, chosen.reasons) for _ in range(chosen.turns)]
            wall, cpu = (statistics.median(getattr(turn, name) for turn in turns) for name in ("wall", "cpu"))
            peak = max(turn.peak for turn in turns)
            more = "| | | "
            if before is not None:
                millions = (many - before.users) / 1e6
                now = (wall - before.wall) / millions
                more = f"| {now:.1f} | {(cpu - before.cpu) / millions:.1f} | {now / step:.2f} "
                step = now
            print(f"| {many:,} | {wall:.1f} | {cpu:.1f} {more}| {peak:.2f} |", flush=True)
            before = Measured(many, wall, cpu, peak)
            users.unlink()


if __name__ == "__main__":
    main()
