"""Made-up verdicts for the tests of feedback."""

from __future__ import annotations

from typing import Any

from core.feedback.verdict import Verdict
from tests.make import NOW

FEATURES = {"links": 3.0, "ratio": None, "tier": -0.5}


def verdict(number: int | str = 1, **changes: Any) -> Verdict:
    """Ada's verdict `v<number>` on user `u<number>`; `changes` are fields of it."""
    told: dict[str, Any] = {
        "id": f"v{number}", "time": NOW, "case": f"c-{number}", "prediction": f"r-0001-{number}", "user": f"u{number}",
        "reviewer": "Ada", "verdict": "spammer", "reason": "bulk_links", "notes": "", "seconds": 12.5,
        "model": "v0001", "policy": "p0001", "score": 0.8, "band": "human_review", "action": "human_review",
        "reasons": "links is 3", "blind": False, "stratum": "certain", "inclusion": 1.0, "features": FEATURES,
    }  # fmt: skip
    return Verdict(**told | changes)
