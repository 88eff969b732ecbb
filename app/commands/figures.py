"""The figures of `feedback stats`: what the verdicts are, and what they say of a run."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.stdout import put

if TYPE_CHECKING:
    import pandas as pd

    from core.estimation.estimate import Estimate, Figures
    from core.estimation.live_figures import Live
    from core.scoring.runs import Run


def counts(total: int, standing: pd.DataFrame) -> dict[str, Any]:
    """What the verdicts are by themselves. `total`: all that are stored; `standing`: the frame of those that stand."""
    correct = standing["is_correct"].dropna()
    events, of = int(correct.sum()), len(correct)
    return {
        "total": total,
        "standing": len(standing),
        "by_verdict": {str(name): int(n) for name, n in standing["verdict"].value_counts().items()},
        "by_reviewer": {str(name): int(n) for name, n in standing["reviewer"].value_counts().items()},
        "naive_accuracy": {"value": events / of if of else None, "events": events, "of": of},
        "run": None,
    }


def of_run(run: Run, figures: Figures) -> dict[str, Any]:
    """What the verdicts say of a run alone."""
    return _about(run, run.id, run.users) | _as_json(figures)


def of_period(run: Run, live: Live, name: str) -> dict[str, Any]:
    """What they say of a period that ends with a run, under a name, and which of its runs are left out."""
    left_out = asdict(live.left_out) | {"sentence": live.left_out.sentence}
    return _about(run, name, live.users) | {"left_out": left_out} | _as_json(live.figures)


def _about(run: Run, name: str, users: int) -> dict[str, Any]:
    return {"id": name, "model_version": run.model, "policy_version": run.policy.version, "users": users}


def _as_json(figures: Figures) -> dict[str, Any]:
    from core.policy.bands import BANDS

    return {
        "precision": _estimate(figures.precision),
        "recall": _estimate(figures.recall),
        "spammers_by_band": {band: _estimate(each) for band, each in zip(BANDS, figures.bands, strict=True)},
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    raw = asdict(estimate) | {"enough": estimate.enough}
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in raw.items()}


def show(facts: dict[str, Any], *, as_json: bool) -> None:
    """Write the figures to stdout, as JSON or for a person."""
    if as_json:
        put(json.dumps(facts, indent=1) + "\n")
        return
    put("".join(f"{line}\n" for line in _lines(facts)))


def _lines(facts: dict[str, Any]) -> list[str]:
    from core.wording import count

    accuracy = facts["naive_accuracy"]
    lines = [f"{count(facts['total'], 'verdict')}, {facts['standing']:,} stand"]
    lines += [f"{name:<14}{number:>8,}" for name, number in facts["by_verdict"].items()]
    lines += [f"by {name}: {number:,}" for name, number in facts["by_reviewer"].items()]
    lines += [f"naive accuracy {_naive(accuracy['value'], accuracy['events'], accuracy['of'])}"]
    if run := facts["run"]:
        lines += [f"{run['id']}: {run['model_version']} under {run['policy_version']}, {run['users']:,} users; "
                  "95 % intervals"]  # fmt: skip
        lines += [sentence] if (sentence := run.get("left_out", {}).get("sentence")) else []
        lines += [_line("precision", run["precision"]), _line("recall", run["recall"])]
        lines += [_line(f"spammers in {band}", each) for band, each in reversed(run["spammers_by_band"].items())]
    return lines


def _line(name: str, entry: dict[str, Any]) -> str:
    ends = f"({entry['low']:.4f} to {entry['high']:.4f})"
    said = f"{entry['value']:.4f} {ends}" if entry["enough"] else f"too few to say {ends}"
    rest = f"{entry['judged']:,} judged, {entry['pending']:,} pending, {entry['unsure']:,} unsure"
    return f"{name:<26}{said}; {rest}; naive {_naive(entry['naive'], entry['naive_events'], entry['naive_of'])}"


def _naive(value: float | None, events: int, of: int) -> str:
    return "–" if value is None else f"{value:.4f} ({events:,} of {of:,})"
