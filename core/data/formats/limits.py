"""How large a file may be, and what in it: numbers that a home may choose in `settings.toml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core import settings
from core.errors import FileProblemError

#: Where these are chosen, for sentences.
WHERE: Final = "[files] in data/settings.toml"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes as unpacked, rows, columns, bytes of a cell of typed formats; `ratio`: how often a packed file may hold its
    own size; `sheet_cells`: cells of a sheet, which is held in memory as a whole; `seconds` that a file may take to be
    unpacked and looked through.
    """

    bytes: int = 1_000_000_000_000
    rows: int = 50_000_000
    columns: int = 20_000
    cell_bytes: int = 1 << 19
    ratio: int = 250
    sheet_cells: int = 4_000_000
    seconds: int = 3_600

    def refuse(self, name: str, limit: str, what: str, advice: str) -> FileProblemError:
        """What is said of a file beyond a limit, by its name here."""
        most = f"{getattr(self, limit):,}"
        return FileProblemError(
            name, f"too_many_{limit}", f"it has more than {most} {what} ({limit} of {WHERE}): {advice}."
        )


DEFAULTS: Final = Limits()


def in_memory() -> Limits:
    """Those of a file that is read as a whole."""
    return Limits(bytes=settings.MAX_FILE_BYTES)
