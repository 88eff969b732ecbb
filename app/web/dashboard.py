"""The dashboard as it is served: `app/main.py` behind the gate. `streamlit run` finds `app` here and serves it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Final

import streamlit as st
from starlette.middleware import Middleware
from streamlit import runtime

from app import guard
from app.web import log, uploads
from app.web.gate import Gate
from app.web.hosts import Hosts
from core import locks
from core.access.endpoints import Reach
from core.settings import ROOT, Settings

#: Seconds between two looks at who has left.
LOOK_EVERY: Final = 5.0
_reach: Final = Reach.of()
log.begin(Settings.of())


@contextlib.asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncIterator[None]:
    looking = asyncio.create_task(_end_who_has_left())
    with locks.held_now(Settings.of().served("dashboard")):  # of several processes behind one port the first one has it
        yield
    looking.cancel()


async def _end_who_has_left() -> None:
    """End the sessions that nobody comes back to, and with them their files.

    Streamlit itself lets them go only when another session is left, which may be never.
    """
    # A moment before Streamlit forgets them, since it ends only what it still knows.
    patience = max(st.get_option("server.disconnectedSessionTTL") - 3 * LOOK_EVERY, 0.0)
    while True:
        await asyncio.sleep(LOOK_EVERY)
        running = runtime.get_instance()
        for session in uploads.OURS.ended(running.is_active_session, time.monotonic(), after=patience):
            running.close_session(session)


app = st.App(
    ROOT / "app" / "main.py",
    lifespan=_lifespan,
    on_script_error=guard.uncaught,
    middleware=[
        Middleware(
            Gate,
            hosts=Hosts.of([*_reach.hosts, st.get_option("server.address") or ""]),
            uploads=uploads.OURS,
            framed_by=_reach.framed_by,
        )
    ],
)
