"""Drift of a file that is not stored: what a run of the same file says, whatever part of it is in memory."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import FileProblemError, MissingColumnsError
from core.home import Home
from core.monitoring import text_drift
from core.monitoring.drift import Drift
from core.monitoring.streaming.file_drift import FileDrift, Found
from core.registry.registry import Model
from core.schema import schema as schemas
from tests import make, make_messages
from tests.core.registry.crafted import one_bad_leaf, without_score

#: Bytes of a file in memory: a few dozen users.
SMALL = 2_000


def of_file(home: Home, payload: bytes | Path, *, model: Model | None = None, window: int = SMALL) -> Found:
    schema = schemas.load(home.settings.schema_file)
    watch = FileDrift(home.unfinished, window)
    return watch.of_file("users.csv", payload, schema, model or home.registry.load(), now=make.NOW)


def of_run(home: Home, payload: bytes | Path, *, model: Model | None = None) -> Drift:
    schema, policy = schemas.load(home.settings.schema_file), make.policy()
    model = model or home.registry.load()
    done = home.file_scoring.score_file("users.csv", payload, schema, model, policy, now=make.NOW)
    return home.drift.of_run(done.run.id)


def figures(found: Drift) -> str:
    """All that is said but of what it is said; as text, in which what is not known equals itself."""
    return repr({name: value for name, value in asdict(found).items() if name not in {"runs", "file"}})


def kept(home: Home) -> set[Path]:
    return {path for path in home.settings.data.rglob("*") if path.suffix != ".lock" and path.name != "unfinished"}


def test_a_file_has_the_figures_of_its_run_and_leaves_nothing(own: Home) -> None:
    users = make.users(2100, seed=5)
    payload = make.csv(pd.concat([users.assign(links=users["links"] * 2), users.iloc[[7]]]))
    before = kept(own)
    found = of_file(own, payload)
    assert kept(own) == before
    assert (found.received, found.drift.n, found.rejected) == (2101, 2100, 1)
    assert [each.code for each in found.problems if each.rejected] == ["duplicate_id"]
    assert "the 2,100 users of users.csv" in found.drift.sentence
    assert figures(found.drift) == figures(of_run(own, payload))
    assert figures(of_file(own, payload, window=1 << 20).drift) == figures(found.drift)


def test_a_folder_of_parquet_has_the_figures_of_its_run(own: Home, tmp_path: Path) -> None:
    users, folder = make.users(2100, seed=6), tmp_path / "users"
    folder.mkdir()
    for part in range(2):
        table = pa.Table.from_pandas(users.iloc[part::2], preserve_index=False)
        pq.write_table(table, folder / f"{part}.parquet", row_group_size=300)
    assert figures(of_file(own, folder).drift) == figures(of_run(own, folder))


def test_texts_that_are_looked_at_come_from_all_over_the_file(kinds: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_drift, "MOST", 150)
    messages = make_messages.of_kinds(make_messages.messages(2_050, seed=3))
    messages.loc[::9, "body"] = None
    payload = make.csv(messages)
    found = of_file(kinds, payload).drift
    (told,) = found.texts
    assert told.texts == 150
    assert figures(found) == figures(of_run(kinds, payload))


def test_users_without_a_score_are_rejected_as_they_are_in_a_run(own: Home) -> None:
    model, users = one_bad_leaf(own), make.users(2_200, seed=9)
    bad = without_score(model, users)
    found = of_file(own, make.csv(users), model=model)
    assert (found.received, found.rejected) == (2_200, bad.sum())
    (problem,) = [each for each in found.problems if each.rejected]
    stored = own.file_scoring.score_file(
        "users.csv", make.csv(users), make.SCHEMA, model, make.policy(), now=make.NOW
    ).dataset  # fmt: skip
    assert problem == next(each for each in stored.problems if each.rejected)
    assert found.drift.n == (~bad).sum()
    assert np.isfinite(found.drift.score.psi)


def test_a_file_that_cannot_be_used_is_refused_and_leaves_nothing(own: Home) -> None:
    before = kept(own)
    with pytest.raises(MissingColumnsError):
        of_file(own, b"user,links\na,1\n")
    users = make.csv(make.users(1)).decode().splitlines()
    with pytest.raises(FileProblemError):
        of_file(own, f"{users[0]}\n{users[1].replace(users[1].split(',')[0], '', 1)}\n".encode())
    assert kept(own) == before
