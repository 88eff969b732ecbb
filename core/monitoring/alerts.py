"""Telling people: once for each incident, through every channel that the home has named.

What could not be delivered is tried again, each time after twice as long, and once more at every later look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from core.access.endpoints import Alerts
from core.monitoring import channels
from core.monitoring.incidents import Finding, Incident, Incidents
from core.monitoring.retry import NotNowError, tried
from core.ports import AlertChannel

#: Incidents named in one message; the page has them all.
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Told:
    """How many `incidents` were told, by the names of which channels; `failure`: why not by others, or by any."""

    incidents: int = 0
    by: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Alerting:
    """Tells people of incidents. `addresses`: reads anew each time where alerts go, so that nobody keeps a secret."""

    incidents: Incidents
    log: Path
    addresses: Callable[[], Alerts]

    def channels(self) -> tuple[AlertChannel, ...]:
        """The webhooks of this home, else its log. Raises BadOptionError when a webhook is no address."""
        return channels.named(self.addresses(), self.log.with_name("alerts.log"))

    def tell(self, to: Sequence[AlertChannel], *, now: datetime) -> Told:
        """Deliver, in one message to each channel, the open incidents nobody was told of.

        What one channel delivered counts as told; the rest waits for the next look. Two looks at once may tell twice,
        but an incident that was told is not told again.
        """
        waiting = self.incidents.untold()
        if not waiting:
            return Told()
        text, by, failures = message(waiting, self.addresses().address), list[str](), list[str]()
        for channel in to:
            if failure := posted(channel, text, now=now):
                failures.append(failure)
            else:
                by.append(channel.name)
                self.incidents.mark(waiting, now=now)  # at once: another channel may take its time
        if not by:
            self.incidents.mark(waiting, now=now, failure=" ".join(failures))
        return Told(len(waiting) if by else 0, tuple(by), " ".join(failures))


def posted(to: AlertChannel, text: str, *, now: datetime) -> str:
    """Deliver a message, with a few tries; "" once delivered, else why the last try failed."""

    def post() -> str:
        answer = to.post(text, now)
        if answer.again:
            raise NotNowError(answer.failure, answer.wait)
        return answer.failure

    try:
        return tried(post)
    except NotNowError as error:
        return str(error)


def message(waiting: Sequence[Incident], address: str) -> str:
    """A line for each incident, linked to the page that shows it, in Slack's markup."""
    lines = [f"{_escaped(each.finding.sentence)} <{link(each.finding, address)}|Open>" for each in waiting[:MOST]]
    more = [f"And {len(waiting) - MOST} more: <{address}/monitor|Open>"] if len(waiting) > MOST else []
    return "\n".join([*lines, *more])


def link(finding: Finding, address: str) -> str:
    """Where the dashboard shows a finding.

    >>> link(Finding("drift", "X1", "", "score_file", {"run": "r-0001"}), "http://localhost:8501")
    'http://localhost:8501/score-file?run=r-0001'
    """
    return f"{address}/{finding.page.replace('_', '-')}{_query(finding.address)}"


def _query(where: Mapping[str, str]) -> str:
    return f"?{urlencode(where)}" if where else ""


def _escaped(text: str) -> str:
    """On one line, escaped as Slack asks (docs.slack.dev/messaging/formatting-message-text): a name pings nobody."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
