"""Homes to look around in, made in a minute of made-up data that comes with the program."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from core.data import intake
from core.errors import BadOptionError, RefusedError
from core.home import Home
from core.schema import schema as schemas
from core.scoring.runs import Run
from core.settings import DEMO_LABELLED, DEMO_USERS, ROOT, Settings
from core.training import training

#: Told what is being done and the share done, 0 to 1.
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Demo:
    """Data in a folder of its own in `data/demo`, "" for what the program comes with: that home has a model already."""

    name: str
    about: str
    folder: str = ""
    labelled: str = DEMO_LABELLED
    new: str = DEMO_USERS


DEMOS: Final = (
    Demo("fiverr", "users of a marketplace for services, features X1 to X51, with the bundled model"),
    Demo("marketplace", "users of a marketplace, features with plain names", "marketplace", new="new.csv.gz"),
    Demo(
        "messages", "messages of a marketplace: spam, scams, off-platform offers, harassment", "messages",
        "labelled.csv", "new.csv",
    ),
)  # fmt: skip


def find(name: str) -> Demo:
    """A demo by its name. Raises BadOptionError."""
    for demo in DEMOS:
        if demo.name == name:
            return demo
    *others, last = (each.name for each in DEMOS)
    raise BadOptionError(name, f"there is no such demo; there are {', '.join(others)} and {last}.")


def make(demo: Demo, folder: Path, *, by: str, now: datetime, progress: Progress) -> Run:
    """A home with a champion, a file scored, and people to review; gives the run of that file.

    folder: of the home; absent or empty. Raises RefusedError where something lies there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RefusedError(f"{folder} is there already. Name another folder with --home, or delete it first.")
    home = Home.open(folder)
    progress(f"Copying {demo.name}", 0.0)
    _copied(demo, home.settings)
    if not demo.folder:
        return _scored(demo, home, by=by, now=now, progress=progress)
    columns = schemas.load(home.settings.schema_file)
    checked = intake.read(DEMO_LABELLED, home.settings.demo / DEMO_LABELLED, columns, need_label=True)
    dataset = home.datasets.put(checked, columns, now=now, need_label=True, by=by)
    run = home.training.run(
        dataset, columns, home.policies.in_force().thresholds,
        about=training.About(now, "trained on made-up data, to look around.", by), progress=progress,
    )  # fmt: skip
    home.registry.promote(run.version, by=by, why="The first version of a demo.", now=now)
    return _scored(demo, home, by=by, now=now, progress=progress)


def _copied(demo: Demo, ours: Settings) -> None:
    """What a demo has of its own, under the names by which pages know a demo."""
    theirs = Settings.of(ROOT)
    source = theirs.demo / demo.folder if demo.folder else theirs.data
    ours.demo.mkdir(parents=True)
    for path in (theirs.schema_file, theirs.glossary_file, theirs.salt_file):  # a salt, so that figures come out alike
        shutil.copy(source / path.name, ours.data)
    if (stated := source / ours.options_file.name).is_file() and demo.folder:
        shutil.copy(stated, ours.options_file)
    for name, known in ((demo.labelled, DEMO_LABELLED), (demo.new, DEMO_USERS)):
        file = theirs.demo / demo.folder / name
        packed = file.read_bytes() if file.suffix == ".gz" else gzip.compress(file.read_bytes(), mtime=0)
        (ours.demo / known).write_bytes(packed)
    if not demo.folder:
        shutil.copytree(theirs.models, ours.models)


def _scored(demo: Demo, home: Home, *, by: str, now: datetime, progress: Progress) -> Run:
    progress(f"Scoring {demo.new}", 0.0)
    model, columns = home.registry.load(), schemas.load(home.settings.schema_file)
    policy = home.policies.deciding(model.version)
    run = home.file_scoring.score_file(demo.new, home.settings.demo / DEMO_USERS, columns, model, policy, now=now).run
    home.plans.queue_run(run.id, by=by, now=now)
    return run
