"""How long a page of the list of a run's users takes in another order, filter or page; from one run on one machine.

    .venv/bin/python benchmarks/list.py HOME RUN [--times 40]

What the page asks of core, without drawing: columns that nobody has sorted by before (cold), then orders, filters and
pages, each alone and all together. Beside them a sort of the same table by pandas, so that another machine can be told
from another program. RUN is that of a large file: python3 -m app --home HOME score users.csv.gz -o out.parquet
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from core.home import Home
from core.scoring.filters import Filters
from core.scoring.listing import run_users
from core.scoring.listing.list_view import ListView
from core.scoring.listing.sorting import Sort


def seconds(deed: Callable[[], object]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


def line(name: str, took: list[float]) -> None:
    low, high = np.quantile(took, [0.5, 0.95]) * 1000
    sys.stdout.write(f"{name:<34}{len(took):>5} times   p50 {low:7.1f} ms   p95 {high:7.1f} ms\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("run")
    parser.add_argument("--times", type=int, default=40)
    asked = parser.parse_args()
    home = Home.open(asked.home)
    run = home.runs.find(asked.run)
    listed, reasons = home.run_users.listed(run), home.runs.reasons(run.id)
    sys.stdout.write(f"{run.id}, {run.users:,} users\n")
    keys = home.run_users.keys(listed)
    columns = {key: home.run_users.column(listed, key) for key in keys}
    line("column of a key, cold", [seconds(lambda key=key: home.run_users.column(listed, key)) for key in keys])
    sorts = [Sort(key, descending) for key in keys for descending in (True, False)]
    line("order by a column that is there", [seconds(lambda s=s: run_users.ordered(columns[s.by], s)) for s in sorts])
    everyone = Filters("everyone")
    filters = [
        Filters(), everyone, replace(everyone, text="12"), replace(everyone, scores=(0.3, 0.7)),
        replace(everyone, novel=True), replace(everyone, incomplete=True), replace(everyone, decided_by="score"),
    ]  # fmt: skip
    line("filter", [seconds(lambda f=f: home.run_users.matching(listed, f, reasons)) for f in filters])
    order, matching = run_users.ordered(columns["score"], Sort()), home.run_users.matching(listed, everyone, reasons)
    whole = [seconds(lambda s=s, f=f: _page(home, listed, columns, reasons, ListView(f, s), 1))
             for s, f in itertools.islice(itertools.product(sorts, filters), asked.times)]  # fmt: skip
    line("sort, filter and page together", whole)
    found = run_users.found(order, matching)
    turned = [seconds(lambda n=n: listed.users.iloc[run_users.page(found, n, 20)]) for n in range(1, asked.times + 1)]
    line("another page", turned)
    line(
        "pandas sorts the table by score", [seconds(lambda: listed.users.sort_values("probability")) for _ in range(5)]
    )


def _page(
    home: Home, listed: run_users.Listed, columns: dict[str, np.ndarray], reasons: object, view: ListView, number: int
) -> object:  # fmt: skip
    matching = home.run_users.matching(listed, view.filters, reasons)  # type: ignore[arg-type]
    found = run_users.found(run_users.ordered(columns[view.sort.by], view.sort), matching)
    return listed.users.iloc[run_users.page(found, number, view.size)]


if __name__ == "__main__":
    main()
