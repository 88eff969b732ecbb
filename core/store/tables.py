"""The tables of `data/state.db`, as this version of the program works with them.

A change here comes with a revision in `core/store/migrations/versions/` that makes it in the databases there are.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    text,
)  # fmt: skip

from core.store.moment import Moment

#: The revision of `core.store.migrations` that these tables are.
SCHEMA_HEAD: Final = "0009"

metadata: Final = MetaData()

#: One scoring of one file. `counts`: users by band; `policy`: the thresholds in force then. People say of a run what it
#: is called, a `note`, and whether it is a `test`.
runs: Final = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("created", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("name", String, nullable=False),
    Column("model", String, nullable=False),
    Column("policy", JSON, nullable=False),
    Column("received", Integer, nullable=False),
    Column("users", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("note", String, nullable=False, server_default=""),
    Column("test", Boolean, nullable=False, server_default=text("0")),
    sqlite_autoincrement=True,  # a number is never given twice: prediction ids are built on it
)

#: Users a person is to judge, or has judged. `value`, `priority`: see core.review.ordering; `queued`: when it
#: last came into the queue; `facts`: digest of `features`. A claim is a reviewer, a session and an end. `category`: of
#: violation, as the model says, "" where it says none; `judged_category`: as the reviewer does.
cases: Final = Table(
    "cases",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("user", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("run", String, nullable=False),
    Column("row", Integer, nullable=False),
    Column("prediction", String, nullable=False),
    Column("model", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("score", Float, nullable=False),
    Column("band", String, nullable=False),
    Column("action", String, nullable=False),
    Column("stratum", String, nullable=False),
    Column("inclusion", Float),
    Column("blind", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
    Column("queued", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("status", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("priority", Float, nullable=False),
    Column("claimed_by", String),
    Column("claimed_session", String),
    Column("claimed_until", Moment),
    Column("verdict", String),
    Column("judgement", String),
    Column("judged_by", String),
    Column("judged_at", Moment),
    Column("reopened", String, nullable=False),
    Column("not_for", String, nullable=False),
    Column("facts", String, nullable=False),
    # Last, because they are long: SQLite reads a row from its start.
    Column("context", JSON, nullable=False),
    Column("features", JSON, nullable=False),
    Column("decided_by", String, nullable=False, server_default="score"),
    Column("category", String, nullable=False, server_default=""),
    Column("judged_category", String, nullable=False, server_default=""),
    Column("assigned_to", String),
    Column("assigned_by", String),
    Column("assigned_at", Moment),
    sqlite_autoincrement=True,
)
#: Written as text, here and in queries: SQLite takes a partial index only where it reads the same condition.
OPEN: Final = text("status = 'open'")
_CLAIMED: Final = text("claimed_by IS NOT NULL")
Index("cases_in_order", cases.c.priority, cases.c.number, sqlite_where=OPEN)
Index("one_open_case_a_user", cases.c.user, unique=True, sqlite_where=OPEN)
Index("cases_claimed", cases.c.claimed_by, cases.c.claimed_session, sqlite_where=_CLAIMED)
Index("cases_assigned", cases.c.assigned_to, cases.c.priority, sqlite_where=text("assigned_to IS NOT NULL"))
Index("cases_of_a_user", cases.c.user, cases.c.judged_at)
Index("cases_judged", cases.c.judged_by, cases.c.judged_at, cases.c.judgement)

#: What the platform is told to do with a user, in the order it was decided; `number` is the cursor. `case` and
#: `verdict` are "" where automation decided, `evidence` is what that rests on, as JSON. `statement`: what a removed
#: user is told.
decisions: Final = Table(
    "decisions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("time", Moment, nullable=False),
    Column("user", String, nullable=False),
    Column("case", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("decision", String, nullable=False),
    Column("who", String, nullable=False),
    Column("why", String, nullable=False),
    Column("reversal_of", Integer),
    Column("statement", String, nullable=False, server_default=""),
    Column("evidence", String, nullable=False, server_default=""),
    Index("decisions_of_a_user", "user", "number"),
    sqlite_autoincrement=True,
)

#: How far each consumer of the decisions has confirmed them.
cursors: Final = Table(
    "cursors",
    metadata,
    Column("consumer", String, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)

#: Decisions that the webhook has refused for good; see `core.delivery`.
dead_letters: Final = Table(
    "dead_letters",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("failure", String, nullable=False),
    Column("at", Moment, nullable=False),
)

#: Who may do what where a team shares a home. `key`: the name as it is compared; none at all: local mode.
accounts: Final = Table(
    "accounts",
    metadata,
    Column("key", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("salt", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Moment),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
)

#: What people edit and what stays readable in every version.
documents: Final = Table(
    "documents",
    metadata,
    Column("name", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
)

#: What went wrong while live, from when it was first found until it was found no more. `cause` says what of its kind;
#: `told`: when somebody was told; `failure`: why the last try to tell failed. `page` and `address`: where to look.
incidents: Final = Table(
    "incidents",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("sentence", String, nullable=False),
    Column("page", String, nullable=False),
    Column("address", JSON, nullable=False),
    Column("opened", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Column("closed", Moment),
    Column("told", Moment),
    Column("failure", String, nullable=False),
    Index("one_open_incident_a_cause", "kind", "cause", unique=True, sqlite_where=text("closed IS NULL")),
    sqlite_autoincrement=True,
)

#: Keys of programs that use the API. `key`: the name as it is compared; `digest`: SHA-256 of the secret; `rate`:
#: requests a second, 0 for any number.
keys: Final = Table(
    "keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("key", String, nullable=False),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("rate", Float, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment),
    Column("revoked", Moment),
    Index("one_standing_key_a_name", "key", unique=True, sqlite_where=text("revoked IS NULL")),
)

#: Runs of the API that still grow. `names`: what `predictions.features` holds, in order.
served: Final = Table(
    "served",
    metadata,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("names", JSON, nullable=False),
)

#: Users scored in such a run. `features`: float64, little-endian, NaN for missing; `severity`: position of the band,
#: NULL for those of before revision 0002, where the score alone decided.
predictions: Final = Table(
    "predictions",
    metadata,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("user", String, nullable=False),
    Column("margin", Float, nullable=False),
    Column("probability", Float, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("novel", String, nullable=False),
    Column("context", JSON, nullable=False),
    Column("features", LargeBinary, nullable=False),
    Column("severity", Integer),
    Column("decided_by", String, nullable=False, server_default="score"),
    Column("category", String, nullable=False, server_default=""),
    Column("category_probability", Float),
    sqlite_with_rowid=False,
)

#: What users wrote who were judged. Verdicts hold the `number` of a text (see `core.text.key`) and no word of it, so
#: that it can be erased.
judged_texts: Final = Table(
    "judged_texts",
    metadata,
    Column("user", String, primary_key=True),
    Column("feature", String, primary_key=True),
    Column("number", Float, primary_key=True),
    Column("text", String, nullable=False),
    sqlite_with_rowid=False,
)

#: What people have noted of users; `user`: as files name them.
user_notes: Final = Table(
    "user_notes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("user", String, nullable=False),
    Column("text", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index("notes_on_a_user", "user", "number"),
    sqlite_autoincrement=True,
)

#: What stands, or stood, on the lists of the policy. `column`: of the context, "" for the id of a user; `compared`: the
#: value as it is compared.
list_entries: Final = Table(
    "list_entries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("list", String, nullable=False),
    Column("column", String, nullable=False),
    Column("value", String, nullable=False),
    Column("compared", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("expires", Moment),
    Column("ended", Moment),
    Column("ended_by", String, nullable=False),
    Index("one_standing_entry_a_value", "list", "column", "compared", unique=True, sqlite_where=text("ended IS NULL")),
    sqlite_autoincrement=True,
)

#: Views of lists that somebody has saved. `list`: what they are of; `body`: the view, as an address tells it.
saved_views: Final = Table(
    "saved_views",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("list", String, nullable=False),
    Column("name", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("body", JSON, nullable=False),
    Column("changed", Moment, nullable=False),
    Index("saved_views_of_a_list", "list", "owner"),
    sqlite_autoincrement=True,
)

#: What was answered to requests that may come again, or is being answered; see `core.access.idempotency`. `request`:
#: digest of what was asked.
replies: Final = Table(
    "replies",
    metadata,
    Column("owner", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("request", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("replies_by_age", "at"),
)

#: How far a file was applied to this database, so that each part of it is applied once.
marks: Final = Table(
    "marks",
    metadata,
    Column("name", String, primary_key=True),
    Column("position", String, nullable=False),
)
