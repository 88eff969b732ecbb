"""The report of a comparison gives its answer first, and every figure as core has it."""

from __future__ import annotations

import sys
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.reports import comparison as comparison_report
from app.tables import comparison as tables
from app.words import count
from core.comparison.comparison_job import Asked
from core.comparison.comparison_store import Compared
from core.comparison.paired_metrics import Contender, Kind, compare
from core.data import intake
from core.evaluation import weakest
from core.evaluation.thresholds import Sweep
from core.home import Home
from tests import make
from tests.make import NOW, SCHEMA
from tests.reading import Read

THRESHOLDS = {str(band): above for band, above in make.policy(0.2, 0.5, 0.8).thresholds.items()}
HOSTILE = "</td><script>document.title = 'taken'</script><b onclick=\"x\">x</b>"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with two versions, learnt from different users."""
    home = Home.open(tmp_path_factory.mktemp("two"))
    make.trained_home(home)
    checked = intake.read("second.csv", make.csv(make.users(700, seed=1)), SCHEMA, need_label=True)
    dataset = home.datasets.put(checked, SCHEMA, now=NOW, need_label=True)
    home.training.learn(dataset, SCHEMA, make.policy().thresholds, now=NOW, seed=1)
    return home


@pytest.fixture(scope="module")
def found(two: Home) -> Compared:
    checked = intake.read("on.csv", make.csv(make.users(1200, seed=3)), SCHEMA)
    on = two.datasets.put(checked, SCHEMA, now=NOW)
    return two.comparer.made(Asked("v0001", "v0002", on.id, THRESHOLDS))


def test_the_finding_comes_first_then_its_tests_and_on_whom(found: Compared) -> None:
    warned = replace(found, cautions=("Figures above human_review rest on few users.",))

    read = Read(comparison_report.report(warned, warned.lead()))

    assert read.title == "v0002 compared with v0001"
    assert read.found == [
        *found.lead().sentences, f"{tables.tests(found, found.lead())}.", found.rows, found.flips().sentence,
        "Caution: Figures above human review rest on few users.",
    ]  # fmt: skip


def test_every_figure_and_every_test_is_there(found: Compared) -> None:
    read = Read(comparison_report.report(found, found.lead()))

    table = read.part("Figures").table.set_index(["Figure", "Above"])
    for name, estimate in (("PR-AUC", "pr_auc"), ("ROC-AUC", "roc_auc")):
        known = found.comparison.figures[1].overall[estimate]
        assert table.loc[(name, ""), "v0002"] == f"{known.value:.3f} ({known.low:.3f} to {known.high:.3f})"
    assert len(table) == 4 + 5 * len(THRESHOLDS)
    tests = [*found.comparison.differences, *found.comparison.verdicts]
    told = [*found.lead().sentences, *(each.sentence for each in tests[1:])]
    assert read.part("Every test in a sentence").points == [tables.spoken(each) for each in told]


def test_each_curve_is_drawn_and_told_to_who_cannot_see_it(found: Compared) -> None:
    read = Read(comparison_report.report(found, found.lead()))

    assert len(read.part("The curves").figures) == 3
    for heading in ("The differences", "Whether scores come true", "How scores are spread", "Changes of band"):
        (alt,) = read.part(heading).figures
        assert "v0001" in alt
        assert "v0002" in alt


def test_the_changes_of_band_are_counted_and_the_largest_are_told_one_by_one(found: Compared) -> None:
    read, flips = Read(comparison_report.report(found, found.lead())), found.flips()

    counts = read.part("Changes of band").table.iloc[:, 1:]
    assert counts.to_numpy().tolist() == [[count(n) for n in row] for row in flips.counts.tolist()]
    largest = read.part("The largest changes").table
    gaps = np.abs(found.users["b"] - found.users["a"]).iloc[flips.rows]
    assert largest["User"].tolist()[0] == found.users.loc[gaps.idxmax(), "user"]
    assert len(largest) == min(len(flips.rows), comparison_report.CHANGED)
    assert found.why is not None
    assert largest["Why"].str.contains("links|ratio|verified|tier").any()


def test_the_confusion_at_each_threshold_is_that_of_the_scores(found: Compared) -> None:
    table = Read(comparison_report.report(found, found.lead())).part("At the policy's thresholds").table

    known = [Sweep(found.users["label"], found.users[side]).confusion(above)
             for above in THRESHOLDS.values() for side in ("a", "b")]  # fmt: skip
    assert table["Caught"].tolist() == [count(each.caught) for each in known]
    assert table["False alarms"].tolist() == [count(each.false_alarms) for each in known]
    assert table["Model"].tolist() == ["v0001", "v0002"] * len(THRESHOLDS)


def test_segments_of_both_models_come_with_their_weakest_in_a_sentence(found: Compared) -> None:
    read = Read(comparison_report.report(found, found.lead()))

    for name, segments in zip(("v0001", "v0002"), found.segments, strict=True):
        part = read.part(f"Segments under {name}, weakest first")
        assert part.text[0].startswith(weakest.weakest(segments))
        assert part.table["Segment"].tolist() == segments["segment"].head(comparison_report.SEGMENTS).tolist()


def test_no_name_from_a_file_is_read_as_markup_and_nothing_is_fetched(found: Compared) -> None:
    row = int(found.flips().rows[0])
    users = found.users.assign(user=np.where(np.arange(len(found.users)) == row, HOSTILE, found.users["user"]))
    figures = replace(found.comparison, b=HOSTILE)

    page = comparison_report.report(hostile := replace(found, users=users, comparison=figures), hostile.lead())

    assert escape(HOSTILE) in page
    assert "<b onclick" not in page
    assert "'taken'</script>" not in page
    assert Read(page).addresses == []


def test_two_models_that_treat_everybody_alike_have_no_list_of_changes(found: Compared) -> None:
    alike = replace(found, users=found.users.assign(b=found.users["a"]))

    read = Read(comparison_report.report(alike, alike.lead()))

    assert "The largest changes" not in read.headings
    assert "None of" in read.part("Changes of band").text[0]


@pytest.mark.slow
def test_the_command_writes_a_report_beside_what_it_tells(
    two: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    on, target = tmp_path / "on.csv", tmp_path / "c.html"
    on.write_bytes(make.csv(make.users(1200, seed=3)))

    def invoked(*arguments: object) -> tuple[int, str, str]:
        given = ["--home", str(two.settings.home), "registry", "compare", *map(str, arguments)]
        done = CliRunner().invoke(app, given)
        return done.exit_code, done.stdout, done.stderr

    plain = invoked("v0001", "v0002", "--on", on)
    with_report = invoked("v0001", "v0002", "--on", on, "--html", target)
    assert plain[0] == with_report[0] == 0
    lines = iter(with_report[1].splitlines())
    # A report may know of more cautions: it looks at the training runs.
    assert [line for line in plain[1].splitlines() if line not in lines] == []
    assert Read(target.read_text(encoding="utf-8")).found[0] == plain[1].splitlines()[0]
    assert "must end in .html" in invoked("v0001", "v0002", "--on", on, "--html", tmp_path / "c.txt")[2]
    assert "the Compare page has it" in invoked(on, "v0002", "--on", on, "--html", target)[2]


@pytest.mark.parametrize("kind", ["score", "label"])
def test_scores_and_labels_alone_are_told_on_what_they_allow(found: Compared, kind: Kind) -> None:
    said = (found.users["b"] > 0.5).astype(float) if kind == "label" else 40 * found.users["b"] - 20
    theirs = Contender("theirs.csv", said.to_numpy(), kind)
    label, known = found.users["label"], Contender("v0001", found.users["a"].to_numpy())
    limited = replace(
        found, users=found.users.assign(b=said), why=None, segments=tuple(each[:0] for each in found.segments),
        comparison=compare(label, known, theirs, seed=0, thresholds=THRESHOLDS, replicates=20),
    )  # fmt: skip

    read = Read(comparison_report.report(limited, limited.lead(7)))

    assert read.found[:3] == list(limited.lead(7).sentences)
    assert set(limited.lead().left_out) <= set(read.found)
    held = read.part("At equal capacity").table
    assert held["Model"].tolist() == ["v0001", "theirs.csv"]
    assert held["Flagged"].nunique() == 1
    titles = {"At equal capacity", "Every test in a sentence"}
    assert set(read.headings) == titles | ({"The differences", "Figures", "The curves"} if kind == "score" else set())
