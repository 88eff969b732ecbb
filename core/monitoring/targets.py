"""What is asked of the live model: the table `[monitoring]` of `data/settings.toml`.

[monitoring]
precision = 0.5   # of the users flagged for review, at least this share should be spammers
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Final

from core.access.accounts import Accounts
from core.access.home_options import HomeOptions
from core.errors import BadOptionError

TABLE: Final = "monitoring"


@dataclass(frozen=True, slots=True)
class Targets:
    """`precision`: the least share of spammers among those flagged for review. Raises BadOptionError."""

    precision: float = 0.5

    def __post_init__(self) -> None:
        number = isinstance(self.precision, int | float) and not isinstance(self.precision, bool)
        if not number or not 0 <= self.precision <= 1:
            raise BadOptionError("precision", f"give a share from 0 to 1, not {self.precision}.")


@dataclass(frozen=True, slots=True, eq=False)
class TargetOptions:
    """The targets that a home has set itself."""

    accounts: Accounts
    options: HomeOptions

    def load(self) -> Targets:
        """What this home has chosen, the defaults for the rest.

        Raises BadOptionError when the file is no TOML, or names what is not known or cannot be.
        """
        return Targets(**self.options.table(TABLE, [field.name for field in fields(Targets)]))

    def save(self, targets: Targets, *, by: str, now: datetime) -> None:
        """Ask something else of the live model, and note who did. Raises NotAllowedError for who may not."""
        person = self.accounts.authorise(by, "change guidance").name
        self.options.save(TABLE, asdict(targets), before=lambda: asdict(self.load()), by=person, now=now)
