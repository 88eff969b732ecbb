"""`python3 -m app api`: scoring, feedback and review for other systems, over HTTP."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from app import guard
from app.commands.shared import HomeOption, home_of
from app.guard import tell


def api(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on; others than this machine need a key.")] = "127.0.0.1",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the workspace.")] = 1,
    log_features: Annotated[bool, typer.Option("--log-features", help="Write feature values into the log.")] = False,
    home_dir: HomeOption = None,
) -> None:
    """Serve the REST API; its documentation is at /docs. The log goes to stderr, a JSON object a line."""
    from app.api import server
    from app.api.options import Options
    from app.web.hosts import OWN_NAMES
    from core.access.endpoints import Logs

    home = home_of(context, home_dir)
    with guard.command(home):
        Logs.of()  # a level that there is not is said here, and not in each process
        server.check_address(home, host)
        if host in OWN_NAMES:
            tell("Only this machine is served. To serve others: make a key, then --host ADDRESS.")
        listening = server.bound(host, port)
        with _ends_in_order(), home.api_service.serving(now=datetime.now(UTC)) as alone:
            if not alone:
                tell("Another API serves this workspace too. Both may; the rate of a key counts in each of them.")
            tell(f"Trustdesk API: http://{host}:{listening.getsockname()[1]}/docs")
            with contextlib.suppress(KeyboardInterrupt):  # it has ended all requests by then
                server.serve(home, listening, Options(host not in OWN_NAMES, workers, log_features))


@contextlib.contextmanager
def _ends_in_order() -> Iterator[None]:
    """After its own end the server has SIGTERM do what it did before: nothing else would be tidied up."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
