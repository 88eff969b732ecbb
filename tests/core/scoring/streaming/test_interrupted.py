"""Interrupted at any moment and done again, a file comes to the same run, the same predictions and the same bytes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from core import locks
from core.data import lines
from core.data.streaming.unfinished import Work
from core.errors import FileProblemError
from core.home import Home
from core.policy.list_store import Grounds
from core.policy.policy import Policy
from core.policy.rules import Condition, Rule
from core.scoring import export, runs, table_marks
from core.scoring.runs import Runs
from core.scoring.score_file import FileScoring, Pieces, Scoring
from core.scoring.scorer import Scored, Scorer
from core.scoring.streaming import delivery
from core.scoring.streaming.block_scoring import Which
from tests import make

#: Bytes of a window, of which the file has a dozen.
WINDOW: Final = 20_000
SPAN: Final = 2_000
USERS: Final = make.csv(make.users(6_000, seed=9).drop(columns="spam"))
#: Some are turned away, one of them for an id of long before.
HOSTILE: Final = (
    USERS.replace(b"u9-70,", b"u9-71,", 1).replace(b"u9-4100,", b"u9-3,").replace(b"u9-5000,", b'"=""u9-5000""",')
    + b'bad,many,0,1,0.5,3,x,DE\nu9-3,1,0,1,0.5,3,"a ""b""",DE\n\nlast,1,0,1,,3,-5,DE\n'
)


class KilledError(BaseException):
    """Stands for a kill: nobody takes anything back."""


def scores(
    home: Home, out: Path, *, which: Which = "all", now: Any = make.NOW, policy: Policy | None = None, **more: Any
) -> Scoring:  # fmt: skip
    """All that `score` does, in small windows."""
    schema, users = make.SCHEMA, out.parent / "users.csv"
    users.write_bytes(HOSTILE)
    target = home.exports.target(out, table_marks.SCORES)

    def deliver(done: Scoring, pieces: Pieces) -> None:
        export.write_parts(lambda: delivery.tables(done, pieces, schema, keep_features=True), target)

    scoring = FileScoring(home.datasets, home.deciding, home.registry, home.runs, home.unfinished, WINDOW)
    return scoring.score_file(
        users.name, users, schema, home.registry.load(), policy or make.policy(), now=now, which=which,
        deliver=deliver, **more,
    )  # fmt: skip


def written(home: Home, run: str, out: Path) -> dict[str, bytes]:
    """Every byte that a run comes to, but for moments."""
    found = home.runs.find(run)
    paths = [out, *sorted((home.settings.runs / run).iterdir())]
    paths += [home.settings.datasets / found.dataset / f"{name}.parquet" for name in ("accepted", "rejected")]
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    """Lines are looked for in pieces that are smaller than windows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_SPAN", SPAN)
        yield


def left(home: Home) -> list[Path]:
    return [path for path in home.settings.unfinished.iterdir() if path.is_dir()]


@pytest.fixture(scope="module")
def expected(small: None, trained: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run comes to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "home").mkdir()
    home = make.copied(trained, folder / "home")  # other tests may have added runs
    assert scores(home, folder / "out.csv").run.id == "r-0001"
    return written(home, "r-0001", folder / "out.csv")


def killed_at(call: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which ends in a kill after so many calls."""
    calls = iter(range(1, 1000))

    def counted(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        if next(calls) == call:
            raise KilledError
        return result

    return counted


@pytest.mark.parametrize(
    ("place", "name", "call"),
    [
        (Work, "add", 4), (Runs, "begin", 1), (runs, "_write_parts", 2), (Runs, "ended", 1),
        *(
            pytest.param(*each, marks=pytest.mark.slow)
            for each in (
                (Work, "add", 1), (Work, "add", 9), (Scorer, "score", 3), (runs, "_write_parts", 1),
                (Runs, "store", 1), (export, "_neutralised", 3),
            )
        ),
    ],
)  # fmt: skip
def test_killed_after_any_step_and_done_again_it_comes_to_the_same(
    place: Any, name: str, call: int, own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    expected: dict[str, bytes],
) -> None:  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(place, name, killed_at(call, getattr(place, name)))
        with pytest.raises(KilledError):
            scores(own, tmp_path / "out.csv")
    with contextlib.suppress(FileNotFoundError):
        (tmp_path / "out.csv").unlink()
    later = make.NOW + timedelta(hours=1)
    run = scores(own, tmp_path / "out.csv", now=later).run
    assert run.id == "r-0001" if name != "ended" else run.id in {"r-0001", "r-0002"}
    if run.id == "r-0001":
        assert written(own, run.id, tmp_path / "out.csv") == expected
    assert left(own) == []


def test_what_was_done_before_is_not_done_again(own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scored: list[int] = []
    score = Scorer.score

    def noted(self: Scorer, frame: Any, **options: Any) -> Any:
        scored.append(int(frame.index[0]))
        return score(self, frame, **options)

    monkeypatch.setattr(Scorer, "score", noted)
    interrupted(own, tmp_path / "out.csv", monkeypatch)
    before = len(scored)
    scores(own, tmp_path / "out.csv")
    blocks = sorted({*scored})
    assert len(blocks) > 10
    assert scored[before] == blocks[5]
    assert len(scored) <= len(blocks) + 2


def interrupted(home: Home, out: Path, monkeypatch: pytest.MonkeyPatch, call: int = 5) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Work, "add", killed_at(call, Work.add))
        with pytest.raises(KilledError):
            scores(home, out)
    assert len(left(home)) == 1


def calls_of_score(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []
    score = Scorer.score
    monkeypatch.setattr(
        Scorer, "score", lambda self, frame, **options: calls.append(len(frame)) or score(self, frame, **options)
    )
    return calls


@pytest.mark.parametrize("way", ["restart", "another way", "damaged", "held", "a week later"])
def test_work_is_begun_anew(
    way: str, own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, bytes]
) -> None:
    interrupted(own, tmp_path / "out.csv", monkeypatch)
    folder, calls = left(own)[0], calls_of_score(monkeypatch)
    more: dict[str, Any] = {"restart": True} if way == "restart" else {}
    if way == "another way":
        more = {"which": "none"}
    if way == "damaged":
        (folder / "4.rows.arrow").write_bytes(b"")
    if way == "a week later":
        more = {"now": make.NOW + timedelta(days=9)}
        moment = make.NOW.timestamp()
        for path in own.settings.unfinished.iterdir():
            os.utime(path, (moment, moment))
    held = locks.held_now(folder.with_suffix(".lock")) if way == "held" else contextlib.nullcontext()
    with held:
        run = scores(own, tmp_path / "out.csv", **more).run
    assert len(calls) > 10
    assert (left(own) != []) == (way in {"another way", "held"})
    assert way == "another way" or written(own, run.id, tmp_path / "out.csv") == expected


def test_after_an_error_nothing_is_left_to_go_on_with(
    own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise FileProblemError("users.csv", "refused", "said so.")

    with pytest.raises(FileProblemError):
        scores(own, tmp_path / "out.csv", ready=refused)
    assert left(own) == []
    assert own.runs.recent() == ()


@pytest.mark.slow
def test_the_same_done_twice_is_two_runs(own: Home, tmp_path: Path) -> None:
    assert [scores(own, tmp_path / f"{at}.csv").run.id for at in (1, 2)] == ["r-0001", "r-0002"]


# Kills ----------------------------------------------------------------------------------------------------------------


def again(folder: Path, begun: Path) -> None:
    lines._SPAN = SPAN  # type: ignore[misc]
    begun.touch()
    scores(Home.open(folder / "home"), folder / "out.csv")


def moments(kills: int, longest: float) -> Iterator[float]:
    drawn = random.Random(20_261_129)  # noqa: S311 - moments, not secrets
    return (drawn.uniform(0, longest) for _ in range(kills))


def survives(own: Home, tmp_path: Path, expected: dict[str, bytes], kills: int) -> None:
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([__name__, "scipy.optimize", "core.model.rounds", "core.model.shap_values"])
    started = time.monotonic()
    shutil.copytree(own.settings.home, tmp_path / "timed" / "home")
    scores(Home.open(tmp_path / "timed" / "home"), tmp_path / "timed" / "out.csv")
    for number, moment in enumerate(moments(kills, 2 * (time.monotonic() - started))):
        folder, begun = tmp_path / str(number), tmp_path / f"{number}.begun"
        shutil.copytree(own.settings.home, folder / "home")
        child = forking.Process(target=again, args=(folder, begun))
        child.start()
        while child.is_alive() and not begun.exists():
            time.sleep(0.002)
        child.join(moment)
        child.kill()
        child.join()
        home = Home.open(folder / "home")
        if child.exitcode:  # else it was done before
            assert scores(home, folder / "out.csv").run.id == "r-0001"
        assert written(home, "r-0001", folder / "out.csv") == expected
        shutil.rmtree(folder)


needs_forks = pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)


@pytest.mark.slow
@needs_forks
def test_killed_at_some_moments_it_comes_to_the_same(own: Home, tmp_path: Path, expected: dict[str, bytes]) -> None:
    survives(own, tmp_path, expected, kills=3)


@needs_forks
@pytest.mark.slow
def test_killed_at_20_moments_it_comes_to_the_same(own: Home, tmp_path: Path, expected: dict[str, bytes]) -> None:
    survives(own, tmp_path, expected, kills=20)


MANY: Final = Rule("Many", "at least", "human_review", (Condition("links", ">=", (3.0,)),), "live")
RULED: Final = replace(make.policy(), rules=(MANY, replace(MANY, name="Shadow", state="shadow")))


def test_rules_and_lists_decide_block_by_block_as_they_do_of_all_at_once(own: Home, tmp_path: Path) -> None:
    own.lists.add("block", "country", ["de"], Grounds("a ring", "Lea", make.NOW))
    done = scores(own, tmp_path / "out.csv", policy=RULED)
    stored = own.runs.scores(done.run.id)
    whole = own.deciding.of_file(RULED, done.frame, Scored.of(stored, "v0001"), make.SCHEMA, now=make.NOW)
    assert stored["severity"].tolist() == whole.severity.tolist()
    assert stored["decided_by"].tolist() == whole.decided_by.tolist()
    assert dict(done.hits) == dict(whole.hits)
    assert set(stored["decided_by"]) == {"score", "rule:Many", "list:block"}
    assert sum(done.run.counts.values()) == len(stored)


def test_where_lists_have_changed_since_it_was_interrupted_nobody_is_decided_by_those_of_before(
    own: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Work, "add", killed_at(4, Work.add))
        with pytest.raises(KilledError):
            scores(own, tmp_path / "out.csv", policy=RULED)
    own.lists.add("allow", "country", ["de"], Grounds("a partner", "Lea", make.NOW))
    done = scores(own, tmp_path / "out.csv", policy=RULED)
    german = done.frame["country"].to_numpy() == "DE"
    assert (done.results["decided_by"].to_numpy(object)[german] == "list:allow").all()
