"""A real PostgreSQL, in a process."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.devtools.test_server import free_port

psycopg = pytest.importorskip("psycopg")
PASSWORD = "hunter2-of-ada"  # noqa: S105 - of nothing


@dataclass(frozen=True)
class Postgres:
    """A server at a port of this machine, and a superuser `ada` with PASSWORD."""

    port: int

    def address(self, asked: str, *, port: int | None = None, database: str = "desk") -> str:
        return f"postgresql://ada@127.0.0.1:{port or self.port}/{database}?{asked}"

    def connected(self, database: str = "desk") -> Any:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="ada", password=PASSWORD, dbname=database, autocommit=True
        )

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """The rows that the last one gives."""
        with self.connected() as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """A new server, gone at the end; the test is skipped where there is none."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or (str(programs[-1]) if programs else None)
    if initdb is None:
        pytest.skip("there is no PostgreSQL on this machine")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))  # the server runs as somebody who may not look into pytest's
    who: dict[str, Any] = {"user": "postgres"} if os.geteuid() == 0 else {}
    if who:
        shutil.chown(folder, "postgres")
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    secret.chmod(0o644)
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **who}
    port, data = free_port(), folder / "data"
    words = [
        "--no-sync",
        "--username=ada",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
    ]
    subprocess.run([initdb, "-D", str(data), *words], check=True, **quiet)
    serve = [str(Path(initdb).with_name("postgres")), "-D", str(data), "-p", str(port), "-k", str(folder)]
    with subprocess.Popen([*serve, "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"], **quiet) as process:
        try:
            _made(found := Postgres(port))
            yield found
        finally:
            process.terminate()
            process.wait(30)
            shutil.rmtree(folder)


def _made(server: Postgres) -> None:
    until = time.monotonic() + 60
    while True:
        with contextlib.suppress(psycopg.OperationalError):
            with server.connected("postgres") as connection:
                connection.execute("create database desk")
            return
        assert time.monotonic() < until, "PostgreSQL did not start"
        time.sleep(0.05)
