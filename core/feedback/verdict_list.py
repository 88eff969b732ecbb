"""All verdicts as a list: who said what of whom, when, and what became of it; and how an address tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

import pandas as pd

from core.errors import BadOptionError
from core.feedback.table import CATEGORY
from core.feedback.verdict import Judgement
from core.scoring.listing import params as written
from core.scoring.listing.run_users import SIZES

#: Names of an address that are those of a view.
PARAMS: Final = ("q", "by", "verdict", "state", "sort", "size")
State = Literal["stands", "corrected", "taken back"]
STATES: Final[tuple[State, ...]] = get_args(State)
JUDGEMENTS: Final[tuple[Judgement, ...]] = ("spammer", "legitimate", "unsure")
#: What verdicts are sorted by.
KEYS: Final = ("time", "user", "reviewer", "verdict")
_NEWEST: Final = "-time"
_SEARCHED: Final = ["user", "case", "reason", "notes"]
_SHOWN: Final = ["time", "user", "verdict", "category", "reviewer", "state", "case", "reason", "notes", "blind", "id"]


@dataclass(frozen=True, slots=True)
class VerdictView:
    """All conditions must hold, an empty one always does. `sort`: one of KEYS, with `-` before it from high to low.

    Raises BadOptionError.
    """

    text: str = ""
    by: tuple[str, ...] = ()
    verdicts: tuple[Judgement, ...] = ()
    states: tuple[State, ...] = ()
    sort: str = _NEWEST
    size: int = SIZES[0]

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise BadOptionError("size", f"show {', '.join(map(str, SIZES))} verdicts a page, not {self.size}.")
        for name, values, known in (
            ("verdict", self.verdicts, JUDGEMENTS), ("state", self.states, STATES),
            ("sort", (self.sort.removeprefix("-"),), KEYS),
        ):  # fmt: skip
            if unknown := [each for each in values if each not in known]:
                raise BadOptionError(name, f"{unknown[0][:60]!r} is none of {', '.join(known)}.")

    def params(self) -> dict[str, str]:
        """As an address has it; what is as usual is left out."""
        names = {"by": self.by, "verdict": self.verdicts, "state": self.states}
        told = {name: written.of_names(values) if values else "" for name, values in names.items()} | {
            "q": self.text.strip(), "sort": self.sort if self.sort != _NEWEST else "",
            "size": str(self.size) if self.size != SIZES[0] else "",
        }  # fmt: skip
        return {name: value for name, value in told.items() if value}

    @classmethod
    def of(cls, params: Mapping[str, str]) -> VerdictView:
        """What an address says. Raises BadOptionError that says what is wrong."""
        size = params.get("size", str(SIZES[0]))
        return cls(
            params.get("q", ""), written.names(params, "by") or (),
            cast("tuple[Judgement, ...]", written.names(params, "verdict") or ()),
            cast("tuple[State, ...]", written.names(params, "state") or ()),
            params.get("sort", _NEWEST), int(size) if size in map(str, SIZES) else 0,
        )  # fmt: skip


def listed(frame: pd.DataFrame) -> pd.DataFrame:
    """Every verdict that was given, newest first: `time`, `user`, `verdict`, `category`, `reviewer`, `state`, `case`,
    `reason`, `notes`, `blind`, `id`. frame: as of `Ledger.frame`; a row that takes a verdict back is none of its own.

    Scores are left out: a user may wait to be judged again without them.
    """
    later = frame[frame["supersedes"].fillna("") != ""].set_index("supersedes")["verdict"]
    became = frame["id"].map(later[~later.index.duplicated(keep="last")])
    state = became.map({"withdrawn": "taken back"}).where(became.isna() | (became == "withdrawn"), "corrected")
    category = frame[CATEGORY].fillna("") if CATEGORY in frame else ""
    given = frame.assign(state=state.fillna("stands"), category=category)[_SHOWN]
    return given[given["verdict"] != "withdrawn"].iloc[::-1].reset_index(drop=True)


def found(verdicts: pd.DataFrame, view: VerdictView) -> pd.DataFrame:
    """Those of `listed` that pass, in the order of the view; equals newest first."""
    passes = pd.Series(True, verdicts.index)
    chosen: Mapping[str, Sequence[str]] = {"reviewer": view.by, "verdict": view.verdicts, "state": view.states}
    for name, values in chosen.items():
        if values:
            passes &= verdicts[name].isin(values)
    if wanted := view.text.strip():
        texts: list[Any] = [verdicts[name].fillna("") for name in _SEARCHED]
        within = [text.str.contains(wanted, case=False, regex=False) for text in texts]
        passes &= pd.concat(within, axis=1).any(axis=1)
    by = view.sort.removeprefix("-")
    shown = verdicts[passes]
    if view.sort == _NEWEST:
        return shown
    folded = None if by == "time" else lambda values: values.fillna("").str.casefold()
    return shown.sort_values(by, ascending=not view.sort.startswith("-"), kind="stable", key=folded)
