"""What `data/state.db` holds of a user: rows that are the user's, and texts that name one."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, delete, func, select, update

from core.catalog.erasure import on_lists
from core.catalog.erasure.on_lists import Listed
from core.catalog.erasure.who import Part, Who
from core.review.cases import BLANK, FORGOTTEN
from core.scoring.runs import id_of
from core.store import tables
from core.store.database import Database
from core.wording import count

_DECISION: Final = {"user": FORGOTTEN, "case": "", "verdict": "", "why": "", "statement": "", "evidence": ""}
#: The tables with a column `user`, and what a row of a forgotten user becomes: counts stay, by whom and when; what
#: leads to the user goes. None: the row is deleted.
OF_USERS: Final[tuple[tuple[Table, Mapping[str, Any] | None], ...]] = (
    (tables.cases, MappingProxyType(BLANK)),
    (tables.decisions, MappingProxyType(_DECISION)),
    (tables.predictions, None),
    (tables.judged_texts, None),
    (tables.user_notes, None),
)
#: What people or files have named, where an id may stand in a text.
_SWEPT: Final = (
    (tables.cases, ("reopened",)),
    (tables.decisions, ("why",)),
    (tables.documents, ("body",)),
    (tables.incidents, ("sentence",)),
    (tables.list_entries, ("reason",)),
    (tables.runs, ("name", "policy", "note")),
    (tables.user_notes, ("text",)),
    (tables.saved_views, ("name", "body")),
)
_PREDICTION: Final = re.compile(r"\br-[0-9]{4,15}-[0-9]+\b")
_GONE: Final = json.dumps({
    "type": "urn:trustdesk:forgotten", "title": "Gone", "status": 410, "code": "forgotten",
    "detail": "A user of this request was forgotten, and its answer with the user.",
}).encode()  # fmt: skip


def parts(database: Database, who: Who, predictions: Collection[str], listed: Listed) -> Iterator[Part]:
    """What there is of a user. predictions: the ids of those on the user in runs that do not grow; listed: what of
    the user stands on lists.
    """
    if not database.path.is_file():
        return
    where = "data/state.db"
    with database.connect() as connection:
        for table, left in OF_USERS:
            ours = select(func.count()).select_from(table).where(table.c.user == who.user)
            if number := connection.execute(ours).scalar_one():
                yield Part(where, f"{count(number, 'row')} of {table.name}, {'blanked' if left else 'deleted'}")
        if number := len(listed.entries):
            yield Part(where, f"{count(number, 'entry').replace('entrys', 'entries')} on lists, blanked and ended")
        if number := len(_replies(connection, who, predictions)):
            yield Part(where, f"{count(number, 'answer')} kept for a request that may come again")
        for table, names in _SWEPT:
            if number := len([*_swept(connection, who, table, names)]):
                yield Part(where, f"the id in {count(number, 'row')} of {table.name}")


def erase(database: Database, who: Who, predictions: Collection[str], listed: Listed, *, now: datetime) -> None:
    """Erase it, and leave nothing of it in pages that are free, in the log or in copies of before an update."""
    with database.writing(erasing=True) as connection:
        replies = _replies(connection, who, predictions)
        for table, left in OF_USERS:
            ours = table.c.user == who.user
            connection.execute(delete(table).where(ours) if left is None else update(table).where(ours).values(left))
        on_lists.erase(connection, listed, now=now)
        for owner, key in replies:
            one = update(tables.replies).where(tables.replies.c.owner == owner, tables.replies.c.key == key)
            connection.execute(one.values(status=410, body=_GONE, key=who.struck(key)))
        for table, names in _SWEPT:
            for keys, values in [*_swept(connection, who, table, names)]:
                same = and_(*(column == keys[column.name] for column in table.primary_key))
                connection.execute(update(table).where(same).values(values))
    database.compact()


def _replies(connection: Connection, who: Who, predictions: Collection[str]) -> list[tuple[str, str]]:
    """The answers that tell of the user or of a prediction on the user, by owner and key."""
    grows = select(tables.predictions.c.run, tables.predictions.c.row).where(tables.predictions.c.user == who.user)
    on = {*predictions, *(f"{id_of(run)}-{row}" for run, row in connection.execute(grows))}
    replies = tables.replies
    rows = connection.execute(select(replies.c.owner, replies.c.key, replies.c.body))
    told = ((row.owner, row.key, row.body.decode("utf-8", "replace")) for row in rows)
    return [(owner, key) for owner, key, body in told
            if who.named_in(key) or who.named_by(body) or on.intersection(_PREDICTION.findall(body))]  # fmt: skip


def _swept(
    connection: Connection, who: Who, table: Table, names: tuple[str, ...]
) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """The rows that name the user in one of these columns: their keys, and the columns without the id."""
    keys = [column.name for column in table.primary_key]
    for row in connection.execute(select(*(table.c[name] for name in (*keys, *names)))):
        told = row._mapping
        changed = {name: struck for name in names if (struck := who.struck_within(told[name])) != told[name]}
        if changed:
            yield {key: told[key] for key in keys}, changed
