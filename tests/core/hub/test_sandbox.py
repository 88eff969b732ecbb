"""What comes from elsewhere is tried on many users in a process of its own: what ends that process, ends no other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb

from core.errors import UnsafeFileError
from core.home import Home
from core.hub import file_checks, sandbox
from core.model import tree_check
from core.registry import baseline
from core.settings import ROOT, TOKEN_VARIABLES, trial_environment
from tests.core.registry import crafted
from tests.core.registry.crafted import encoded, opened, trees

ELSEWHERE = (
    "from core.hub import sandbox; from core.model import tree_check; from pathlib import Path; import sys, json; "
)
#: As if the look at the trees had let anything pass: the process that tries them is the second line.
BLIND = "tree_check._check_shape = tree_check._check_numbers = lambda _: None; "


def tried(folder: Path, before: str = "") -> subprocess.CompletedProcess[bytes]:
    """The process that tries a version, with something done before."""
    code = f"{ELSEWHERE}{before}sandbox._limit(); sys.stdout.write(json.dumps(sandbox._tried(Path(sys.argv[1]))))"
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, env=trial_environment(), capture_output=True, check=False
    )


def changed(folder: Path, name: str, value: float, node: int | None = None) -> None:
    """One number of one node of the first tree; by default of its last leaf."""
    raw = opened((folder / "model.ubj").read_bytes())
    tree = trees(raw)[0]
    values = np.array(tree[name])
    values[int(np.flatnonzero(tree["left_children"] == -1)[-1]) if node is None else node] = value
    tree[name] = values
    crafted.put(folder, encoded(raw))


def test_a_sound_version_passes(own: Home) -> None:
    assert sandbox.fault(own.settings.models / "v0001") is None
    file_checks.prove(own.settings.models / "v0001", "there")


def test_a_leaf_that_the_median_user_never_meets_is_found_by_many_users(own: Home) -> None:
    """Where the look at the trees is left out, some user of those tried still meets the leaf."""
    folder = own.settings.models / "v0001"
    changed(folder, "split_conditions", np.nan)
    done = tried(folder, BLIND)
    assert (done.returncode, done.stdout.decode()) == (
        0,
        '["model.ubj", "gives scores that are no numbers with calibration.json"]',
    )


def test_the_users_tried_meet_every_leaf_of_a_tree(own: Home) -> None:
    model = own.registry.load()
    forest = tree_check.forest((model.folder / "model.ubj").read_bytes())
    users = sandbox._users(model, model.baseline(), forest).astype(np.float32)
    met = model.predictor[:1].booster.predict(xgb.DMatrix(users), pred_leaf=True)
    leaves = np.flatnonzero(forest.leaf[: forest.first[1]])
    assert {*np.unique(met).astype(int)} == {*leaves}
    assert len(users) > sandbox.MANY


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_what_ends_the_process_is_told_and_harms_nobody(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child far out of its tree, and no look at the trees: XGBoost reads where nothing is."""
    folder = own.settings.models / "v0001"
    changed(folder, "left_children", 2**31 - 1, node=0)
    run, codes = subprocess.run, list[int]()

    def blind(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        code = f"{ELSEWHERE}import numpy; import xgboost; tree_check.features = lambda _: 5; "
        code += "tree_check.categories = lambda _: (0,) * 5; "
        code += "sandbox._fault = lambda model: model.predictor.booster.inplace_predict(numpy.ones((5, 5))) and None; "
        done = run([sys.executable, "-c", f"{code}sandbox._tried(Path(sys.argv[1]))", command[-1]], **options)  # type: ignore[call-overload]
        codes.append(done.returncode)
        return done  # type: ignore[no-any-return]

    monkeypatch.setattr(subprocess, "run", blind)
    found = sandbox.fault(folder)
    assert codes[0] < 0
    assert found is not None
    assert found[1].startswith("is damaged: it ended the process that tried the version (SIG")


def test_a_process_that_does_not_end_is_ended(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "PATIENCE", 0.01)
    with pytest.raises(
        UnsafeFileError, match="from there: a file is damaged: the version was not loaded and tried within"
    ):
        file_checks.prove(own.settings.models / "v0001", "there")


@pytest.mark.skipif(sys.platform != "linux", reason="limits differ")
@pytest.mark.parametrize(
    ("done", "told"),
    [
        ("sandbox._fault = lambda _: bytearray(2 ** 40)", b"needs more than 8 GB of memory"),
        ("sandbox._fault = lambda _: json.loads('[' * 10**6)", b"cannot be read (maximum recursion depth exceeded"),
        ("sandbox.MOST_SECONDS = 5; sandbox._fault = lambda _: [0 for _ in iter(int, 1)]", b""),
    ],
)
def test_memory_and_time_are_bounded(own: Home, done: str, told: bytes) -> None:
    found = tried(own.settings.models / "v0001", done + "; ")
    assert told in found.stdout + found.stderr
    assert found.returncode or told in found.stdout


def test_the_process_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*TOKEN_VARIABLES, "TRUSTDESK_WEBHOOK"):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in trial_environment().values()


def test_a_baseline_of_other_columns_is_refused(own: Home, tmp_path: Path) -> None:
    folder, known = own.settings.models / "v0001", own.registry.load().baseline()
    sample = known.sample.rename(columns={"links": "likes"})
    baseline.save(baseline.Baseline(sample, known.features, known.score, known.quantiles), tmp_path / "b.parquet")
    crafted.put(folder, (tmp_path / "b.parquet").read_bytes(), "baseline.parquet")
    with pytest.raises(UnsafeFileError, match=r"baseline\.parquet has other columns than metadata\.json names"):
        file_checks.prove(folder, "there")
