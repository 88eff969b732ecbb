"""Every stored file says its format: a newer one is refused with a sentence, an older one is upgraded on reading."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import formats
from core.errors import DamagedModelError, FileProblemError, NewerFormatError
from core.feedback import ledger, table
from core.feedback.ledger import Ledger
from core.home import Home
from core.registry import sums
from core.schema import schema as schemas
from core.settings import ROOT
from core.store import chained_log, frames, log_line
from tests.core.feedback.verdicts import verdict
from tests.make import NOW

BEFORE: Final = ROOT / "tests" / "homes" / "v1" / "home"
#: Files of a home of before, and who reads each.
READERS: Final[dict[str, Callable[[Home, Path], object]]] = {
    "data/datasets/*/dataset.json": lambda home, path: home.datasets.find(path.parent.name),
    "data/candidates/*/candidate.json": lambda home, path: home.training_runs.find(path.parent.name),
    "data/gates/*.json": lambda home, path: home.gate_reports.kept(path.stem),
    "data/retrained.json": lambda home, _path: home.schedule.last(),
    "data/shadow/challenger.json": lambda home, _path: home.shadow.challenger(),
    "data/compared/*/comparison.json": lambda home, path: home.comparisons.load(path.parent.name),
    "data/jobs/*/state.json": lambda home, path: home.jobs.find(path.parent.name),
    "data/jobs/explain-waiting/request.json": lambda home, path: home.jobs.again(path.parent.name),
    "data/runs/*/scores.parquet": lambda home, path: home.runs.scores(path.parent.name),
    "data/runs/*/reasons.parquet": lambda home, path: home.runs.reasons(path.parent.name),
    "data/runs/*/plan.parquet": lambda home, path: home.runs.plan(path.parent.name),
    "data/shadow/*.parquet": lambda home, _path: home.shadow.standing(home.shadow.challenger()),  # type: ignore[arg-type]
    "data/schema.toml": lambda _home, path: schemas.load(path),
}
#: Formats of today, where they have gone on.
KNOWN: Final = {
    "candidate.json": 2, "comparison.json": 2, "dataset.json": 2, "scores.parquet": 2, "plan.parquet": 2,
    "schema.toml": 4,
}  # fmt: skip
#: What no home of before has; one of a later format is put there, and read.
MADE: Final[dict[str, Callable[[Home], object]]] = {
    "data/judged/v0001-d.json": lambda home: home.training.judged_before("v0001", "d"),
    "data/compared/deeper/v0001-d-robustness.json": lambda home: home.diagnoses.kept("v0001", "d", "robustness"),
    f"data/predictions/p-{'0' * 16}/predictions.json": lambda home: home.prediction_files.find(f"p-{'0' * 16}"),
    "data/runs/r-0001/sent.parquet": lambda home: home.runs.sent("r-0001"),
}


@pytest.fixture
def before(tmp_path: Path) -> Home:
    return Home.open(shutil.copytree(BEFORE, tmp_path / "before"))


def give(path: Path, number: int) -> None:
    """Make of a stored file one of another format."""
    if path.suffix == ".json":
        raw = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        path.write_text(json.dumps(raw | {"format": number}), encoding="utf-8")
    elif path.suffix == ".toml":
        path.write_text(path.read_text(encoding="utf-8").replace("format = 1", f"format = {number}"), encoding="utf-8")
    else:
        frame = pd.read_parquet(path) if path.is_file() else pd.DataFrame({"user": ["u"]})
        frames.write(frame, path, known=number)


@pytest.mark.parametrize("pattern", READERS)
def test_a_file_of_a_newer_format_is_refused_and_one_of_before_is_not(pattern: str, before: Home) -> None:
    path = min(before.settings.home.glob(pattern))
    if "request" not in pattern:  # which would run
        assert READERS[pattern](before, path) is not None
    give(path, 7)

    with pytest.raises(NewerFormatError) as refused:
        READERS[pattern](before, path)

    assert str(refused.value) == (
        f"{path.relative_to(before.settings.home).as_posix()} was written by a newer version of Trustdesk "
        f"(format 7, this one reads {KNOWN.get(path.name, 1)}). Update the program, or restore a backup of before."
    )


@pytest.mark.parametrize("name", MADE)
def test_a_newer_file_of_a_kind_that_no_home_of_before_has_is_refused_too(name: str, before: Home) -> None:
    path = before.settings.home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    give(path, 7)

    with pytest.raises(NewerFormatError, match=name):
        MADE[name](before)


@pytest.mark.parametrize("name", ["metadata.json", "calibration.json", "baseline.parquet"])
def test_a_model_version_of_a_newer_format_is_not_loaded_and_keeps_no_other_from_it(name: str, before: Home) -> None:
    folder = before.settings.models / "v0001"
    old = sums.of(folder / name)
    if name == "baseline.parquet":
        told = pq.read_table(folder / name)
        facts = {key: value.replace(b'"format": 1', b'"format": 7') for key, value in told.schema.metadata.items()}
        pq.write_table(told.replace_schema_metadata(facts), folder / name)
    else:
        give(folder / name, 7)
    text = (folder / "SHA256SUMS").read_text(encoding="ascii").replace(old, sums.of(folder / name))
    (folder / "SHA256SUMS").write_text(text, encoding="ascii")

    with pytest.raises(DamagedModelError, match=rf"{name} was written by a newer version of Trustdesk \(format 7"):
        before.registry.load("v0001").baseline()
    assert before.registry.load("v0002").baseline().sample is not None


def test_a_file_of_an_older_format_is_upgraded_step_by_step() -> None:
    upgrades = {
        1: lambda raw: raw | {"language": "en"},
        2: lambda raw: {("tongue" if key == "language" else key): value for key, value in raw.items()},
    }

    def read(raw: dict[str, Any]) -> dict[str, Any]:
        return formats.read(raw, "a.json", known=3, upgrades=upgrades)

    assert read({"user": "u"}) == read({"format": 1, "user": "u"}) == {"user": "u", "tongue": "en"}
    assert read({"format": 2, "language": "fr"}) == read({"format": 3, "tongue": "fr"}) == {"tongue": "fr"}


@pytest.mark.parametrize("number", ["2", None, True, 0, -1, 1.5])
def test_what_is_no_number_is_no_format(number: object) -> None:
    with pytest.raises(ValueError, match="has format"):
        formats.read({"format": number}, "a.json", known=3)


def test_a_table_reads_back_as_it_was_written_and_says_its_format(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.5, None], "b": ["x", "y"]}, index=pd.Index([3, 7], name="row"))
    frames.write(frame, tmp_path / "a.parquet", known=2)

    pd.testing.assert_frame_equal(frames.read(tmp_path / "a.parquet", known=2), frame)
    pd.testing.assert_frame_equal(frames.read(tmp_path / "a.parquet", known=2, columns=["b"]), frame[["b"]])
    with pytest.raises(NewerFormatError, match="format 2, this one reads 1"):
        frames.read(tmp_path / "a.parquet", known=1)


# Feedback and the audit log have no number: their first line says what they hold.


def test_feedback_with_a_column_of_a_later_program_is_refused_and_not_called_damaged(home: Home) -> None:
    names = (*table.FIELDS, "trustdesk:language", "links")
    rows = [["x"] * len(table.FIELDS) + ["en", "3"]]
    chained_log.append(home.settings.feedback_file, names, rows)

    with pytest.raises(NewerFormatError, match=r"data/feedback/feedback.csv .*\(column trustdesk:language\)"):
        home.feedback.read()
    with pytest.raises(NewerFormatError):
        home.feedback.record([verdict(1)])
    assert home.feedback.verify().whole


def test_a_program_with_a_further_column_reads_feedback_of_before_and_goes_on_from_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.feedback.record([verdict(1, features={"links": 3.0, "score": 1.0})])
    more = {**table.FIELDS, "trustdesk:language": pa.string(), "trustdesk:depth": pa.float64()}
    for module in (table, ledger):
        monkeypatch.setattr(module, "FIELDS", more)
    monkeypatch.setattr(table, "TEXTS", (*table.TEXTS, "trustdesk:language"))
    monkeypatch.setattr(table, "NUMBERS", (*table.NUMBERS, "trustdesk:depth"))
    cells = chained_log.columns(home.settings.feedback_file)
    line = home.settings.feedback_file.read_bytes().splitlines()[1]
    stored = log_line.cells(line)[: len(cells)]
    stored[0] = "v2"
    chained_log.append(home.settings.feedback_file, (*more, "links"), [[*stored[: table.FIRST], "", "fr", "2.5", "4"]])
    found = Ledger(home.settings.feedback_file)
    found.refresh()

    frame = found.frame()
    assert frame[["id", "links", "trustdesk:language"]].to_numpy().tolist() == [["v1", 3, ""], ["v2", 4, "fr"]]
    assert frame["trustdesk:depth"].isna().tolist() == [True, False]
    assert frame["feature score"].isna().tolist() == [False, True]
    assert found.features == ("links", "score")


def test_feedback_that_lacks_a_column_of_every_file_is_damaged(home: Home) -> None:
    names = [name for name in table.FIELDS if name != "band"]
    chained_log.append(home.settings.feedback_file, names, [["x"] * len(names)])

    with pytest.raises(FileProblemError, match="does not name the columns of feedback"):
        home.feedback.read()


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (("time", "who", "what", "about", "why", "details", "address"), NewerFormatError),
        (("time", "who", "what", "about", "details"), FileProblemError),
    ],
)
def test_an_audit_log_with_other_columns_is_refused(names: tuple[str, ...], error: type[Exception], home: Home) -> None:
    home.audit.note(who="Ada", what="look", about="it", now=NOW - timedelta(days=1))
    chained_log.append(home.settings.audit, names, [["2026-01-01T00:00:00+00:00"] + ["x"] * (len(names) - 1)])

    with pytest.raises(error):
        home.audit.read()
