"""What a source remembers of how far it was settled, where its server does not: a file of the home."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core import formats
from core.files import write_text
from core.streams.addresses import Place

FORMAT: Final = 1
_KEY: Final = 16


@dataclass(frozen=True, slots=True)
class Positions:
    """The file of one source. `of`: which source it is, in its own words."""

    path: Path
    of: str

    @classmethod
    def at(cls, place: Place, of: str) -> Positions:
        """`data/streams/positions/<name>-<key>.json`, another one for each stream and each source of it."""
        key = hashlib.sha256(of.encode()).hexdigest()[:_KEY]
        return cls(place.folder / "positions" / f"{place.name}-{key}.json", of)

    def load(self) -> dict[str, Any]:
        """What was kept; nothing at first. Raises NewerFormatError."""
        if not self.path.is_file():
            return {}
        found: dict[str, Any] = formats.load(self.path, known=FORMAT)["at"]
        return found

    def keep(self, at: dict[str, Any]) -> None:
        """On disk when this returns. Raises StorageError."""
        raw = {"format": FORMAT, "of": self.of, "at": at}
        write_text(self.path, json.dumps(raw, ensure_ascii=False, indent=1) + "\n")
