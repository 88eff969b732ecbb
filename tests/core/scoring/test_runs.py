"""Runs: recorded whole, found by their id only, and replayed for ever."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from core.data import intake
from core.errors import UnknownItemError
from core.files import write_text
from core.home import Home
from core.policy.bands import BANDS
from core.policy.decide import decide
from core.scoring.runs import Run
from core.scoring.scorer import Scored, Scorer
from tests import make

POLICY = make.policy(0.2, 0.5, 0.8, version="p0007", armed=True)


def record(
    home: Home, n: int = 30, seed: int = 1, name: str = "users-1.csv", job: str = ""
) -> tuple[Run, Scored, pd.DataFrame]:
    payload = make.csv(make.users(n, seed=seed)) + b"broken\n"
    checked = intake.read(f"users-{seed}.csv", payload, make.SCHEMA)
    dataset = home.datasets.put(checked, make.SCHEMA, now=make.NOW)
    scored = Scorer(home.registry.load()).score(checked.frame)
    started = time.monotonic()
    rows = checked.frame.index
    decided = decide(POLICY, scored.probability)
    run = home.runs.record(dataset, scored, decided, rows, POLICY, name=name, now=make.NOW, started=started, job=job)
    return run, scored, checked.frame


def test_a_run_says_what_was_scored_by_what_under_what(own: Home) -> None:
    run, scored, frame = record(own)
    assert (run.id, run.name, run.model, run.created) == ("r-0001", "users-1.csv", "v0001", make.NOW)
    assert run.policy == POLICY
    assert (run.received, run.users, run.rejected) == (31, 30, 1)
    bands = decide(POLICY, scored.probability).bands.tolist()
    assert run.counts == {band: bands.count(band) for band in BANDS}
    assert run.flagged == sum(band in {"human_review", "auto_remove"} for band in bands)
    assert own.datasets.frame(run.dataset).equals(frame)
    assert own.runs.find(run.id) == run


def test_scores_are_kept_bit_by_bit_under_the_rows_of_the_file(own: Home) -> None:
    run, scored, frame = record(own)
    kept = own.runs.scores(run.id)
    assert kept.index.equals(frame.index)
    for name, expected in {"probability": scored.probability, "margin": scored.margin}.items():
        assert kept[name].dtype == expected.dtype
        assert (kept[name].to_numpy() == expected).all()
    assert (kept["n_missing"].to_numpy() == scored.missing).all()
    assert kept["novel_features"].tolist() == scored.novel.tolist()


def test_scoring_the_stored_rows_again_gives_the_same_probabilities(own: Home) -> None:
    run, _, _ = record(own)
    replayed = Scorer(own.registry.load(run.model)).score(own.datasets.frame(run.dataset))
    assert (replayed.probability == own.runs.scores(run.id)["probability"].to_numpy()).all()


def test_runs_are_numbered_and_the_latest_come_first(own: Home) -> None:
    made = [record(own, n=5 + i, seed=i)[0] for i in range(3)]
    assert [run.id for run in made] == ["r-0001", "r-0002", "r-0003"]
    assert own.runs.recent() == tuple(reversed(made))
    assert own.runs.recent(1) == (made[-1],)


def test_a_home_without_runs_has_none(home: Home) -> None:
    assert home.runs.recent() == ()


def test_the_same_file_scored_twice_is_two_runs_of_one_dataset(own: Home) -> None:
    one, other = record(own)[0], record(own)[0]
    assert one.id != other.id
    assert one.dataset == other.dataset


def test_a_run_has_the_name_its_file_had_this_time(own: Home) -> None:
    assert record(own)[0].name == "users-1.csv"
    again, _, _ = record(own, name="renamed.csv")
    assert (again.name, own.datasets.find(again.dataset).name) == ("renamed.csv", "users-1.csv")


def test_a_run_whose_scores_cannot_be_written_is_not_listed(own: Home) -> None:
    write_text(own.settings.runs, "a file where the folder should be")
    with pytest.raises(OSError, match="runs"):
        record(own)
    assert own.runs.recent() == ()
    own.settings.runs.unlink()
    assert record(own)[0].id == "r-0001"


def test_reasons_are_there_once_they_are_saved_and_the_last_ones_count(own: Home) -> None:
    run, _, frame = record(own)
    assert own.runs.reasons(run.id) is None
    for text in ("links=1 (+0.10)", "links=2 (+0.20)"):
        told = pd.DataFrame({"reason_1": [text] * 3}, index=frame.index[:3], dtype="str")
        own.runs.save_reasons(run.id, told)
        found = own.runs.reasons(run.id)
        assert found is not None
        pd.testing.assert_frame_equal(found, told)


@pytest.mark.parametrize(
    "run",
    ["r-0002", "r-1", "1", "0001", "r-00001", "r--001", "", "r-", "R-0001", "r-0001 ", "../runs/r-0001", "r-٠٠٠١",
     "r-" + "9" * 30, "r-0001\0", "x" * 5000],
)  # fmt: skip
def test_a_run_is_found_by_its_id_and_nothing_else(own: Home, run: str) -> None:
    record(own, n=5)
    for ask in (own.runs.find, own.runs.scores):
        with pytest.raises(UnknownItemError, match="This workspace has no run"):
            ask(run)
    assert own.runs.reasons(run) is None


def test_nobody_to_score_is_a_run_too(own: Home) -> None:
    checked = intake.read("users.csv", b"user,links,verified,tier,ratio,constant\nu1,x,0,1,0,3\n", make.SCHEMA)
    dataset = own.datasets.put(checked, make.SCHEMA, now=make.NOW)
    scored = Scorer(own.registry.load()).score(checked.frame)
    decided = decide(make.policy(), scored.probability)
    run = own.runs.record(
        dataset, scored, decided, checked.frame.index, make.policy(), name="again.csv", now=make.NOW,
        started=time.monotonic(),
    )  # fmt: skip
    assert (run.received, run.users, run.rejected, run.flagged) == (1, 0, 1, 0)
    assert run.counts == dict.fromkeys(BANDS, 0)
    assert own.runs.scores(run.id)["probability"].to_numpy().dtype == np.float64
