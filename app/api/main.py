"""The app: everything put together, once in each process that serves."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import multiprocessing
import signal
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp

from app.api import description, docs, log, problem_details
from app.api.access import Access
from app.api.batcher import Batcher
from app.api.http_metrics import Requests
from app.api.idempotency import Keys
from app.api.middleware import Gate
from app.api.options import Options
from app.api.routes import about, decisions, feedback, jobs, lists, predict, review
from app.api.serving_state import CLOSE_EVERY, LOOK_EVERY, Live, scored
from app.api.versions import V1
from core.errors import TrustdeskError
from core.home import Home

VERSION: Final = "1.0.0"
#: Under `/v1`, in the order of the description; and at the paths of before.
ROUTERS: Final = tuple(module.router for module in (about, predict, feedback, review, decisions, lists, jobs))
BEFORE: Final = (about.router, predict.router, feedback.router, review.router, decisions.before, jobs.router)


def create(home: Home, options: Options) -> FastAPI:
    """The API of a home."""
    access = Access(home, open_to_all=options.open_to_all, workers=options.workers)
    app = _Api(
        title="Trustdesk", version=VERSION, lifespan=_lifespan, docs_url=None, redoc_url=None,
        redirect_slashes=False,
        description=description.INTRODUCTION,
        separate_input_output_schemas=False, generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    app.state.home, app.state.options, app.state.access = home, options, access
    app.state.live = Live(home)
    problem_details.add_to(app)
    for router in ROUTERS:
        app.include_router(router, prefix=V1)
    for router in BEFORE:
        app.include_router(router, include_in_schema=False)
    docs.add_to(app)
    app.state.requests = Requests(route.path for route in iter_route_contexts(app.routes) if route.path)
    return app


class _Api(FastAPI):
    def build_middleware_stack(self) -> ASGIApp:
        """With the gate around all of it: bugs, too, are answered and written down as any request is."""
        return Gate(super().build_middleware_stack(), self.state.access, self.state.requests)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = description.complete(super().openapi(), ROUTERS, BEFORE)
        return self.openapi_schema


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    log.begin()
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    live: Live = app.state.live
    app.state.scoring = Batcher(scored)
    app.state.recording = Batcher(functools.partial(feedback.recorded, app.state.home))
    with app.state.home.database.held():
        await run_in_threadpool(live.look)
        await run_in_threadpool(live.tell_of_losses)
        await run_in_threadpool(live.close_ended)
        # What was made at the start stays: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        app.state.keys = keys = await run_in_threadpool(Keys, app.state.home)
        beside = [
            asyncio.create_task(_again_and_again(live.look, LOOK_EVERY)),
            asyncio.create_task(_again_and_again(live.close_ended, CLOSE_EVERY)),
            asyncio.create_task(_again_and_again(keys.tidy, CLOSE_EVERY)),
        ]
        yield
        for task in beside:
            task.cancel()
        await keys.close()
        app.state.scoring.close()
        app.state.recording.close()
        try:
            await run_in_threadpool(live.close_ended, everything=True)
        except (TrustdeskError, OSError) as error:  # whoever opens the home next does it
            log.tell("runs not closed", level=logging.ERROR, why=str(error))


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """End as if told to once the process is gone that began this one, which nobody else would end any more."""
    parent.join()
    log.tell("left alone", level=logging.ERROR, why="The process that began this one is gone.")
    signal.raise_signal(signal.SIGTERM)


async def _again_and_again(work: Callable[[], None], every: float) -> None:
    """Do something every so many seconds; a time that fails is told in the log, and the next one may do."""
    while True:
        await asyncio.sleep(every)
        done = asyncio.ensure_future(run_in_threadpool(work))
        await asyncio.wait([done])
        if (error := done.exception()) is not None:
            log.tell("failed", level=logging.ERROR, why=f"{type(error).__name__}: {error}")
