"""A home in which a run waits for review, and reviewers who work there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import select

from core.feedback.csv_store import CsvStore
from core.feedback.ledger import Ledger
from core.feedback.verdict import Verdict
from core.home import Home
from core.planning.day import Places
from core.policy.decide import decide
from core.policy.policy import Policy
from core.ports import ApplyVerdicts
from core.review import cases
from core.review.cases import Case
from core.review.verdicts import Given
from core.schema import schema as schemas
from core.scoring.runs import Run
from core.store import tables
from tests import make
from tests.make import NOW

POLICY = make.policy(0.2, 0.5, 0.8)


class _Crash:
    """`VerdictEffects` of a process that dies as soon as the lines are written."""

    @contextlib.contextmanager
    def transaction(self) -> Iterator[ApplyVerdicts]:
        yield lambda _stored: None


def crash_after(home: Home, verdicts: Sequence[Verdict]) -> None:
    """Store verdicts as whoever dies between the file and the database."""
    CsvStore(home.ledger, home.audit, _Crash()).record(verdicts)


def rules(home: Home, *, capacity: int, random_share: float = 0.2, uncertain: int = 0) -> None:
    """What the lead has set."""
    asked = {"capacity": capacity, "random_share": random_share, "uncertain": uncertain}
    home.guidance.save(replace(home.guidance.load(), **asked), by="Lea", now=NOW)


def scored(home: Home, frame: pd.DataFrame, policy: Policy = POLICY) -> Run:
    model, schema = home.registry.load(), schemas.load(home.settings.schema_file)
    return home.file_scoring.score_file("users.csv", make.csv(frame), schema, model, policy, now=NOW).run


def planned(
    home: Home, frame: pd.DataFrame, *, capacity: int = 5, audit: float = 0.1, uncertain: int = 2
) -> Run:  # fmt: skip
    """A scored run of whose users some are queued: up to so many flagged and unsure ones, and a share at random."""
    run = scored(home, frame)
    due = int((decide(run.policy, home.runs.scores(run.id)["probability"]).severity >= 2).sum())
    places = Places(min(capacity, due), uncertain, audit * len(frame))
    home.plans.choose(places, by="Lea", now=NOW)
    return run


def waiting(home: Home) -> list[Case]:
    """All open cases, by number."""
    with home.database.connect() as connection:
        numbers = (
            connection.execute(select(tables.cases.c.number).where(tables.OPEN).order_by("number")).scalars().all()
        )
        return [cases.read(connection, cases.id_of(number)) for number in numbers]


def judge(
    home: Home, case: Case, judgement: Any = "spammer", *, verdict: str = "", by: str = "Ada", now: Any = NOW,
    **said: Any,
) -> Verdict:  # fmt: skip
    """Take a case and judge it."""
    home.queue.take(case.id, by, now=now, session="tab")
    return home.verdicts.judge(
        case.id, Given(verdict or f"v-{case.id}-{by}", judgement, **said), by=by, session="tab", now=now
    )


def said(case: Case, judgement: Any = "spammer", /, *, verdict: str = "", by: str = "Ada", **changes: Any) -> Verdict:
    """A verdict on a case as it is stored, and nothing stored yet."""
    asked = ("prediction", "user", "score", "band", "action", "stratum", "inclusion", "blind", "model", "policy",
             "features")  # fmt: skip
    about: dict[str, Any] = {name: getattr(case, name) for name in asked} | {"case": case.id, "time": NOW}
    about |= {"id": verdict or f"v-{case.id}-{by}", "reviewer": by, "verdict": judgement}
    return Verdict(**about | changes)


def judge_all(home: Home, truth: Mapping[str, Any], name: str = "all", now: datetime = NOW) -> None:
    """Judge every open case by the truth, a judgement by user."""
    for judgement in sorted(set(truth.values())):
        chosen = [case.id for case in waiting(home) if truth[case.user] == judgement]
        done = home.verdicts.triage(
            chosen, Given(f"{name}-{judgement}", judgement), by="Ada", session="triage", now=now
        )  # fmt: skip
        assert not done.refused


def truth_of(frame: pd.DataFrame) -> dict[str, str]:
    """What each user is."""
    return dict(zip(frame["user"], frame["spam"].map({1: "spammer", 0: "legitimate"}), strict=True))


def told(home: Home, user: str) -> list[tuple[str, int | None, str]]:
    """Decision, what it takes back and why, of a user, oldest first."""
    frame = home.outbox.of_user(user)
    return [
        (row.decision, None if row.reversal_of is pd.NA else row.reversal_of, row.why) for row in frame.itertuples()
    ]


def rows(home: Home) -> pd.DataFrame:
    """The feedback file as anybody reads it: text, in the order of the lines."""
    return pd.read_csv(home.settings.feedback / "feedback.csv", dtype=str, keep_default_na=False)


def fresh(home: Home) -> Ledger:
    found = home.ledger
    found.refresh()
    return found


def not_chosen(home: Home, run: Run, band: str = "allow") -> Iterable[int]:
    """Input rows of a band whom the plan of a run has left out."""
    plan = home.runs.plan(run.id)
    assert plan is not None
    bands = decide(run.policy, home.runs.scores(run.id)["probability"]).bands
    return plan.index[~plan["chosen"] & (bands == band)].tolist()
