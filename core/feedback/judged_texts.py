"""What judged users wrote, kept in `data/state.db` beside the verdicts, which hold no word of it.

A verdict is sealed for ever and holds the number of a text; the text itself lies here under it, so that it can be
erased and every seal still holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import bindparam, delete, select
from sqlalchemy.engine import Connection

from core.feedback.table import column
from core.feedback.verdict import Verdict
from core.schema.levels import written
from core.store.database import Database, conflicting
from core.store.tables import judged_texts


class Kept(NamedTuple):
    """Which text is kept: of whom, of which feature, under which number."""

    user: str
    feature: str
    number: float


def keep(connection: Connection, verdict: Verdict) -> None:
    """Keep the texts of a verdict, inside a transaction."""
    rows = [
        {"user": verdict.user, "feature": name, "number": verdict.features[name], "text": text}
        for name, text in verdict.texts.items() if verdict.features.get(name) is not None
    ]  # fmt: skip
    if rows:
        connection.execute(conflicting(judged_texts).on_conflict_do_nothing(), rows)


def kept(database: Database) -> tuple[Kept, ...]:
    """All texts that are kept."""
    columns = (judged_texts.c.user, judged_texts.c.feature, judged_texts.c.number)
    with database.connect() as connection:
        return tuple(Kept(*row) for row in connection.execute(select(*columns)))


def erase(those: Iterable[Kept], database: Database) -> None:
    """Erase some of them; their verdicts stay as they are."""
    own = judged_texts.c
    one = delete(judged_texts).where(
        own.user == bindparam("of"), own.feature == bindparam("name"), own.number == bindparam("under")
    )
    rows = [{"of": each.user, "name": each.feature, "under": each.number} for each in those]
    if rows:
        with database.writing(erasing=True) as connection:
            connection.execute(one, rows)


def beside(feedback: pd.DataFrame, features: tuple[str, ...], database: Database) -> pd.DataFrame:
    """Verdicts, as `Ledger.effective` has them, and beside each the texts that were judged, None where there is none.

    features: those that are texts; the columns are named by `levels.written`.
    """
    if not features:
        return feedback
    with database.connect() as connection:
        known = {
            (row.user, row.feature, row.number): row.text
            for row in connection.execute(select(judged_texts).where(judged_texts.c.feature.in_(features)))
        }
    numbers = {name: feedback.get(column(name), pd.Series(np.nan, feedback.index)) for name in features}
    texts = {
        written(name): [known.get((user, name, number)) for user, number in zip(feedback["user"], values, strict=True)]
        for name, values in numbers.items()
    }
    return feedback.assign(**{name: pd.Series(found, feedback.index, object) for name, found in texts.items()})


def erased(feedback: pd.DataFrame, features: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Of which verdicts (n,), with texts beside them, one was erased: its number is there and no text."""
    gone = np.zeros(len(feedback), bool)
    for name in features:
        numbers = feedback.get(column(name), pd.Series(np.nan, feedback.index))
        gone |= (numbers.notna() & feedback[written(name)].isna()).to_numpy()
    return gone
