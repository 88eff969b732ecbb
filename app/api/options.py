"""How a server was started: what every process of it must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Where it listens unless told otherwise: on this machine alone.
LOCAL: Final = "127.0.0.1"
PORT: Final = 8000
#: Largest bodies, in bytes: of a batch, of a file to score, of anything else.
MOST_BATCH_BYTES: Final = 32_000_000
MOST_FILE_BYTES: Final = 500_000_000
MOST_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """`open_to_all`: whether it listens on more than this machine; `workers` processes share the home.

    `log_features`: write feature values into the log, which otherwise has none.
    """

    open_to_all: bool = False
    workers: int = 1
    log_features: bool = False
