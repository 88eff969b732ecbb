"""Moto's server of buckets, in a thread."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest

from core.remote import s3

config = pytest.importorskip("botocore.config")
moto = pytest.importorskip("moto.server")

SECRET_KEY = "hunter2/of+ada"  # noqa: S105 - of nothing


@contextlib.contextmanager
def buckets_server() -> Iterator[int]:
    """The port of a server of buckets."""
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()[1]
    finally:
        server.stop()


def with_keys(monkeypatch: pytest.MonkeyPatch, port: int) -> Any:
    """Have this process ask the server at a port, and give a client of it; the bucket `desk` is there."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "ada", "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    client = s3._session().client("s3", config=config.Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket="desk")
    return client
