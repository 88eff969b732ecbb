"""How often a key may ask: a token bucket each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """A token bucket: requests that may be made at once, refilled by `rate` a second."""

    rate: float
    left: float
    at: float

    def take(self, now: float) -> float:
        """0 where a request may be made now, else the seconds until one may."""
        self.left = min(self.left + (now - self.at) * self.rate, max(self.rate, 1.0))
        self.at = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) / self.rate
