"""Users who are there several times under new ids: a model that knows the one is not judged on the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.data import datasets, intake, split
from core.data.datasets import Dataset
from core.evaluation.cautions import Caution
from core.home import Home
from core.schema import schema as schemas
from tests import make
from tests.make import NOW, SCHEMA

THRESHOLDS = {"monitor": 0.3}


def at_random(distinct: int, seed: int = 0) -> pd.DataFrame:
    """Users with labels that nothing tells: whoever ranks them well has seen them."""
    users = make.users(distinct * 2, seed).drop_duplicates([*SCHEMA.names], ignore_index=True)[:distinct]
    return users.assign(spam=np.random.default_rng(seed).integers(0, 2, distinct))


def copies(users: pd.DataFrame, times: int, name: str) -> pd.DataFrame:
    """The same users under new ids, so many times."""
    again = [users.assign(user=[f"{name}{k}-{i}" for i in range(len(users))]) for k in range(times)]
    return pd.concat(again, ignore_index=True)


def stored(home: Home, users: pd.DataFrame, name: str = "labelled.csv") -> Dataset:
    checked = intake.read(name, make.csv(users), SCHEMA, need_label=True)
    return home.datasets.put(checked, SCHEMA, now=NOW, need_label=True)


def prepared(home: Home) -> None:
    schemas.save(SCHEMA, home.settings.schema_file)
    home.settings.salt_file.write_text("5a" * 16, encoding="ascii")


def learnt(home: Home, version: str, users: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    known = home.registry.load(version).users()
    assert known is not None
    return split.known(split.keys(users, SCHEMA, home.split.salt()), known)


def test_copies_under_new_ids_give_no_splendid_figure_and_are_said(home: Home) -> None:
    prepared(home)
    users = copies(at_random(100), 6, "c")
    version = home.training.learn(stored(home, users), SCHEMA, THRESHOLDS, now=NOW)

    metadata = home.registry.describe(version)
    roc_auc = metadata.figures.overall["roc_auc"].value
    assert roc_auc is not None
    assert 0.05 < roc_auc < 0.95
    parts = pd.DataFrame({"copy": np.tile(np.arange(100), 6), "learnt": learnt(home, version, users)})
    assert (parts.groupby("copy")["learnt"].nunique() == 1).all()
    said = [each for each in metadata.cautions or () if each.sentence.startswith("500 of 600 rows repeat another")]
    assert said == [Caution("weakness", said[0].sentence)]


@pytest.mark.slow
def test_who_has_a_part_keeps_it_and_new_copies_go_along(home: Home) -> None:
    prepared(home)
    users = at_random(150, seed=1)
    first = home.training.learn(stored(home, users), SCHEMA, THRESHOLDS, now=NOW)
    before = learnt(home, first, users)
    both = pd.concat([users, copies(users, 1, "c")], ignore_index=True)
    second = home.training.learn(stored(home, both, "more.csv"), SCHEMA, THRESHOLDS, now=NOW)

    after = learnt(home, second, both)
    assert (after[:150] == before).all()
    assert (after[150:] == before).all()


@pytest.mark.slow
def test_a_version_of_before_is_judged_on_test_users_without_a_copy_among_those_learnt_from(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(home)
    users = pd.concat([at_random(150, seed=2), copies(at_random(150, seed=2)[:60], 1, "c")], ignore_index=True)
    dataset, keys = stored(home, users), split.keys(users, SCHEMA, home.split.salt())
    with monkeypatch.context() as before:  # parts went by ids alone
        before.setattr(split.Split, "parts", lambda *_args, **_known: split.Parts.alone(keys))
        version = home.training.learn(dataset, SCHEMA, THRESHOLDS, now=NOW)

    by_id = split.in_test(keys)
    hashes = split.row_hashes(users, SCHEMA.names)
    alone = by_id & ~np.isin(hashes, hashes[~by_id])
    assert 0 < alone.sum() < by_id.sum()
    model = home.registry.load(version)
    monkeypatch.setattr(datasets, "_BATCH", 40)  # copies are found in whichever batch they are
    judged = home.training.judged(model, dataset, SCHEMA, THRESHOLDS)
    assert (judged.only_test_part, judged.figures.n) == (True, alone.sum())
    rows = home.common_rows.rows([model], dataset, SCHEMA)
    assert len(rows.label) == alone.sum()
    assert f"and {by_id.sum() - alone.sum()} who share every feature with such a user, are left out" in rows.sentence
    again = home.registry.describe(home.training.learn(dataset, SCHEMA, THRESHOLDS, now=NOW)).data
    assert (again.trained_on, again.tested_on) == ((~by_id).sum(), alone.sum())
