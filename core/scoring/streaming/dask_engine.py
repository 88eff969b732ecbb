"""A Dask cluster that scores and explains the blocks of a file. Dask is an extra: whoever imports this may fail.

To read the file, to check ids over all of it, to decide and to store stay with this process, which keeps its order.
"""

from __future__ import annotations

import contextlib
import logging
import platform
import secrets
import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import dask.config
import distributed
import pandas as pd
from distributed import Client, Future
from distributed.scheduler import KilledWorker

from core.data.streaming.ahead import ahead
from core.data.streaming.reading import Block
from core.errors import ClusterError, listed
from core.registry.registry import Model
from core.scoring.scorer import Scored, Scorer

#: Packages of which another version may give other bits, or not read what is sent.
ALIKE: Final = ("numpy", "pandas", "numba", "llvmlite")
#: Seconds until a scheduler has to answer, and until one worker at least has to be there again.
PATIENCE: Final = 30
#: Blocks that are with the cluster at once, for each of its threads: one that is scored, one that waits.
_EACH: Final = 2
_TOKEN_BYTES: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class DaskEngine:
    """A Dask cluster. Blocks of a worker that dies are scored by another one.

    Raises ClusterError when no worker is left, or when one fails at the same block again and again.
    """

    client: Client

    def scored(self, blocks: Iterator[Block], model: Model, top: int) -> Iterator[tuple[Block, Scored | None]]:
        name, waiting = secrets.token_hex(_TOKEN_BYTES), deque[tuple[Block, "Future | None"]]()
        # Also of workers that come later, or come back.
        self.client.register_plugin(_Loaded(model, name))

        def first() -> tuple[Block, Scored | None]:
            block, future = waiting.popleft()
            while future is not None:
                try:
                    return block, future.result(timeout=PATIENCE)
                except distributed.TimeoutError:
                    if not self.client.nthreads():
                        raise ClusterError("no worker of it is left") from None
                except KilledWorker as error:
                    raise ClusterError(f"its workers die of a block of users ({error})") from error
            return block, None

        try:
            for block in ahead(blocks):
                waiting.append((block, self._sent(block, model, name, top)))
                while len(waiting) > _EACH * max(1, sum(self.client.nthreads().values())):
                    yield first()
            while waiting:
                yield first()
        finally:
            self.client.cancel([future for _, future in waiting if future is not None])
            with contextlib.suppress(OSError):  # a worker that dies just now does not answer
                self.client.unregister_worker_plugin(name)

    def _sent(self, block: Block, model: Model, name: str, top: int) -> Future | None:
        if block.frame.empty:
            return None
        features = block.frame[[*model.metadata.columns, *model.encoding.columns]]
        return self.client.submit(_scored, features, name, top, pure=False)


@contextlib.contextmanager
def dask_engine(scheduler: str | None = None, workers: int | None = None) -> Iterator[DaskEngine]:
    """A cluster by the address of its scheduler, or so many workers on this machine, one for each core by default.

    Raises ClusterError where the cluster cannot be used.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}))
        try:
            if scheduler is None:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="trustdesk-"))
                cluster = distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", local_directory=folder,
                    silence_logs=logging.ERROR,
                )  # fmt: skip
                client = distributed.Client(stack.enter_context(cluster))
            else:
                client = distributed.Client(scheduler, timeout=PATIENCE)
            stack.enter_context(client)
            client.wait_for_workers(1, timeout=PATIENCE)
            _refuse_others(client.run(_versions))
        except ImportError as error:
            raise ClusterError(f"its workers need this program as it is here ({error})") from error
        except (OSError, RuntimeError, ValueError) as error:
            raise ClusterError(f"it does not answer ({error})") from error
        yield DaskEngine(client)


class _Loaded(distributed.WorkerPlugin):  # type: ignore[misc]
    """A model on every worker, loaded once, under the name of the work that it is for."""

    def __init__(self, model: Model, name: str) -> None:
        self.model, self.name = model, name


def _scored(features: pd.DataFrame, name: str, top: int) -> Scored:
    """On a worker."""
    plugin: Any = distributed.get_worker().plugins[name]
    return Scorer(plugin.model).score(features, top=top)


def _versions() -> dict[str, str]:
    return {"Python": platform.python_version()} | {name: version(name) for name in ALIKE}


def _refuse_others(found: dict[str, dict[str, str]]) -> None:
    ours = _versions()
    for address, theirs in sorted(found.items()):
        if other := [f"{name} {theirs[name]} for {ours[name]}" for name in ours if theirs[name] != ours[name]]:
            raise ClusterError(f"{address} has {listed(other)}, which may give other bits")
