"""A challenger in the shadow of the champion: it scores what the champion scores, and nobody acts on it.

`data/shadow/challenger.json` names the version; `data/shadow/<run>-<version>.parquet` holds its probabilities of the
users of a run, by input row. As verdicts on these users come in, they tell which of the two is right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core import formats
from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.access.stored_users import users_stay
from core.comparison import flips
from core.comparison.flips import Flips
from core.errors import RefusedError
from core.evaluation.paired import mcnemar
from core.feedback.ledger import Ledger
from core.files import with_digest, within, write_text
from core.jobs import Jobs, Report
from core.policy.bands import BANDS
from core.policy.decide import decide
from core.ports import DatasetStore
from core.registry.registry import Registry
from core.retraining.training_set import LABEL, labels_given
from core.scoring.decisions import score_table
from core.scoring.runs import Run, Runs
from core.scoring.scorer import Scorer
from core.store import frames
from core.wording import count, percent

FORMAT: Final = 1
JOB: Final = "shadow"
Floats = npt.NDArray[np.float64]
#: Newest runs that a challenger catches up with, and that its standing is told from.
MOST_RUNS: Final = 50
_REVIEW: Final = BANDS.index("human_review")


@dataclass(frozen=True, slots=True)
class Challenger:
    """The version in the shadow, and who put it there when: runs before that are not scored by it."""

    version: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """How a challenger compares on the users of so many `runs`: who changes band, and who was right where a verdict
    says what the user is: only the champion, only the challenger, of all those `judged`. `without`: users whom the
    challenger gives no score, and who are in none of these. `both_flag`: users whom both send to review or further,
    and of whom both say a category; `same_category`: of how many of them it is the same.
    """

    challenger: str
    runs: int
    flips: Flips
    judged: int
    only_champion: int
    only_challenger: int
    without: int = 0
    both_flag: int = 0
    same_category: int = 0

    @property
    def p(self) -> float:
        """Two-sided p-value of McNemar's test that both are right equally often."""
        return mcnemar(self.only_champion, self.only_challenger)

    @property
    def sentence(self) -> str:
        """Agreement, flips, and which is right."""
        if not self.runs:
            return f"{self.challenger} has scored no run yet beside the champion."
        agreed = percent(1 - len(self.flips.rows) / max(self.flips.n, 1))
        said = (
            f"{self.challenger} agrees on the band of {agreed} of {count(self.flips.n, 'user')}. {self.flips.sentence} "
        )
        if self.without:
            said += f"It gives {count(self.without, 'other user')} no score. "
        if self.both_flag:
            alike = percent(self.same_category / self.both_flag)
            said += f"Of {count(self.both_flag, 'user')} whom both flag, they say the same category of {alike}. "
        if not self.judged:
            return said + "No verdict says yet which is right."
        better = self.challenger if self.only_challenger > self.only_champion else "the champion"
        surely = f"{better} is right more often" if self.p < 0.05 else "no evidence that either is right more often"
        return said + (
            f"Of {count(self.judged, 'judged user')}, {self.only_champion:,} only the champion judges rightly and "
            f"{self.only_challenger:,} only {self.challenger}: {surely} (McNemar, p = {self.p:.3f})."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """The challenger of a home; what it says of users is kept in `folder`."""

    accounts: Accounts
    audit: AuditLog
    datasets: DatasetStore
    jobs: Jobs
    ledger: Ledger
    registry: Registry
    runs: Runs
    folder: Path

    def appoint(self, version: str | None, *, by: str, now: datetime) -> None:
        """Put a version into the shadow, or with None nobody. Raises NotAllowedError, RefusedError for the champion
        itself, and as `registry.load` does.
        """
        person = self.accounts.authorise(by, "retrain").name
        if version is not None:
            self.registry.load(version)
            if version == self.registry.champion():
                raise RefusedError(f"{version} is live: it cannot be its own challenger.")
        self.audit.note(who=person, what="shadow", about=version or "nobody", now=now)
        told = {"format": FORMAT, "version": version, "by": person, "at": now.isoformat()}
        write_text(self.folder / "challenger.json", json.dumps(told) + "\n")

    def challenger(self) -> Challenger | None:
        """Who is in the shadow; nobody once it is live, or gone."""
        path = self.folder / "challenger.json"
        if not path.is_file():
            return None
        raw = formats.load(path, known=FORMAT)
        if raw["version"] not in self.registry.versions() or raw["version"] == self.registry.champion():
            return None
        return Challenger(raw["version"], raw["by"], datetime.fromisoformat(raw["at"]))

    @users_stay
    def catch_up(self) -> tuple[str, ...]:
        """Let the challenger score the runs it has not scored yet, of those made since it was appointed; their ids.

        A user whom it gives no score is kept as such: what is not finite in the file has no band.
        """
        found = self.challenger()
        missing = [run for run in self._runs(found) if found and not self._file(run, found.version).is_file()]
        if found is None or not missing:
            return ()
        scorer = Scorer(self.registry.load(found.version))
        for run in missing:
            names = (*scorer.model.metadata.columns, *scorer.model.encoding.columns)
            frame = self.datasets.frame(run.dataset, names)
            scored = scorer.score(frame)
            known = np.where(scored.finite, scored.probability, np.nan)
            kept = {"probability": known, **score_table.categories(scored)}
            with with_digest(self._file(run, found.version)) as temporary:
                frames.write(pd.DataFrame(kept, index=frame.index), temporary, known=FORMAT)
        return tuple(run.id for run in missing)

    def soon(self) -> None:
        """Let the challenger catch up in a job of its own; nothing where nobody is in the shadow."""
        if found := self.challenger():
            self.jobs.start(JOB, {}, title=f"{found.version} in the shadow", identity="shadow", lane="long")

    def catch_up_now(self, report: Report) -> None:
        """The job behind `soon`: also scores the runs that come in meanwhile."""
        report(0, 1)
        while self.catch_up():
            report(0, 1)

    def scored(self, found: Challenger) -> tuple[str, ...]:
        """The runs, newest first, that a challenger has scored."""
        return tuple(run.id for run in self._scored(found))

    def standing(self, found: Challenger) -> Standing:
        """How a challenger does on what it has scored."""
        scored = {run.id: run for run in self._scored(found)}
        told = {run.id: self._told(run, found.version) for run in scored.values()}
        known = {run: each[np.isfinite(each["probability"])] for run, each in told.items()}
        kept = {run: self.runs.scores(run).loc[known[run].index] for run in scored}
        theirs, ours = ({run: each["probability"] for run, each in side.items()} for side in (known, kept))
        before, after = (
            _joined([decide(scored[run].policy, each[run].to_numpy()).severity for run in scored])
            for each in (ours, theirs)
        )
        self.ledger.refresh()
        right_a, right_b = _right(labels_given(self.ledger.effective()), scored, ours, theirs)
        both, alike = _alike(kept, known, (before >= _REVIEW) & (after >= _REVIEW))
        return Standing(
            found.version, len(scored), flips.flips(before, after, BANDS), len(right_a),
            int((right_a & ~right_b).sum()),
            int((right_b & ~right_a).sum()), sum(len(told[run]) - len(theirs[run]) for run in told), both, alike,
        )  # fmt: skip

    def _told(self, run: Run, version: str) -> pd.DataFrame:
        return frames.read(self._file(run, version), known=FORMAT)

    def _scored(self, found: Challenger) -> list[Run]:
        return [run for run in self._runs(found) if self._file(run, found.version).is_file()]

    def _runs(self, found: Challenger | None) -> list[Run]:
        if found is None:
            return []
        return [
            run for run in self.runs.recent(MOST_RUNS) if run.created >= found.at and run.model != found.version
        ]  # fmt: skip

    def _file(self, run: Run, version: str) -> Path:
        path = within(self.folder, f"{run.id}-{version}")
        return path.with_name(f"{path.name}.parquet")


def _right(
    verdicts: pd.DataFrame, scored: Mapping[str, Run], ours: Mapping[str, pd.Series[float]],
    theirs: Mapping[str, pd.Series[float]],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:  # fmt: skip
    """Whether champion and challenger flag each judged user for review rightly, (k,) both; the last verdict counts."""
    last = verdicts[~verdicts["prediction"].duplicated(keep="last")]
    place = last["prediction"].str.rsplit("-", n=1)
    rights: tuple[list[bool], list[bool]] = [], []
    for run, row, said in zip(place.str[0], place.str[1], last["verdict"], strict=True):
        if run not in scored or not str(row).isdigit() or int(row) not in theirs[run].index:
            continue
        for right, each in zip(rights, (ours, theirs), strict=True):
            flagged = int(decide(scored[run].policy, each[run].loc[int(row)]).severity) >= _REVIEW
            right.append(flagged == bool(LABEL[said]))
    return np.array(rights[0], bool), np.array(rights[1], bool)


def _alike(
    ours: Mapping[str, pd.DataFrame], theirs: Mapping[str, pd.DataFrame], flagged: npt.NDArray[np.bool_]
) -> tuple[int, int]:  # fmt: skip
    """Of how many users flagged by both (n,), run after run, both say a category, and of how many the same."""
    a, b = (
        pd.concat(
            [pd.Series(dtype=object), *(each.get("category", pd.Series(None, each.index)) for each in told.values())]
        )
        for told in (ours, theirs)
    )
    known = flagged & a.notna().to_numpy() & b.notna().to_numpy()
    return int(known.sum()), int((known & (a.to_numpy(object) == b.to_numpy(object))).sum())


def _joined(parts: list[npt.NDArray[np.int8]]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)
