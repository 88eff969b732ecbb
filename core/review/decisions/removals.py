"""What automation removes, told to the platform: users whom runs decided to remove while it was armed.

They are told when somebody asks for decisions, each once, and with what the removal rests on. What a person has said of
a user stands: automation removes nobody whom a person has judged, on whatever values. Nor is anybody removed by a run
for whose model and policy nobody has armed it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import Connection, select

from core.errors import UnknownItemError
from core.feedback.ledger import Ledger
from core.policy.automation import acts
from core.policy.automation.acts import Deed
from core.policy.bands import BANDS
from core.review.decisions import outbox
from core.scoring.online_runs import OnlineRuns
from core.scoring.runs import Run, Runs, id_of
from core.scoring.texts import unquoted
from core.scoring.user_names import UserNames
from core.store import database, tables
from core.store.database import Database

#: Who decides, as the outbox has it.
WHO: Final = "automation"
_MARK: Final = "removals"
_REMOVE: Final = BANDS.index("auto_remove")
#: Of a run of which all users were told.
_WHOLE: Final = -1


class _Removed(NamedTuple):
    row: int
    user: str
    score: float
    decided_by: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Removals:
    """Tells of what automation has removed."""

    database: Database
    ledger: Ledger
    online_runs: OnlineRuns
    runs: Runs
    user_names: UserNames

    def catch_up(self, *, now: datetime) -> int:
        """Put removals into the outbox that are not there yet; how many there were."""
        self.ledger.refresh()
        judged = frozenset(self.ledger.effective()["user"])
        told = 0
        with self.database.writing() as connection:
            done, before = _mark(connection), _mark(connection)
            deeds = acts.all_of(connection)
            for number, grows in _armed_after(connection, done.pop("after", 0)):
                last = done.get(str(number), 0)
                if last == _WHOLE:
                    continue
                run = self.runs.find(id_of(number))
                if (deed := _deed(run, deeds)) is not None:
                    for each in self._removed(run, last, grows=grows):
                        told += each.user not in judged and _tell(connection, run, each, deed, now)
                        done[str(number)] = max(done.get(str(number), 0), each.row)
                if not grows:
                    done[str(number)] = _WHOLE
            after = _settled(connection, done, before.get("after", 0))
            kept = {run: row for run, row in done.items() if int(run) > after} | {"after": after}
            if kept != before:
                database.set_mark(connection, _MARK, json.dumps(kept))
        return told

    def _removed(self, run: Run, last: int, *, grows: bool) -> Iterator[_Removed]:
        """The users of a run whom automation removes, after an input row, in order."""
        if grows:
            found = self.online_runs.find(run.id)
            for row, user in found.by_row.items() if found is not None else ():
                if row > last and user.severity == _REMOVE:
                    yield _Removed(row, user.user, user.probability, user.decided_by, ())
            return
        try:
            scores = self.runs.scores(run.id)
        except UnknownItemError:  # what is kept of it was deleted: nothing is left to tell of
            return
        ours = scores[(scores["severity"].to_numpy(np.int8) == _REMOVE) & (scores.index > last)]
        names, reasons = self.user_names.of(run).loc[ours.index], self.runs.reasons(run.id)
        for row, score, by in zip(ours.index, ours["probability"], ours["decided_by"], strict=True):
            said = () if reasons is None or row not in reasons.index else tuple(reasons.loc[row].dropna().astype("str"))
            # The platform is told for ever, and words of texts may have to be erased.
            yield _Removed(int(row), names.loc[row], float(score), by, [unquoted.reason(each) for each in said if each])


def _armed_after(connection: Connection, after: int) -> list[tuple[int, bool]]:
    """The numbers of runs after another that were decided while automation was armed, and whether each still grows."""
    columns = (tables.runs.c.number, tables.runs.c.policy, tables.runs.c.dataset)
    rows = connection.execute(select(*columns).where(tables.runs.c.number > after).order_by(tables.runs.c.number))
    return [(row.number, not row.dataset) for row in rows if row.policy["armed"]]


def _settled(connection: Connection, done: Mapping[str, int], after: int) -> int:
    """The number up to which nothing of any run is left to tell."""
    rows = connection.execute(
        select(tables.runs.c.number, tables.runs.c.policy, tables.runs.c.dataset)
        .where(tables.runs.c.number > after)
        .order_by(tables.runs.c.number)
    )
    for row in rows:
        if row.policy["armed"] and done.get(str(row.number)) != _WHOLE:
            break
        after = row.number
    return after


def _mark(connection: Connection) -> dict[str, int]:
    text = database.mark(connection, _MARK)
    found: dict[str, int] = json.loads(text) if text else {}
    return found


def _deed(run: Run, deeds: Sequence[Deed]) -> Deed | None:
    """By what automation was armed when a run was made; None where it was not for its model and policy."""
    ours = [
        each for each in deeds
        if each.armed and (each.proof.policy, each.proof.model) == (run.policy.version, run.model)
        and each.at <= run.created
    ]  # fmt: skip
    return ours[-1] if ours else None


def _tell(connection: Connection, run: Run, removed: _Removed, deed: Deed, now: datetime) -> bool:
    return outbox.remove(
        connection, user=removed.user, who=WHO, why=removed.decided_by, at=now,
        statement=run.policy.statement(removed.decided_by),
        evidence=json.dumps(_evidence(run, removed, deed), ensure_ascii=False),
    )  # fmt: skip


def _evidence(run: Run, removed: _Removed, deed: Deed) -> dict[str, Any]:
    """What a removal rests on: the prediction, and the proof that automation was armed on."""
    return {
        "prediction": f"{run.id}-{removed.row}", "policy": run.policy.version, "model": run.model,
        "decided_by": removed.decided_by, "score": removed.score, "reasons": list(removed.reasons),
        "armed": {
            "by": deed.by, "since": deed.at.isoformat(), "target": deed.target, "bound": round(deed.bound, 6),
            "verdicts": deed.verdicts,
        },
    }  # fmt: skip
