"""What is given spoilt inputs: each target makes them from a number, and tries them on the program.

An input is refused with an error of the program's own and a sentence, or it is taken. Whatever else is raised is a
fault.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import xgboost as xgb
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app.api import main
from app.api.options import Options
from app.cli import app as command
from core.data import intake
from core.data.infer import infer
from core.errors import DamagedModelError, RefusedError, UnusableInputError
from core.home import Home
from core.registry import card, registry, sums
from core.registry.origin import Origin
from core.schema.schema import Schema
from core.scoring import export, table_marks
from core.scoring.scorer import Scorer
from core.settings import ROOT
from tests import make
from tests.core.model import fuzz_trees
from tests.core.registry import crafted
from tests.fuzz import formats
from tests.fuzz.mutate import marked_mutant, mutant

Change = Callable[[Sequence[bytes], random.Random], bytes]
OWN: Final = (UnusableInputError, RefusedError, DamagedModelError)
#: Longest sentence that a person is told.
MOST_TOLD: Final = 4_000
#: Runs after which a home is made anew, so that the last input meets as much as the first.
RUNS: Final = 500
CASES: Final = ROOT.parent / "shared" / "data" / "cases"
USERS: Final = make.users(6, seed=1)


@dataclass(frozen=True)
class Target:
    """`made` gives the input of a number, always the same; `tried` gives it to the program: whether it was taken."""

    made: Callable[[int], bytes]
    tried: Callable[[bytes], bool]


@contextlib.contextmanager
def _refusing() -> Iterator[list[str]]:
    """Takes an error of our own for an answer, if it says something that can be shown."""
    told: list[str] = []
    try:
        yield told
    except OWN as error:
        told.append(str(error))
        assert 10 < len(told[0]) < MOST_TOLD, len(told[0])
        told[0].encode()


def _from(seeds: tuple[bytes, ...], name: str, change: Change = mutant) -> Callable[[int], bytes]:
    return lambda number: change(seeds, random.Random(f"{name} {number}"))  # noqa: S311 - to be repeated, not secret


def tables() -> tuple[bytes, ...]:
    """Files of users, as small as can be: those of the tests, other ways to write them, and named cases where there."""
    plain = make.csv(USERS)
    quoted = USERS.assign(name='a "b", c\nd', country="Zoë").to_csv(index=False).encode()
    other = [USERS.to_csv(index=False, sep=sep, decimal=",").encode() for sep in ";\t|"]
    bare = b"links,verified,tier,ratio,constant\n1,0,2,.5,3\n"
    kept = [path.read_bytes()[:600] for path in sorted(CASES.glob("*.csv"))] if CASES.is_dir() else []
    return plain, plain, plain, quoted, *other, bare, *kept


# Intake -----------------------------------------------------------------------------------------------------


def _read(content: bytes) -> bool:
    way = zlib.crc32(content)
    with _refusing() as told:
        schema: Schema = make.SCHEMA
        if way % 2 or b"verified" not in content:
            named = [name for name in ("user", "user_id", "id", None) if name is None or name.encode() in content[:99]]
            id_column, label = named[way // 2 % len(named)], "spam" if b"spam" in content[:99] else None
            schema = infer("x.csv", content, id=id_column, label=label).schema
        need = schema.label is not None and way // 32 % 4 == 0
        checked = intake.read("x.csv", content, schema, allow_missing=way // 16 % 2 == 0, need_label=need)
        assert checked.received == len(checked.frame) + checked.turned_away
        assert len({*checked.frame.index, *checked.rejected["row"]}) == checked.received
        assert not np.isinf(checked.frame[list(schema.names)].to_numpy(np.float64)).any()
        for problem in checked.problems:
            assert len(problem.sentence.encode()) < MOST_TOLD
    return not told


def _read_any(content: bytes) -> bool:
    with _refusing() as told:
        formats.read(content)
    return not told


# Scores -----------------------------------------------------------------------------------------------------


class _Scored:
    """All that `score` does with a file, in one home; every so many runs a new one."""

    def __init__(self, trained: Home, folder: Path) -> None:
        self._trained, self._folder, self._runs, self._homes = trained, folder, RUNS, 0

    def __call__(self, content: bytes) -> bool:
        if self._runs >= RUNS:
            self._begin()
        way, out = zlib.crc32(content), self._home.settings.home / f"out.{('csv', 'parquet')[zlib.crc32(content) % 2]}"
        with _refusing() as told:
            target = self._home.exports.target(out, table_marks.SCORES, overwrite=True)
            rejected = self._home.exports.rejected_target(out, table_marks.REJECTED, reads=[out], overwrite=True)
            done = self._home.file_scoring.score_file(
                "x.csv", content, make.SCHEMA, self._model, self._policy, now=make.NOW, allow_missing=way // 2 % 2 == 0,
                which=("all", "flagged", "none")[way // 4 % 3],
            )  # fmt: skip
            self._runs += 1
            kept = export.kept(done.frame, make.SCHEMA, keep_features=way // 16 % 2 == 0)
            export.write(export.table(kept, done.results, done.reasons, done.run), target)
            export.write_rejected(self._home.exports.rejected_table(done.dataset.id), rejected)
            assert np.isfinite(done.results["probability"].to_numpy()).all()
            assert done.run.users + done.run.rejected == done.run.received
        return not told

    def _begin(self) -> None:
        self._runs, self._homes = 0, self._homes + 1
        self._home = _copied(self._trained, self._folder / f"scored-{self._homes}")
        self._model, self._policy = self._home.registry.load(), self._home.policies.in_force()


def _commanded(trained: Home, folder: Path) -> Callable[[bytes], bool]:
    """The command itself, from the file to the exit code."""
    home = _copied(trained, folder / "commanded")
    given, out = home.settings.home / "x.csv", home.settings.home / "out.csv"

    def tried(content: bytes) -> bool:
        given.write_bytes(content)
        done = CliRunner().invoke(
            command, ["score", str(given), "-o", str(out), "--overwrite", "--home", str(home.settings.home)]
        )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code in {0, 2, 3, 4}, (done.exit_code, done.output)
        assert "bug of Trustdesk" not in done.output, done.output
        return done.exit_code in {0, 3}

    return tried


# Model files ------------------------------------------------------------------------------------------------


def _booster(trained: Home) -> bytes:
    return bytes(trained.registry.load().predictor.booster[:4].save_raw("ubj"))  # type: ignore[attr-defined]


def _booster_mutant(content: bytes) -> Callable[[int], bytes]:
    def made(number: int) -> bytes:
        with np.errstate(all="ignore"):  # numbers are cast to types that do not hold them
            return crafted.mutant(content, np.random.default_rng(number))

    return made


#: Files of a version beside its trees.
PARTS: Final = (
    registry.METADATA,
    registry.CALIBRATION,
    registry.SUMS,
    registry.BASELINE,
    registry.USERS,
    registry.ORIGIN,
)
ORIGIN: Final = Origin("https://huggingface.co", "ada/spam", "0123456789" * 4, "Ada", make.NOW)


class _Parts:
    """A version of which one file is another: the first byte says which, the others are the file."""

    def __init__(self, trained: Home, folder: Path) -> None:
        self._home = _copied(trained, folder / "parts")
        self._folder = self._home.settings.models / "v0001"
        self._whole = {path.name: path.read_bytes() for path in self._folder.iterdir()}
        booster = xgb.Booster(model_file=bytearray(self._whole[registry.TREES]))[:4]
        self._whole[registry.TREES] = bytes(booster.save_raw("ubj"))
        (self._folder / registry.TREES).write_bytes(self._whole[registry.TREES])
        self._rows = USERS

    def seeds(self) -> tuple[bytes, ...]:
        whole = self._whole | {registry.ORIGIN: json.dumps(ORIGIN.as_json()).encode()}
        often = (0, 0, 0, 1, 1, 2, 3, 4, 5)
        return tuple(bytes([at]) + whole[PARTS[at]] for at in often)

    def __call__(self, content: bytes) -> bool:
        name = PARTS[content[0] % len(PARTS)] if content else PARTS[0]
        for each, whole in self._whole.items():
            (self._folder / each).write_bytes(whole)
        (self._folder / registry.ORIGIN).unlink(missing_ok=True)
        (self._folder / name).write_bytes(content[1:])
        if name != registry.SUMS:
            sums.write(self._folder, list(dict.fromkeys([*sums.read(self._folder), name])))
        self._home.registry.listing()
        with _refusing() as told:
            model = self._home.registry.load("v0001")
            model.baseline()
            model.users()
            card.markdown("v0001", model.metadata, None, model.origin).encode()
            scored = Scorer(model).score(self._rows)
            assert len(scored.finite) == len(self._rows)
        return not told


# Bodies of the API ------------------------------------------------------------------------------------------

_FEATURES: Final = {"links": 6, "verified": 0, "tier": 2, "ratio": 1.5, "constant": 3}
_BODIES: Final[tuple[tuple[str, Any], ...]] = (
    ("/predict", {"features": _FEATURES, "user_id": "u-1", "context": {"name": "Zoë"}, "reasons": "all", "top": 2}),
    ("/predict/batch", {"users": [{"features": _FEATURES}, {"features": {"links": None}, "allow_missing": True}]}),
    ("/feedback", {"prediction_id": "o-1-1", "is_correct": False, "actual_label": 0, "feedback_notes": "no",
                   "judged_at": "2026-03-01T12:00:00+00:00", "reviewer": "Ada"}),
    ("/cases/1/verdict", {"judgement": "spammer", "reason": "content_seen", "notes": "", "seconds": 3.5}),
)  # fmt: skip


class _Api:
    """A body, of which the first byte says where it is sent."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        first = client.post("/predict", json=_BODIES[0][1]).json()["prediction_id"]
        self._bodies = [body | {"prediction_id": first} if "prediction_id" in body else body for _, body in _BODIES]

    def seeds(self) -> tuple[bytes, ...]:
        often = (0, 0, 0, 1, 1, 2, 2, 3)
        return tuple(bytes([at]) + json.dumps(self._bodies[at], ensure_ascii=False).encode() for at in often)

    def __call__(self, content: bytes) -> bool:
        path = _BODIES[content[0] % len(_BODIES)][0] if content else _BODIES[0][0]
        answer = self._client.post(path, content=content[1:], headers={"content-type": "application/json"})
        if answer.status_code == 200:
            json.loads(answer.content, parse_constant=_no_constant)
            return True
        assert 400 <= answer.status_code < 500, (answer.status_code, answer.text)
        told = answer.json()
        assert 10 < len(told["detail"]) < MOST_TOLD, told
        return False


def _no_constant(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


@contextlib.contextmanager
def _serving(home: Home) -> Iterator[_Api]:
    with TestClient(main.create(home, Options()), base_url="http://127.0.0.1") as client:
        logging.getLogger("trustdesk.api").setLevel(logging.CRITICAL)  # a line for each of 30,000 is of no use
        yield _Api(client)


# All of them ------------------------------------------------------------------------------------------------

NAMES: Final = ("intake", "formats", "score", "command", "trees", "version", "api")


@contextlib.contextmanager
def opened(name: str, trained: Home, folder: Path) -> Iterator[Target]:
    """A target, with a home of its own below the folder where it needs one."""
    match name:
        case "intake":
            yield Target(_from(tables(), name), _read)
        case "formats":
            yield Target(_from(formats.seeds(), name, formats.spoilt), _read_any)
        case "score":
            yield Target(_from(tables(), name), _Scored(trained, folder))
        case "command":
            yield Target(_from(tables(), name), _commanded(trained, folder))
        case "trees":
            yield Target(_booster_mutant(_booster(trained)), fuzz_trees.tried)
        case "version":
            parts = _Parts(trained, folder)
            yield Target(_from(parts.seeds(), name, marked_mutant), parts)
        case _:
            with _serving(_copied(trained, folder / "api")) as api:
                yield Target(_from(api.seeds(), name, marked_mutant), api)


def _copied(trained: Home, folder: Path) -> Home:
    folder.mkdir()
    return make.copied(trained, folder)
