"""What a user wrote last, as it was scored, in its thread."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from app.components.score_user.user_result import scored
from app.components.shared.heading import section
from app.components.shared.judged_message import judged_message
from app.queries import services
from app.words import plain
from core.errors import TrustdeskError
from core.registry.registry import Model
from core.review.cases import Case
from core.review.predictions_of_user import Sighting
from core.review.threads import Talk
from core.schema.levels import written
from core.scoring.reasons import Reason


def latest_message(found: Sequence[Sighting], cases: Sequence[Case]) -> None:
    """found: the predictions, newest first. While a blind case waits, no word is marked."""
    last = next((each for each in found if not each.grows), None)
    talk = services.talk(last.run.dataset, last.row) if last is not None else None
    if last is None or talk is None:
        return
    blind = any(case.blind and case.status == "open" for case in cases)
    section("What was written", f"{plain(last.run.name)}, row {last.row:,}")
    judged_message(talk, None if blind else _told(last, talk), f"{last.run.id}-{last.row}", "scored message")


def _told(last: Sighting, talk: Talk) -> Sequence[Reason] | None:
    """The reasons of the score; None where the model that gave it is not there any more, or had no texts."""
    try:
        model: Model = services.model(last.run.model)
    except TrustdeskError:
        return None
    row = services.home().datasets.one(last.run.dataset, last.row)
    if talk.feature not in model.texts:
        return None
    spoken = (*model.metadata.levels, *model.texts)
    words = {name: str(row[written(name)]) for name in spoken if pd.notna(row.get(written(name)))}
    return scored(model, row.reindex(list(model.metadata.names)).astype(float), words).reasons
