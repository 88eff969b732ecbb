"""Objects in buckets, against moto's server: fetched whole, resumed, and never written over somebody else's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import CutError, RefusedError, RemoteError
from core.remote import addresses, s3
from core.remote.addresses import Object
from core.remote.s3 import Buckets
from tests.core.remote.bucket_server import SECRET_KEY, buckets_server, with_keys
from tests.core.remote.cutting_proxy import Proxy

LARGE = hashlib.shake_256(b"large").digest(11_000_000)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with buckets_server() as found:
        yield found


@pytest.fixture(autouse=True)
def client(port: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    return with_keys(monkeypatch, port)


def at(key: str, bucket: str = "desk") -> Object:
    return addresses.bucket(f"s3://{bucket}/{key}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine"
    path.write_bytes(b"some rows\n")
    return path


def test_what_was_sent_is_fetched_as_it_was_in_one_piece_and_in_parts(file: Path, tmp_path: Path, client: Any) -> None:
    assert Buckets().send(file, at("a/b c+d.csv"), kind="scores") == "s3://desk/a/b c+d.csv was sent."
    assert Buckets().fetch(at("a/b c+d.csv"), tmp_path / "one") == hashlib.sha256(b"some rows\n").hexdigest()
    file.write_bytes(LARGE)
    Buckets(part=5 << 20).send(file, at("large"), kind="scores")
    assert client.head_object(Bucket="desk", Key="large")["ETag"].endswith('-3"')
    assert Buckets().fetch(at("large"), tmp_path / "two") == hashlib.sha256(LARGE).hexdigest()
    assert (tmp_path / "two").read_bytes() == LARGE
    file.write_bytes(b"")
    Buckets().send(file, at("nothing"), kind="scores")
    Buckets().fetch(at("nothing"), tmp_path / "three")
    assert (tmp_path / "three").read_bytes() == b""


def test_a_download_that_is_cut_goes_on_where_it_was(
    port: int, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put_object(Bucket="desk", Key="cut", Body=LARGE)
    taken: list[int] = []
    with Proxy(port, cuts=[4_000_000, 6_000_000]).serving() as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.own}")
        Buckets().fetch(at("cut"), tmp_path / "cut", got=taken.append)
    assert (tmp_path / "cut").read_bytes() == LARGE
    assert sum(taken) == len(LARGE)
    assert proxy.connections == 3


def test_one_that_changes_or_is_spoilt_on_the_way_is_not_used(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put_object(Bucket="desk", Key="spoilt", Body=b"12345", Metadata={"trustdesk-sha256": "0" * 64})
    with pytest.raises(RefusedError, match="came otherwise than it was sent"):
        Buckets().fetch(at("spoilt"), tmp_path / "spoilt")
    assert not (tmp_path / "spoilt").exists()
    client.put_object(Bucket="desk", Key="moving", Body=b"12345")
    old = Buckets().look(at("moving"))
    client.put_object(Bucket="desk", Key="moving", Body=b"54321")
    monkeypatch.setattr(Buckets, "look", lambda _self, _address: old)
    with pytest.raises(RefusedError, match="was written by somebody else meanwhile"):
        Buckets().fetch(at("moving"), tmp_path / "moving")


def test_somebody_elses_object_is_left_as_it_is_and_an_own_one_replaced(
    client: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.put_object(Bucket="desk", Key="theirs", Body=b"theirs")
    with pytest.raises(RefusedError, match="was not sent by this command"):
        Buckets().send(file, at("theirs"), kind="scores")
    Buckets().send(file, at("own"), kind="scores")
    assert "is there already, the same" in Buckets().send(file, at("own"), kind="scores")
    with pytest.raises(RefusedError, match="was not sent by this command"):
        Buckets().send(file, at("own"), kind="backup")
    file.write_bytes(b"more rows\n")
    Buckets().send(file, at("own"), kind="scores")
    assert client.get_object(Bucket="desk", Key="own")["Body"].read() == b"more rows\n"
    # One that comes between the look and the write is not written over either.
    monkeypatch.setattr(Buckets, "look", lambda _self, _address: None)
    for part in (1 << 20, 5):
        with pytest.raises(RefusedError, match="meanwhile"):
            Buckets(part=part).send(file, at("theirs"), kind="scores")
    assert client.get_object(Bucket="desk", Key="theirs")["Body"].read() == b"theirs"
    assert "Uploads" not in client.list_multipart_uploads(Bucket="desk")


def test_a_server_without_conditional_writes_is_told_of(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buckets, put = Buckets(), Buckets._put

    def unknown(self: Buckets, path: Path, about: Any, own: Any, condition: dict[str, str]) -> None:
        if condition:
            raise self._client.exceptions.ClientError({"Error": {"Code": "NotImplemented"}}, "PutObject")
        put(self, path, about, own, condition)

    monkeypatch.setattr(Buckets, "_put", unknown)
    assert "knows no conditional writes" in buckets.send(file, at("plain"), kind="scores")


@pytest.mark.parametrize(
    ("key", "bucket", "said"),
    [("nothing-here", "desk", "there is no such object"), ("users.csv", "nowhere", "there is no such bucket")],
)
def test_what_is_not_there_is_told(key: str, bucket: str, said: str, tmp_path: Path, file: Path) -> None:
    with pytest.raises(RemoteError, match=said):
        Buckets().fetch(at(key, bucket), tmp_path / "users.csv")
    if bucket == "nowhere":
        with pytest.raises(RemoteError, match=said):
            Buckets().send(file, at(key, bucket), kind="scores")


def test_absent_keys_and_an_absent_server_are_told_without_any_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "TRIES", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(CutError, match="cannot be reached") as found:
        Buckets().fetch(at("users.csv"), tmp_path / "users.csv")
    assert SECRET_KEY not in f"{found.value} {Buckets()!r}"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(RemoteError, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        Buckets().fetch(at("users.csv"), tmp_path / "users.csv")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "no address")
    with pytest.raises(RemoteError, match="Check AWS_ENDPOINT_URL"):
        Buckets().fetch(at("users.csv"), tmp_path / "users.csv")
