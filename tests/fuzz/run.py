"""Give the program as many spoilt inputs as wanted, and say what it made of them.

`python -m tests.fuzz.run --target intake --inputs 50000`; `--first 1234 --inputs 1` tries input 1234 again. Ends with 1
after a fault, an input that took more than 5 seconds, or 1 GB of memory.
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Final

from core.home import Home
from core.settings import ROOT
from tests import make
from tests.fuzz import targets

#: Seconds that one input may take, and kilobytes of memory.
MOST_SECONDS: Final = 5.0
MOST_MEMORY: Final = 1_000_000


def run(name: str, first: int, inputs: int, folder: Path) -> bool:
    """Try inputs of a target; whether all of them were borne. Writes what was found."""
    trained, at, faults = Home.open(folder / "trained"), folder / "at", dict[str, list[int]]()
    make.trained_home(trained, n=400)
    sys.stdout.write(f"{name}: should this end without a word, {at} has the number of the input that ended it.\n")
    taken, slowest, begun = collections.Counter[bool](), (0.0, first), time.monotonic()
    with targets.opened(name, trained, folder) as target, at.open("wb", buffering=0) as now:
        for number in range(first, first + inputs):
            content = target.made(number)
            os.pwrite(now.fileno(), b"%-12d\n" % number, 0)
            faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
            start = time.monotonic()
            try:
                taken[target.tried(content)] += 1
            except Exception as error:  # noqa: BLE001 - each is what is looked for
                known = faults.setdefault(_where(error), [])
                if not known:
                    traceback.print_exception(error)
                known.append(number)
            faulthandler.cancel_dump_traceback_later()
            slowest = max(slowest, (time.monotonic() - start, number))
            if _peak() > MOST_MEMORY:
                faults["more than 1 GB"] = [number]
                break
    seconds = time.monotonic() - begun
    sys.stdout.write(
        f"{name}: {sum(taken.values()) + sum(map(len, faults.values())):,} inputs in {seconds:.0f} s, {taken[True]:,} "
        f"taken, {taken[False]:,} refused; the slowest, {slowest[1]}, took {slowest[0]:.2f} s; "
        f"{_peak() / 1e3:.0f} MB at most; {len(faults)} kinds of faults.\n"
    )
    for where, numbers in faults.items():
        sys.stdout.write(f"  {len(numbers):,} times, such as {numbers[:3]}: {where}\n")
    sys.stdout.flush()
    return not faults


def _where(error: Exception) -> str:
    """The kind of a fault: its class and the last place of ours that it passed."""
    passed = traceback.extract_tb(error.__traceback__)
    ours = [each for each in passed if Path(each.filename).is_relative_to(ROOT) and "/.venv/" not in each.filename]
    last = (ours or passed)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--target", choices=(*targets.NAMES, "all"), default="all")
    asked.add_argument("--inputs", type=int, default=1_000)
    asked.add_argument("--first", type=int, default=0)
    options = asked.parse_args()
    warnings.simplefilter("error")
    good = True
    for name in targets.NAMES if options.target == "all" else (options.target,):
        with tempfile.TemporaryDirectory() as folder:
            good &= run(name, options.first, options.inputs, Path(folder))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(_main())
