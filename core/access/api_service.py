"""Whether the API of a home serves, and whether one that did ended without being told to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core import locks
from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.files import write_text

#: APIs of one home at once, that are told apart.
_MOST: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class ApiService:
    """The APIs that serve a home. `lock`: the one that the first of them holds as long as it lives; others hold such
    beside it. A file beside a lock says since when, until that API ends by itself.
    """

    accounts: Accounts
    audit: AuditLog
    lock: Path

    @contextlib.contextmanager
    def serving(self, *, now: datetime) -> Iterator[bool]:
        """Say that an API serves; whether it is the only one."""
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        for number, lock in enumerate(self._locks()):
            with locks.held_now(lock) as ours:
                if ours:
                    self._clear()
                    write_text(_since(lock), now.isoformat())
                    try:
                        yield number == 0
                    finally:
                        _since(lock).unlink(missing_ok=True)
                    return
        yield False

    def down_since(self) -> datetime | None:
        """Since when one served that ended without being told to, where none serves now; None else."""
        begun = [path for path in map(_since, self._locks()) if path.is_file()]
        if not begun or any(lock.is_file() and locks.is_held(lock) for lock in self._locks()):
            return None
        return datetime.fromisoformat(begun[0].read_text(encoding="utf-8")).astimezone(UTC)

    def meant(self, *, by: str, now: datetime) -> None:
        """Say no more that it is down: it is not to serve. Raises NotAllowedError."""
        person = self.accounts.authorise(by, "manage accounts").name
        self.audit.note(who=person, what="API ended", about="the API", now=now)
        self._clear()

    def _clear(self) -> None:
        for lock in self._locks():
            if not (lock.is_file() and locks.is_held(lock)):
                _since(lock).unlink(missing_ok=True)

    def _locks(self) -> list[Path]:
        others = (self.lock.with_name(f"{self.lock.stem}-{number}.served") for number in range(2, _MOST + 1))
        return [self.lock, *others]


def down(since: datetime) -> str:
    """That it is down, and what to do, as a sentence."""
    return (
        f"The API that served since {since:%Y-%m-%d %H:%M} UTC has ended without being told to: nobody answers the "
        "platform. Start it again; where it is not to serve any more, say so on Overview."
    )


def _since(lock: Path) -> Path:
    return lock.with_suffix(".since")
