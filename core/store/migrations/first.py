"""The database as it was before its revisions had numbers: what revision 0001 makes, and what stays as it is."""

from __future__ import annotations

from typing import Final

#: What is there already is left alone: a database of before has most of it.
STATEMENTS: Final = (
    """
    CREATE TABLE IF NOT EXISTS accounts (
        "key" VARCHAR NOT NULL,
        name VARCHAR NOT NULL,
        role VARCHAR NOT NULL,
        salt VARCHAR NOT NULL,
        digest VARCHAR NOT NULL,
        failures INTEGER NOT NULL,
        locked_until VARCHAR,
        created VARCHAR NOT NULL,
        changed VARCHAR NOT NULL,
        PRIMARY KEY ("key")
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS cases (
        number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        user VARCHAR NOT NULL,
        dataset VARCHAR NOT NULL,
        run VARCHAR NOT NULL,
        "row" INTEGER NOT NULL,
        prediction VARCHAR NOT NULL,
        model VARCHAR NOT NULL,
        policy VARCHAR NOT NULL,
        score FLOAT NOT NULL,
        band VARCHAR NOT NULL,
        action VARCHAR NOT NULL,
        stratum VARCHAR NOT NULL,
        inclusion FLOAT,
        blind BOOLEAN NOT NULL,
        created VARCHAR NOT NULL,
        queued VARCHAR NOT NULL,
        updated VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        value FLOAT NOT NULL,
        priority FLOAT NOT NULL,
        claimed_by VARCHAR,
        claimed_session VARCHAR,
        claimed_until VARCHAR,
        verdict VARCHAR,
        judgement VARCHAR,
        judged_by VARCHAR,
        judged_at VARCHAR,
        reopened VARCHAR NOT NULL,
        not_for VARCHAR NOT NULL,
        facts VARCHAR NOT NULL,
        context JSON NOT NULL,
        features JSON NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS cases_claimed ON cases (claimed_by, claimed_session) WHERE claimed_by IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS cases_in_order ON cases (priority, number) WHERE status = 'open'",
    "CREATE INDEX IF NOT EXISTS cases_judged ON cases (judged_by, judged_at, judgement)",
    "CREATE INDEX IF NOT EXISTS cases_of_a_user ON cases (user, judged_at)",
    "CREATE UNIQUE INDEX IF NOT EXISTS one_open_case_a_user ON cases (user) WHERE status = 'open'",
    """
    CREATE TABLE IF NOT EXISTS cursors (
        consumer VARCHAR NOT NULL,
        number INTEGER NOT NULL,
        at VARCHAR NOT NULL,
        PRIMARY KEY (consumer)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS decisions (
        number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        time VARCHAR NOT NULL,
        user VARCHAR NOT NULL,
        "case" VARCHAR NOT NULL,
        verdict VARCHAR NOT NULL,
        decision VARCHAR NOT NULL,
        who VARCHAR NOT NULL,
        why VARCHAR NOT NULL,
        reversal_of INTEGER
    )
    """,
    "CREATE INDEX IF NOT EXISTS decisions_of_a_user ON decisions (user, number)",
    """
    CREATE TABLE IF NOT EXISTS documents (
        name VARCHAR NOT NULL,
        version INTEGER NOT NULL,
        body JSON NOT NULL,
        "by" VARCHAR NOT NULL,
        at VARCHAR NOT NULL,
        PRIMARY KEY (name, version)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS incidents (
        number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        kind VARCHAR NOT NULL,
        cause VARCHAR NOT NULL,
        sentence VARCHAR NOT NULL,
        page VARCHAR NOT NULL,
        address JSON NOT NULL,
        opened VARCHAR NOT NULL,
        seen VARCHAR NOT NULL,
        closed VARCHAR,
        told VARCHAR,
        failure VARCHAR NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX IF NOT EXISTS one_open_incident_a_cause ON incidents (kind, cause) WHERE closed IS NULL",
    """
    CREATE TABLE IF NOT EXISTS keys (
        id VARCHAR NOT NULL,
        "key" VARCHAR NOT NULL,
        name VARCHAR NOT NULL,
        role VARCHAR NOT NULL,
        digest VARCHAR NOT NULL,
        rate FLOAT NOT NULL,
        created VARCHAR NOT NULL,
        expires VARCHAR,
        revoked VARCHAR,
        PRIMARY KEY (id)
    )
    """,
    'CREATE UNIQUE INDEX IF NOT EXISTS one_standing_key_a_name ON keys ("key") WHERE revoked IS NULL',
    """
    CREATE TABLE IF NOT EXISTS marks (
        name VARCHAR NOT NULL,
        position VARCHAR NOT NULL,
        PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS predictions (
        run INTEGER NOT NULL,
        "row" INTEGER NOT NULL,
        user VARCHAR NOT NULL,
        margin FLOAT NOT NULL,
        probability FLOAT NOT NULL,
        missing INTEGER NOT NULL,
        novel VARCHAR NOT NULL,
        context JSON NOT NULL,
        features BLOB NOT NULL,
        PRIMARY KEY (run, "row")
    )
     WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS replies (
        owner VARCHAR NOT NULL,
        "key" VARCHAR NOT NULL,
        request VARCHAR NOT NULL,
        status INTEGER NOT NULL,
        at VARCHAR NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (owner, "key")
    )
    """,
    "CREATE INDEX IF NOT EXISTS replies_by_age ON replies (at)",
    """
    CREATE TABLE IF NOT EXISTS runs (
        number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        created VARCHAR NOT NULL,
        dataset VARCHAR NOT NULL,
        name VARCHAR NOT NULL,
        model VARCHAR NOT NULL,
        policy JSON NOT NULL,
        received INTEGER NOT NULL,
        users INTEGER NOT NULL,
        rejected INTEGER NOT NULL,
        counts JSON NOT NULL,
        seconds FLOAT NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS served (
        run INTEGER NOT NULL,
        names JSON NOT NULL,
        PRIMARY KEY (run)
    )
    """,
)
