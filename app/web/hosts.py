"""Which host a request may name, and which web page may have sent it: one answer for the dashboard and for the API.

A page elsewhere may give its own name the address of this machine (DNS rebinding): what a browser then sends here still
names that page's host. So only names are answered that somebody has chosen, and the address at which a request came in.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.errors import BadOptionError

#: Names under which this machine calls itself.
OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
#: Addresses to listen on that stand for all of a machine, and are nobody's name.
_ANY: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - not listened on here
#: A host as RFC 9110 has it, without what only a whole address may have, such as somebody's name before an @.
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
_ORIGIN: Final = re.compile(r"(https?)://(.+)")
_PORTS: Final = {"http": 80, "https": 443}
_MOST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Place:
    """A host, in the one form in which hosts are compared, and its port, None where it was not given."""

    name: str
    port: int | None


def place(text: str) -> Place | None:
    """What the header Host says, such as `localhost:8501`; None for anything else than a host and a port.

    >>> place("LOCALHOST.:8501"), place("evil@127.0.0.1")
    (Place(name='localhost', port=8501), None)
    """
    parts = _AUTHORITY.fullmatch(text)
    if parts is None or int(parts[2] or 0) > _MOST_PORT:
        return None
    name = parts[1].lower().removesuffix(".")
    if name.startswith("["):
        try:
            name = str(ipaddress.IPv6Address(name[1:-1]))
        except ValueError:
            return None
    return Place(name, int(parts[2]) if parts[2] else None) if name else None


def origin(text: str) -> Place | None:
    """Where a web page comes from, as the header Origin says; None for what is no http(s) address, such as `null`.

    >>> origin("https://trustdesk.example.com"), origin("http://evil@127.0.0.1")
    (Place(name='trustdesk.example.com', port=443), None)
    """
    parts = _ORIGIN.fullmatch(text)
    found = place(parts[2]) if parts else None
    return Place(found.name, found.port or _PORTS[parts[1]]) if found and parts else None


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names that are answered: those of this machine, and `added`."""

    added: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> Hosts:
        """These names too; a port in them does not count. Raises BadOptionError for what is no name of a host."""
        return cls(frozenset(_name(name) for name in names if name.strip() not in _ANY) - OWN_NAMES)

    def answers(self, host: str, *, at: str | None = None) -> bool:
        """Whether a request may name this host. at: the address of this machine at which it came in."""
        named = place(host)
        if named is None:
            return False
        return named.name in OWN_NAMES | self.added or (at is not None and named.name == _address(at))

    def serves(self, page: str, host: str) -> bool:
        """Whether a page from there may speak to this host: one of its own, or one of the names that were added."""
        there, here = origin(page), place(host)
        if there is None or here is None:
            return False
        # A proxy that ends TLS may say no port, or pass on the one it was asked at.
        same = there.name == here.name and there.port in ({here.port} if here.port else set(_PORTS.values()))
        return same or there.name in self.added

    def knows_page(self, page: str) -> bool:
        """Whether a page comes from one of the names, at any port."""
        there = origin(page)
        return there is not None and there.name in OWN_NAMES | self.added


def _name(text: str) -> str:
    found = place(text.strip())
    if found is None:
        raise BadOptionError(
            "--allow-host", f"{text!r} is no name of a host. Give the name alone, such as trustdesk.example.com."
        )
    return found.name


def _address(text: str) -> str | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A socket for both kinds of addresses tells of the older kind as if it were of the newer one.
    return str((isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped) or found)
