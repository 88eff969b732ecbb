"""How large files may be in a home: the table `[files]` of its settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Final

from core.access.home_options import HomeOptions
from core.data.formats.limits import Limits
from core.errors import BadOptionError

TABLE: Final = "files"


@dataclass(frozen=True, slots=True, eq=False)
class FileLimits:
    """The limits of a home."""

    options: HomeOptions

    def load(self) -> Limits:
        """As the home has them, the built-in ones else. Raises BadOptionError."""
        chosen = self.options.table(TABLE, [field.name for field in fields(Limits)])
        for name, value in chosen.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise BadOptionError(f"[{TABLE}]", f"{name} is a whole number from 1 on.")
        return Limits(**{**asdict(Limits()), **chosen})
