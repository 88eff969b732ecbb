"""Which method of a home does the work of a job: a stable name stands in its `request.json`, whatever code is called.

A name here is for ever. The methods are `f(report, **arguments)`.
"""

from __future__ import annotations

from typing import Final

from core.errors import RefusedError

#: Name of a job: the method of `core.home.Home` that does it.
METHODS: Final = {
    "score_file": "score_jobs.score",
    "explain_run": "file_scoring.explain_run",
    "rescan": "rescans.rescan_job",
    "queue_run": "plans.queue_job",
    "top_up": "plans.top_up_job",
    "train": "training.train_stored",
    "judge": "training.judge_stored",
    "compare": "comparer.compare_stored",
    "robustness": "robustness.robustness_stored",
    "importance": "importance.importance_stored",
    "learning_curve": "learning_curves.learning_curve_stored",
    "retrain": "retraining.retrain_now",
    "shadow": "shadow.catch_up_now",
    "schedule": "timetable.work",
    "push": "hub.push_stored",
    "pull": "hub.pull_stored",
    "mirror": "mirror.send_waiting",
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


def method(name: str) -> str:
    """The method for the name of a job, or for what stood in its place in an older home. Raises RefusedError."""
    found = METHODS.get(FORMER.get(name, name))
    if found is None:
        raise RefusedError(f'This version of the program knows no job called "{name}".')
    return found
