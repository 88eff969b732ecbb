"""What the verdicts say of a run, in words: precision by band and recall, weighted, beside the naive figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from app.words import UNKNOWN, count, percent
from core.estimation.estimate import ENOUGH, Estimate, Figures
from core.policy.bands import BANDS, Band
from core.wording import count as counted


def finding(run: str, found: Figures) -> str:
    """Recall, and precision where it is known; or that it is too early to say. run: its id."""
    recall, precision = found.recall, found.precision
    if not recall.enough:
        return f"Too few verdicts to say what {run} misses: recall may be {_ends(recall)}."
    told = f"Of all spammers in {run}, the policy catches {_share(recall.value)} ({_ends(recall)})"
    if precision.enough:
        told += f"; of those it flags, {_share(precision.value)} are spammers ({_ends(precision)})"
    return f"{told}."


def _expected(events: float) -> str:
    """A number that may be far below 1, never 0 where there is something."""
    return "less than 0.1" if 0 < events < 0.05 else f"{events:.1f}" if events < 10 else count(events)


def judged(found: Figures) -> int:
    """Users with a verdict that says what they are."""
    return sum(each.judged for each in found.bands)


def progress(found: Figures) -> str:
    pending = sum(each.pending for each in found.bands)
    return f"{counted(judged(found), 'user')} judged, {count(pending)} still to be judged."


def needed(found: Figures) -> str:
    """How far recall is from being told; "" once it is."""
    if found.recall.enough:
        return ""
    return (
        f"{counted(found.recall.naive_of, 'spammer')} found so far; recall needs verdicts with {ENOUGH} to be expected "
        f"among the flagged, and as many among the others: on the scarcer side it is "
        f"{_expected(found.recall.expected_events)}."
    )


def table(found: Figures, word: Callable[[Band], str]) -> pd.DataFrame:
    """A row a figure, weighted and naive, and what it rests on; `word`: a band as it is shown."""
    rows = {f"Precision, {word(band)}": each for band, each in reversed(list(zip(BANDS, found.bands, strict=True)))}
    rows |= {"Precision, all flagged for review": found.precision, "Recall, over all users": found.recall}
    return pd.DataFrame(
        {
            "Figure": list(rows),
            "Weighted": [_share(each.value) if each.enough else "too few to say" for each in rows.values()],
            "95 % interval": [_ends(each) for each in rows.values()],
            "Naive": [_share(each.naive) for each in rows.values()],
            "Judged": [count(each.judged) for each in rows.values()],
            "Spammers": [count(_spammers(each, found)) for each in rows.values()],
            "To judge": [count(each.pending) for each in rows.values()],
            "Unsure": [count(each.unsure) for each in rows.values()],
            "Unsure could make it": [_moved(each) for each in rows.values()],
        }
    )


def _spammers(each: Estimate, found: Figures) -> int:
    """Spammers among the judged; those that recall's interval rests on are some of them only."""
    return each.naive_of if each is found.recall else each.events


def _share(value: float) -> str:
    return UNKNOWN if np.isnan(value) else percent(value)


def _ends(each: Estimate) -> str:
    return f"{_share(each.low)} to {_share(each.high)}"


def _moved(each: Estimate) -> str:
    if not each.unsure:
        return ""
    return UNKNOWN if np.isnan(each.worst) else f"{_share(each.worst)} to {_share(each.best)}"
