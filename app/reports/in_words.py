"""What is known of a user in plain words: to paste into a ticket, or as a report of one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from app.reports import page
from app.reports.page import Section
from app.words import UNKNOWN, WORD, count, moment, percent, probability, signed
from core.policy.decide import SCORE
from core.review.predictions_of_user import Sighting
from core.scoring.reasons import Reason
from core.wording import count as counted

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: What this is a report of, in its mark.
KIND: Final = "user"
#: Reasons either way that are told.
REASONS: Final = 5
#: Rows of what was scored and judged before.
EARLIER: Final = 20
NO_CAUSE: Final = (
    "Contributions are in log-odds. They say what moved the score of this model; they are no cause, and no proof of "
    "what the user did."
)


@dataclass(frozen=True, slots=True)
class Known:
    """A user as last scored, with the reasons of that score, all predictions and the verdicts that stand, the newest
    first. category: what a violation would be, and how likely; None where the model knows no categories.
    """

    user: str
    last: Sighting
    reasons: Sequence[Reason]
    found: Sequence[Sighting]
    verdicts: pd.DataFrame
    category: tuple[str, float] | None = None


def explanation(known: Known) -> str:
    """A few lines of plain text."""
    lines = [f"User {known.user}: {_finding(known)}", *_moved(known.reasons), *_judged(known.verdicts), NO_CAUSE]
    return "\n".join(lines)


def report(known: Known, figure: go.Figure) -> str:
    """One HTML page. figure: the contributions, in the light theme."""
    reasons = pd.DataFrame(
        {
            "Feature": [each.feature for each in _strongest(known.reasons)],
            "Value": [each.said for each in _strongest(known.reasons)],
            "Meaning": [each.meaning or UNKNOWN for each in _strongest(known.reasons)],
            "Contribution": [signed(each.contribution) for each in _strongest(known.reasons)],
        }
    )
    sections = [Section("Why", NO_CAUSE, figure=figure), Section("", table=reasons), _scored(known), _verdicts(known)]
    return page.html(f"User {known.user}", [_finding(known)], sections, KIND)


def _finding(known: Known) -> str:
    last, by = known.last, known.last.decided_by
    text = f"score {probability(last.probability)}, {WORD[last.band].lower()}"
    if by != SCORE:
        text += f", decided by {by.replace(':', ' ', 1)}"
    if last.action != last.band:
        text += f", not armed: {WORD[last.action].lower()}"
    if known.category is not None:
        text += f"; if a violation, {known.category[0]} ({percent(known.category[1], 0)})"
    about = f"by {last.run.model} under policy {last.run.policy.version}"
    return f"{text} ({about}, run {last.run.id} of {last.run.name}, {moment(last.run.created)} UTC)."


def _moved(reasons: Sequence[Reason]) -> Iterator[str]:
    for way, word in ((1, "Raises"), (-1, "Lowers")):
        found = [each for each in _strongest(reasons) if each.contribution * way > 0]
        if found:
            yield f"{word} the score most: {'; '.join(map(_said, found))}."


def _said(reason: Reason) -> str:
    meaning = f", {reason.meaning}" if reason.meaning else ""
    return f"{reason.feature} = {reason.said}{meaning} ({signed(reason.contribution)})"


def _strongest(reasons: Sequence[Reason]) -> list[Reason]:
    """The strongest either way, the largest first."""
    ordered = sorted((each for each in reasons if each.contribution), key=lambda each: -abs(each.contribution))
    up, down = ([each for each in ordered if each.contribution * way > 0][:REASONS] for way in (1, -1))
    return [each for each in ordered if each in up or each in down]


def _judged(verdicts: pd.DataFrame) -> Iterator[str]:
    if len(verdicts):
        rows = verdicts.head(REASONS)
        said = [
            f"{verdict} by {who}, {moment(at)} UTC"
            for verdict, who, at in zip(rows["verdict"], rows["reviewer"], rows["time"], strict=True)
        ]
        yield f"Verdicts: {'; '.join(said)}."


def _scored(known: Known) -> Section:
    shown = known.found[:EARLIER]
    rest = f", the latest {count(len(shown))}" if len(known.found) > len(shown) else ""
    table = pd.DataFrame(
        {
            "Run": [each.run.id for each in shown], "When": [f"{moment(each.run.created)} UTC" for each in shown],
            "File": [each.run.name for each in shown], "Score": [probability(each.probability) for each in shown],
            "Band": [WORD[each.band] for each in shown], "Model": [each.run.model for each in shown],
            "Policy": [each.run.policy.version for each in shown],
        }
    )  # fmt: skip
    return Section("Scores", f"{counted(len(known.found), 'prediction')}{rest}, newest first.", table=table)


def _verdicts(known: Known) -> Section:
    if known.verdicts.empty:
        return Section("Verdicts", "Nobody has judged this user.")
    rows = known.verdicts.head(EARLIER)
    table = pd.DataFrame(
        {
            "When": [f"{moment(at)} UTC" for at in rows["time"]], "By": rows["reviewer"].tolist(),
            "Verdict": rows["verdict"].tolist(), "Reason": rows["reason"].str.replace("_", " ").tolist(),
            "Notes": rows["notes"].tolist(),
        }
    )  # fmt: skip
    return Section("Verdicts", "Those that stand, newest first.", table=table)
