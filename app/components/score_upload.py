"""An upload becomes a run: with progress, with the sentence when it cannot, with the ways out."""

from __future__ import annotations

import streamlit as st

from app import guard, services
from app.components.upload import Upload, go_on_without, taken
from app.words import plain
from core.decision import scoring
from core.errors import MissingColumnsError
from core.learning import shadow
from core.model.registry import Model


def score_upload(upload: Upload, model: Model) -> str | None:
    """Score an upload and start on its reasons; the run's id, or None when the file cannot be used."""
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, plain(f"Reading {upload.name}"))
        st.button("Cancel", icon=":material/close:", type="tertiary", key="cancel_scoring", on_click=taken)

    def told(what: str, _done: int, of: int) -> None:
        share = {"Reading": 0.1, "Scoring": 0.6}.get(what.split(" ", 1)[0], 0.0)
        bar.progress(share, plain(what + (f" · {of:,} users" if of else "")))

    run = None
    with guard.shown() as failure:
        done = scoring.score_file(
            services.settings(), upload.name, upload.payload, services.schema(), model, services.policy(),
            now=services.now(), allow_missing=upload.allow_missing, progress=told,
        )  # fmt: skip
        services.explain_in_background(done.run)
        shadow.soon(services.settings())
        taken()
        run = done.run.id
    place.empty()
    if isinstance(failure.error, MissingColumnsError) and set(failure.error.columns) <= set(services.schema().names):
        go_on_without(failure.error.columns)
    return run
