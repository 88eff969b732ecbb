"""The dashboard as a process of its own: who is answered, what the answer says, and whose files are taken."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from typer.testing import CliRunner
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.cli import app
from app.devtools import test_server
from app.web import load_balancer
from core.home import Home
from tests import make
from tests.app.api.server import Answer

REBOUND = "evil.example"


@dataclass(frozen=True)
class Dashboard:
    """Asks a dashboard as a browser, or somebody else, would."""

    port: int

    def __call__(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, named)
            response = connection.getresponse()
            lowered = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, lowered, response.read())
        finally:
            connection.close()

    @contextlib.contextmanager
    def page(self, **headers: str) -> Iterator[Tab]:
        """A page, for as long as it is open."""
        named = {name.title(): value for name, value in headers.items()}
        address = f"ws://{named.pop('Host', f'127.0.0.1:{self.port}')}/_stcore/stream"
        origin: Any = named.pop("Origin", f"http://127.0.0.1:{self.port}")
        protocols: Any = ["streamlit"]
        # The address names the host, and what is connected to is this machine: as a name that was bound anew.
        with connect(
            address, sock=socket.create_connection(("127.0.0.1", self.port)), origin=origin, subprotocols=protocols,
            max_size=None, additional_headers=named,
        ) as line:  # fmt: skip
            yield Tab(self, line)


class Tab:
    """A page that is open in a browser, once its script has run."""

    def __init__(self, dashboard: Dashboard, line: Any) -> None:
        self._dashboard, self.line, self.session = dashboard, line, ""
        self.rerun()

    def rerun(self) -> None:
        asked = BackMsg()
        asked.rerun_script.query_string = ""
        self.line.send(asked.SerializeToString())
        while True:
            message = ForwardMsg.FromString(self.line.recv(timeout=60))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id
            if kind == "script_finished":
                return

    def upload(self, file: str = "f", *, size: int = 10, **headers: str) -> int:
        """The status that a file is answered with; its check against forged requests is passed."""
        token = self._dashboard("GET", "/_stcore/health").headers.get("set-cookie", "")
        xsrf = token.partition("_streamlit_xsrf=")[2].partition(";")[0]
        body = (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n'
            + size * b"1"
            + b"\r\n--x--\r\n"
        )
        sent = {
            "Content_Type": "multipart/form-data; boundary=x", "X_Xsrftoken": xsrf, "Cookie": f"_streamlit_xsrf={xsrf}",
        }  # fmt: skip
        return self._dashboard("PUT", f"/_stcore/upload_file/{self.session}/{file}", body, **sent | headers).status


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that holds nothing yet: that is enough to be answered."""
    return Home.open(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def dashboard(served: Home) -> Iterator[Dashboard]:
    port = test_server.free_port()
    with test_server.serving(served, port) as process:
        found = Dashboard(port)
        yield found
        with found.page():  # somebody who is still there does not keep it from ending
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


@pytest.mark.usefixtures("dashboard")
def test_a_second_dashboard_of_a_workspace_says_so(served: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(load_balancer, "ELSEWHERE", "")  # without nginx it ends before it begins
    monkeypatch.chdir(served.settings.home)
    ended = CliRunner().invoke(app, ["--home", str(served.settings.home), "--workers", "2"])
    assert ended.stderr.startswith("Another dashboard serves this workspace already. End one")


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/score-user", "/nowhere.js"])
def test_another_name_is_not_answered_and_no_page_may_frame_what_is(dashboard: Dashboard, path: str) -> None:
    assert dashboard("GET", path, Host=REBOUND).status == 421
    for answer in (dashboard("GET", path), dashboard("GET", path, Host=REBOUND)):
        assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": REBOUND}, {"host": REBOUND, "origin": f"http://{REBOUND}"}, {"origin": f"http://{REBOUND}"},
        {"origin": "null"}, {"origin": "http://localhost:3000"},
    ],
)  # fmt: skip
def test_no_page_elsewhere_opens_a_session(dashboard: Dashboard, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused, dashboard.page(**headers):
        pass
    assert refused.value.response.status_code == 403


def test_files_are_taken_from_open_pages_until_there_are_accounts(dashboard: Dashboard, served: Home) -> None:
    with dashboard.page() as tab:
        assert tab.upload() == 204
        assert tab.upload(Host=REBOUND) == 421
        assert tab.upload(Origin=f"http://{REBOUND}") == 403
        tab.session, ours = "0" * 36, tab.session
        assert tab.upload() == 403
        tab.session = ours
        served.accounts.create("Ada", "admin", "long enough for anybody", now=make.NOW)
        tab.rerun()
        assert tab.upload() == 403
