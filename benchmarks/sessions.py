"""How the dashboard answers one session and many at once, with the full file loaded; from one run on one machine.

    .venv/bin/python benchmarks/sessions.py users.csv [--sessions 20] [--rounds 5]

A dashboard of a copy of the bundled home in which the file is scored and sent to review. Sessions without a browser ask
for page after page: milliseconds until a page's script is done and all of it received, alone and together, and the
server's memory for each further session. Together, each looks at a page for two to six seconds, as people do: sessions
that all ask at the same instant would wait for each other, and nobody's do.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from explore import memory  # noqa: E402 - the line above makes them importable
from session import Session, told  # noqa: E402

from app.devtools.test_server import bundled_home, dashboard  # noqa: E402
from core.schema import schema as schemas  # noqa: E402

#: Seconds that a page is looked at: from, to.
GLANCE = (2.0, 6.0)


def pages(run: str) -> tuple[tuple[str, str], ...]:
    """Path and query of the pages that show the run, and of the others."""
    return (
        ("", ""), ("score-file", f"run={run}"), ("explore", f"of={run}"), ("monitor", f"run={run}"),
        ("score-user", f"run={run}&row=7"), ("train", ""), ("registry", ""), ("audit", ""),
    )  # fmt: skip


def walk(session: Session, asked: tuple[tuple[str, str], ...], rounds: int) -> list[float]:
    return [session.rerun(page, query) for page, query in asked * rounds]


def stroll(session: Session, asked: tuple[tuple[str, str], ...], rounds: int, seed: int) -> list[float]:
    """The same pages in an order and at a pace of its own."""
    chance, taken = random.Random(seed), []  # noqa: S311 - no secret
    for page, query in chance.sample(asked * rounds, len(asked) * rounds):
        time.sleep(chance.uniform(*GLANCE))
        taken.append(session.rerun(page, query))
    return taken


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("users", type=Path)
    options.add_argument("--sessions", type=int, default=20)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, now = bundled_home(Path(folder)), datetime.now(UTC)
        schema, model = schemas.load(home.settings.schema_file), home.registry.load()
        payload = chosen.users.read_bytes()
        run = home.file_scoring.score_file(
            chosen.users.name, payload, schema, model, home.policies.in_force(), now=now
        ).run
        home.plans.queue_run(run.id, by="Lea", now=now)
        asked = pages(run.id)
        with dashboard(home) as address, Session(address) as first:
            walk(first, asked, 2)
            told("one session", walk(first, asked, chosen.rounds))
            before = memory(address)
            others = [Session(address) for _ in range(chosen.sessions - 1)]
            with ThreadPoolExecutor(chosen.sessions) as pool:
                everyone = enumerate((first, *others))
                walks = [pool.submit(stroll, each, asked, chosen.rounds, seed) for seed, each in everyone]
                told(f"{chosen.sessions} sessions at once", [taken for each in walks for taken in each.result()])
            grown = (memory(address) - before) / max(len(others), 1)
            for each in others:
                each.close()
    sent = statistics.mean(each.received for each in others) / chosen.rounds / len(asked)
    print(f"each further session: {grown:.1f} MB of memory, {sent / 1000:.0f} kB a page")


if __name__ == "__main__":
    main()
