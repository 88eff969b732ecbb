"""The empty state of *Score a file*: the way in, and what happens to a file dropped there."""

from __future__ import annotations

from app import services
from app.components.empty_state import empty_state
from app.components.model_notice import model_notice
from app.components.score_upload import score_upload
from app.components.upload import upload
from core.model.registry import Model


def first_file(model: Model) -> str | None:
    """The id of the run that a dropped file became, else None."""
    model_notice(model)
    with empty_state(
        "Drop a file of users",
        "A CSV or .csv.gz with the columns of this home, up to a million rows; ids and context columns are kept.",
    ):
        given = upload(services.schema())
    return score_upload(given, model) if given else None
