"""How often somebody may ask: a token bucket each."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from threading import Lock
from typing import Final

from core.errors import TooOftenError


@dataclass(slots=True)
class Bucket:
    """A token bucket: requests that may be made at once, refilled by `rate` a second."""

    rate: float
    left: float
    at: float

    @property
    def rests(self) -> float:
        """Seconds without a request until as many may be made as ever, from the last one on."""
        return (max(self.rate, 1.0) - self.left) / self.rate

    def take(self, now: float) -> float:
        """0 where a request may be made now, else the seconds until one may."""
        self.left = min(self.left + (now - self.at) * self.rate, max(self.rate, 1.0))
        self.at = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) / self.rate


#: Passwords that a client may try at once, and how many more in each second.
ATTEMPTS: Final = 10
ATTEMPTS_RATE: Final = 10 / 60
#: Clients remembered; those that have waited long enough to be like new ones are forgotten.
MOST_CLIENTS: Final = 10_000


class Attempts:
    """How often each client may try a password; threads may share it."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, client: str, now: float) -> None:
        """Count an attempt, before the work of checking it is done. Raises TooOftenError.

        now: seconds of a clock that only grows.
        """
        with self._lock:
            left = self._rested(client, now)
            if left < 1:
                raise TooOftenError((1 - left) / ATTEMPTS_RATE)
            self._left[client] = (left - 1, now)
            if len(self._left) > MOST_CLIENTS:
                self._left = {each: self._left[each] for each in self._left if self._rested(each, now) < ATTEMPTS}

    def give_back(self, client: str) -> None:
        """An attempt that was right does not count: a team may sign in from one address."""
        with self._lock:
            if client in self._left:
                left, at = self._left[client]
                self._left[client] = (min(left + 1, float(ATTEMPTS)), at)

    def _rested(self, client: str, now: float) -> float:
        left, at = self._left.get(client, (float(ATTEMPTS), now))
        return min(left + (now - at) * ATTEMPTS_RATE, float(ATTEMPTS))


def client(address: str | None) -> str:
    """What counts as one client: an address, or the network that one household or machine has of the newer kind.

    >>> client("203.0.113.7"), client("2001:db8:1:2:3::4"), client(None)
    ('203.0.113.7', '2001:db8:1:2::/64', 'this machine')
    """
    if address is None:
        return "this machine"
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))
    return str(found)


#: Those at the sign-in of this process.
SIGN_IN: Final = Attempts()
