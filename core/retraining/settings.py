"""How this home learns from feedback: the table `[learning]` of `data/settings.toml`, for people and for the page.

    [learning]
    min_samples = 1000          # new verdicts before it is time to retrain
    retrain_interval = 3600     # seconds that must have passed, too
    batch_size = 25             # a warm start adds so many trees at a time
    learning_rate = 0.05        # of these trees
    promotion = "by_hand"       # or "automatic", in the name of `promoter`
    promoter = ""

What is not there is as above. Other tables of the file are left as they are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Final, Literal, cast, get_args

from core.access.accounts import Accounts
from core.access.home_options import HomeOptions
from core.errors import BadOptionError

Promotion = Literal["by_hand", "automatic"]
PROMOTIONS: Final[tuple[Promotion, ...]] = get_args(Promotion)
TABLE: Final = "learning"


@dataclass(frozen=True, slots=True)
class Learning:
    """When to retrain and what may follow; valid from birth, raises BadOptionError.

    `min_samples`: new verdicts; `retrain_interval`: seconds; `batch_size`: trees that a warm start adds at a time, each
    shrunk by `learning_rate`; `promoter`: the person in whose name a version is promoted without anybody looking.
    """

    min_samples: int = 1000
    retrain_interval: float = 3600
    batch_size: int = 25
    learning_rate: float = 0.05
    promotion: Promotion = "by_hand"
    promoter: str = ""

    def __post_init__(self) -> None:
        for name, low, high in (("min_samples", 1, 10_000_000), ("batch_size", 1, 1_000)):
            if not _whole(value := getattr(self, name)) or not low <= value <= high:
                raise BadOptionError(name, f"give a whole number from {low:,} to {high:,}, not {value}.")
        _within("retrain_interval", self.retrain_interval, 0, 366 * 24 * 3600)
        _within("learning_rate", self.learning_rate, 0, 1, above=True)
        if self.promotion not in PROMOTIONS:
            raise BadOptionError("promotion", f"give {' or '.join(PROMOTIONS)}, not {self.promotion}.")
        if not isinstance(self.promoter, str):
            raise BadOptionError("promoter", f"give a name, not {self.promoter}.")
        if self.automatic and not self.promoter.strip():
            raise BadOptionError("promoter", "say in whose name versions are promoted automatically.")

    @property
    def automatic(self) -> bool:
        return self.promotion == "automatic"


@dataclass(frozen=True, slots=True, eq=False)
class LearningOptions:
    """How a home learns."""

    accounts: Accounts
    options: HomeOptions

    def load(self) -> Learning:
        """What this home has chosen, the defaults for the rest.

        Raises BadOptionError when the file is no TOML, or names what is not known or cannot be.
        """
        return Learning(**self.options.table(TABLE, [field.name for field in fields(Learning)]))

    def save(self, learning: Learning, *, by: str, now: datetime) -> Learning:
        """Put other settings in force and note who did; with automatic promotion, `by` becomes the promoter.

        Raises NotAllowedError for who may not retrain or, for automatic promotion, not promote.
        """
        person = self.accounts.authorise(by, "promote" if learning.automatic else "retrain").name
        saved = replace(learning, promoter=person if learning.automatic else "")
        self.options.save(TABLE, asdict(saved), before=lambda: asdict(self.load()), by=person, now=now)
        return saved


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _within(name: str, value: object, low: float, high: float, *, above: bool = False) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    figure = cast(float, value) if number else float("nan")
    if not (low < figure <= high if above else low <= figure <= high):
        raise BadOptionError(name, f"give a number {'above' if above else 'from'} {low:,} to {high:,}, not {value}.")
