"""What a reviewer is shown of a case: the strongest pushes on its score, none where the case is blind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from core.registry.registry import Model
from core.review.cases import Case
from core.schema.glossary import Glossary
from core.scoring.reasons import Reason
from core.scoring.reasons import reasons as reasons_of

#: Features shown.
SHOWN: Final = 8


def values(case: Case, model: Model) -> pd.Series[float]:
    """The values judged by feature in the model's order, NaN where missing."""
    found = {name: case.features.get(name) for name in model.metadata.names}
    return pd.Series({name: np.nan if value is None else value for name, value in found.items()}, dtype=float)


def erased(case: Case, model: Model) -> bool:
    """Whether a text of the case was erased at its end, so that its score cannot be explained any more."""
    return any(case.features.get(name) is not None and case.context.get(name) is None for name in model.texts)


def reasons(case: Case, model: Model, glossary: Glossary) -> tuple[Reason, ...]:
    """A reason for every feature of the case as it was scored, the largest push to spammer first; none where a text was
    erased.
    """
    if erased(case, model):
        return ()
    judged = values(case, model)
    texts = {name: [case.context.get(name)] for name in model.texts}
    coded = model.encoding.of_values(np.asarray(judged, np.float64)[None, :], model.metadata.names, texts)
    pushes = model.explainer.contributions(coded.x)[0]
    return reasons_of(judged, pushes, model, glossary, case.context)


def drawn(told: Sequence[Reason]) -> tuple[Reason, ...]:
    """Of the features that moved the score most, those that pushed towards spammer, in the order given."""
    most = {each.feature for each in sorted(told, key=lambda each: abs(each.contribution), reverse=True)[:SHOWN]}
    return tuple(each for each in told if each.feature in most and each.contribution > 0)


def shown(case: Case, told: Sequence[Reason]) -> str:
    """The reasons as a verdict keeps them, for ever: without words of texts, which may have to be erased; none of a
    blind case.
    """
    return "" if case.blind else "   ".join(each.unquoted for each in drawn(told))
