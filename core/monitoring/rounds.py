"""One round: look at all that is live, keep what is wrong, and tell of what nobody was told of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.errors import TrustdeskError, listed
from core.monitoring.alerts import Alerting, Told
from core.monitoring.inspection import Inspection, Look
from core.wording import count


@dataclass(frozen=True, slots=True)
class Round:
    """What was found, and who was told."""

    look: Look
    told: Told

    @property
    def news(self) -> tuple[str, ...]:
        """A sentence for each thing that this round has changed; nothing when all is as it was."""
        by = listed([f"the {name}" for name in self.told.by])
        done = [f"{self.told.incidents} told by {by}."] if self.told.by else []
        new = [f"{count(len(self.look.new), 'new incident')}: see the page Monitor."] if self.look.new else []
        return tuple(filter(None, [*new, self.look.raised, *done, self.told.failure]))


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """Looks, keeps what is wrong, and tells."""

    alerting: Alerting
    inspection: Inspection

    def go(self, *, now: datetime) -> Round:
        """Raises what `inspection.look` and `alerting.channels` raise."""
        look = self.inspection.look(now=now)
        return Round(look, self.alerting.tell(self.alerting.channels(), now=now))

    def news(self, *, now: datetime) -> tuple[str, ...]:
        """The news of a round, for who goes on whatever it finds: an error of ours is news as well."""
        try:
            return self.go(now=now).news
        except TrustdeskError as error:  # a file that somebody edits just now: the next round looks again
            return (str(error),)
