"""Small made-up users, and a trained home, for tests of every floor."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from filelock import FileLock

from core.data import intake, split
from core.data.datasets import Dataset
from core.files import write_text
from core.home import Home
from core.policy.decide import decide
from core.policy.lists import NO_LISTS
from core.policy.policy import Policy
from core.registry.metadata import Trained
from core.schema import schema as schemas
from core.schema.glossary import Glossary
from core.schema.schema import Column, Label, Schema
from core.scoring.online import Serving
from core.scoring.runs import Run
from core.scoring.scorer import Scorer

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
#: Where the processes of one run of the tests keep homes for each other (tests/conftest.py); None where they do not.
homes: Path | None = None
SCHEMA = Schema(
    features=(
        Column("links", "count", 0),
        Column("verified", "flag", 0, 1),
        Column("tier", "code"),
        Column("ratio", "real"),
        Column("constant", "count", 0),
    ),
    id="user",
    label=Label("spam"),
    context=("name", "country"),
)


def policy(  # as a new home has it, but for what a test is about
    monitor: float = 0.3, review: float = 0.7, remove: float = 0.9, version: str = "p0001", *, armed: bool = False
) -> Policy:  # fmt: skip
    return Policy(monitor, review, remove, version, armed)


def users(n: int = 1500, seed: int = 0) -> pd.DataFrame:
    """n users whose label depends on links, verified and ratio; some values of ratio are missing."""
    random = np.random.default_rng(seed)
    links, verified = random.poisson(1.5, n), random.integers(0, 2, n)
    tier, ratio = random.integers(1, 5, n), np.round(random.normal(size=n), 4)
    odds = -3 + 1.1 * links - 1.5 * verified + 0.8 * ratio
    return pd.DataFrame(
        {
            "user": [f"u{seed}-{i}" for i in range(n)],
            "spam": (random.random(n) < 1 / (1 + np.exp(-odds))).astype(int),
            "links": links,
            "verified": verified,
            "tier": tier,
            "ratio": np.where(random.random(n) < 0.1, np.nan, ratio),
            "constant": 3,
            "name": [f"name {i}" for i in range(n)],
            "country": random.choice(["DE", "KE", "PK"], n),
        }
    )


def features(*names: str) -> tuple[Trained, ...]:
    """Features of a model of which nothing is known but their names."""
    return tuple(Trained(name, "real", None, None, None, 0) for name in names)


def csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def once(home: Home, fill: Callable[[], object], *about: object) -> None:
    """Have `fill` give a home what tests want, once in a run: an empty home that wants the same gets a copy.

    about: what it depends on.
    """
    if homes is None or home.settings.data.exists() or home.settings.models.exists():
        fill()
        return
    kept = homes / hashlib.sha256(repr(about).encode()).hexdigest()[:16]
    with FileLock(f"{kept}.lock"):
        if kept.is_dir():
            laid_over(Home.open(kept), home)
            return
        fill()
        growing = kept.with_suffix(".growing")
        shutil.copytree(home.settings.data, growing / "data")
        shutil.copytree(home.settings.models, growing / "models")
        growing.rename(kept)


def trained_home(home: Home, *, n: int = 1500, seed: int = 0, by: str | None = None) -> str:
    """Give a home a schema and a promoted model; returns the version."""
    found: list[str] = []
    once(home, lambda: found.append(_trained(home, n, seed, by)), "trained", n, seed, by)
    return found[0] if found else "v0001"


def _trained(home: Home, n: int, seed: int, by: str | None) -> str:
    schemas.save(SCHEMA, home.settings.schema_file)
    write_text(home.settings.salt_file, "5a" * 16 + "\n")  # a home's own is random, and so would every figure be
    checked = intake.read("train.csv", csv(users(n)), SCHEMA, need_label=True)
    dataset = home.datasets.put(checked, SCHEMA, now=NOW, need_label=True)
    version = home.training.learn(dataset, SCHEMA, policy().thresholds, now=NOW, seed=seed, by=by)
    promoted(home, version)
    return version


def in_test(home: Home, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Who (n,) of these users is in the test part of a home, copies of others too."""
    return split.in_test(split.keys(frame, SCHEMA, home.split.salt()), home.split.moved())


def run_of_nobody(home: Home, frame: pd.DataFrame) -> Run:
    """A run of a file of which no row could be used. Today such a file makes none; a home of before may have one."""
    checked = intake.read("users.csv", csv(frame.assign(links="many")), SCHEMA)
    dataset, model = home.datasets.put(checked, SCHEMA, now=NOW), home.registry.load()
    scored = Scorer(model).score(checked.frame)
    return home.runs.record(
        dataset, scored, decide(policy(), scored.probability), checked.frame.index, policy(), name="users.csv", now=NOW,
        started=time.monotonic(),
    )  # fmt: skip


def serving(home: Home, policy_: Policy | None = None, glossary: Glossary | None = None) -> Serving:
    """What the API serves with, of the live version and no lists."""
    columns = schemas.load(home.settings.schema_file)
    return Serving(
        home.online_runs, home.deciding, home.registry.load(), columns, glossary or Glossary({}), policy_ or policy(),
        NO_LISTS,
    )  # fmt: skip


def copied(trained: Home, folder: Path) -> Home:
    """What a trained home came with, without what tests have added but versions."""
    shutil.copytree(trained.settings.models, folder / "models")
    (folder / "data").mkdir()
    for path in (trained.settings.schema_file, trained.settings.salt_file, trained.settings.parts_file):
        if path.is_file():
            shutil.copy(path, folder / "data")
    dataset = trained.registry.load().metadata.data.dataset
    shutil.copytree(trained.settings.datasets / dataset, folder / "data" / "datasets" / dataset)
    return Home.open(folder)


def laid_over(kept: Home, home: Home) -> None:
    """Give a home that nobody has worked in all that another one holds; it takes less than to do the work again."""
    shutil.copytree(kept.settings.home, home.settings.home, dirs_exist_ok=True)


def learnt_from(home: Home) -> Dataset:
    """The dataset of the live version; a home shared by tests may hold others by now."""
    return home.datasets.find(home.registry.load().metadata.data.dataset)


def promoted(home: Home, version: str) -> None:
    """Promote a version, as a person would."""
    home.registry.promote(version, by="Ada", why="It is the better one.", now=NOW)
