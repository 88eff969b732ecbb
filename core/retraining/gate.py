"""The gate: may this candidate take the place of the champion? Each check with its figure, threshold and verdict.

`promote`: it is surely better by what is worth a change, and passes every check. `reject`: there is evidence that it
is worse in something. `hold`: neither; a named person may still promote it, as far as it is not worse. What was found
is kept beside the version, `data/gates/<version>.json`, because the folder of a version never changes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from core import formats
from core.comparison import flips
from core.evaluation import weakest
from core.evaluation.difference import short
from core.evaluation.metrics import Thresholds
from core.files import within, write_kept
from core.registry.metadata import Trained
from core.registry.registry import Model
from core.retraining import by_segment, gate_checks
from core.retraining.gate_checks import Check
from core.retraining.paired_gain import Gain, gains
from core.retraining.training_set import Labelled
from core.schema.schema import Schema
from core.scoring.scorer import Scorer

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Verdict = Literal["promote", "hold", "reject"]
FORMAT: Final = 1
#: Spammers, and others, without whom no gain is told.
FEWEST: Final = 30
#: Flagged users whose reasons are compared: enough for their average, and seconds instead of minutes.
EXPLAINED: Final = 900
#: Users scored to see how long it takes, the fastest of so many times.
TIMED, TIMES = 5_000, 5


@dataclass(frozen=True, slots=True)
class Gate:
    """What was found of a candidate; `judges`: a sentence on whom it was judged; `n` of them, so many `spammers`.

    `gain`: in PR-AUC with the ends of its 95 % interval, None where it cannot be told.
    """

    champion: str
    candidate: str
    verdict: Verdict
    sentence: str
    checks: tuple[Check, ...]
    judges: str
    n: int
    spammers: int
    gain: tuple[float, float, float] | None
    at: datetime

    def as_json(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("champion", "candidate", "verdict", "sentence", "judges", "n")}
        return own | {
            "format": FORMAT, "spammers": self.spammers,
            "gain": self.gain, "at": self.at.isoformat(),
            "checks": [each.as_json() for each in self.checks],
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Gate:
        kept = {name: raw[name] for name in cls.__dataclass_fields__}
        return cls(
            **kept
            | {
                "checks": tuple(map(Check.from_json, raw["checks"])),
                "gain": None if raw["gain"] is None else tuple(raw["gain"]),
                "at": datetime.fromisoformat(raw["at"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """Judges, the scores of both models, and what else of them is compared, from arrays alone; see `examine`.

    label, a, b, weight: (n,). `old` (n,): whose label comes from the history, not from a verdict. `groups`: column ->
    its segments. `golden`: label, a and b of golden items. `overlap` of reasons, `seconds` a user of a and of b.
    """

    label: Floats
    a: Floats
    b: Floats
    weight: Floats
    old: Bools
    groups: Mapping[str, Sequence[tuple[str, Bools]]]
    golden: tuple[Floats, Floats, Floats]
    overlap: Floats
    seconds: tuple[float, float]


def examine(judged: Judged, thresholds: Thresholds, *, seed: int) -> tuple[tuple[Check, ...], Gain]:
    """All checks of b against a, and the gain in PR-AUC. thresholds: band -> score above which it begins."""
    y, a, b, w = judged.label, judged.a, judged.b, judged.weight
    spammers, others = int(y.sum()), int(len(y) - y.sum())
    last, review = max(thresholds.values()), sorted(thresholds.values())[-2:][0]
    nothing = Gain(*[float("nan")] * 4)
    found = gains(y, a, b, w, last, seed=seed) if min(spammers, others) else dict.fromkeys(("pr_auc",), nothing)
    changed = flips.severity(a, thresholds) != flips.severity(b, thresholds)
    told = [gate_checks.gain(found["pr_auc"], (spammers, others), FEWEST)]
    inside = int((a > last).sum()), int((b > last).sum())
    if min(spammers, others):
        told += [gate_checks.precision(found["precision"], last, inside), gate_checks.calibration(found["ece"])]
        told += [by_segment.segments(y, a, b, w, judged.groups)]
        told += [by_segment.old_labels(y, a, w, judged.old, judged.groups)]
    if len(judged.golden[0]):
        known, *scores = judged.golden
        told += [gate_checks.golden(known, scores[0] > review, scores[1] > review)]
    if len(y):
        told += [gate_checks.flips(changed, w)]
    return (*told, gate_checks.reasons(judged.overlap), gate_checks.speed(*judged.seconds)), found["pr_auc"]


def decide(found: Sequence[Check], gain: Gain) -> tuple[Verdict, str]:
    """The verdict of checks, the first of which is that of the gain, and the sentence that says why.

    >>> decide([Check("gain", .01, .005, "passed", "")], Gain(.70, .71, .006, .02))
    ('promote', 'It is better by 0.010 PR-AUC, 95 % 0.0060 to 0.020, and passes every check.')
    """
    failed = [each for each in found if each.state == "failed"]
    if failed:
        return "reject", " ".join(each.sentence for each in failed)
    unproven = [each for each in found if each.state == "open"]
    if not unproven:
        text = f"{short(gain.value)} PR-AUC, 95 % {short(gain.low)} to {short(gain.high)}"
        return "promote", f"It is better by {text}, and passes every check."
    said = " ".join(each.sentence for each in unproven)
    return "hold", f"Nothing shows that it is worse, nor that it may take over unseen. {said}"


def check(  # noqa: PLR0913 - two models, whom they are judged on, and what scores lead to
    champion: Model, candidate: Model, judges: Labelled, golden: Labelled, schema: Schema, thresholds: Thresholds, *,
    said: str, seed: int, now: datetime,
) -> Gate:  # fmt: skip
    """Hold a candidate against the champion on judges neither has learnt from; `said`: a sentence on who they are.

    Raises WrongFeaturesError when the schema of the home has changed since the champion was trained, NoScoreError when
    either model gives somebody no score.
    """
    a, b = (Scorer(model).score(judges.frame).checked().probability for model in (champion, candidate))
    known = [Scorer(model).score(golden.frame).checked().probability for model in (champion, candidate)]
    trained = {feature.name: feature for feature in champion.metadata.features}
    groups = {name: list(_parts(judges, name, trained.get(name))) for name in schema.measures}
    judged = Judged(
        judges.label, a, b, judges.weight, ~judges.judged, groups, (golden.label, known[0], known[1]),
        _overlap(champion, candidate, judges, np.maximum(a, b) > min(thresholds.values()), seed),
        (_seconds(champion, judges), _seconds(candidate, judges)),
    )  # fmt: skip
    checks, gain = examine(judged, thresholds, seed=seed)
    verdict, sentence = decide(checks, gain)
    return Gate(
        champion.version, candidate.version, verdict, sentence, checks, said, len(judges), int(judges.label.sum()),
        None if np.isnan(gain.value) else (gain.value, gain.low, gain.high), now,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class GateReports:
    """Reports of the gate, kept in `folder`."""

    folder: Path

    def keep(self, gate: Gate) -> None:
        """Store what was found of a version."""
        write_kept(self._file(gate.candidate), json.dumps(gate.as_json(), indent=1, ensure_ascii=False) + "\n")

    def kept(self, version: str) -> Gate | None:
        """What was found of a version, None where it never stood at the gate."""
        path = self._file(version)
        return Gate.from_json(formats.load(path, known=FORMAT)) if path.is_file() else None

    def _file(self, version: str) -> Any:
        path = within(self.folder, version)
        return path.with_name(f"{path.name}.json")


def _parts(judges: Labelled, name: str, trained: Trained | None) -> Iterator[tuple[str, Bools]]:
    values = judges.frame[name]
    if trained is None or not (trained.levels or trained.words):
        return weakest.by_bin(values.to_numpy(np.float64))
    return weakest.by_value(values.map(trained.say, na_action="ignore"))


def _overlap(
    champion: Model, candidate: Model, judges: Labelled, flagged: Bools, seed: int
) -> Floats:  # fmt: skip
    rows = np.sort(np.random.default_rng(seed).permutation(np.flatnonzero(flagged))[:EXPLAINED])
    frame = judges.frame.iloc[rows]
    of_a, of_b = (each.explainer.contributions(Scorer(each).matrix(frame)) for each in (champion, candidate))
    _, before, after = flips.aligned(of_a, of_b, champion.metadata.names, candidate.metadata.names)
    return flips.overlap(before, after)


def _seconds(model: Model, judges: Labelled) -> float:
    """How long it takes to score a user, among as many others for every model."""
    users = np.resize(Scorer(model).matrix(judges.frame), (TIMED, len(model.metadata.names)))
    predictor, taken = model.predictor.reloaded(), list[float]()
    for _ in range(TIMES):
        started = time.perf_counter()
        predictor.margin(users)
        taken.append(time.perf_counter() - started)
    return min(taken) / TIMED
