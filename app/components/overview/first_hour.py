"""The first hour: five steps on the demo data, each a click away, with what has come of it so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import streamlit as st

from app import navigation
from app.components.score_file.score_upload import score_upload
from app.components.score_file.scoring import scoring
from app.components.score_file.upload import Upload
from app.components.shared.heading import section
from app.queries import services
from app.words import count, percent, plain
from core.registry.registry import Model
from core.review.cases import CaseFilters
from core.scoring.runs import Run
from core.settings import DEMO_LABELLED, DEMO_USERS
from core.wording import count as counted


@dataclass(frozen=True, slots=True)
class Step:
    """`told`: what has come of it, or what it is for; `page` "" while an earlier step has to come first."""

    name: str
    told: str
    done: bool
    button: str
    page: str = ""
    where: dict[str, str] = field(default_factory=dict)


def wanted(runs: Sequence[Run]) -> bool:
    """Whether this home is about the demo still: it has one, and nobody has scored a file of their own."""
    demo = services.demo_file(DEMO_USERS)
    return demo is not None and all(run.name == demo.name for run in runs)


def tour(model: Model, runs: Sequence[Run]) -> None:
    """The steps; runs: newest first. Nothing once all of them are done."""
    steps = list(_steps(model, runs))
    if all(step.done for step in steps):
        return
    services.ready_to_score()
    section("The first hour", f"{sum(step.done for step in steps)} of {len(steps)} steps on the demo data")
    with st.container(gap="xsmall"):
        for number, step in enumerate(steps, 1):
            _line(number, step)


def _line(number: int, step: Step) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        mark = ":material/check_circle:" if step.done else f"{number}."
        st.markdown(f"{mark} **{step.name}** &nbsp;{step.told}", width="stretch")
        pressed = st.button(
            step.button, icon=":material/arrow_forward:", icon_position="right", type="tertiary", key=f"tour-{number}",
            disabled=not step.page,
        )  # fmt: skip
    if pressed:
        _go(step)


def _go(step: Step) -> None:
    demo = services.demo_file(DEMO_USERS)
    if step.page == "score_file" and not step.where and demo is not None:
        if (job := score_upload(Upload(demo.name, demo))) and (run := scoring(job)):
            navigation.go("score_file", run=run)
        return
    navigation.go(step.page, **step.where)


def _steps(model: Model, runs: Sequence[Run]) -> Iterator[Step]:
    run, judged = runs[0] if runs else None, _judged()
    yield _explore()
    yield _score(run)
    yield _review(run, judged)
    yield _compare(model)
    yield _retrain(judged)


def _explore() -> Step:
    stored = services.home().datasets.labelled()
    dataset = next((each for each in stored if each.name == DEMO_LABELLED), None)
    if dataset is None:
        return Step("Explore", "What labelled users look like, and what to beware of.", False, "Explore", "explore")
    text = (
        f"{count(dataset.accepted)} labelled users, {percent((dataset.positives or 0) / dataset.accepted, 2)} spammers."
    )
    return Step("Explore", text, True, "Explore", "explore", {"of": dataset.id[:12]})


def _score(run: Run | None) -> Step:
    if run is None:
        text = "Every user of the demo file gets a probability, an action and exact reasons."
        return Step("Score", text, False, "Score the demo file", "score_file")
    text = f"{run.id}: {count(run.users)} users, {count(run.flagged)} flagged for a look."
    return Step("Score", text, True, "Open the table", "score_file", {"run": run.id})


def _review(run: Run | None, judged: int) -> Step:
    if run is None:
        return Step(
            "Review", "After step 2: judge by keyboard, those at risk and a fair sample of all others.", False, "Review"
        )
    if not services.planned(run):
        text = f"Send {run.id} to review: those at risk and a fair sample of all others."
        return Step("Review", text, False, "Send to review", "score_file", {"run": run.id})
    waiting = services.home().cases.count(CaseFilters(), now=services.now())
    text = f"{counted(judged, 'verdict')}, {counted(waiting, 'user')} waiting."
    return Step("Review", text, judged > 0, "Review", "review")


def _compare(model: Model) -> Step:
    home = services.home()
    others = [each.version or each.id for each in home.training_runs.listed()]
    others += [version for version in home.registry.versions() if version != model.version]
    if not others:
        text = "Train a second model on the demo, and see whether it is really better."
        return Step("Compare", text, False, "Train", "train")
    text = f"{plain(others[0])} and {model.version}: is one really better, and whose band changes?"
    return Step("Compare", text, True, "Compare", "compare", {"a": model.version, "b": others[0]})


def _retrain(judged: int) -> Step:
    last = services.home().schedule.last()
    if last.version:
        return Step("Retrain", f"{last.version} has learnt from verdicts; the gate has judged it.", True, "Open",
                    "registry", {"version": last.version})  # fmt: skip
    if not judged:
        return Step(
            "Retrain", "After step 3: learn from verdicts; nothing takes over unless it is better.", False, "Retrain"
        )
    return Step("Retrain", f"{counted(judged, 'verdict')} to learn from.", False, "Retrain", "train")


def _judged() -> int:
    known = services.home().ledger
    known.refresh()
    return len(known.effective())
