"""A browser session without a browser: what one asks of the dashboard's server, and how long its reruns take."""

from __future__ import annotations

import statistics
import time
from types import TracebackType

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

MOST_BYTES = 200 * 1024**2


class Session:
    """Open the websocket of a page; `with Session("http://127.0.0.1:8501") as session: session.rerun("monitor")`."""

    def __init__(self, address: str) -> None:
        self._socket = connect(
            f"{address.replace('http', 'ws', 1)}/_stcore/stream", subprotocols=["streamlit"],  # type: ignore[list-item]
            max_size=MOST_BYTES, open_timeout=60,
        )  # fmt: skip
        self.pages: dict[str, str] = {}
        self.received = 0

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def rerun(self, page: str = "", query: str = "") -> float:
        """Milliseconds from asking for a page (its path) until its script is done. Raises RuntimeError if it fails."""
        asked = BackMsg()
        asked.rerun_script.query_string = query
        asked.rerun_script.page_script_hash = self.pages.get(page, "")
        if page and page not in self.pages:
            asked.rerun_script.page_name = page
        started = time.perf_counter()
        self._socket.send(asked.SerializeToString())
        while True:
            payload = self._socket.recv()
            self.received += len(payload)
            message = ForwardMsg.FromString(payload)  # type: ignore[arg-type]
            kind = message.WhichOneof("type")
            if kind == "navigation":
                self.pages |= {each.url_pathname: each.page_script_hash for each in message.navigation.app_pages}
            if kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
                raise RuntimeError(message.delta.new_element.exception.message)
            if kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return 1000 * (time.perf_counter() - started)


def told(what: str, taken: list[float]) -> None:
    p95 = statistics.quantiles(taken, n=20)[-1]
    print(f"{what:<36} median {statistics.median(taken):6.0f} ms   p95 {p95:6.0f} ms   n={len(taken)}")
