"""A rule as a form: a table of conditions, what is done, and who answers for it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any, Final

import pandas as pd
import streamlit as st

from app import guard
from app.components.policy import drafting
from app.components.shared.heading import section
from app.queries import services
from app.queries.policy import Desk
from app.words import WORD, plain
from core.errors import BadOptionError
from core.policy.bands import BANDS
from core.policy.rules import EFFECTS, MANY, OPERATORS, PRESENCE, STATES, Condition, Rule
from core.policy.users import Kinds
from core.wording import value_text

#: Between the values of "in" and "not in".
_BETWEEN: Final = ","


@st.dialog("Rule", width="large")
def rule_form(desk: Desk, rule: Rule | None) -> None:
    """Make a rule, or change one; it is kept in the draft."""
    key = f"{desk.number}-{rule.name if rule else ''}"
    kinds = Kinds.of(services.schema())
    if rule is not None:
        section(plain(rule.name))
    with st.form(f"rule-{key}", border=False):
        name = st.text_input("Name", rule.name if rule else "", max_chars=60, key=f"name-{key}")
        section("When all of these hold", "text is compared without regard to case; several values with commas")
        conditions = st.data_editor(
            _rows(rule), num_rows="dynamic", hide_index=True, width="stretch", key=f"conditions-{key}",
            column_config={
                "column": st.column_config.SelectboxColumn("Column", options=_named(kinds), required=True),
                "operator": st.column_config.SelectboxColumn("Operator", options=list(OPERATORS), required=True),
                "value": st.column_config.TextColumn("Value", width="large"),
            },
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            effect = st.selectbox("Effect", EFFECTS, EFFECTS.index(rule.effect) if rule else 0, width=120)
            band = st.selectbox(
                "Action", BANDS, BANDS.index(rule.band if rule else "human_review"), width=160,
                format_func=lambda each: WORD[each],
            )  # fmt: skip
            state = st.selectbox(
                "State", STATES, STATES.index(rule.state if rule else "shadow"), width=120,
                format_func=str.capitalize,
                help="In shadow it is counted and never acted on; live it decides once the draft is activated",
            )  # fmt: skip
            reason = st.text_input(
                "Reason code", rule.reason if rule else "", width=170, help="Lower-case letters, digits and _"
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            owner = st.text_input("Owner", rule.owner if rule else "", width=200)
            expires = st.date_input(
                "Ends on", rule.expires.date() if rule and rule.expires else None, width=200, min_value=None
            )
        note = st.text_area("Note", rule.note if rule else "", height=80)
        by = drafting.whose(f"rule-{key}")
        if st.form_submit_button("Save in the draft", type="primary"):
            made = _made(
                conditions, kinds, name=name, effect=effect, band=band, state=state, reason=reason.strip(),
                owner=owner.strip(), note=note, expires=_end(expires),
            )  # fmt: skip
            if made is not None and drafting.save(desk, drafting.with_rules(desk, _with(desk, rule, made)), by):
                st.rerun()


def _made(conditions: pd.DataFrame, kinds: Kinds, **fields: Any) -> Rule | None:
    """The rule of a form; None where something is wrong with it, which is said."""
    with guard.shown() as failure:
        held = []
        for number, row in enumerate(conditions.fillna("").astype(str).to_dict("records"), 1):
            try:
                held.append(_condition(row["column"], row["operator"], row["value"], kinds))
            except BadOptionError as error:
                sentence = str(error).removeprefix(f"{error.option}: ")
                raise BadOptionError(f"condition {number}, {error.option}", sentence) from error
        rule = Rule(conditions=tuple(held), **fields | {"name": fields["name"].strip()})
    return rule if failure.error is None else None


def _condition(column: str, operator: Any, text: str, kinds: Kinds) -> Condition:
    """A condition of what was typed: numbers where the column holds numbers."""
    given = [text] if operator not in MANY else text.split(_BETWEEN)
    texts = [each.strip() for each in given if each.strip()]
    if operator in PRESENCE:
        return Condition(column, operator, tuple(texts))
    number = kinds.kinds.get(column.strip().casefold()) == "number"
    return Condition(column, operator, tuple(_number(each) if number else each for each in texts))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadOptionError("value", f"{text[:60]!r} is no number.") from None


def _rows(rule: Rule | None) -> pd.DataFrame:
    held = rule.conditions if rule else ()
    rows = [
        {
            "column": each.column, "operator": each.operator,
            "value": f"{_BETWEEN} ".join(v if isinstance(v, str) else value_text(v) for v in each.values),
        }
        for each in held
    ]  # fmt: skip
    return pd.DataFrame(rows or [{"column": "score", "operator": ">", "value": ""}], dtype="str")


def _named(kinds: Kinds) -> list[str]:
    """The columns by the names that people know, what every user has first."""
    schema = services.schema()
    return [*kinds.own, *schema.names, *schema.moments, *schema.beside, *([schema.id] if schema.id else [])]


def _with(desk: Desk, before: Rule | None, made: Rule) -> tuple[Rule, ...]:
    rules = desk.policy.rules
    return (*rules, made) if before is None else tuple(made if each is before else each for each in rules)


def _end(day: Any) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
