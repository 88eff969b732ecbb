"""What an MLflow server has of a home, and what waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.wording import count

#: Before another try after one that failed; twice as long after each further one, up to the longest.
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Failure:
    """The last try: when it failed, why, and how many in a row have."""

    at: datetime
    why: str
    tries: int

    @property
    def next_try(self) -> datetime:
        return self.at + min(_FIRST_WAIT * (1 << min(self.tries - 1, 10)), _LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Held:
    """What a server has. `runs`: id here -> there; `versions`: version -> number there; `champion`: its alias."""

    runs: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    champion: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the server at `place` does not have yet. `champion`: the version that its alias is to name, "" for none."""

    place: str
    runs: tuple[str, ...]
    champion: str
    failure: Failure | None

    def __bool__(self) -> bool:
        return bool(self.runs or self.champion)

    @property
    def what(self) -> str:
        parts = [count(len(self.runs), "training run")] * bool(self.runs)
        return " and ".join([*parts, *(["the live model"] if self.champion else [])])

    @property
    def sentence(self) -> str:
        """What waits and why, as people read it."""
        if not self:
            return f"MLflow at {self.place} has all training runs."
        verb = "waits" if len(self.runs) + bool(self.champion) == 1 else "wait"
        why = f" The last try: {self.failure.why}" if self.failure else ""
        return f"{self.what[0].upper()}{self.what[1:]} {verb} for MLflow at {self.place}.{why}"
