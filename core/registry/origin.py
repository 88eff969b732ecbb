"""Where a version that was pulled comes from. It stands beside the published files, which stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from core import formats
from core.store.strict_json import typed

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """A commit of a repo on a Hub, and who pulled it when. `hub` is an address, `revision` the whole commit hash."""

    hub: str
    repo: str
    revision: str
    by: str
    at: datetime

    @property
    def place(self) -> str:
        """In words, short enough for a line.

        >>> Origin("https://huggingface.co", "ada/spam", "0123456789" * 4, "Ada", datetime(2026, 1, 1)).place
        'ada/spam at 0123456789 on huggingface.co'
        """
        return f"{self.repo} at {self.revision[:10]} on {urlsplit(self.hub).netloc}"

    def same_as(self, hub: str, repo: str, revision: str) -> bool:
        """Whether this is that commit; case does not tell repos apart."""
        return (self.hub, self.repo.lower(), self.revision) == (hub, repo.lower(), revision)

    def as_json(self) -> dict[str, Any]:
        return {"format": FORMAT} | asdict(self) | {"at": self.at.isoformat()}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Origin:
        """Raises KeyError, TypeError or ValueError when the JSON is not an origin, NewerFormatError."""
        formats.number(raw["format"], "origin.json", FORMAT)
        at = datetime.fromisoformat(raw["at"])
        return typed(cls(raw["hub"], raw["repo"], raw["revision"], raw["by"], at))
