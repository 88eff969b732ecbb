"""Which function does the work of a job: a stable name stands in its `request.json`, whatever the function is called.

A name here is for ever. Functions of jobs are `f(settings, report, **arguments)`; they are imported by the process that
does the job, so that nothing is loaded for those it does not do.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Final

from core.errors import RefusedError

#: Name of a job: "module:function".
FUNCTIONS: Final = {
    "score_file": "core.scoring.score_job:score",
    "explain_run": "core.scoring.score_file:explain_run",
    "queue_run": "core.review.plans:queue_job",
    "train": "core.training.training:train_stored",
    "judge": "core.training.training:judge_stored",
    "compare": "core.comparison.comparison_job:compare_stored",
    "robustness": "core.diagnostics.robustness:robustness_stored",
    "importance": "core.diagnostics.importance:importance_stored",
    "learning_curve": "core.diagnostics.learning_curve:learning_curve_stored",
    "retrain": "core.retraining.retrain:retrain_now",
    "shadow": "core.retraining.shadow:catch_up_now",
    "push": "core.hub.push_pull:push_stored",
    "pull": "core.hub.push_pull:pull_stored",
}
#: What stood in the place of a name before there were any: the function, where it was then.
FORMER: Final = {
    "core.decision.score_job:score": "score_file",
    "core.decision.scoring:explain_run": "explain_run",
    "core.feedback.plans:queue_job": "queue_run",
    "core.model.training:train_stored": "train",
    "core.model.training:judge_stored": "judge",
    "core.model.comparisons:compare_stored": "compare",
    "core.model.robustness:robustness_stored": "robustness",
    "core.model.importance:importance_stored": "importance",
    "core.model.learning_curve:learning_curve_stored": "learning_curve",
    "core.learning.retrain:retrain_now": "retrain",
    "core.learning.shadow:catch_up_now": "shadow",
    "core.model.hub:push_stored": "push",
    "core.model.hub:pull_stored": "pull",
}


def find(name: str) -> Callable[..., object]:
    """The function of a job by its name, or by what stood in its place in an older home. Raises RefusedError."""
    known = FUNCTIONS.get(FORMER.get(name, name))
    if known is None:
        raise RefusedError(f'This version of the program knows no job called "{name}".')
    module, _, function = known.partition(":")
    found: Callable[..., object] = getattr(importlib.import_module(module), function)
    return found
