"""Several processes of the dashboard behind one port, for many people at once.

One process of Python draws for one person at a time. nginx gives each browser to one of several, by a cookie, so that
its page, its websocket and its uploads reach the same one; a process that ends is started again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from app.guard import tell
from core.errors import BadOptionError, RefusedError
from core.settings import ROOT

#: Names the process of a browser; it says nothing of who uses it.
COOKIE: Final = "trustdesk_worker"
#: Where systems put servers, which is no place that everybody's PATH names.
ELSEWHERE: Final = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
#: Largest upload that is passed on, in MB; Streamlit itself has the limit (`server.maxUploadSize`).
_LARGEST: Final = 1_000
#: Seconds after which a process that has ended is started again, and between two looks.
_PAUSE: Final = 1.0
#: Seconds that processes have to end by themselves.
_PATIENCE: Final = 10.0
_CONFIGURATION: Final = """
daemon off;
worker_processes 1;
pid "{folder}/nginx.pid";
error_log stderr error;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_max_body_size {largest}m;
    client_body_temp_path "{folder}/body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    map $cookie_{cookie} $browser {{ default $cookie_{cookie}; '' $request_id; }}
    map $cookie_{cookie} $new_cookie {{ default ''; '' "{cookie}=$request_id; Path=/; HttpOnly; SameSite=Lax"; }}
    # Only a proxy on this machine is believed whom it forwards.
    map $http_x_forwarded_for $forwarded {{ default $http_x_forwarded_for; '' $remote_addr; }}
    map $remote_addr $client {{ default $remote_addr; 127.0.0.1 $forwarded; ::1 $forwarded; }}
    upstream dashboards {{
        hash $browser consistent;
{servers}
    }}
    server {{
        listen {listens};
        location / {{
            proxy_pass http://dashboards;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $client;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_read_timeout 1d;
            add_header Set-Cookie $new_cookie;
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """How many processes there are, and the address and port at which they are reached."""

    count: int
    address: str
    port: int

    def run(self, environment: Mapping[str, str]) -> int:
        """Serve until told to end, by SIGTERM or Ctrl+C; the exit status.

        Raises RefusedError without nginx, BadOptionError where the port is taken.
        """
        nginx = shutil.which("nginx") or shutil.which("nginx", path=ELSEWHERE)
        if nginx is None:
            raise RefusedError(
                "Several processes need nginx before them, and there is none. Install it (Debian, Ubuntu: "
                "`sudo apt install nginx-light`), or start without --workers."
            )
        _check_free(self.address, self.port)
        tell(f"The dashboard is at http://{self._listens}, drawn by {self.count} processes.")
        with tempfile.TemporaryDirectory(prefix="trustdesk-") as folder, _told_to_end():
            ports = _free_ports(self.count)
            configuration = Path(folder) / "nginx.conf"
            configuration.write_text(self.configuration(Path(folder), ports), encoding="utf-8")
            commands = [_dashboard(port) for port in ports]
            commands.append([nginx, "-e", "stderr", "-p", folder, "-c", str(configuration)])
            return _kept_running(commands, environment)

    def configuration(self, folder: Path, ports: Sequence[int]) -> str:
        """That of nginx, whose own files go to `folder`, for dashboards on these ports of this machine."""
        servers = "\n".join(f"        server 127.0.0.1:{port} max_fails=0;" for port in ports)
        return _CONFIGURATION.format(
            folder=folder, largest=_LARGEST, cookie=COOKIE, servers=servers, listens=self._listens
        )

    @property
    def _listens(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def _dashboard(port: int) -> list[str]:
    script = str(ROOT / "app" / "web" / "dashboard.py")
    where = ["--server.address", "127.0.0.1", "--server.port", str(port), "--logger.hideWelcomeMessage", "true"]
    return [sys.executable, "-m", "streamlit", "run", script, *where]


def _kept_running(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> int:
    """Run all of them, each anew when it ends, until an end is asked for."""
    running: dict[int, subprocess.Popen[bytes]] = {}
    # Linux ends them also where this process is killed and can do so no more.
    with_us = [found, "--pdeathsig", "TERM"] if (found := shutil.which("setpriv")) else []
    try:
        while True:
            for at, command in enumerate(commands):
                if at not in running or running[at].poll() is not None:
                    running[at] = subprocess.Popen([*with_us, *command], env=dict(environment), cwd=ROOT)  # noqa: S603
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        return 0
    finally:
        for process in running.values():
            process.terminate()
        until = time.monotonic() + _PATIENCE
        for process in running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(until - time.monotonic(), 0.0))
            process.kill()
            process.wait()


@contextlib.contextmanager
def _told_to_end() -> Iterator[None]:
    """While it lasts, SIGTERM ends the work as Ctrl+C does."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_free(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        raise BadOptionError("--port", f"{address}:{port} cannot be listened at ({error.strerror}).") from error


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
