"""*Score a file* without a run: the way in, the scoring under way, and what was begun and did not end."""

from __future__ import annotations

import streamlit as st

from app import guard
from app.components.files.said import KINDS
from app.components.score_file import scoring
from app.components.score_file.score_upload import score_upload
from app.components.score_file.upload import upload
from app.components.shared.empty_state import empty_state
from app.components.shared.model_notice import model_notice
from app.queries import services
from core.registry.registry import Model


def first_file(model: Model) -> str | None:
    """The id of the run that a dropped file became, else None; waits for it."""
    model_notice(model)
    guard.told()
    with empty_state(
        "Drop a file of users",
        f"{KINDS}, with the columns of this workspace, up to a million rows; ids and context columns are kept.",
    ):
        given = upload(services.schema())
    job = st.query_params.get(scoring.ADDRESS)
    if given and (begun := score_upload(given)):
        if job:  # what failed before has been seen
            services.home().jobs.forget(job)
        job = st.query_params[scoring.ADDRESS] = begun
    run = scoring.scoring(job) if job else None
    if run is None:
        services.ready_to_score()
        scoring.unfinished(besides=job)
    return run
