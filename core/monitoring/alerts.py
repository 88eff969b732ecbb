"""Telling people: once for each incident, to a Slack-compatible webhook or the home's alert log.

What could not be delivered is tried again, each time after twice as long, and once more at every later look. The
webhook is a secret: it stands in no text, no log and no error.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlencode

from core.files import told_when_full
from core.monitoring.incidents import Finding, Incident, Incidents
from core.retry import NotNowError, tried
from core.settings import Alerts

PATIENCE: Final = 5.0
#: Answers that mean "not now"; any other refusal would be the same again.
NOT_NOW: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Incidents named in one message; the page has them all.
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try: `failure` is "" when it was delivered; `again`: another try may help, after `wait` s."""

    failure: str = ""
    again: bool = False
    wait: float = 0.0


class Channel(Protocol):
    """A place where people read alerts."""

    @property
    def name(self) -> str: ...

    def post(self, text: str, now: datetime) -> Answer:
        """Deliver a message, once."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts `{"text": ...}`, as Slack and those who copy it take it."""

    url: str = field(repr=False)
    name: str = "webhook"

    def post(self, text: str, now: datetime) -> Answer:  # noqa: ARG002 - the receiver has a clock of its own
        body = json.dumps({"text": text}).encode()
        request = urllib.request.Request(  # noqa: S310 - http or https: `Alerts.of` has looked
            self.url, body, {"Content-Type": "application/json; charset=utf-8"}, method="POST"
        )
        try:
            with _OPENER.open(request, timeout=PATIENCE):
                return Answer()
        except urllib.error.HTTPError as error:
            wait = error.headers.get("Retry-After", "")
            error.close()
            seconds = float(wait) if wait.isdecimal() else 0.0
            return Answer(f"The webhook answered {error.code}.", error.code in NOT_NOW, seconds)
        except (OSError, http.client.HTTPException) as error:  # the text of either may hold the address
            reason = getattr(error, "reason", error)
            return Answer(f"The webhook could not be reached ({type(reason).__name__}).", again=True)


class _Here(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: a message is for whoever the home has named."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_Here)


@dataclass(frozen=True, slots=True)
class Log:
    """One line a message in `data/logs/alerts.log`, for homes without a webhook."""

    path: Path
    name: str = "log"

    def post(self, text: str, now: datetime) -> Answer:
        line = f"{now.isoformat(timespec='seconds')} {' | '.join(text.splitlines())}\n"
        with told_when_full(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line)
        return Answer()


@dataclass(frozen=True, slots=True, eq=False)
class Alerting:
    """Tells people of incidents. `addresses`: reads anew each time where alerts go, so that nobody keeps a secret."""

    incidents: Incidents
    log: Path
    addresses: Callable[[], Alerts]

    def channel(self) -> Channel:
        """The webhook of this home, else its log. Raises BadOptionError when the webhook is no address."""
        webhook = self.addresses().webhook
        return Webhook(webhook) if webhook else Log(self.log.with_name("alerts.log"))

    def tell(self, to: Channel, *, now: datetime) -> tuple[int, str]:
        """Deliver, in one message, the open incidents nobody was told of. How many were told, and why none were, or "".

        Only what was delivered counts as told; the rest waits for the next look. Two looks at once may tell twice, but
        an incident that was told is not told again.
        """
        waiting = self.incidents.untold()
        if not waiting:
            return 0, ""
        failure = posted(to, message(waiting, self.addresses().address), now=now)
        self.incidents.mark(waiting, now=now, failure=failure)
        return (0, failure) if failure else (len(waiting), "")


def posted(to: Channel, text: str, *, now: datetime) -> str:
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
