"""The report of a run says what core knows of it, of everybody and of the highest risks."""

from __future__ import annotations

import sys
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.reports import run as run_report
from app.words import WORD, count, percent, probability
from core.data import intake
from core.home import Home
from core.model.learner import Strongest
from core.policy.bands import BANDS
from core.scoring import reasons
from core.scoring.runs import Run
from core.scoring.scorer import Scorer
from tests import make
from tests.core.review.reviewing import judge, waiting
from tests.make import NOW, SCHEMA
from tests.reading import Read

HOSTILE = "</td></table><script>document.title = 'taken'</script><b onclick=\"x\">x</b>"
#: At which some of the made-up users fall into every band.
POLICY = make.policy(0.2, 0.5, 0.8)


def users() -> pd.DataFrame:
    """400 users: a hostile id that scores high, two rows that are turned away, values never seen and missing."""
    frame = make.users(400, seed=7).drop(columns="spam").astype({"links": object})
    frame.loc[0, ["user", "links", "verified", "ratio"]] = [HOSTILE, 60, 0, 3.5]
    frame.loc[1, "links"] = "many"
    frame.loc[2, "user"] = frame.loc[3, "user"]
    return frame


@pytest.fixture
def run(own: Home) -> Run:
    done = own.file_scoring.score_file("<b>.csv", make.csv(users()), SCHEMA, own.registry.load(), POLICY, now=NOW)
    return done.run


def told(home: Home, run: Run) -> Read:
    known = home.ledger
    known.refresh()
    judged = home.live_figures.figures(run, known.valid())
    return Read(run_report.report(home, run, home.registry.load(run.model), judged))


def test_what_was_found_comes_first_with_who_is_flagged_and_where_the_scores_come_from(own: Home, run: Run) -> None:
    read = told(own, run)

    assert read.title == "Scores of <b>.csv"
    assert read.found[0].startswith(f"{run.flagged} of {run.users} users are flagged ({percent(run.flagged / 398, 2)}")
    for band in BANDS[1:]:
        assert f"{run.counts[band]} {WORD[band].lower()}" in read.found[0]
    assert (
        f"{run.received} users received, {run.users} scored, 2 rejected. v0001 under p0001, {run.id}" in read.found[1]
    )
    assert f"Auto-remove is not armed: its {run.counts['auto_remove']} users go to human review." in read.found


def test_an_armed_policy_removes_and_says_so(own: Home) -> None:
    armed, model = replace(POLICY, armed=True), own.registry.load()
    done = own.file_scoring.score_file("a.csv", make.csv(users()), SCHEMA, model, armed, now=NOW)

    read = told(own, done.run)

    assert not [sentence for sentence in read.found if "not armed" in sentence]
    assert read.part("Who stands where").table["What is done"].tolist() == [
        "■ Auto-remove", "▲ Human review", "● Monitor", "○ Allow",
    ]  # fmt: skip
    words = read.part("What removed users are told").table
    assert words["Decided by"].tolist() == ["score"]
    assert words["Users"].tolist() == [str(done.run.counts["auto_remove"])]
    assert words["What each is told"].tolist() == [armed.statement("score")]


def test_every_band_has_its_users_their_share_and_what_is_done(own: Home, run: Run) -> None:
    part = told(own, run).part("Who stands where")

    assert part.table["Users"].tolist() == [str(run.counts[band]) for band in reversed(BANDS)]
    assert part.table["Scored above"].tolist() == ["0.8", "0.5", "0.2", "–"]
    assert part.table["What is done"].tolist()[:2] == ["▲ Human review"] * 2
    assert len(part.figures) == 1


def test_problems_come_with_their_rows_and_what_was_done(own: Home, run: Run) -> None:
    table = told(own, run).part("What is odd about the file").table

    known = own.datasets.find(run.dataset).problems
    assert table["Problem"].tolist() == [problem.sentence for problem in known]
    assert table["Rows"].tolist() == [str(problem.rows) for problem in known]
    assert table["What was done"].tolist() == ["rejected" if problem.rejected else "kept" for problem in known]
    assert "rejected" in set(table["What was done"])


def test_features_out_of_range_and_missing_ones_are_counted(own: Home, run: Run) -> None:
    part = told(own, run).part("New and missing values")

    scores, frame = own.runs.scores(run.id), own.datasets.frame(run.dataset)
    outside = scores["novel_features"].str.split(";").explode().value_counts()
    shown = part.table.set_index("Feature")
    assert int(shown.loc["links", "Outside"]) == outside["links"] == 1
    assert int(shown.loc["ratio", "Missing"]) == frame["ratio"].isna().sum()
    assert "1 user has a value outside" in part.text[0]
    assert f"{count((scores['n_missing'] > 0).sum())} users" in part.text[0]


def test_the_highest_risks_come_in_order_with_exact_reasons_in_words_that_claim_no_cause(own: Home, run: Run) -> None:
    part = told(own, run).part("Highest risks")

    scores = own.runs.scores(run.id)["probability"].sort_values(ascending=False, kind="stable").head(run_report.TOP)
    assert part.table["Score"].tolist() == [probability(score) for score in scores]
    frame, model = own.datasets.frame(run.dataset), own.registry.load()
    assert part.table["User"].tolist() == frame.loc[scores.index, "user"].tolist()
    first = frame.loc[scores.index[:1]]
    pushes = model.explainer.contributions(Scorer(model).matrix(first))
    for reason, line in zip(
        reasons.texts(first, model.metadata.features, Strongest.of(pushes, 3)).iloc[0],
        part.table["Reasons, strongest first"][0].split("\n"), strict=True,
    ):  # fmt: skip
        assert line.replace(" = ", "=").startswith(reason)
    assert "links = 60" in part.table["Reasons, strongest first"][part.table["User"].tolist().index(HOSTILE)]
    assert "not a cause" in part.text[0]


def test_the_model_is_told_with_intervals_sample_and_what_to_beware_of(own: Home, run: Run) -> None:
    model = own.registry.load()
    noticed = replace(model, metadata=replace(model.metadata, notice="trained on <i>simulated</i> users."))

    read = Read(run_report.report(own, run, noticed, None))

    figures = model.metadata.figures
    pr_auc = figures.overall["pr_auc"]
    assert read.part("How good v0001 is").table.iloc[0].tolist() == [
        "PR-AUC", *(f"{value:.4f}" for value in (pr_auc.value, pr_auc.low, pr_auc.high)),
    ]  # fmt: skip
    assert (
        f"{count(figures.n)} held-out users, {count(figures.positives)} of them spammers"
        in (read.part("How good v0001 is").text[0])
    )
    recall = figures.at["human_review"]["recall"].value
    assert read.part("At the policy's thresholds").table["Recall"][1].startswith(f"{recall:.3f}")
    assert "v0001 is trained on <i>simulated</i> users." in read.found
    assert "What the verdicts say" not in read.headings


def test_verdicts_tell_precision_and_recall_once_there_are_some(own: Home, run: Run) -> None:
    own.plans.queue_run(run.id, by="Lea", now=NOW)
    assert "What the verdicts say" not in told(own, run).headings
    for case in waiting(own)[:7]:
        judge(own, case)

    part = told(own, run).part("What the verdicts say")

    known = own.ledger
    known.refresh()
    figures = own.live_figures.figures(run, known.valid())
    assert figures is not None
    assert sum(map(int, part.table["Judged"][:4])) == sum(each.judged for each in figures.bands) == 7
    assert "7 users judged" in part.text[0]


def test_no_text_of_a_file_is_read_as_markup_and_nothing_is_fetched(own: Home, run: Run) -> None:
    page = run_report.report(own, run, own.registry.load(), None)

    assert escape(HOSTILE) in page
    assert "<b onclick" not in page
    assert "'taken'</script>" not in page
    assert Read(page).addresses == []


def test_a_file_of_which_nothing_could_be_scored_still_has_a_report(own: Home) -> None:
    read = told(own, make.run_of_nobody(own, make.users(400)))

    assert read.found[0] == "No row of this file could be scored: every one was rejected."
    assert read.part("What is odd about the file").table["What was done"].eq("rejected").all()


def test_the_command_writes_the_report_and_says_what_it_cannot_do(
    own: Home, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def invoked(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["--home", str(own.settings.home), "report", *map(str, arguments)])
        return done.exit_code, done.stderr

    target = tmp_path / "run.html"
    assert invoked(run.id, "-o", target) == (0, f"Report of {run.id}: {target}\n")
    assert Read(target.read_text(encoding="utf-8")).title == "Scores of <b>.csv"
    for arguments, said in (
        (("r-0099", "-o", target), "r-0099"), ((run.id, "-o", tmp_path / "run.pdf"), "must end in .html"),
        ((run.id, "-o", tmp_path / "none" / "run.html"), "there is no folder"),
    ):  # fmt: skip
        code, stderr = invoked(*arguments)
        assert code == 2
        assert said in stderr


def test_a_model_that_reads_other_columns_has_nothing_to_hide(own: Home, run: Run) -> None:
    """Values that are all known and in range leave no table, only the sentence."""
    calm = make.users(50, seed=9).drop(columns="spam").assign(links=1, ratio=np.round(0.1, 1))
    done = own.file_scoring.score_file("calm.csv", make.csv(calm), SCHEMA, own.registry.load(), POLICY, now=NOW)

    part = told(own, done.run).part("New and missing values")

    assert part.tables == []
    assert part.text == ["No user has a value outside the range that v0001 was trained on, no user has a missing one."]
    assert intake.read("calm.csv", make.csv(calm), SCHEMA).problems == own.datasets.find(done.run.dataset).problems
