"""A training run in words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

import pandas as pd

from app.words import UNKNOWN, interval
from core.evaluation.estimate import Estimate
from core.model import families
from core.training.training_runs import TrainingRun, Trial
from core.wording import count as counted

#: Ends of trials as a person would name them.
ENDED: Final = {"complete": "complete", "pruned": "given up early", "failed": "failed"}
#: How a run went on from the champion.
RETRAINED: Final = {"full": "retrained in full", "warm": "retrained, warm start"}
DEFAULTS: Final = "default settings"


def family(name: str) -> str:
    """A family in words; one that this program does not know any more is named as it was stored."""
    known = families.FAMILIES.get(name)
    return known.name if known else name


def options(kept: TrainingRun) -> str:
    """What was chosen beside the family: "balanced weights, search of 12 trials", "retrained in full", DEFAULTS."""
    told = [RETRAINED[kept.options["retrained"]]] if "retrained" in kept.options else _recipe(kept)
    told += [f"search of {counted(len(kept.search), 'trial')}"] if kept.search else []
    return ", ".join(told) or DEFAULTS


def recipe(kept: TrainingRun) -> str:
    """What was chosen that bends how the users are learnt from: "balanced weights and hard negatives"."""
    return " and ".join(_recipe(kept))


def _recipe(run: TrainingRun) -> list[str]:
    weight = weights(run.options.get("class_weight", "natural"))
    hard = "hard negatives" if run.options.get("hard_negatives") else ""
    return [each for each in (weight, hard, "augmented texts" if run.options.get("augment") else "") if each]


def weights(chosen: str | float) -> str:
    """Class weights in words, "" for natural ones."""
    if chosen == "natural":
        return ""
    return "balanced weights" if chosen == "balanced" else f"a weight of {chosen:g} for spammers"


def estimate(found: Estimate, digits: int = 3) -> str:
    """A figure with its interval."""
    if found.value is None or found.low is None or found.high is None:
        return UNKNOWN
    return interval(found.value, found.low, found.high, digits)


def trials(search: Iterable[Trial]) -> pd.DataFrame:
    """The trials of a search as a table, a column a parameter; numbered from 1."""
    rows = [
        {"trial": each.number + 1, "state": each.state, "value": math.nan if each.value is None else each.value}
        | {"seconds": each.seconds} | dict(each.parameters)
        for each in search
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=None if rows else ["trial", "state", "value", "seconds"])


def parameter(value: Any) -> str:
    """A setting, a fraction with four digits that count."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
