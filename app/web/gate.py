"""What every request to the dashboard passes before Streamlit: which host and page, and whether files are taken.

Streamlit has a seam for it, the `middleware` of `st.App`; its own `server.allowedHosts` looks at the websocket alone.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.hosts import Hosts
from app.web.uploads import UploadRefusedError, Uploads

#: As Streamlit has it: /_stcore/upload_file/{session}/{file}, perhaps below a base path.
_UPLOAD: Final = re.compile(r".*/_stcore/upload_file/([^/]+)/([^/]+)", re.DOTALL)
#: Policy violation, as RFC 6455 numbers it; before it is accepted, a websocket is then refused with 403.
_NOT_ALLOWED: Final = 1008


class Gate:
    """The outermost layer of the dashboard. framed_by: addresses whose pages may show it in a frame."""

    def __init__(self, app: ASGIApp, hosts: Hosts, uploads: Uploads, framed_by: tuple[str, ...] = ()) -> None:
        self._app, self._hosts, self._uploads = app, hosts, uploads
        frames = " ".join(framed_by) or "'none'"
        self._headers = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Content-Security-Policy": f"frame-ancestors {frames}",
        } | ({} if framed_by else {"X-Frame-Options": "DENY"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
        elif (refusal := self._refusal(scope)) is not None:
            await self._refuse(scope, receive, send, *refusal)
        elif scope["type"] == "http":
            await self._http(scope, receive, self._with_headers(send))
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and sentence for a request that is not answered; None for one that is."""
        headers = Headers(scope=scope)
        hosts, pages = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self._hosts.answers(hosts[0], at=(scope.get("server") or [None])[0]):
            return 421, (
                "Trustdesk does not answer to this name. Open it at localhost, or start it with --allow-host NAME."
            )
        if not all(self._hosts.serves(page, hosts[0]) for page in pages):
            return 403, "Trustdesk does not answer to web pages elsewhere."
        return None

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _NOT_ALLOWED, "reason": sentence})
        else:
            await PlainTextResponse(sentence, status)(scope, receive, self._with_headers(send))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = _UPLOAD.fullmatch(scope["path"])
        if place is None or scope["method"] not in {"PUT", "DELETE"}:
            await self._app(scope, receive, send)
            return
        try:
            await self._upload(scope, receive, send, place[1], place[2])
        except UploadRefusedError as error:
            await PlainTextResponse(error.sentence, error.status)(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send, session: str, file: str) -> None:
        """A file comes or goes; what Streamlit says of it decides what is counted."""
        coming, status = scope["method"] == "PUT", 0
        size = _length(Headers(scope=scope)) if coming else 0
        if coming:
            self._uploads.begin(session, file, size)

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, seen)
        finally:
            done = 200 <= status < 300
            if coming:
                (self._uploads.taken if done else self._uploads.failed)(session, file, size)
            elif done:
                self._uploads.removed(session, file)

    def _with_headers(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.append(name, value)
            await send(message)

        return sent


def _length(headers: Headers) -> int:
    """Bytes that a request says it has, which its server holds it to. Raises UploadRefusedError."""
    said = headers.get("content-length", "")
    if not said.isdecimal() or len(said) > 15:
        raise UploadRefusedError(411, "Say how large the file is: Content-Length is missing.")
    return int(said)
