"""The process that does a job: `python -m core.worker HOME JOB`, or `HOME --ready MODULE...` to wait for one."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

from core import workers
from core.access.endpoints import Tracking
from core.home import Home

if __name__ == "__main__":
    logging.captureWarnings(True)
    folder, first, *others = sys.argv[1:]
    home = Home.open(folder)
    if first == workers.READY:
        home.jobs.wait(others)
    else:
        home.jobs.work(first)
    if Tracking.is_set():
        home.mirror.begin(now=datetime.now(UTC), after=first)  # what this job has learnt, if it has
