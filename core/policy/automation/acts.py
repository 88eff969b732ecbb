"""Who armed automatic removal and who disarmed it, as documents that are only added to; the last one holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, insert, select

from core import formats
from core.errors import RefusedError
from core.store.tables import documents

FORMAT: Final = 1
#: Who disarms where nobody did.
RULE: Final = "change rule"
_NAME: Final = "removal arming"
#: `fell`: the change rule saw a fall; `void`: what was proven is not proven any more, as a verdict was overturned, or
#: the model was promoted anew.
Kind = Literal["arm", "disarm", "fell", "void"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What one sequence of verdicts is about: a policy and model version, from an activation of the policy on, by its
    number in the home.
    """

    policy: str
    model: str
    activation: int


@dataclass(frozen=True, slots=True)
class Deed:
    """That automation was armed or disarmed: for which target, and what so many `verdicts` had proven then."""

    kind: Kind
    proof: Proof
    target: float
    bound: float
    verdicts: int
    why: str
    by: str
    at: datetime
    number: int = 0

    @property
    def armed(self) -> bool:
        return self.kind == "arm"

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT, "kind": self.kind, "policy": self.proof.policy, "model": self.proof.model,
            "activation": self.proof.activation, "target": self.target, "bound": self.bound,
            "verdicts": self.verdicts, "why": self.why,
        }  # fmt: skip


def all_of(connection: Connection) -> tuple[Deed, ...]:
    """All there were, oldest first. Raises NewerFormatError."""
    return tuple(map(_deed, connection.execute(_ours().order_by(documents.c.version)).all()))


def last(connection: Connection) -> Deed | None:
    """The one that holds. Raises NewerFormatError."""
    row = connection.execute(_ours().order_by(documents.c.version.desc()).limit(1)).one_or_none()
    return None if row is None else _deed(row)


def add(connection: Connection, deed: Deed, *, after: int) -> None:
    """Add one. after: the number of the last one that was seen, 0 for none. Raises RefusedError when another came."""
    before = last(connection)
    if (before.number if before else 0) != after:
        who = before.by if before else "Somebody"
        raise RefusedError(f"{who} has armed or disarmed automation at this moment. Load the page again.")
    row = {"name": _NAME, "version": after + 1, "body": deed.as_json(), "by": deed.by, "at": deed.at}
    connection.execute(insert(documents).values(row))


def armed(connection: Connection, proof: Proof) -> bool:
    """Whether automation is armed on this proof."""
    found = last(connection)
    return found is not None and found.armed and found.proof == proof


def _ours() -> Any:
    return select(documents).where(documents.c.name == _NAME)


def _deed(row: Row[Any]) -> Deed:
    told: Mapping[str, Any] = formats.read(row.body, f"removal arming {row.version}", known=FORMAT)
    proof = Proof(told["policy"], told["model"], told["activation"])
    return Deed(
        told["kind"], proof, told["target"], told["bound"], told["verdicts"], told["why"], row.by, row.at, row.version
    )
