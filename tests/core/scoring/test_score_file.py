"""The whole chain from a file to a recorded run and its reasons."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from core.errors import FileProblemError, MissingColumnsError, StorageError, WrongFeaturesError
from core.home import Home
from core.model.learner import Strongest
from core.policy.decide import decide
from core.schema.schema import Column, Schema
from core.scoring import reasons, runs, score_file
from core.scoring.score_file import Scoring
from core.scoring.scorer import Scorer
from core.scoring.streaming.block_scoring import Which
from tests import make

POLICY = make.policy()
#: Rows 2 and 4 are turned away: a word for a number, and an id that is there already.
TEXT = """user,links,verified,tier,ratio,constant,name,country
007,9,0,1,0.5,3,Ada,DE
u2,many,0,1,0.5,3,Bob,DE
=u3,0,1,2,,3,"Eve, ""x"" y",
007,9,0,1,0.5,3,Ada,DE
u5,4,0,3,1e-3,4,Joe,KE
"""
PAYLOAD = TEXT.encode()


def score(home: Home, payload: bytes | Path = PAYLOAD, name: str = "users.csv") -> Scoring:
    return home.file_scoring.score_file(
        name, payload, make.SCHEMA, home.registry.load(), POLICY, now=make.NOW
    )  # fmt: skip


def told(done: Scoring, home: Home, which: Which, top: int = 3) -> pd.DataFrame:
    model = home.registry.load()
    scored = Scorer(model).score(done.frame, top=top)
    return score_file.explained(done.frame, scored, model, decide(POLICY, scored.probability).flagged, which)


def test_every_user_received_is_scored_or_rejected(own: Home) -> None:
    done = score(own)
    assert done.run.received == done.run.users + done.run.rejected == 5
    assert done.run.users == len(done.frame) == len(done.results) == 3
    assert done.run.rejected == len(own.datasets.rejected(done.run.dataset)) == 2
    assert sum(done.run.counts.values()) == 3


def test_users_keep_the_order_and_the_row_numbers_of_the_file(own: Home) -> None:
    done = score(own)
    assert done.frame["user"].tolist() == ["007", "=u3", "u5"]
    assert done.results.index.tolist() == [1, 3, 5]
    ids = own.exports.run_table(done.run).column("prediction_id").to_pylist()
    assert ids == [f"{done.run.id}-1", f"{done.run.id}-3", f"{done.run.id}-5"]


def test_any_prediction_can_be_replayed_from_what_is_stored(own: Home) -> None:
    score(own, make.csv(make.users(500, seed=4)))
    run = own.runs.recent(1)[0]
    again = Scorer(own.registry.load(run.model)).score(own.datasets.frame(run.dataset))
    kept = own.runs.scores(run.id)
    assert (again.probability == kept["probability"].to_numpy()).all()
    assert (again.margin == kept["margin"].to_numpy()).all()


def test_reading_the_same_file_twice_changes_nothing_but_the_run(own: Home) -> None:
    one, other = score(own), score(own)
    assert one.run.dataset == other.run.dataset
    assert one.results.equals(other.results)
    assert one.frame.equals(other.frame)


def test_reasons_are_those_of_the_flagged_of_all_or_of_nobody(own: Home) -> None:
    done = score(own, make.csv(make.users(300, seed=5)))
    probability = done.results["probability"].to_numpy()
    flagged = done.frame.index[decide(POLICY, probability).flagged]
    assert 0 < len(flagged) < 300
    everybody = told(done, own, "all")
    assert everybody.index.equals(done.frame.index)
    assert told(done, own, "flagged").equals(everybody.loc[flagged])
    assert len(told(done, own, "none")) == 0
    # A flagged user lies above the average, so something pushed.
    assert (told(done, own, "flagged")["reason_1"] != "").all()
    assert list(told(done, own, "all", top=5).columns) == [f"reason_{i}" for i in range(1, 6)]


def test_reasons_are_exact(own: Home) -> None:
    done = score(own)
    model = own.registry.load()
    values = model.explainer.contributions(Scorer(model).matrix(done.frame))
    assert done.reasons.equals(reasons.texts(done.frame, model.metadata.features, Strongest.of(values, 3)))


@pytest.mark.parametrize("which", ["all", "flagged", "none"])
def test_scores_and_reasons_are_stored_together(own: Home, which: Which) -> None:
    payload = make.csv(make.users(300, seed=5))
    done = own.file_scoring.score_file(
        "users.csv", payload, make.SCHEMA, own.registry.load(), POLICY, now=make.NOW, which=which, top=2
    )
    stored = own.runs.reasons(done.run.id)
    assert done.reasons.equals(told(done, own, which, top=2)) or which == "none"
    assert (stored is None) == (which == "none")
    assert stored is None or stored.equals(done.reasons)


def test_a_run_that_cannot_be_stored_leaves_no_reasons_behind(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    written = runs._write_parts

    def full(target: Path, parts: Iterable[pa.Table], **options: int) -> None:
        if target.name == "scores.parquet":
            raise StorageError("scores.parquet", "there is no room")
        written(target, parts, **options)

    monkeypatch.setattr(runs, "_write_parts", full)
    with pytest.raises(StorageError):
        score(own)
    assert not list(own.settings.runs.iterdir())
    monkeypatch.undo()
    assert score(own).run.id == "r-0001"


def test_a_job_adds_the_same_reasons_to_a_run_stored_without(own: Home) -> None:
    done = own.file_scoring.score_file(
        "users.csv", make.csv(make.users(1200, seed=6)), make.SCHEMA, own.registry.load(), POLICY, now=make.NOW,
        which="none",
    )  # fmt: skip
    for which, users in (("flagged", done.run.flagged), ("all", done.run.users)):
        identity = f"reasons-{which}"
        target = "explain_run"
        own.jobs.start(target, {"run": done.run.id, "which": which}, title="Reasons", identity=identity)
        own.workers.begun[-1].wait(120)
        assert own.jobs.find(identity).status == "done", (own.settings.jobs / identity / "log.txt").read_text(
            encoding="utf-8"
        )
        found = own.runs.reasons(done.run.id)
        assert found is not None
        assert len(found) == users
        pd.testing.assert_frame_equal(found, told(done, own, which))


def test_missing_and_new_values_are_counted_and_named(own: Home) -> None:
    results = score(own).results
    assert results["n_missing"].tolist() == [0, 1, 0]
    assert results.loc[5, "novel_features"] == "constant"


def test_a_file_of_which_every_row_is_rejected_makes_no_run_and_says_why(own: Home) -> None:
    before = own.datasets.stored()
    with pytest.raises(FileProblemError, match="not one of its 2 rows can be used, so that no run was made") as caught:
        score(own, b"user,links,verified,tier,ratio,constant\nu1,x,0,1,0,3\nu2,x,0,1,0,3\n")
    assert 'The first: line 2, links: "x" is not a number' in str(caught.value)
    assert own.runs.recent() == ()
    assert own.datasets.stored() == before


def test_a_file_that_cannot_be_used_leaves_no_run_and_no_dataset(own: Home) -> None:
    before = own.datasets.stored()
    for payload, error in ((b"", FileProblemError), (b"user,links\nu1,2\n", MissingColumnsError)):
        with pytest.raises(error):
            score(own, payload)
    assert own.runs.recent() == ()
    assert own.datasets.stored() == before


def test_absent_features_are_missing_when_that_is_allowed(own: Home) -> None:
    done = own.file_scoring.score_file(
        "few.csv", b"user,links\nu1,2\n", make.SCHEMA, own.registry.load(), POLICY,
        now=make.NOW, allow_missing=True,
    )  # fmt: skip
    assert done.results["n_missing"].tolist() == [4]
    assert done.dataset.absent == ("verified", "tier", "ratio", "constant")


def test_a_model_of_other_columns_is_refused_and_nothing_is_recorded(own: Home) -> None:
    other = Schema((Column("links"), Column("shares")), id="user")
    with pytest.raises(WrongFeaturesError, match="verified, tier, ratio and constant"):
        own.file_scoring.score_file(
            "x.csv", b"user,links,shares\nu1,2,3\n", other, own.registry.load(), POLICY, now=make.NOW
        )  # fmt: skip
    assert own.runs.recent() == ()
