"""Addresses of streams: which module reads and writes each kind, and what an address may say.

A kind of stream is one module with `source(address, place)` and `sink(address, place)`, and one line of SCHEMES.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from core.errors import BadOptionError
from core.settings import STREAM_PASSWORD_VARIABLE
from core.streams.patience import Patience

if TYPE_CHECKING:
    from core.streams.stream import Sink, Source

PIPE: Final = "-"
#: The consumer group of a source that names none.
GROUP: Final = "trustdesk"


@dataclass(frozen=True, slots=True)
class Scheme:
    """A kind of stream. `asked`: what an address may ask for; `package`: what it imports; `extra`: what installs it."""

    module: str
    example: str
    asked: tuple[str, ...] = ()
    package: str = ""
    extra: str = ""


_REDIS: Final = Scheme(
    "redis_streams", "redis://localhost:6379/0?stream=events", ("stream", "group"), "redis", "redis>=6"
)
_KAFKA: Final = Scheme(
    "kafka", "kafka://localhost:9092?topic=events", ("topic", "group"), "confluent_kafka", "confluent-kafka>=2.10"
)
SCHEMES: Final[Mapping[str, Scheme]] = {
    PIPE: Scheme("json_lines", PIPE),
    "redis": _REDIS,
    "rediss": _REDIS,
    "kafka": _KAFKA,
    "kinesis": Scheme("kinesis", "kinesis://events?region=eu-west-1", ("region",), "boto3", "boto3>=1.40"),
    "folder": Scheme("folder", "folder:arrivals"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stream is read: its name in the workspace, the folder for how far it has come, and who waits."""

    name: str
    folder: Path
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True)
class Address:
    """An address in parts. `hosts`: with their ports, as it was written; `asked`: what stands behind the `?`."""

    scheme: str
    hosts: str = ""
    user: str | None = None
    path: str = ""
    asked: Mapping[str, str] = field(default_factory=dict)

    @property
    def where(self) -> tuple[object, ...]:
        """What two addresses of one place have in common."""
        path = os.path.realpath(self.path) if self.scheme == "folder" else self.path
        return self.scheme, self.hosts, path, {name: said for name, said in self.asked.items() if name != "group"}

    def need(self, name: str) -> str:
        """Raises BadOptionError where the address does not say it."""
        if not self.asked.get(name):
            raise BadOptionError("stream", f"name its {name}, as in {SCHEMES[self.scheme].example}.")
        return self.asked[name]

    def host(self, port: int) -> tuple[str, int]:
        """The one host of an address and its port, or this one. Raises BadOptionError."""
        try:
            parts = urlsplit(f"//{self.hosts}")
            host, at = parts.hostname, parts.port or port
        except ValueError:
            host = None
        if host is None:
            raise BadOptionError("stream", f"name a host and its port, as in {SCHEMES[self.scheme].example}.")
        return host, at


def opened(source: str, sink: str, place: Place) -> tuple[Source, Sink]:
    """What reads one address and writes to another. Raises BadOptionError, which repeats nothing that may be secret."""
    from_, to = parsed(source), parsed(sink)
    if source != PIPE and from_.where == to.where:
        raise BadOptionError("stream", "decisions would be read as messages in their turn: write them elsewhere.")
    return _module(from_).source(from_, place), _module(to).sink(to, place)


def written(sink: str, place: Place) -> Sink:
    """What writes to an address, for who has messages in hand. Raises as `opened` does."""
    to = parsed(sink)
    found: Sink = _module(to).sink(to, place)
    return found


def parsed(text: str) -> Address:
    """An address in parts.

    >>> parsed("kafka://a:9092,b:9092?topic=events").hosts
    'a:9092,b:9092'
    """
    if text == PIPE:
        return Address(PIPE)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _unknown() from None
    if parts.scheme not in SCHEMES or (not parts.netloc and not parts.path):
        raise _unknown()
    who, _, hosts = parts.netloc.rpartition("@")
    user, colon, _ = who.partition(":")
    if colon:
        raise BadOptionError(
            "stream", f"put the password into {STREAM_PASSWORD_VARIABLE}: lists of processes show an address."
        )
    scheme, asked = SCHEMES[parts.scheme], dict(parse_qsl(parts.query, keep_blank_values=True))
    if set(asked) - set(scheme.asked) or parts.fragment:
        may = f"may say {' and '.join(scheme.asked)}" if scheme.asked else "says nothing"
        raise BadOptionError("stream", f"behind the ? such an address {may}, as in {scheme.example}.")
    return Address(parts.scheme, hosts, unquote(user) or None, unquote(parts.path), asked)


def _unknown() -> BadOptionError:
    examples = dict.fromkeys(each.example for name, each in SCHEMES.items() if name != PIPE)
    return BadOptionError("stream", f"give `{PIPE}` or an address such as {', '.join(examples)}.")


def _module(address: Address) -> Any:
    scheme = SCHEMES[address.scheme]
    if scheme.package:
        try:
            importlib.import_module(scheme.package)
        except ModuleNotFoundError:
            raise BadOptionError("stream", f"this takes a package more: pip install '{scheme.extra}'.") from None
    return importlib.import_module(f"core.streams.{scheme.module}")
