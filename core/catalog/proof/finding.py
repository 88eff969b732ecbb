"""What is wrong with something that a home keeps: where, what, and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from sqlalchemy.exc import SQLAlchemyError

from core.errors import TrustdeskError
from core.store import database_file

RESTORE: Final = "Restore it from a backup."
#: What reading a file ends in that is not what was written, whatever library reads it.
UNREADABLE: Final = (
    TrustdeskError, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, EOFError,
    RecursionError, MemoryError, pa.ArrowException, database_file.Failure, SQLAlchemyError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """`what` is wrong with `where`, a file or folder as sentences name it ("data/state.db"), and what `to_do`."""

    where: str
    what: str
    to_do: str = RESTORE

    def __str__(self) -> str:
        return f"{self.where} {self.what}. {self.to_do}"


@contextlib.contextmanager
def telling(found: list[Finding], where: str) -> Iterator[None]:
    """Make a finding of what reading `where` raises."""
    try:
        yield
    except UNREADABLE as error:
        said = " ".join(str(error).split()) or type(error).__name__
        found.append(Finding(where, f"cannot be read ({said[:200].rstrip('.')})"))
