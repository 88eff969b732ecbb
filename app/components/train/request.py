"""What is to be trained: users, family and options, in one row of controls, and the button that starts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import guard, session
from app.components.shared import room
from app.components.train import run_words
from app.components.train.labelled import add_labelled, labelled
from app.components.train.under_way import PREFIX
from app.queries import services
from app.words import legible, plain
from core.access import accounts
from core.data.datasets import Dataset
from core.data.proposal import label_words
from core.errors import NotAllowedError
from core.model import families
from core.wording import count as counted
from core.wording import percent

JOB: Final = "train"
WEIGHTS: Final = {"natural": "Natural", "balanced": "Balanced", "factor": "Factor"}
BUDGETS: Final = {"none": "None", "minutes": "Minutes", "trials": "Trials"}


@dataclass(frozen=True, slots=True)
class Request:
    """A training run that somebody may start; `name`: who asks, "" when nobody has said so."""

    dataset: Dataset | None
    family: str
    options: Mapping[str, Any]
    name: str

    @property
    def title(self) -> str:
        users = self.dataset.name if self.dataset else ""
        return f"Training {run_words.family(self.family)} on {users}"


def request() -> Request:
    """The row of controls."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        users = st.container(width="content")
        with st.popover("Add labelled users", icon=":material/upload_file:"):
            add_labelled()  # before the choice, so that a new file can be the one chosen
        with users:
            dataset = labelled()
        with room.field(240):
            family = st.selectbox("Family", list(families.FAMILIES), format_func=_family, key="train_family")
        with st.popover("Options", icon=":material/tune:"):
            options = _options()
        name = _name()
    if said := _chosen(options):
        st.caption(f"With {said}.")
    return Request(dataset, family, options, name)


def the_right_way_round(asked: Request) -> bool:
    """Whether the label says who the spammers are; where that is in doubt, it is asked here, with both shares."""
    label, dataset = services.schema().label, asked.dataset
    if label is None or dataset is None or not label_words.in_doubt(label, dataset.positives or 0, dataset.accepted):
        return True
    spammers = {label.positive: dataset.positives or 0, label.negative: dataset.accepted - (dataset.positives or 0)}
    said = st.radio(
        plain(f"Which value of {label.column} is a spammer?"), list(spammers), index=None, horizontal=True,
        format_func=lambda value: legible(f"{value} · {_share(spammers[value], dataset.accepted)}"),
        key=f"spammer-{dataset.id}",
    )  # fmt: skip
    if said == label.negative:
        st.warning(
            plain(
                f"data/schema.toml takes {label.positive} for a spammer. Write it anew with --positive "
                f"{label.negative} (python3 -m app schema FILE --label ... --force), then add the labelled users again."
            ),
            icon=":material/swap_horiz:",
        )
    return said == label.positive


def _share(users: int, of: int) -> str:
    return f"{counted(users, 'user')}, {percent(users / of)}"


def start(asked: Request, place: DeltaGenerator) -> None:
    """The button; `place` is in the title row. Asked of the store again at the click: who may train."""
    known = families.FAMILIES[asked.family]
    if not known.available:
        absent = f"{run_words.family(asked.family)} is not installed here."
        st.caption(f"{absent} Install the extra `{asked.family}`, or choose another family.")
    # The same click twice asks for the same job; once it is there, the button is another one.
    identity = f"{PREFIX}{len(services.home().jobs.listed(PREFIX)) + 1:04d}-{session.tab()[:8]}"
    plain_label = the_right_way_round(asked)
    with place:
        pressed = st.button(
            "Train", icon=":material/model_training:", type="primary", key=f"start-{identity}",
            disabled=asked.dataset is None or not known.available or not plain_label,
        )  # fmt: skip
    if pressed and asked.dataset is not None:
        with guard.shown() as failure:
            _start(asked, asked.dataset, identity)
        if failure.error is None:
            st.query_params.pop("run", None)
            st.rerun()


def refused() -> None:
    """For those who may not train: the sentence that says so."""
    person = session.person()
    if person is not None and not session.may("train"):
        st.caption(plain(str(NotAllowedError(person.name, person.role, "train"))))


def _start(asked: Request, dataset: Dataset, identity: str) -> None:
    name = accounts.named(asked.name)
    session.come_in(name)
    by = services.home().accounts.authorise(name, "train").name
    arguments = {"dataset": dataset.id, "family": asked.family, **asked.options, "by": by,
                 "thresholds": services.policy().thresholds}  # fmt: skip
    services.home().jobs.start(JOB, arguments, title=asked.title, identity=identity, lane="long")


def _name() -> str:
    """Who asks; asked for when nobody has said so yet."""
    here = session.person()
    if here is None:
        return st.text_input("Your name", max_chars=80, key="train_name", width=200)
    session.remember()
    return here.name


def _family(name: str) -> str:
    known = families.FAMILIES[name]
    if not known.available:
        return f"{run_words.family(name)} · not installed"
    return f"{run_words.family(name)} · can be live" if known.can_lead else run_words.family(name)


def _options() -> dict[str, Any]:
    """What the popover chooses, as the job takes it."""
    weight = st.segmented_control(
        "Class weight", list(WEIGHTS), format_func=WEIGHTS.__getitem__, default="natural", required=True,
        key="train_weight", help="How much a spammer counts in training; probabilities are calibrated afterwards",
    )  # fmt: skip
    factor = None
    if weight == "factor":
        factor = st.number_input(
            "Weight of a spammer", 0.1, 1000.0, 5.0, step=1.0, format="%.1f", key="train_factor",
            help="A legitimate user has weight 1",
        )  # fmt: skip
    hard = st.toggle("Hard negatives", key="train_hard", help="Legitimate users with a high score count more")
    augment = bool(services.schema().texts) and st.toggle(
        "Augment texts", key="train_augment", help="Learn from copies with misspelt and disguised words too"
    )
    budget = st.segmented_control(
        "Search for settings", list(BUDGETS), format_func=BUDGETS.__getitem__, default="none", required=True,
        key="train_budget",
    )  # fmt: skip
    minutes = st.number_input("Minutes to search", 1, 240, 10, key="train_minutes") if budget == "minutes" else 0
    trials = st.number_input("Trials to make", 2, 500, 20, key="train_trials") if budget == "trials" else 0
    return {
        "class_weight": weight if factor is None else factor, "hard_negatives": hard,
        **({"augment": True} if augment else {}),
        "search_minutes": minutes,
        "search_trials": trials, "seed": st.number_input("Seed", 0, 2**31 - 1, 0, key="train_seed"),
    }  # fmt: skip


def _chosen(options: Mapping[str, Any]) -> str:
    """Options that differ from the default settings, in words; "" when none does."""
    parts = [
        run_words.weights(options["class_weight"]),
        "hard negatives" if options["hard_negatives"] else "",
        "augmented texts" if options.get("augment") else "",
        f"search of {counted(options['search_minutes'], 'minute')}" if options["search_minutes"] else "",
        f"search of {counted(options['search_trials'], 'trial')}" if options["search_trials"] else "",
        f"seed {options['seed']}" if options["seed"] else "",
    ]
    return ", ".join(part for part in parts if part)
