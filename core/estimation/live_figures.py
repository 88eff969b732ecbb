"""What the verdicts say of a run, and of the live model and policy over all their runs of a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import BadOptionError
from core.estimation import estimate
from core.estimation.estimate import Figures
from core.estimation.sampling_cells import Labels, Users
from core.feedback import standing
from core.feedback.table import column
from core.planning.backlog import MOST_RUNS, PERIOD_DAYS
from core.planning.inclusions import Inclusions
from core.ports import DatasetStore
from core.schema import schema as schemas
from core.scoring.runs import Run, Runs
from core.wording import count

_LABEL: Final = {"spammer": 1.0, "legitimate": 0.0, "unsure": np.nan}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many runs of a period its figures leave out: `unplanned` ones, and `unread` ones, older than as many planned
    runs as are read.
    """

    unplanned: int
    unread: int

    @property
    def sentence(self) -> str:
        """How many and why, for a person; "" where none is."""
        told = [
            f"{count(self.unplanned, 'run')} without a plan, from which nobody was drawn yet: fill the places of a day"
        ] * bool(self.unplanned)
        told += [
            f"{count(self.unread, 'run')} older than the {MOST_RUNS:,} newest ones with a plan, which alone are read"
        ] * bool(self.unread)
        return f"Left out: {', and '.join(told)}." if told else ""


@dataclass(frozen=True, slots=True)
class Period:
    """Runs of a model and policy over some days: the `runs` that figures are of, newest first, and those `left_out`."""

    runs: tuple[Run, ...]
    left_out: LeftOut


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """What is live over `days` days: the `runs` that have a plan, newest first, how many `users` they have, the
    `figures`, and what these leave out.
    """

    runs: tuple[Run, ...]
    days: int
    users: int
    figures: Figures
    left_out: LeftOut

    @property
    def name(self) -> str:
        """The run, or the first and the last: 'r-0002 to r-0009'."""
        newest, oldest = self.runs[0].id, self.runs[-1].id
        return newest if newest == oldest else f"{oldest} to {newest}"


@dataclass(frozen=True, slots=True, eq=False)
class LiveFigures:
    """Weighted figures of the runs of a home."""

    datasets: DatasetStore
    inclusions: Inclusions
    runs: Runs
    schema_file: Path

    def figures(self, run: Run, verdicts: pd.DataFrame) -> Figures | None:
        """Precision and recall of a run, or None while it has no plan.

        verdicts: those neither superseded nor withdrawn (`Ledger.valid`). Of each user whom the run has chosen and who
        was judged on the values that the run has, in whichever run that was, the label counts that stands of all
        verdicts on these values, whoever gave them: an appeal, a second opinion and an import as well. It counts with
        the inclusion that the run gave the user. Who was only judged for another reason than a draw counts as not
        judged yet; a user sent by hand is certain to be judged; one who is in the run more than once counts by the
        latest row.
        """
        found = self.of_all([run], verdicts)
        return None if found is None else found[1]

    def live(self, run: Run, verdicts: pd.DataFrame, *, days: int = PERIOD_DAYS) -> Live | None:
        """The figures of the model and policy of a run over all their runs of so many days up to this one.

        A user counts once, by the latest of these runs that has a plan, with the largest inclusion that any of them
        gave: as the permanent random number of a user never changes, that is the probability of being chosen by any.
        The label is that on the values of the latest run in which there is one. None while no run has a plan.
        """
        period = self.period(run, days)
        found = self.of_all(period.runs, verdicts)
        return None if found is None else Live(period.runs, days, *found, period.left_out)

    def period(self, run: Run, days: int = PERIOD_DAYS) -> Period:
        """The runs of the model and policy of a run, of so many days up to this one.

        Runs after the newest with a plan have none: they are left out as those of before are.
        """
        if days < 1:
            raise BadOptionError("days", "a period has at least 1 day.")
        ours = self.runs.under(run.model, run.policy.version, after=run.created - timedelta(days=days))
        planned = [each for each in ours if self.runs.planned(each.id)]
        up_to = [each for each in planned if each.created <= run.created]
        known, is_last = {each.id for each in planned}, len(up_to) == len(planned)
        unplanned = [each for each in ours if each.id not in known and (is_last or each.created <= run.created)]
        left_out = LeftOut(sum(each.users > 0 for each in unplanned), len(up_to[MOST_RUNS:]))
        return Period(tuple(up_to[:MOST_RUNS]), left_out)

    def of_all(self, runs: Sequence[Run], verdicts: pd.DataFrame) -> tuple[int, Figures] | None:
        """How many users these runs have, newest first, and the figures of them all; None while none has a plan."""
        drawn = [(run, found) for run in runs if (found := self.inclusions.of(run)) is not None]
        if not drawn:
            return None
        code, names = pd.factorize(np.concatenate([found["user"].to_numpy(object) for _, found in drawn]))
        _, first = np.unique(code, return_index=True)
        inclusion, chosen = np.zeros(len(names)), np.zeros(len(names), bool)
        np.maximum.at(inclusion, code, np.concatenate([found["inclusion"].to_numpy() for _, found in drawn]))
        np.logical_or.at(chosen, code, np.concatenate([found["chosen"].to_numpy() for _, found in drawn]))
        of_runs = [self.runs.scores(run.id).loc[found.index] for run, found in drawn]
        scores = pd.concat(of_runs).iloc[first]
        probability, severity = scores["probability"].to_numpy(), scores["severity"].to_numpy(np.int8)
        label, judged = np.full(len(names), np.nan), np.zeros(len(names), bool)
        start = 0
        for run, found in drawn:
            user = code[start : start + len(found)]
            start += len(found)
            asked = np.flatnonzero(chosen[user] & ~judged[user])
            label[user[asked]], judged[user[asked]] = self._labels(run, found.iloc[asked], verdicts)
        return len(names), estimate.figures(
            Users.of(severity, probability, inclusion),
            Labels(severity[chosen].astype(np.int64), inclusion[chosen], label[chosen], judged[chosen]),
        )

    def labelled(self, run: Run, verdicts: pd.DataFrame) -> pd.DataFrame | None:
        """`probability`, `inclusion` and `label` (1.0 or 0.0) of the users of a run whose verdict says what they are.

        Indexed by input row; whose verdicts count is as in `figures`. None while the run has no plan.
        """
        if (drawn := self.inclusions.of(run)) is None:
            return None
        chosen = drawn[drawn["chosen"]]
        label, _ = self._labels(run, chosen, verdicts)
        probability = self.runs.scores(run.id)["probability"].loc[chosen.index]
        frame = pd.DataFrame(
            {"probability": probability, "inclusion": chosen["inclusion"], "label": label}, chosen.index
        )
        return frame[frame["label"].notna()]

    def _labels(
        self, run: Run, chosen: pd.DataFrame, verdicts: pd.DataFrame
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """The label of each row of `Inclusions.of`, (m,), NaN without one, and whether it was judged, (m,)."""
        names = [name for name in schemas.load(self.schema_file).names if column(name) in verdicts.columns]
        at = pd.Index(chosen["user"]).get_indexer(pd.Index(verdicts["user"]))
        given, at = verdicts[at >= 0], at[at >= 0]
        now = self.datasets.frame(run.dataset, names).loc[chosen.index].to_numpy(np.float64)
        same = _equal(given[[column(name) for name in names]].to_numpy(np.float64), now[at])
        given, at = given[same], at[same]
        label, judged = np.full(len(chosen), np.nan), np.zeros(len(chosen), bool)
        # Without a draw a user was judged because somebody looked: that says nothing of those whom nobody looked at.
        stands, draw = standing.last(at, given)
        counted = np.flatnonzero(draw >= 0)
        label[counted], judged[counted] = given["verdict"].iloc[stands[counted]].map(_LABEL).to_numpy(np.float64), True
        return label, judged


def _equal(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Whether two rows have the same values, (k,); missing equals missing."""
    return np.asarray(((a == b) | (np.isnan(a) & np.isnan(b))).all(axis=1))
