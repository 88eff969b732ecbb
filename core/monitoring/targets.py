"""What is asked of the live model: the table `[monitoring]` of `data/settings.toml`.

[monitoring]
precision = 0.5   # of the users flagged for review, at least this share should be spammers
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from typing import Final

from core.errors import BadOptionError, listed
from core.settings import Settings

TABLE: Final = "monitoring"


@dataclass(frozen=True, slots=True)
class Targets:
    """`precision`: the least share of spammers among those flagged for review. Raises BadOptionError."""

    precision: float = 0.5

    def __post_init__(self) -> None:
        number = isinstance(self.precision, int | float) and not isinstance(self.precision, bool)
        if not number or not 0 <= self.precision <= 1:
            raise BadOptionError("precision", f"give a share from 0 to 1, not {self.precision}.")


def load(settings: Settings) -> Targets:
    """What this home has chosen, the defaults for the rest.

    Raises BadOptionError when the file is no TOML, or names what is not known or cannot be.
    """
    path = settings.options_file
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig")).get(TABLE, {})
    except (FileNotFoundError, NotADirectoryError):
        return Targets()
    except (OSError, ValueError) as error:
        raise BadOptionError(path.name, f"it cannot be read: {error}.") from error
    known = [field.name for field in fields(Targets)]
    if not isinstance(raw, dict) or (unknown := sorted(raw.keys() - set(known))):
        named = listed(unknown) if isinstance(raw, dict) else "no table"
        raise BadOptionError(path.name, f"[{TABLE}] has {named}; known are {listed(known)}.")
    return Targets(**raw)
