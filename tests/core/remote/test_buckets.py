"""Files, scores, versions and backups in a bucket, by the commands, against moto's server."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli import app
from core.home import Home
from tests import make
from tests.core.remote.bucket_server import SECRET_KEY, buckets_server, with_keys

USERS = make.csv(make.users(60, seed=2).drop(columns="spam"))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with buckets_server() as found:
        yield found


@pytest.fixture
def client(port: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    return with_keys(monkeypatch, port)


def invoked(home: Home, *words: object) -> Result:
    found = CliRunner().invoke(app, ["--home", str(home.settings.home), *map(str, words)])
    assert SECRET_KEY not in found.output
    return found


def content(client: Any, key: str) -> bytes:
    body: bytes = client.get_object(Bucket="desk", Key=key)["Body"].read()
    return body


def test_users_and_scores_in_a_bucket_are_those_of_files(own: Home, client: Any, tmp_path: Path) -> None:
    bad = USERS + b"u81,many,0,1,0,3,a,DE\n"
    (tmp_path / "users.csv").write_bytes(bad)
    client.put_object(Bucket="desk", Key="in/users.csv", Body=bad)
    by_file = invoked(own, "score", tmp_path / "users.csv", "-o", tmp_path / "scored.csv")
    done = invoked(own, "score", "s3://desk/in/users.csv", "-o", "s3://desk/out/scored.csv")
    assert (by_file.exit_code, done.exit_code) == (3, 3), done.stderr
    scored = (tmp_path / "scored.csv").read_bytes().replace(b"r-0001-", b"r-0002-")
    assert content(client, "out/scored.csv") == scored
    assert content(client, "out/scored.rejected.csv") == (tmp_path / "scored.rejected.csv").read_bytes()
    assert own.runs.recent(1)[0].name == "s3://desk/in/users.csv"
    client.put_object(Bucket="desk", Key="out/theirs.csv", Body=b"theirs")
    refused = invoked(own, "score", "s3://desk/in/users.csv", "-o", "s3://desk/out/theirs.csv", "--overwrite")
    assert refused.exit_code == 4
    assert "was not sent by this command" in refused.stderr
    assert content(client, "out/theirs.csv") == b"theirs"
    assert len(own.runs.recent()) == 2
    assert not any(path.is_dir() for path in own.settings.unfinished.iterdir())


def test_a_version_goes_through_a_bucket_and_is_checked_before_it_is_taken(
    own: Home, client: Any, tmp_path: Path
) -> None:
    first = invoked(own, "registry", "push", "v0001", "s3://desk/models/spam")
    assert first.exit_code == 0, first.stderr
    assert "The users it was trained on stayed here" in first.stderr
    assert invoked(own, "registry", "push", "v0001", "s3://desk/models/spam").exit_code == 0  # the same again
    (tmp_path / "other" / "data").mkdir(parents=True)
    shutil.copy(own.settings.schema_file, tmp_path / "other" / "data")
    other = Home.open(tmp_path / "other")
    pulled = invoked(other, "registry", "pull", "s3://desk/models/spam", "--promote", "--why", "It is whole.")
    assert pulled.exit_code == 0, pulled.stderr
    assert "v0001 is models/spam at " in pulled.stderr
    assert "here already" in invoked(other, "registry", "pull", "s3://desk/models/spam").stderr
    assert other.registry.champion() == "v0001"
    name = "model.ubj"
    assert (other.settings.models / "v0001" / name).read_bytes() == (own.settings.models / "v0001" / name).read_bytes()

    client.put_object(Bucket="desk", Key=f"models/spam/{name}", Body=b"spoilt")
    client.put_object(
        Bucket="desk", Key="models/spam/SHA256SUMS", Body=content(client, "models/spam/SHA256SUMS") + b"\n"
    )
    assert invoked(other, "registry", "pull", "s3://desk/models/spam").exit_code == 4
    client.put_object(Bucket="desk", Key="models/code/x.pkl", Body=b"spoilt")
    client.put_object(Bucket="desk", Key="models/code/SHA256SUMS", Body=b"")
    refused = invoked(other, "registry", "pull", "s3://desk/models/code")
    assert "can run code" in refused.stderr
    assert "no whole version" in invoked(other, "registry", "pull", "s3://desk/models/none").stderr
    assert "was not sent by this command" in invoked(own, "registry", "push", "v0001", "s3://desk/models/code").stderr
    assert other.registry.versions() == ("v0001",)


def test_a_backup_goes_to_a_bucket_and_comes_back(own: Home, client: Any, tmp_path: Path) -> None:
    done = invoked(own, "backup", "s3://desk/backups/desk.tar.gz")
    assert done.exit_code == 0, done.stderr
    back = Home.open(tmp_path / "back")
    restored = invoked(back, "restore", "s3://desk/backups/desk.tar.gz")
    assert restored.exit_code == 0, restored.stderr
    assert back.registry.champion() == own.registry.champion() == "v0001"
    client.put_object(Bucket="desk", Key="theirs.tar.gz", Body=b"theirs")
    assert "was not sent by this command" in invoked(own, "backup", "s3://desk/theirs.tar.gz").stderr
    absent = invoked(Home.open(tmp_path / "none"), "restore", "s3://desk/none.tar.gz")
    assert (absent.exit_code, "there is no such object" in absent.stderr) == (2, True)
