"""What a reviewer is shown of a case, and so what its verdict keeps."""

from __future__ import annotations

from typing import Any

from core.review import evidence
from core.scoring.reasons import Reason
from core.text.text_model import Word

PUSHES = {f"f{i}": (1 if i % 2 else -1) * (20 - i) for i in range(20)}
TOLD = tuple(
    Reason(name, 1.0, push, "typical", "", "") for name, push in sorted(PUSHES.items(), key=lambda each: -each[1])
)


def seen(*, blind: bool) -> Any:
    return type("Seen", (), {"blind": blind})


def test_reasons_outside_the_figure_are_not_stored_as_shown() -> None:
    assert evidence.shown(seen(blind=False), TOLD).split("   ") == [
        "f1=1 (+19.00)", "f3=1 (+17.00)", "f5=1 (+15.00)", "f7=1 (+13.00)",
    ]  # fmt: skip


def test_of_a_blind_case_no_reason_is_stored() -> None:
    assert evidence.shown(seen(blind=True), TOLD) == ""


def test_a_verdict_keeps_no_words_of_a_text_as_they_may_have_to_be_erased() -> None:
    quoting = Reason("body", None, 1.5, "typical", "", "", '"free crypto"', (Word(0, 11, 1.5, False),))
    assert quoting.text == 'body: "free crypto" (+1.50)'
    assert evidence.shown(seen(blind=False), [quoting]) == "body (+1.50)"
