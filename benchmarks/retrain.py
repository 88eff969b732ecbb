"""How long retraining takes on a full file and many verdicts, and how the dashboard answers meanwhile; one machine.

    .venv/bin/python benchmarks/retrain.py users.csv.gz [--verdicts 20000] [--how full] [--runs 3]

A copy of the bundled home, in which a model has learnt from the labelled users and scored them; verdicts on as many
other users of the same kind are stored. Then *Retrain* is pressed, as the page does, and until the candidate stands
with its gate a session goes from page to page, every quarter of a second: milliseconds until a page's script is done,
beside those before.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from session import Session, told  # noqa: E402 - the line above makes them importable

from app.devtools.test_server import bundled_home, dashboard  # noqa: E402
from core.data import intake, split  # noqa: E402
from core.data.datasets import Dataset  # noqa: E402
from core.feedback.verdict import Verdict  # noqa: E402
from core.home import Home  # noqa: E402
from core.policy.decide import decide  # noqa: E402
from core.schema import schema as schemas  # noqa: E402

PAGES = (("", ""), ("score-file", "run=r-0001"), ("monitor", ""), ("train", ""), ("registry", ""), ("review", "as=Ada"))
GLANCE = 0.25
BATCH = 5_000


def prepare(home: Home, users: Path, verdicts: int) -> None:
    """A champion that learnt from the file and has scored it, and verdicts on other users."""
    schema, policy, now = schemas.load(home.settings.schema_file), home.policies.in_force(), datetime.now(UTC)
    checked = intake.read(users.name, users.read_bytes(), schema, need_label=True)
    dataset = home.datasets.put(checked, schema, now=now, need_label=True)
    version = home.training.learn(dataset, schema, policy.thresholds, now=now)
    home.registry.promote(version, by="Benchmark", why="It has learnt from the file.", now=now)
    home.file_scoring.score_file(users.name, users.read_bytes(), schema, home.registry.load(), policy, now=now)
    waiting = judged(home, dataset, verdicts)
    while some := list(itertools.islice(waiting, BATCH)):
        home.feedback.record(some)


def judged(home: Home, dataset: Dataset, n: int) -> Iterator[Verdict]:
    """Verdicts on users like some of the test part, whom the champion has not learnt from, as the labels say."""
    schema, random, policy = schemas.load(home.settings.schema_file), np.random.default_rng(0), home.policies.in_force()
    frame = home.datasets.frame(dataset.id)
    unseen = np.flatnonzero(split.in_test(split.keys(frame, schema, home.split.salt())))
    frame = frame.iloc[random.permutation(unseen)[:n]]
    label = frame[schema.label.column].to_numpy(float) == 1  # type: ignore[union-attr]
    score = random.random(len(label))
    bands = decide(policy, score).bands
    values = frame[list(schema.names)].astype(float).to_numpy()
    for i, row in enumerate(values):
        features = {name: None if np.isnan(x) else float(x) for name, x in zip(schema.names, row, strict=True)}
        yield Verdict(
            id=f"bench-{i:06d}", time=datetime.now(UTC), case=f"c-{i:06d}", prediction=f"r-0001-{i + 1}",
            user=f"new-{i}", reviewer="Ada", verdict="spammer" if label[i] else "legitimate", seconds=5.0,
            model="v0002", policy=policy.version, score=float(score[i]), band=str(bands[i]),
            action="human_review", stratum="random", inclusion=0.05, blind=False, features=features,
        )  # fmt: skip


def around(session: Session, times: int | None, job: str, home: Home) -> list[float]:
    """Reruns of page after page, so many or until the job is over."""
    taken = []
    for page, query in itertools.islice(itertools.cycle(PAGES), times):
        taken.append(session.rerun(page, query))
        time.sleep(GLANCE)
        if times is None and home.jobs.find(job).over:
            return taken
    return taken


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("users", type=Path)
    options.add_argument("--verdicts", type=int, default=20_000)
    options.add_argument("--how", choices=("full", "warm"), default="full")
    options.add_argument("--runs", type=int, default=3)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = bundled_home(Path(folder))
        prepare(home, asked.users, asked.verdicts)
        seconds, before, meanwhile = [], list[float](), list[float]()
        with dashboard(home) as address, Session(address) as session:
            around(session, 3 * len(PAGES), "", home)
            for _ in range(asked.runs):
                before += around(session, 5 * len(PAGES), "", home)
                started = time.perf_counter()
                job = home.scheduler.start(home.policies.in_force().thresholds, how=asked.how, by="Benchmark")
                meanwhile += around(session, None, job.id, home)
                seconds.append(time.perf_counter() - started)
                over = home.jobs.find(job.id)
                if over.status != "done":
                    raise SystemExit(f"{over.message}\n{home.jobs.log(job.id)}")
        found = home.gate_reports.kept(home.registry.versions()[-1])
    print(
        f"retraining ({asked.how}, {asked.verdicts:,} verdicts): median {statistics.median(seconds):.1f} s "
        f"({min(seconds):.1f} to {max(seconds):.1f}, {len(seconds)} runs), load {os.getloadavg()}"
    )
    told("a page, nothing else going on", before)
    told("a page, while it retrains", meanwhile)
    print(f"{found.candidate}: {found.verdict}. {found.sentence}" if found else "no gate")


if __name__ == "__main__":
    main()
