"""The options of a command whose work a Dask cluster may do: to score, and to learn."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from core.errors import BadOptionError

if TYPE_CHECKING:
    from core.scoring.streaming.dask_engine import DaskEngine
    from core.scoring.streaming.engines import Engine

EngineName = Annotated[
    Literal["local", "dask"], typer.Option("--engine", help="Who does the work: this process, or Dask.")
]
Scheduler = Annotated[str | None, typer.Option(help="Dask cluster, such as tcp://host:8786; by default workers here.")]
DaskWorkers = Annotated[int | None, typer.Option(min=1, max=512, help="Dask workers here; by default one a core.")]


@contextlib.contextmanager
def engine_of(name: Literal["local", "dask"], scheduler: str | None, workers: int | None) -> Iterator[Engine]:
    """What scores. Raises what `cluster_of` raises."""
    from core.scoring.streaming.engines import HERE

    with cluster_of(name, scheduler, workers) as cluster:
        yield cluster or HERE


@contextlib.contextmanager
def cluster_of(
    name: Literal["local", "dask"], scheduler: str | None, workers: int | None
) -> Iterator[DaskEngine | None]:  # fmt: skip
    """The cluster, None where this process does the work. Raises BadOptionError where the options contradict each other
    or Dask is not installed, and what `dask_engine` raises.
    """
    if scheduler is not None and workers is not None:
        raise BadOptionError("--dask-workers", "a cluster has its own workers: give this or --scheduler.")
    if name == "local":
        if scheduler is not None or workers is not None:
            raise BadOptionError("--scheduler" if scheduler else "--dask-workers", "give --engine dask with it.")
        yield None
        return
    try:
        from core.scoring.streaming.dask_engine import dask_engine
    except ImportError:
        raise BadOptionError("--engine dask", "Dask is not installed here: install `dask[distributed]`.") from None
    with dask_engine(scheduler, workers) as engine:
        yield engine
