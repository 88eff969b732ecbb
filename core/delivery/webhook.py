"""The webhook of a platform that takes decisions: what is posted, how it is signed, and what an answer means.

Signed as Standard Webhooks says (https://www.standardwebhooks.com), so that a receiver checks it with a library.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import pandas as pd

from core.access.endpoints import SECRET_PREFIX, Receiver

#: Seconds that a receiver has to answer.
PATIENCE: Final = 30.0
#: Refusals of the address or the key, not of what was sent: nothing else would be taken either. 408, 425 and 429 ask
#: for another time.
_NOT_OF_THE_BODY: Final = frozenset({401, 403, 404, 405, 407, 408, 410, 421, 425, 426, 429})
_NEW_SECRET: Final = 32  # bytes; Standard Webhooks asks for 24 to 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered: `status` of HTTP, 0 where it could not be reached; `wait`: seconds it asks to wait."""

    status: int
    failure: str = ""
    wait: float = 0.0

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether it would refuse the same again, and may take something else."""
        return 400 <= self.status < 500 and self.status not in _NOT_OF_THE_BODY


class Takes(Protocol):
    """Takes decisions, as they are in the outbox."""

    def post(self, decisions: pd.DataFrame, *, now: datetime) -> Answer:
        """Offer decisions, one at least, and say what came of it; raises nothing."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts decisions to the address of a receiver. Neither address nor secret is in any text."""

    receiver: Receiver

    def post(self, decisions: pd.DataFrame, *, now: datetime) -> Answer:
        body = written(decisions, now)
        numbers = [int(number) for number in decisions.index]
        headers = {"Content-Type": "application/json", "User-Agent": "Trustdesk"}
        headers |= signed(body, f"decisions-{numbers[0]}-{numbers[-1]}", self.receiver.secret, now)
        request = urllib.request.Request(self.receiver.url, body, headers, method="POST")  # noqa: S310 - http or https
        try:
            with _OPENER.open(request, timeout=PATIENCE) as answer:
                return Answer(answer.status)
        except urllib.error.HTTPError as error:
            wait = error.headers.get("Retry-After", "")
            error.close()
            return Answer(error.code, f"The webhook answered {error.code}.", float(wait) if wait.isdecimal() else 0.0)
        except (OSError, http.client.HTTPException) as error:  # the text of either may hold the address
            reason = getattr(error, "reason", error)
            return Answer(0, f"The webhook could not be reached ({type(reason).__name__}).")


def written(decisions: pd.DataFrame, now: datetime) -> bytes:
    """The body of a request: `type`, `timestamp` and `data`, which has the decisions as the API gives them."""
    rows = [_row(number, row) for number, row in zip(decisions.index, decisions.to_dict("records"), strict=True)]
    body = {"type": "decisions", "timestamp": now.isoformat(), "data": {"decisions": rows}}
    return json.dumps(body, ensure_ascii=False).encode()


def signed(body: bytes, identity: str, keys: Sequence[bytes], now: datetime) -> dict[str, str]:
    """The headers that show who has sent a body, when, and that it is whole; a signature for each secret."""
    at = str(int(now.timestamp()))
    content = b".".join([identity.encode(), at.encode(), body])
    found = [base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys]
    return {
        "webhook-id": identity, "webhook-timestamp": at,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in found),
    }  # fmt: skip


def new_secret() -> str:
    """A secret that receiver and sender may share."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_NEW_SECRET)).decode()


def _row(number: int, row: dict[Hashable, Any]) -> dict[Hashable, Any]:
    reversal = row["reversal_of"]
    return {
        "number": int(number), **row, "time": row["time"].isoformat(),
        "reversal_of": None if pd.isna(reversal) else int(reversal),
    }  # fmt: skip


class _Here(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: decisions are for whoever the workspace has named."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_Here)
