"""What pages ask of verdicts and of the queue: figures of what is live, and who is reviewed today."""

from __future__ import annotations

import pandas as pd

from app.queries import services
from core.estimation.estimate import Figures
from core.estimation.forecast import Forecast
from core.estimation.live_figures import Live
from core.feedback import verdict_list
from core.planning.backlog import PERIOD_DAYS
from core.planning.day import Outlook
from core.policy import nobody_flagged as nobody
from core.retraining.shadow import Challenger, Standing
from core.review import evidence
from core.review.cases import Case
from core.scoring.reasons import Reason
from core.scoring.runs import Run


def outlook() -> Outlook:
    """Who is reviewed today if its places are filled now, and who waits; anew when that may have changed."""
    here, known, day = services.home(), services.home().ledger, services.now()
    known.refresh()
    newest = next(iter(here.runs.recent(1)), None)
    key = (
        "outlook", here, newest and newest.id, known.position, here.cases.waiting(now=day).open,
        here.guidance.load().version, here.policies.in_force().version, here.registry.champion(), f"{day:%Y-%m-%d}",
    )  # fmt: skip
    return services.kept(key, lambda: here.plans.outlook(now=day))


def forecast() -> Forecast | None:
    """What the verdicts of the coming days will say; anew when runs, plans, guidance, model or policy have changed."""
    here, newest = services.home(), next(iter(services.home().runs.recent(1)), None)
    key = (
        "forecast", here, newest and newest.id, here.cases.newest(), here.guidance.load().version,
        here.policies.in_force().version, here.registry.champion(),
    )  # fmt: skip
    return services.kept(key, here.forecasts.ahead)


def nobody_flagged(run: Run) -> str:
    """That nobody of a run is flagged and what would change that, as a sentence; "" where somebody is."""
    if run.flagged or not run.users:
        return ""
    own = services.home()
    return services.kept(
        ("nobody flagged", own, run.id),
        lambda: nobody.sentence(own.runs.scores(run.id)["probability"].to_numpy(), run.policy),
    )


def live(run: Run) -> Figures | None:
    """What the verdicts say of a run; anew when there are more of them."""
    here, known = services.home(), services.home().ledger
    known.refresh()
    key = ("live", here, run.id, known.position, len(here.runs.sent(run.id)), here.cases.newest())
    return services.kept(key, lambda: here.live_figures.figures(run, known.valid()))


def live_period(run: Run, days: int = PERIOD_DAYS) -> Live | None:
    """What the verdicts say of the model and policy of a run, over all their runs of so many days up to it."""
    here, known = services.home(), services.home().ledger
    known.refresh()
    period = here.live_figures.period(run, days)
    sent = sum(len(here.runs.sent(each.id)) for each in period.runs)
    key = (
        "period", here, run.id, days, known.position, sent, here.cases.newest(), len(period.runs), period.left_out
    )  # fmt: skip
    return services.kept(key, lambda: here.live_figures.live(run, known.valid(), days=days))


def reasons(case: Case) -> tuple[Reason, ...]:
    """A reason for every feature of a case as it was scored; anew when a run has changed it."""
    key = ("reasons of", services.home(), case.id, case.prediction, case.updated)
    return services.kept(key, lambda: evidence.reasons(case, services.model(case.model), services.meanings()))


def verdicts() -> pd.DataFrame:
    """All verdicts, newest first, as of `verdict_list.listed`; anew when there are more."""
    known = services.home().ledger
    known.refresh()
    return services.kept(("verdicts", services.home(), known.position), lambda: verdict_list.listed(known.frame()))


def standing(found: Challenger) -> Standing:
    """How the challenger does on what it has scored and on the verdicts so far."""
    here, known = services.home(), services.home().ledger
    known.refresh()
    key = ("shadow", here, found, here.registry.champion(), here.shadow.scored(found), known.position)
    return services.kept(key, lambda: here.shadow.standing(found))
