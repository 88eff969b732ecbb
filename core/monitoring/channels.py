"""Channels: where people read alerts. A home may name several; one that names none has its alert log.

The webhook is a secret: it stands in no text, no log and no error.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from core.access.endpoints import Alerts
from core.files import told_when_full
from core.ports import AlertChannel

PATIENCE: Final = 5.0
#: Answers that mean "not now"; any other refusal would be the same again.
NOT_NOW: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try: `failure` is "" when it was delivered; `again`: another try may help, after `wait` s."""

    failure: str = ""
    again: bool = False
    wait: float = 0.0


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
            return Answer(f"The {self.name} answered {error.code}.", error.code in NOT_NOW, seconds)
        except (OSError, http.client.HTTPException) as error:  # the text of either may hold the address
            reason = getattr(error, "reason", error)
            return Answer(f"The {self.name} could not be reached ({type(reason).__name__}).", again=True)


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


def named(where: Alerts, log: Path) -> tuple[AlertChannel, ...]:
    """All channels that a home has named, else its log. Of several of a kind each has its number in its name."""
    only = len(where.webhooks) == 1
    webhooks = (Webhook(url, "webhook" if only else f"webhook {at}") for at, url in enumerate(where.webhooks, 1))
    return tuple(webhooks) or (Log(log),)
