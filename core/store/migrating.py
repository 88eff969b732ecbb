"""Databases of earlier versions of the program become those of this one; one of a later version is left alone.

The revision of a database stands in its table `alembic_version`. Alembic itself is imported only where there is
something to migrate: it takes longer than all else that opening a home does.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from core.errors import MigrationError, NewerFormatError
from core.files import replacing
from core.formats import shown
from core.store import database_file
from core.store.migrations.first import STATEMENTS
from core.store.tables import SCHEMA_HEAD, metadata

if TYPE_CHECKING:
    from alembic.config import Config

_SCRIPTS: Final = Path(__file__).parent / "migrations"
#: What a database without a revision is, when it has tables.
_FIRST: Final = "0001"
#: Alembic keeps what it works on in the module, so that one thread at a time may use it.
_one_at_a_time: Final = threading.Lock()


def revision_of(run: database_file.Run) -> str | None:
    """The revision of a database; "" when it has tables but no revision yet, None when it has no tables."""
    names = database_file.table_names(run)
    if "alembic_version" in names:
        found = run("SELECT version_num FROM alembic_version").fetchall()
        return ", ".join(sorted(str(number) for (number,) in found))
    return "" if names & metadata.tables.keys() else None


@dataclass(frozen=True)
class Migrations:
    """The revisions a program knows, up to the one it works with; `versions`: the folders they lie in."""

    head: str = SCHEMA_HEAD
    versions: tuple[Path, ...] = (_SCRIPTS / "versions",)

    def check(self, found: str | None, path: Path) -> None:
        """Raises NewerFormatError when this program does not know the revision that the database `path` has."""
        if found and found != self.head and found not in self._known:
            raise NewerFormatError(shown(path), f"revision {found}")

    def bring_up(self, connection: Connection, found: str | None, path: Path) -> None:
        """Make the database of `connection`, which is alone in writing to it, one of `head`.

        What was there before is copied beside it first, unless nothing of it changes. Raises MigrationError, and
        StorageError when there is no room for the copy; the transaction is then to be rolled back.
        """
        if found is None:
            metadata.create_all(connection)
            _stamp(connection, found := SCHEMA_HEAD)
            if found != self.head:
                self._upgrade(connection)
        elif (before := found or _FIRST) != self.head:
            copy = path.with_name(f"{path.name}.before-{before}")
            _copy(path, copy)
            with _told(path, before, self.head, copy):
                if not found:
                    _number(connection)
                self._upgrade(connection)
        elif not found:
            _number(connection)

    @cached_property
    def _known(self) -> frozenset[str]:
        from alembic.script import ScriptDirectory  # noqa: PLC0415

        return frozenset(script.revision for script in ScriptDirectory.from_config(self._config()).walk_revisions())

    def _upgrade(self, connection: Connection) -> None:
        from alembic import command  # noqa: PLC0415

        config = self._config()
        config.attributes["connection"] = connection
        with _one_at_a_time:
            command.upgrade(config, self.head)

    def _config(self) -> Config:
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        options = {
            "script_location": str(_SCRIPTS),
            "path_separator": "newline",
            "version_locations": "\n".join(map(str, self.versions)),
        }
        for name, value in options.items():
            config.set_main_option(name, value.replace("%", "%%"))
        return config


def _number(connection: Connection) -> None:
    """Give a database of before its number, and the tables and indexes it may lack."""
    for statement in STATEMENTS:
        connection.exec_driver_sql(statement)
    _stamp(connection, _FIRST)


def _stamp(connection: Connection, revision: str) -> None:
    """As Alembic would."""
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version "
        "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql("INSERT INTO alembic_version (version_num) VALUES (?)", (revision,))


def _copy(path: Path, copy: Path) -> None:
    """What is committed in the database `path`, as a file that whoever may not read the database cannot read either."""
    with replacing(copy) as temporary:
        database_file.copied(path, temporary)
        temporary.chmod(path.stat().st_mode)


@contextlib.contextmanager
def _told(path: Path, before: str, after: str, copy: Path) -> Iterator[None]:
    """Make of a revision that fails, be it of its SQL or of what it works out of the rows, a sentence."""
    from alembic.util import CommandError  # noqa: PLC0415

    try:
        yield
    except (
        SQLAlchemyError,
        database_file.Failure,
        CommandError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        reason = str(error.orig) if isinstance(error, SQLAlchemyError) and hasattr(error, "orig") else str(error)
        raise MigrationError(shown(path), before, after, reason, shown(copy)) from error
