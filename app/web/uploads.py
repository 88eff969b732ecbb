"""Files that browsers send: in which sessions they are taken, and how much of memory they may fill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from threading import Lock
from typing import Final

#: The largest file, as .streamlit/config.toml has it (`maxUploadSize`).
MOST_OF_A_FILE: Final = 400 * 2**20
#: Bytes that one session may hold at once: three of the largest files, since one left behind on a page stays.
MOST_OF_A_SESSION: Final = 3 * MOST_OF_A_FILE
#: Bytes of all sessions together.
MOST: Final = 2 * MOST_OF_A_SESSION
#: What a file counts beside its bytes, so that many empty ones are bounded too.
EACH: Final = 100_000


class UploadRefusedError(Exception):
    """A file that is not taken, with the status and the sentence of the answer."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status, self.sentence = status, sentence
        super().__init__(sentence)


class Uploads:
    """The files that a server holds, by session; threads may share it."""

    def __init__(self, most_of_a_session: int = MOST_OF_A_SESSION, most: int = MOST) -> None:
        self._most_of_a_session, self._most = most_of_a_session, most
        self._held: dict[str, dict[str, int]] = {}
        self._admitted: set[str] = set()
        self._gone_since: dict[str, float] = {}
        self._lock = Lock()

    def admit(self, session: str, *, admitted: bool = True) -> None:
        """Take files in this session from now on, or no more; what it holds stays."""
        with self._lock:
            self._held.setdefault(session, defaultdict(int))
            (self._admitted.add if admitted else self._admitted.discard)(session)

    def begin(self, session: str, file: str, size: int) -> None:
        """Make room for a file that is about to come. Raises UploadRefusedError."""
        with self._lock:
            if session not in self._admitted:
                raise UploadRefusedError(403, "Files are taken from open pages of Trustdesk only, after signing in.")
            own, needed = sum(self._held[session].values()), size + EACH
            if own + needed > self._most_of_a_session:
                raise UploadRefusedError(413, "This tab holds as many files as it may. Reload the page to let them go.")
            if sum(sum(files.values()) for files in self._held.values()) + needed > self._most:
                raise UploadRefusedError(503, "The files of all tabs fill the memory set aside. Try again in a while.")
            self._held[session][file] += needed

    def taken(self, session: str, file: str, size: int) -> None:
        """The file has come: what it replaced, if anything, is gone."""
        with self._lock:
            if session in self._held:
                self._held[session][file] = size + EACH

    def failed(self, session: str, file: str, size: int) -> None:
        """The file has not come."""
        with self._lock:
            if session in self._held:
                self._held[session][file] -= size + EACH

    def removed(self, session: str, file: str) -> None:
        with self._lock:
            self._held.get(session, {}).pop(file, None)

    def ended(self, active: Callable[[str], bool], now: float, *, after: float) -> list[str]:
        """The sessions that nobody has come back to for so many seconds; what they held counts no more.

        active: whether a session has a browser at its other end.
        """
        with self._lock:
            for session in self._held:
                if active(session):
                    self._gone_since.pop(session, None)
                else:
                    self._gone_since.setdefault(session, now)
            over = [session for session, since in self._gone_since.items() if now - since >= after]
            for session in over:
                self._admitted.discard(session)
                del self._held[session], self._gone_since[session]
        return over

    def held(self, session: str | None = None) -> int:
        """Bytes that one session holds, or all of them."""
        with self._lock:
            chosen = self._held.values() if session is None else [self._held.get(session, {})]
            return sum(sum(files.values()) for files in chosen)


#: Those of this process: the gate counts them, and pages say who may.
OURS: Final = Uploads()
