"""All that is known of one user: predictions, cases and verdicts, decisions. Each is a table under its heading."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app import navigation
from app.components.shared.empty_state import empty_state
from app.components.shared.heading import section
from app.queries import services
from app.tables.cells import safe
from app.words import UNKNOWN, escaped, label, moment, plain, probability
from core.review.cases import Case
from core.review.predictions_of_user import MOST_RUNS, Sighting
from core.wording import count as counted


def asked_for() -> str:
    """The id in the address, "" without one."""
    return str(st.query_params.get("id", "")).strip()


def nothing_known(user: str) -> None:
    text = f"It stands in none of the latest {MOST_RUNS} runs, and in no case, verdict or decision. Ids are compared "
    with empty_state(f"Nobody called {plain(user)} is known here", text + "letter by letter, zeros included."):
        if st.button("Score a file", icon=":material/upload_file:"):
            navigation.go("score_file")


def sightings(found: Sequence[Sighting], cases: Sequence[Case]) -> Sighting | None:
    """The predictions, newest first; the one somebody chose to open. While a blind case waits, no score is shown."""
    if not found:
        return None
    blind = any(case.blind and case.status == "open" for case in cases)
    section("Scores", f"{counted(len(found), 'prediction')}, newest first; select a row to open it")
    shown = pd.DataFrame(
        {
            "Run": [each.run.id for each in found],
            "When": [each.run.created for each in found],
            "File": [each.run.name for each in found],
            "Row": [each.row for each in found],
            "Score": [UNKNOWN if blind else probability(each.probability) for each in found],
            "Band": [UNKNOWN if blind else label(each.band) for each in found],
            "Decided by": [UNKNOWN if blind else each.decided_by for each in found],
            "Model": [each.run.model for each in found],
            "Policy": [each.run.policy.version for each in found],
        }
    )
    event = st.dataframe(
        safe(shown), hide_index=True, placeholder=UNKNOWN,
        row_height=32, height="content" if len(found) < 8 else 291, key="sightings",
        on_select="rerun", selection_mode="single-row", alt="The user's predictions: run, file, score, band, model",
        column_config={
            "When": st.column_config.DatetimeColumn(format="D MMM, HH:mm", timezone=st.context.timezone),
            "Score": st.column_config.TextColumn(alignment="right"),
        },
    )  # fmt: skip
    if blind:
        st.caption("Scores are hidden: this user waits in review, to be judged without them.")
    rows = event["selection"]["rows"]
    return found[rows[0]] if rows else None


def open_sighting(chosen: Sighting) -> None:
    """Leave for the user's values and reasons in a run."""
    if chosen.grows:
        st.caption(f"{chosen.run.id} is a run of the API that is not closed yet; its users can be opened once it is.")
    else:
        navigation.go("score_user", run=chosen.run.id, row=str(chosen.row))


def judged(cases: Sequence[Case], verdicts: pd.DataFrame) -> None:
    """Cases and the verdicts that stand, newest first each."""
    if not cases and verdicts.empty:
        return
    section("Review", f"{counted(len(cases), 'case')}, {counted(len(verdicts), 'verdict')} standing")
    for case in cases:
        if case.status == "open":
            since = f"since {moment(case.queued)} UTC"
            held = f", with {plain(str(case.claimed_by))}" if case.claimed(services.now()) else ""
            held += f", assigned to {plain(case.assigned_to)}" if case.assigned_to else ""
            st.markdown(f"**{case.id}** waits {since}{held}.")
    if len(verdicts):
        shown = pd.DataFrame(
            {
                "When": [f"{moment(at)} UTC" for at in verdicts["time"]],
                "By": verdicts["reviewer"].map(escaped).map(plain),
                "Verdict": verdicts["verdict"],
                "Case": verdicts["case"].map(escaped).map(plain),
                "Reason": verdicts["reason"].str.replace("_", " ").map(escaped).map(plain),
                "Notes": verdicts["notes"].map(escaped).map(plain),
            }
        )
        st.table(shown, border="horizontal", hide_index=True)


def decisions(told: pd.DataFrame, fetched: int) -> None:
    """told: time, decision, who, why, reversal_of, the oldest first, as in the outbox; fetched: the last that was."""
    if told.empty:
        return
    section("Decisions for the platform", "newest first")
    shown = pd.DataFrame(
        {
            "Number": told.index,
            "When": [f"{moment(at)} UTC" for at in told["time"]],
            "Decision": told["decision"],
            "Fetched": ["yes" if number <= fetched else "not yet" for number in told.index],
            "By": told["who"].map(escaped).map(plain),
            "Why": told["why"].map(escaped).map(plain),
            "Takes back": [UNKNOWN if pd.isna(number) else str(number) for number in told["reversal_of"]],
        }
    )
    st.table(shown.iloc[::-1], border="horizontal", hide_index=True)
