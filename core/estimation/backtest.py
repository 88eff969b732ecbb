"""What a rule or a whole policy would do, tried on users who were scored before, before it does anything.

Nothing is decided by it: the users of a stored run, or the labelled users of a dataset from whom the live model has not
learnt, are decided twice, by the policy as it is and by the one that is tried, under the lists that stand now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.comparison.common_rows import CommonRows
from core.data.datasets import Dataset
from core.errors import UnknownItemError
from core.estimation import estimate
from core.estimation.live_figures import LiveFigures
from core.estimation.sampling_cells import Labels
from core.estimation.sampling_cells import Users as Cells
from core.evaluation.metrics import exact
from core.feedback.ledger import Ledger
from core.planning.inclusions import Inclusions
from core.policy.bands import BANDS
from core.policy.decide import Decided, acted, decide, decide_users, flagged
from core.policy.matching import matched
from core.policy.policy import Policy
from core.policy.rules import Rule
from core.policy.users import Bools, Floats, Users
from core.ports import DatasetStore
from core.registry.registry import Model
from core.schema import schema as schemas
from core.schema.levels import written
from core.schema.schema import key
from core.scoring.decisions.deciding import Deciding
from core.scoring.runs import Run, Runs
from core.scoring.scorer import Scored, Scorer
from core.scoring.user_names import UserNames

_REVIEW: Final = np.int64(BANDS.index("human_review"))


@dataclass(frozen=True, slots=True)
class Precision:
    """Of users whom a rule matches, the share of spammers, with its 95 % interval; NaN where nothing is judged.

    `judged`: users with a label; `pending`: chosen to be judged and not judged yet.
    """

    value: float
    low: float
    high: float
    judged: int
    pending: int


#: The precision of those of the users (n,) who match, by their calibrated scores (n,).
Judge = Callable[[Bools, Floats], Precision]


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """What a rule does to `users` of a backtest: those it `matched`, those whose band would come from it (`decided`),
    those of the matched whom the score flags anyway, how many it shares with each other rule, and of the matched the
    `precision` and how many are known to be legitimate. `hidden`: earlier lists and rules take all its users.
    """

    rule: Rule
    matched: int
    decided: int
    flagged_by_score: int
    overlaps: Mapping[str, int]
    precision: Precision
    legitimate: int

    @property
    def hidden(self) -> bool:
        return self.matched > 0 and self.decided == 0 and self.rule.state == "live"


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """A policy tried on users (n,): `before` and `after`, severities of actions by position in BANDS, (n,); figures of
    its rules that are live or in shadow.

    users: indexed by input row, `user`, `score`, `verdict` (spammer, legitimate or ""), `decided_by` (of after).
    """

    about: str
    users: pd.DataFrame
    before: npt.NDArray[np.int8]
    after: npt.NDArray[np.int8]
    rules: tuple[RuleFigures, ...]

    @property
    def stricter(self) -> int:
        """Users whose action becomes stricter."""
        return int((self.after > self.before).sum())

    @property
    def milder(self) -> int:
        return int((self.after < self.before).sum())

    def counts(self, severity: npt.NDArray[np.int8]) -> dict[str, int]:
        """Users by action."""
        return dict(zip(BANDS, np.bincount(severity, minlength=len(BANDS)).tolist(), strict=True))

    def changes(self) -> pd.DataFrame:
        """Who changes action: `user`, `score`, `before`, `after`, `decided_by`, `verdict`, by input row.

        Whom it would treat more strictly although a person found them legitimate comes first, then the highest score.
        """
        at = np.flatnonzero(self.before != self.after)
        names = np.asarray(BANDS)
        told = self.users.iloc[at].assign(before=names[self.before[at]], after=names[self.after[at]])
        wrong = (told["verdict"] == "legitimate") & (self.after[at] > self.before[at])
        order = np.lexsort((-told["score"].to_numpy(), ~wrong.to_numpy(bool)))
        return told.iloc[order][["user", "score", "before", "after", "decided_by", "verdict"]]


@dataclass(frozen=True, slots=True, eq=False)
class Backtests:
    """Tries policies in a home."""

    common_rows: CommonRows
    datasets: DatasetStore
    deciding: Deciding
    inclusions: Inclusions
    ledger: Ledger
    live_figures: LiveFigures
    runs: Runs
    user_names: UserNames
    schema_file: Path

    def of_run(self, run: Run, before: Policy, after: Policy, *, now: datetime) -> Backtest:
        """On the users of a stored run. Raises UnknownItemError when they are gone.

        A rule may ask for a column that the home does not have any more: nobody has a value there.
        """
        schema = schemas.load(self.schema_file)
        scores = self.runs.scores(run.id)
        frame = self.datasets.frame(run.dataset, self._columns(run.dataset, before, after)).loc[scores.index]
        scored = Scored.of(scores, run.model)
        users = self.deciding.users(frame, scored, schema, before=run)
        names = self.user_names.of(run).loc[scores.index]
        verdict = self._verdicts(names)
        judge = self._judge(run, scores.index)
        return self._tried(f"{run.id}, {run.name}", users, names, verdict, judge, before, after, now)

    def of_labelled(self, dataset: Dataset, model: Model, before: Policy, after: Policy, *, now: datetime) -> Backtest:
        """On the labelled users of a dataset from whom the model has not learnt: what it has seen would flatter it.

        Raises SchemaError, TooFewRowsError, NoScoreError.
        """
        schema = schemas.load(self.schema_file)
        rows = self.common_rows.rows([model], dataset, schema)
        scored = Scorer(model).score(rows.frame).checked()
        users = self.deciding.users(rows.frame, scored, schema)
        names = (rows.frame[schema.id] if schema.id else rows.frame.index.to_series()).astype("str")
        verdict = np.where(rows.label == 1, "spammer", "legitimate").astype(object)

        def judge(mask: Bools, _probability: Floats) -> Precision:
            spammers, all_ = int(rows.label[mask].sum()), int(mask.sum())
            low, high = exact(spammers, all_) if all_ else (0.0, 1.0)
            return Precision(spammers / all_ if all_ else np.nan, low, high, all_, 0)

        return self._tried(rows.sentence.removesuffix("."), users, names, verdict, judge, before, after, now)

    def _tried(  # noqa: PLR0913, PLR0917 - the two sources meet here
        self, about: str, users: Users, names: pd.Series[str], verdict: npt.NDArray[np.object_], judge: Judge,
        before: Policy, after: Policy, now: datetime,
    ) -> Backtest:  # fmt: skip
        lists = self.deciding.lists.in_force(now)
        old, new = (decide_users(policy, users, lists, now=now) for policy in (before, after))
        frame = pd.DataFrame(
            {"user": names, "score": users.probability, "verdict": verdict, "decided_by": new.decided_by}, names.index
        )
        return Backtest(
            about, frame, _actions(old), _actions(new),
            _figures(after, users, new, verdict == "legitimate", judge, now),
        )  # fmt: skip

    def _columns(self, dataset: str, *policies: Policy) -> list[str]:
        """Those of a dataset that rules and lists may ask for: of half a million users no others are read."""
        found, schema = self.datasets.find(dataset), schemas.load(self.schema_file)
        asked = {key(each.column) for policy in policies for rule in policy.rules for each in rule.conditions}
        wanted = [name for name in (*schema.names, *found.context) if key(name) in asked]
        words = {written(name) for name in schema.worded if key(name) in asked} & self.datasets.columns(dataset)
        return list(dict.fromkeys([found.id_column, *found.context, *wanted, *sorted(words)]))

    def _verdicts(self, names: pd.Series[str]) -> npt.NDArray[np.object_]:
        """What stands of each user, (n,); "" where nothing does."""
        self.ledger.refresh()
        said = self.ledger.effective()
        last = said.loc[~said["user"].duplicated(keep="last")].set_index("user")["verdict"]
        found = names.astype(object).map(dict(last[last.isin(["spammer", "legitimate"])]))
        return np.where(found.isna(), "", found.to_numpy(object))

    def _judge(self, run: Run, rows: pd.Index[int]) -> Judge:
        """Weighs the labels of those who were drawn by their inclusion probability, as live figures do."""
        drawn = self.inclusions.of(run)
        if drawn is None:
            return lambda _mask, _probability: Precision(np.nan, 0.0, 1.0, 0, 0)
        labelled = self.live_figures.labelled(run, self.ledger.valid())
        label = pd.Series(np.nan, drawn.index) if labelled is None else labelled["label"].reindex(drawn.index)
        at = rows.get_indexer(drawn.index)

        def judge(mask: Bools, probability: Floats) -> Precision:
            ours = mask[at]
            inclusion = drawn["inclusion"].to_numpy(np.float64)[ours]
            chosen, known = drawn["chosen"].to_numpy(bool)[ours], label.to_numpy(np.float64)[ours]
            # All of them are one band here: what is asked is the share of spammers among those who match.
            cells = Cells.of(np.full(len(inclusion), _REVIEW), probability[at][ours], inclusion)
            labels = Labels(
                np.full(int(chosen.sum()), _REVIEW), inclusion[chosen], known[chosen], ~np.isnan(known[chosen])
            )
            found = estimate.figures(cells, labels).precision
            value = found.value if found.judged else np.nan
            return Precision(value, found.low, found.high, found.judged, found.pending)

        return judge


def with_rule(policy: Policy, name: str) -> tuple[Policy, Policy]:
    """A policy without what one of its rules does, and with it. Raises UnknownItemError."""
    rule = policy.rule(name)
    if rule is None:
        raise UnknownItemError("rule", name)
    off, on = (
        replace(policy, rules=tuple(replace(each, state=state) if each is rule else each for each in policy.rules))
        for state in ("draft", "live")
    )
    return off, on


def _actions(decided: Decided) -> npt.NDArray[np.int8]:
    return acted(decided.severity, armed=decided.armed)


def _figures(
    policy: Policy, users: Users, decided: Decided, legitimate: Bools, judge: Judge, now: datetime
) -> tuple[RuleFigures, ...]:  # fmt: skip
    rules = [*policy.acting(now), *policy.shadowed(now)]
    masks = {rule.name: matched(rule, users) for rule in rules}
    by_score = flagged(decide(policy, users.probability).severity)
    return tuple(
        RuleFigures(
            rule, int(mask.sum()), decided.hits[rule.name].decided, int((mask & by_score).sum()),
            {other: n for other, theirs in masks.items() if other != rule.name and (n := int((mask & theirs).sum()))},
            judge(mask, users.probability), int((mask & legitimate).sum()),
        )
        for rule in policy.rules if (mask := masks.get(rule.name)) is not None
    )  # fmt: skip
