"""The process that does a job: `python -m core.worker HOME JOB`, or `HOME --ready MODULE...` to wait for one."""

from __future__ import annotations

import logging
import sys

from core import workers
from core.home import Home

if __name__ == "__main__":
    logging.captureWarnings(True)
    folder, first, *others = sys.argv[1:]
    if first == workers.READY:
        Home.open(folder).jobs.wait(others)
    else:
        Home.open(folder).jobs.work(first)
