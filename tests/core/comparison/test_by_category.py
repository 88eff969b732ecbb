"""Two models that say categories: macro-F1 of both, whether either is better, how often they agree."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.reports import comparison as report
from core.comparison import by_category
from core.comparison.by_category import ByCategory
from core.comparison.comparison_job import Asked
from core.comparison.paired_metrics import Contender
from core.evaluation import categories
from core.home import Home
from core.model.categories.head import Likeliest
from core.schema.levels import written
from core.training.kinds import Kinds
from tests import make, make_messages

THRESHOLDS = {str(band): above for band, above in make.policy().thresholds.items()}
SENT = make_messages.of_kinds(make_messages.messages(400, seed=5))
LABEL = (SENT["removed"] != "0").to_numpy(float)
#: As a dataset has them.
STORED = SENT.assign(**{written("removed"): SENT["removed"].where(LABEL == 1, None)})
NAMES = np.array(["crypto", "contact"], object)


def quiet(_done: int, _of: int, _message: str = "") -> None: ...


def contender(name: str, *, wrong: int) -> Contender:
    """One that is sure and right, but says the other category of the first so many violations."""
    codes = np.where(SENT["removed"] == "contact", 1, 0)
    codes[np.flatnonzero(LABEL)[:wrong]] = 1 - codes[np.flatnonzero(LABEL)[:wrong]]
    return Contender(name, LABEL, categories=Likeliest(NAMES[codes], np.full(len(SENT), 0.9, np.float32)))


def found(a: Contender, b: Contender) -> ByCategory | None:
    return by_category.of(STORED, LABEL, make_messages.KINDS, a, b, seed=0)


def test_figures_difference_and_agreement_are_those_of_what_is_said() -> None:
    told = found(contender("v1", wrong=40), contender("v2", wrong=0))
    assert told is not None
    assert told.figures[1].macro_f1.value == 1
    kinds = Kinds.of_frame(STORED, make_messages.KINDS)
    assert kinds is not None
    said = kinds.truth(LABEL).copy()
    changed = np.flatnonzero(LABEL)[:40]
    said[changed] = 3 - said[changed]
    alone = categories.judge(kinds.truth(LABEL), said, kinds.classes)
    assert told.figures[0] == alone
    gap = told.difference.difference
    assert gap.value == pytest.approx(1 - (alone.macro_f1.value or 0))
    assert (gap.low or 0) > 0
    assert told.difference.better == "v2"
    assert told.agreement.value == pytest.approx(1 - 40 / len(SENT))
    assert ByCategory.from_json(json.loads(json.dumps(told.as_json()))) == told


def test_where_both_say_the_same_there_is_no_evidence_of_a_difference() -> None:
    told = found(contender("v1", wrong=9), contender("v2", wrong=9))
    assert told is not None
    assert (told.difference.difference.value, told.difference.better, told.agreement.value) == (0, None, 1)
    assert told.sentences[1].startswith("No evidence of a difference in macro-F1 between v1 and v2")


def test_without_categories_on_both_sides_nothing_is_said() -> None:
    alone = replace(contender("v2", wrong=0), categories=None)
    assert found(contender("v1", wrong=0), alone) is None


def test_a_paired_interval_holds_the_difference_that_there_is_as_often_as_it_says() -> None:
    random, held = np.random.default_rng(0), 0
    for draw in range(60):
        truth = random.integers(0, 3, 300)
        a, b = (np.where(random.random(300) < right, truth, random.integers(0, 3, 300)) for right in (0.6, 0.7))
        gaps = categories.drawn_differences(truth, a, b, 3, seed=draw)
        low, high = np.percentile(gaps, [2.5, 97.5])
        held += low <= 0.0667 <= high  # .1 of 2/3 more users are right
    assert held >= 51  # of 60 intervals of 95 %: fewer come of chance once in 10,000


def test_a_comparison_is_kept_with_its_categories_and_told_by_command_and_report(
    kinds_twice: Home, tmp_path: Path
) -> None:
    home = make.copied(kinds_twice, tmp_path)
    on = make_messages.stored(home, SENT).id
    home.comparer.compare_stored(quiet, a="v0001", b="v0002", on=on, thresholds=THRESHOLDS)
    kept = home.comparer.look(Asked("v0001", "v0002", on, THRESHOLDS))
    assert kept is not None
    assert kept.by_category is not None
    html = report.report(kept, kept.lead())
    assert "Macro-F1 over 3 classes: v0001" in html
    assert html.count("Classes by v000") >= 2

    file = tmp_path / "on.csv"
    file.write_bytes(make.csv(SENT))
    words = ["registry", "compare", "v0001", "v0002", "--on", str(file), "--home", str(home.settings.home)]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    assert kept.by_category.sentences[0] in said.stdout
