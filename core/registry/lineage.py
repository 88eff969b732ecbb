"""Which version was promoted by whom, when and why: the notes of promotions in the audit log, and nothing else.

A note is written before the pointer moves, so that nothing is ever live without one. A note whose move never
came about (a crash, a full disk) is told by the next one, which names what was live before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from core.access.audit import AuditLog

VERSION: Final = re.compile(r"v\d{4,}")
PROMOTE: Final = "promote"
ROLL_BACK: Final = "roll back"
_ALL: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version promoted; `before`: the champion until then, None for the first. `what` is "promote" or
    "roll back".
    """

    version: str
    before: str | None
    what: str
    by: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """Which versions were live when, by the audit log."""

    audit: AuditLog

    def note(self, promotion: Promotion, *, pulled_from: str = "") -> None:
        """Write a promotion down in the audit log; `pulled_from`: repo and commit of a pulled version.

        Raises StorageError.
        """
        self.audit.note(
            who=promotion.by, what=promotion.what, about=promotion.version, why=promotion.why,
            details={"before": promotion.before} | ({"from": pulled_from} if pulled_from else {}), now=promotion.at,
            ahead=True,
        )  # fmt: skip

    def history(self, champion: str | None) -> tuple[Promotion, ...]:
        """The promotions that came about, oldest first, when `champion` is live now.

        Raises FileProblemError when the audit log was damaged.
        """
        return effective(self.noted(), champion)

    def noted(self) -> list[Promotion]:
        """All promotions that were noted, oldest first, whether they came about or not; raises as `history` does."""
        frame = self.audit.read(_ALL).iloc[::-1]
        # Policies and plans may be promoted too: only versions of a model are meant here.
        kept = frame[frame["what"].isin([PROMOTE, ROLL_BACK]) & frame["about"].str.fullmatch(VERSION)]
        texts = kept[["about", "details", "what", "who", "why"]].to_numpy().tolist()
        times = kept["time"].dt.to_pydatetime()
        return [
            Promotion(version, _before(details), what, by, why, at)
            for (version, details, what, by, why), at in zip(texts, times, strict=True)
        ]


def effective(noted: Sequence[Promotion], champion: str | None) -> tuple[Promotion, ...]:
    """Those after which the version was live: the next one names it as the one before, or it still is."""
    after = [following.before for _, following in pairwise(noted)] + [champion]
    return tuple(each for each, then in zip(noted, after, strict=False) if each.version == then)


def former(promotions: Sequence[Promotion]) -> str | None:
    """What a roll back makes live, None when there is nothing to go back to. promotions: oldest first.

    Every promotion is undone once, the latest first: after a roll back, the next one goes one version further back.

    >>> def step(version: str, before: str, what: str) -> Promotion:
    ...     return Promotion(version, before, what, "Ada", "", datetime(2026, 1, 1))
    >>> steps = [step("v0002", "v0001", PROMOTE), step("v0003", "v0002", PROMOTE), step("v0002", "v0003", ROLL_BACK)]
    >>> former(steps[:2]), former(steps), former([])
    ('v0002', 'v0001', None)
    """
    before: list[str | None] = []
    for promotion in promotions:
        if promotion.what == PROMOTE:
            before.append(promotion.before)
        elif before:
            before.pop()
    return before[-1] if before else None


def _before(details: str) -> str | None:
    found = json.loads(details).get("before") if details else None
    return found if isinstance(found, str) else None
