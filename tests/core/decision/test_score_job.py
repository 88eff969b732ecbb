"""A file to score that is sent several times at once is one job; what else is sent under its key is refused."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from core import jobs
from core.decision import score_job
from core.decision.score_job import Order
from core.errors import RefusedError
from core.jobs import Job
from core.settings import Settings
from tests import make


def test_of_files_sent_under_one_key_at_once_one_is_scored(own: Settings) -> None:
    job, gate = score_job.identity("k"), threading.Barrier(4)

    def start(name: str) -> Job | None:
        path = score_job.upload(own, job)
        path.write_bytes(make.csv(make.users(5)))
        gate.wait(timeout=60)
        with contextlib.suppress(RefusedError):
            return score_job.start(own, job, path, Order(name, "0" * 64))
        return None

    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(start, ("a.csv", "a.csv", "b.csv", "c.csv")))
    while not jobs.find(own, job).over:
        time.sleep(0.05)

    title = jobs.find(own, job).title
    assert [each.title for each in started if each] == [title] * (2 if title == "Scoring a.csv" else 1)
    assert score_job.result(own, job).users == 5
    assert not list((own.jobs / job).glob("upload-*"))
