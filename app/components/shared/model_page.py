"""The figures of a version on the *Registry* page: thresholds, calibration, other data, lineage."""

from __future__ import annotations

import json
from dataclasses import asdict

import pandas as pd
import streamlit as st

from app import charts
from app.components.overview.model_figures import figure_table
from app.components.shared.figure import figure, theme
from app.components.shared.heading import section
from app.components.shared.job_progress import job_progress
from app.queries import services
from app.tables.model import at_thresholds
from app.words import badge, count, legible, plain
from core.evaluation.metrics import Figures
from core.registry.registry import Model
from core.training import training


def figures(model: Model) -> None:
    """The four figures over all thresholds with their intervals."""
    found = model.metadata.figures
    section(
        "How good it is", f"95\u202f% intervals, {count(found.n)} held-out users, {count(found.positives)} spammers"
    )
    figure_table(found, first="Over all thresholds")


def thresholds(model: Model) -> None:
    """Precision, recall, F1 and FPR of flagging everybody above each threshold."""
    section("At the policy's thresholds", "users scored above, with 95\u202f% intervals")
    _at_thresholds(model.metadata.figures)


def calibration(model: Model) -> None:
    groups = pd.DataFrame([asdict(group) for group in model.metadata.figures.reliability])
    figure(charts.reliability(groups, theme=theme()), key="reliability", of=model.version, table=groups)


def judged_elsewhere(model: Model) -> None:
    """Figures on a stored, labelled dataset, and how many of its users the model was trained on."""
    services.demo_labelled()
    labelled = services.home().datasets.labelled()
    section("On other users", "labelled datasets of this workspace")
    if not labelled:
        st.caption("No labelled dataset is stored here yet. Score a file that has labels, then choose it here.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Dataset",
            labelled,
            format_func=lambda found: legible(f"{found.name} · {count(found.accepted)} users"),
            width=320,
        )
        identity = f"judge-{model.version}-{chosen.id[:16]}"
        known = services.home().training.judged_before(model.version, chosen.id)
        if known is None:
            st.button("Judge on these users", on_click=_judge, args=(model, chosen.id, identity))
    job = services.home().jobs.look(identity)
    if job is not None and not job.over:
        job_progress(identity)
    elif known is None and job is not None and job.message:
        st.caption(plain(job.message))
    elif known is not None:
        st.caption(_honest(known, model))
        figure_table(known.figures, first=f"{count(known.figures.n)} users")
        _at_thresholds(known.figures)


def lineage(model: Model) -> None:
    metadata, data = model.metadata, model.metadata.data
    with st.expander("What it was made from"):
        st.markdown(
            f"Trained {metadata.created:%-d %b %Y} on {count(data.trained_on)} users of {plain(data.name)}, judged on "
            f"{count(data.tested_on)} others that a hash of the id sets aside for ever. {metadata.rounds} trees, "
            f"seed {metadata.seed}, {metadata.seconds:.0f} s."
        )
        if metadata.constants:
            st.markdown(f"Constant, so nothing was learnt from them: {plain(', '.join(metadata.constants))}.")
        facts = {"sha256": data.sha256, "parameters": dict(metadata.parameters), "libraries": dict(metadata.libraries)}
        st.code(json.dumps(facts, indent=1), language="json")


def _judge(model: Model, dataset: str, identity: str) -> None:
    arguments = {"model": model.version, "dataset": dataset, "thresholds": services.policy().thresholds}
    services.home().jobs.start(
        "judge", arguments,
        title=f"Judging {model.version}", identity=identity,
    )  # fmt: skip


def _honest(known: training.Judged, model: Model) -> str:
    if known.only_test_part:
        return f"{model.version} was trained on this dataset: only its test part counts."
    if known.overlap is None:
        come = "was pulled without its users" if model.users() is None else "comes from another workspace"
        return f"{model.version} {come}: whether it was trained on these users cannot be told."
    if known.overlap:
        return f"{model.version} was trained on {count(known.overlap)} of these users: the figures flatter it."
    return f"{model.version} was trained on none of these users."


def _at_thresholds(found: Figures) -> None:
    st.table(at_thresholds(found, badge), border="horizontal", hide_index=True)
