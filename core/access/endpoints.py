"""What a home reaches, and from where it is reached: the Hub, alerts, the webhook of decisions, browsers.

Read from the environment and `data/secrets.toml` anew each time, so that nobody has to keep a secret.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from core.errors import BadOptionError
from core.settings import (
    ADDRESS,
    ADDRESS_VARIABLE,
    ENDPOINT_VARIABLE,
    FRAMES_VARIABLE,
    HOSTS_VARIABLE,
    HUB,
    KAFKA_VARIABLES,
    LOG_FORMAT_VARIABLE,
    LOG_LEVEL_VARIABLE,
    RECEIVER_VARIABLES,
    REDDIT_ADDRESS_VARIABLE,
    REDDIT_VARIABLES,
    STREAM_PASSWORD_VARIABLE,
    TOKEN_VARIABLES,
    TRACKING_NAME_VARIABLE,
    TRACKING_SECRET_VARIABLES,
    TRACKING_VARIABLE,
    WEBHOOK_VARIABLE,
)

#: A secret of Standard Webhooks is this and base64.
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - opens nothing by itself
_LEVELS: Final = {
    "debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR,
}  # fmt: skip
_FORMATS: Final = ("text", "json")
_FRAME: Final = re.compile(r"https?://[A-Za-z0-9.*:-]+")


@dataclass(frozen=True, slots=True)
class Hub:
    """The Hub that models are pushed to and pulled from. The token is never part of its text."""

    endpoint: str
    token: str | None = field(repr=False)

    @classmethod
    def of(cls) -> Hub:
        """As the environment says; read anew each time, so that nobody has to keep the token."""
        found = (os.environ.get(name, "").strip() for name in TOKEN_VARIABLES)
        endpoint = os.environ.get(ENDPOINT_VARIABLE, "").strip() or HUB
        return cls(endpoint.rstrip("/"), next(filter(None, found), None))

    @property
    def name(self) -> str:
        """Its address as people read it, such as huggingface.co."""
        return urlsplit(self.endpoint).netloc


@dataclass(frozen=True, slots=True)
class Alerts:
    """Where alerts go and where their links lead. Whoever knows a webhook may post to it: no text has it."""

    webhooks: tuple[str, ...] = field(repr=False)
    address: str

    @classmethod
    def of(cls, secrets_file: Path) -> Alerts:
        """As the environment says, else `webhook`, `webhooks` and `address` of `[alerts]` in `data/secrets.toml`.

        Raises BadOptionError when that file is no TOML or one is no http(s) address; it never repeats them.
        """
        stored = _texts(secrets_file, "alerts", lists=frozenset({"webhooks"}))
        given = os.environ.get(WEBHOOK_VARIABLE, "").strip()
        named = [given] if given else [stored.get("webhook", ""), *stored.get("webhooks", [])]
        webhooks = tuple(dict.fromkeys(filter(None, named)))
        address = os.environ.get(ADDRESS_VARIABLE, "").strip() or stored.get("address", "") or ADDRESS
        for name, found in (*(("webhook", each) for each in webhooks), ("address", address)):
            if not _is_web(found):
                raise BadOptionError(name, "the address of alerts must begin with https:// or http:// and name a host.")
        return cls(webhooks, address.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Receiver:
    """The webhook that decisions are sent to, and the secrets they are signed with; no text has either."""

    url: str = field(repr=False)
    secret: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def of(cls, secrets_file: Path) -> Receiver:
        """As the environment says, else `url` and `secret` of `[decisions]` in `data/secrets.toml`.

        Raises BadOptionError where one is absent or is none; it never repeats them.
        """
        stored = _texts(secrets_file, "decisions")
        url, text = (os.environ.get(name, "").strip() for name in RECEIVER_VARIABLES)
        url, secrets = url or stored.get("url", ""), (text or stored.get("secret", "")).split()
        if not url or not secrets:
            advice = "name url and secret in [decisions] of data/secrets.toml, or set {} and {}."
            raise BadOptionError("webhook", advice.format(*RECEIVER_VARIABLES))
        if not _is_web(url):
            raise BadOptionError("url", "the address must begin with https:// or http:// and name a host.")
        return cls(url, tuple(map(_secret_key, secrets)))


@dataclass(frozen=True, slots=True)
class Reach:
    """From where a browser may come to the dashboard: `hosts` that it may name, and who may frame the pages."""

    hosts: tuple[str, ...]
    framed_by: tuple[str, ...]

    @classmethod
    def of(cls) -> Reach:
        """As the environment says. Raises BadOptionError for a frame that is no http(s) address."""
        hosts = (name.strip() for name in os.environ.get(HOSTS_VARIABLE, "").split(","))
        frames = tuple(os.environ.get(FRAMES_VARIABLE, "").split())
        if wrong := [frame for frame in frames if not _FRAME.fullmatch(frame)]:
            raise BadOptionError(FRAMES_VARIABLE, f"{wrong[0]} is no address such as https://huggingface.co.")
        return cls(tuple(filter(None, hosts)), frames)


@dataclass(frozen=True, slots=True)
class Logs:
    """What is written to logs: from which `level` of `logging` on, and whether as JSON where people read it, too."""

    level: int
    as_json: bool

    @classmethod
    def of(cls) -> Logs:
        """As the environment says. Raises BadOptionError for another level or format than there are."""
        level = os.environ.get(LOG_LEVEL_VARIABLE, "").strip().lower() or "info"
        shape = os.environ.get(LOG_FORMAT_VARIABLE, "").strip().lower() or "text"
        for name, given, known in ((LOG_LEVEL_VARIABLE, level, _LEVELS), (LOG_FORMAT_VARIABLE, shape, _FORMATS)):
            if given not in known:
                raise BadOptionError(name, f"{given} is none of {', '.join(known)}.")
        return cls(_LEVELS[level], shape == "json")


@dataclass(frozen=True, slots=True)
class Tracking:
    """The MLflow server that training runs are sent to, and what their experiment and model are called there."""

    address: str
    name: str

    @classmethod
    def of(cls) -> Tracking | None:
        """As the environment says, None where it names no server. Raises BadOptionError for a secret in the address."""
        address = os.environ.get(TRACKING_VARIABLE, "").strip().rstrip("/")
        if not address:
            return None
        if "@" in address.partition("://")[2].partition("/")[0]:
            advice = "an address has no user and no password: set {} and {} instead."
            raise BadOptionError(TRACKING_VARIABLE, advice.format(*TRACKING_SECRET_VARIABLES))
        return cls(address, os.environ.get(TRACKING_NAME_VARIABLE, "").strip() or "trustdesk")

    @staticmethod
    def is_set() -> bool:
        """Whether a server is named."""
        return bool(os.environ.get(TRACKING_VARIABLE, "").strip())

    @property
    def place(self) -> str:
        """The server as people read it, such as mlflow.example:5000."""
        return urlsplit(self.address).netloc or self.address


@dataclass(frozen=True, slots=True)
class RedditApp:
    """Who asks Reddit for posts. The id and the secret are never part of its text."""

    client: str = field(repr=False)
    secret: str = field(repr=False)
    agent: str
    address: str

    @classmethod
    def of(cls) -> RedditApp:
        """As the environment says. Raises BadOptionError where something is absent."""
        found = [os.environ.get(name, "").strip() for name in REDDIT_VARIABLES]
        if absent := [name for name, value in zip(REDDIT_VARIABLES, found, strict=True) if not value]:
            raise BadOptionError(
                absent[0], "Reddit is asked by an app of yours: docs/streams.md says how to set it up."
            )
        client, secret, agent = found
        return cls(client, secret, agent, os.environ.get(REDDIT_ADDRESS_VARIABLE, "").strip().rstrip("/"))


def stream_password() -> str | None:
    """What a server of streams asks for, as the environment says."""
    return os.environ.get(STREAM_PASSWORD_VARIABLE) or None


def kafka_settings(user: str | None) -> dict[str, str]:
    """Settings of librdkafka by their names, as the environment says; with the password where a user is named."""
    found = {setting: os.environ.get(name, "").strip() for name, setting in KAFKA_VARIABLES.items()}
    if user:
        found |= {"sasl.username": user, "sasl.password": stream_password() or ""}
    return {setting: value for setting, value in found.items() if value}


def _texts(path: Path, table: str, *, lists: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The texts of a table of a file of secrets, and its `lists` of texts."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig")).get(table, {})
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, RecursionError, ValueError):  # what it says of the text may quote a secret
        raise BadOptionError(path.name, "it cannot be read as TOML.") from None
    whole = isinstance(found, dict) and all(
        isinstance(value, list) and all(isinstance(each, str) for each in value)
        if name in lists else isinstance(value, str)
        for name, value in found.items()
    )  # fmt: skip
    if not whole:
        also = f", and {' and '.join(sorted(lists))}, a list of texts" if lists else ""
        raise BadOptionError(path.name, f"[{table}] has texts{also}.")
    return dict(found)


def _secret_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not 24 <= len(key) <= 64:
        advice = f"give {SECRET_PREFIX} and 24 to 64 bytes in base64, as `python3 -m app decisions secret` makes one."
        raise BadOptionError("secret", advice)
    return key


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", address)
