"""The runs of this home: one scored again by another model or policy, two held against each other."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from app import guard, navigation, session
from app.components.data import run_edits
from app.components.data.picking import picked
from app.components.shared.heading import section
from app.components.shared.job_progress import job_progress
from app.components.shared.numbers import numbers
from app.components.shared.run_list import said
from app.components.shared.send_to_review import send_users
from app.queries import data, services
from app.tables.cells import safe
from app.words import UNKNOWN, count, label, plain
from core.access.accounts import named
from core.catalog.changes import Changes
from core.policy.bands import BANDS
from core.scoring.runs import Run, number_of

#: Runs shown, and users of a change; all of the latter are in the download.
_RUNS: Final = 200
_SHOWN: Final = 1_000
_LABEL: Final = {band: label(band) for band in BANDS}


def runs() -> None:
    found = services.home().runs.recent(_RUNS)
    if not found:
        return
    section("Runs", "select one to name it, delete it or score it again, two to see what changed between them")
    frame = pd.DataFrame({
        "Run": [run.id for run in found], "When": [run.created for run in found], "File": [run.name for run in found],
        "Users": [run.users for run in found], "Flagged": [run.flagged for run in found],
        "Model": [run.model for run in found], "Policy": [run.policy.version for run in found],
    } | said(found))  # fmt: skip
    rows = picked(
        frame, [run.id for run in found], "runs", "multi-row",
        alt="Runs: id, time, file, users, flagged, model, policy",
        columns={
            "When": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone=st.context.timezone),
            "Users": st.column_config.NumberColumn(format="localized"),
            "Flagged": st.column_config.NumberColumn(format="localized"),
        },
    )  # fmt: skip
    chosen = sorted((found[row] for row in rows), key=lambda run: number_of(run.id))
    if len(chosen) == 1:
        _rescan(chosen[0])
    elif len(chosen) == 2:
        _changes(chosen[0].id, chosen[1].id)
    elif chosen:
        st.caption("Select one run or two.")


def _rescan(run: Run) -> None:
    home = services.home()
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(
                f"**{run.id}** of {plain(run.name)}, by {run.model} under {run.policy.version}", width="content"
            )
            run_edits.delete(run)
        run_edits.change(run)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if st.button("Open", icon=":material/arrow_forward:", icon_position="right", type="tertiary"):
                navigation.go("score_file", run=run.id)
            versions = list(reversed(home.registry.versions()))
            in_charge = home.registry.champion()
            model = st.selectbox(
                "Score again by model", versions, versions.index(in_charge) if in_charge in versions else 0, width=160,
                key=f"rescan-model-{run.id}",
            )  # fmt: skip
            known = [each.version for each in home.policies.all()]
            policy = st.selectbox(
                "Under policy",
                known,
                known.index(home.policies.in_force().version),
                width=160,
                key=f"rescan-policy-{run.id}",
            )
            person = session.person()
            name = person.name if person else st.text_input("Your name", max_chars=80, width=200, key="name-rescan")
            identity, same = f"rescan-{run.id}-{model}-{policy}", (model, policy) == (run.model, run.policy.version)
            if session.may("score") and st.button("Rescan", type="primary", disabled=same, key=identity):
                with guard.shown() as failure:
                    by = named(name)
                    session.come_in(by)
                    home.jobs.start(
                        "rescan", {"run": run.id, "model": model, "policy": policy, "by": by},
                        title=f"Scoring {run.id} again", identity=identity,
                    )  # fmt: skip
                if failure.error is None:
                    st.rerun()
        if same:
            st.caption("It was scored so: choose another model or policy.")
        job = home.jobs.look(identity)
        if job is not None and not job.over:
            job_progress(identity)
        elif job is not None and job.status == "failed":
            st.error(plain(job.message), icon=":material/error:")
        elif result := home.jobs.result(identity):
            _changes(run.id, str(result["run"]))


def _changes(before: str, after: str) -> None:
    """What changed between two runs, who changes, and the way to have the newly flagged reviewed."""
    with guard.shown() as failure, st.spinner("Comparing the runs"):
        found = data.changes(before, after)
    if failure.error is not None:
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        section(f"What changed from {before} to {after}", plain(found.sentence), width="stretch")
        if not found.newly_flagged.empty:
            send_users(found.after, found.newly_flagged.index.tolist(), kind="tertiary")
        numbers(found.table, f"changes-{before}-{after}")
    if not len(found.bands.rows):
        return
    grid = st.grid(3)
    figures = {
        "Newly flagged": found.newly_flagged, "No longer flagged": found.no_longer_flagged, "Change band": found.table
    }  # fmt: skip
    for name, users in figures.items():
        with grid.cell():
            st.metric(name, count(len(users)), border=True)
    _table(found)


def _table(found: Changes) -> None:
    table = found.table
    order = {"newly flagged": 0, "no longer flagged": 1, "other band": 2}
    table = table.sort_values("score_after", ascending=False, kind="stable")
    shown = table.sort_values("change", key=lambda each: each.map(order), kind="stable")[:_SHOWN]
    frame = pd.DataFrame({
        "User": shown["user"], "Change": shown["change"], "Score before": shown["score_before"],
        "Score now": shown["score_after"], "Before": shown["band_before"].map(_LABEL),
        "Now": shown["band_after"].map(_LABEL), "Decided by": shown["decided_by_after"],
    })  # fmt: skip
    st.dataframe(
        safe(frame),
        hide_index=True,
        placeholder=UNKNOWN,
        row_height=32,
        height=min(35 + 32 * len(frame) + 3, 360),
        alt="Users whose band changed: who, scores and bands before and now, what decided",
        column_config={name: st.column_config.NumberColumn(format="%.4f") for name in ("Score before", "Score now")},
    )
    if len(table) > len(frame):
        st.caption(f"The first {count(len(frame))} of {count(len(table))}; the download has all.")
