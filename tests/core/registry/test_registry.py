"""Versions on disk: whole, checked, never changed, never code."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DamagedModelError, UnknownVersionError
from core.home import Home
from core.registry import sums
from core.registry.origin import Origin
from core.registry.registry import Parts
from core.scoring.scorer import Scorer
from core.settings import ROOT
from tests import make

FILES = ("model.ubj", "calibration.json", "metadata.json", "baseline.parquet", "users.parquet")
ORIGIN = Origin("https://huggingface.co", "ada/spam", "0123456789" * 4, "Ada", make.NOW)


def parts(home: Home) -> Parts:
    """What a version was published from."""
    model = home.registry.load()
    return Parts(model.predictor, model.calibration, model.metadata, model.baseline(), model.users() << np.uint64(24))


def test_what_was_published_is_loaded(own: Home) -> None:
    made = parts(own)
    version = own.registry.publish(made)
    found = own.registry.load(version)
    assert (version, found.version) == ("v0002", "v0002")
    assert (found.calibration, found.metadata) == (made.calibration, made.metadata)
    assert found.predictor.booster.save_raw("ubj") == made.predictor.booster.save_raw("ubj")
    assert found.baseline().features == made.baseline.features
    assert found.baseline().sample.equals(made.baseline.sample)
    assert (found.users() == own.registry.load("v0001").users()).all()


def test_a_version_is_a_folder_of_known_files_with_their_sums(own: Home) -> None:
    assert {path.name for path in (own.settings.models / "v0001").iterdir()} == {*FILES, "SHA256SUMS"}
    text = (own.settings.models / "v0001" / "SHA256SUMS").read_text(encoding="ascii")
    assert [line.split("  ")[1] for line in text.splitlines()] == list(FILES)


def test_a_version_of_many_users_stays_under_five_megabytes() -> None:
    bundled = Home.open(ROOT).registry.load("v0001")
    assert bundled.metadata.data.trained_on > 300_000
    assert sum(path.stat().st_size for path in bundled.folder.iterdir()) < 5_000_000
    assert len(bundled.baseline().sample) == 20_000


def test_the_champion_is_a_version_and_a_line_end(own: Home) -> None:
    assert (own.settings.models / "CHAMPION").read_bytes() == b"v0001\n"
    own.registry.publish(parts(own))
    assert own.registry.champion() == "v0001"
    make.promoted(own, "v0002")
    assert (own.settings.models / "CHAMPION").read_bytes() == b"v0002\n"
    assert own.registry.load().version == "v0002"


def test_promoting_an_older_version_rolls_back(own: Home) -> None:
    before = Scorer(own.registry.load()).score(make.users(50)).probability
    make.promoted(own, own.registry.publish(parts(own)))
    make.promoted(own, "v0001")
    assert own.registry.load().version == "v0001"
    assert (Scorer(own.registry.load()).score(make.users(50)).probability == before).all()


def test_before_the_first_promotion_nothing_is_in_charge(home: Home) -> None:
    assert (home.registry.champion(), home.registry.versions()) == (None, ())
    with pytest.raises(UnknownVersionError, match=r"There is no live model\. This workspace has no model yet"):
        home.registry.load()


@pytest.mark.parametrize("version", ["v0009", "../v0001", "", "CHAMPION", ".", "v0001/", "V0001", "v1"])
def test_an_unknown_version_is_refused_with_what_there_is(own: Home, version: str) -> None:
    (own.settings.models / "CHAMPION").unlink()
    for ask in (own.registry.load, own.registry.describe, partial(make.promoted, own)):
        with pytest.raises(UnknownVersionError, match="This workspace has v0001"):
            ask(version)
    assert own.registry.champion() is None


def test_a_champion_that_is_gone_is_named(own: Home) -> None:
    (own.settings.models / "CHAMPION").write_text("v0042\n", encoding="ascii")
    with pytest.raises(UnknownVersionError, match=r"There is no model v0042\. This workspace has v0001"):
        own.registry.load()


def first_byte(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def last_byte(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def one_byte_less(content: bytes) -> bytes:
    return content[:-1]


@pytest.mark.parametrize("change", [first_byte, last_byte, one_byte_less])
@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_found_and_the_file_named(own: Home, name: str, change: Callable[[bytes], bytes]) -> None:
    path = own.settings.models / "v0001" / name
    path.write_bytes(change(path.read_bytes()))
    for ask in (own.registry.load, own.registry.describe, partial(make.promoted, own)):
        with pytest.raises(DamagedModelError, match=f"Model v0001 was not loaded: {name} differs from SHA256SUMS"):
            ask("v0001")


def test_any_other_way_to_write_the_sums_is_found(own: Home) -> None:
    """A byte that leaves the meaning as it was is a changed byte all the same."""
    path = own.settings.models / "v0001" / "SHA256SUMS"
    right = path.read_bytes()
    at = right.index(b"\n")
    for end in (b"\x0b", b"\r", b"\x0c", b" ", b""):
        path.write_bytes(right[:at] + end + right[at + 1 :])
        with pytest.raises(DamagedModelError, match="v0001"):
            own.registry.load()
    for content in (right[:-1], right + b"\n", right.upper(), right + right[: at + 1], b" " + right):
        path.write_bytes(content)
        with pytest.raises(DamagedModelError, match="v0001"):
            make.promoted(own, "v0001")
    path.write_bytes(right)
    assert own.registry.load().version == "v0001"


@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), name=st.sampled_from([*FILES, "SHA256SUMS"]))
def test_no_bit_of_a_version_can_change_unseen(trained: Home, at: float, bit: int, name: str) -> None:
    path = trained.settings.models / "v0001" / name  # of all tests: put back as it was, whatever happens
    right = path.read_bytes()
    position = int(at * len(right))
    path.write_bytes(right[:position] + bytes([right[position] ^ (1 << bit)]) + right[position + 1 :])
    try:
        for ask in (trained.registry.load, partial(make.promoted, trained)):
            with pytest.raises(DamagedModelError, match="Model v0001 was not loaded"):
                ask("v0001")
    finally:
        path.write_bytes(right)


def without_users(home: Home) -> str:
    """v0001 as another version, without the list of its users, and from a Hub."""
    folder = home.settings.home / "elsewhere"
    shutil.copytree(home.settings.models / "v0001", folder)
    (folder / "users.parquet").unlink()
    sums.write(folder, FILES[:-1])
    return home.registry.adopt(folder, ORIGIN)


def test_a_version_without_its_users_is_loaded_and_says_that_it_has_none(own: Home) -> None:
    found = own.registry.load(without_users(own))
    assert (found.version, found.users()) == ("v0002", None)
    assert (
        Scorer(found).score(make.users(50)).margin == Scorer(own.registry.load()).score(make.users(50)).margin
    ).all()
    judged = own.training.judged(
        found, own.datasets.stored()[0], make.SCHEMA, make.policy().thresholds,
    )  # fmt: skip
    assert judged.overlap is None


def test_an_adopted_version_keeps_its_files_and_says_where_it_is_from(own: Home) -> None:
    version = without_users(own)
    folder = own.settings.models / version
    assert own.registry.load(version).origin == ORIGIN
    assert own.registry.listing()[0].origin == ORIGIN
    assert own.registry.listing()[1].origin is None
    published = (own.settings.home / "elsewhere" / "SHA256SUMS").read_text(encoding="ascii")
    assert (folder / "SHA256SUMS").read_text(
        encoding="ascii"
    ) == published + f"{sums.of(folder / 'origin.json')}  origin.json\n"
    for name in FILES[:-1]:
        assert (folder / name).read_bytes() == (own.settings.models / "v0001" / name).read_bytes()


@pytest.mark.parametrize("change", [first_byte, last_byte])
def test_a_changed_origin_is_damage(own: Home, change: Callable[[bytes], bytes]) -> None:
    path = own.settings.models / without_users(own) / "origin.json"
    path.write_bytes(change(path.read_bytes()))
    for ask in (own.registry.load, partial(make.promoted, own)):
        with pytest.raises(DamagedModelError, match=r"origin\.json differs from SHA256SUMS"):
            ask("v0002")


def test_a_file_that_nobody_published_is_damage(own: Home) -> None:
    version = without_users(own)
    shutil.copy(own.settings.models / "v0001" / "users.parquet", own.settings.models / version)
    with pytest.raises(DamagedModelError, match=r"users\.parquet differs from SHA256SUMS"):
        own.registry.load(version)


def test_a_damaged_folder_is_not_adopted(own: Home) -> None:
    folder = own.settings.home / "elsewhere"
    shutil.copytree(own.settings.models / "v0001", folder)
    (folder / "model.ubj").write_bytes(first_byte((folder / "model.ubj").read_bytes()))
    with pytest.raises(DamagedModelError, match=r"model\.ubj"):
        own.registry.adopt(folder, ORIGIN)
    assert sorted(path.name for path in own.settings.models.iterdir()) == ["CHAMPION", "v0001"]


@pytest.mark.parametrize("name", [*FILES, "SHA256SUMS"])
def test_an_absent_file_is_named(own: Home, name: str) -> None:
    (own.settings.models / "v0001" / name).unlink()
    with pytest.raises(DamagedModelError, match=f"Model v0001 was not loaded: {name} is absent"):
        own.registry.load()


def test_changed_sums_are_found_too(own: Home) -> None:
    path = own.settings.models / "v0001" / "SHA256SUMS"
    for content in (first_byte(path.read_bytes()), b"\xff" * 40, b""):
        path.write_bytes(content)
        with pytest.raises(DamagedModelError, match="v0001"):
            own.registry.load()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("calibration.json", b"[1, 2]"),
        ("calibration.json", b'{"a": 1, "b": -1, "c": 0}'),
        ("calibration.json", b'{"a": "1", "b": 1, "c": 0}'),
        ("metadata.json", b"{}"),
        ("metadata.json", b'{"format": 0}'),
        ("metadata.json", b"\xff"),
        ("model.ubj", b"{}"),
        ("model.ubj", pickle.dumps({"a": 1})),
    ],
)
def test_a_file_with_a_right_sum_and_wrong_content_is_damage_too(own: Home, name: str, content: bytes) -> None:
    folder = own.settings.models / "v0001"
    before = sums.of(folder / name)
    (folder / name).write_bytes(content)
    text = (folder / "SHA256SUMS").read_text(encoding="ascii")
    (folder / "SHA256SUMS").write_text(text.replace(before, sums.of(folder / name)), encoding="ascii")
    with pytest.raises(DamagedModelError, match=r"Model v0001 was not loaded: a file cannot be read \("):
        own.registry.load()


def test_an_empty_file_is_named_whatever_its_sum(own: Home) -> None:
    folder = own.settings.models / "v0001"
    before = sums.of(folder / "model.ubj")
    (folder / "model.ubj").write_bytes(b"")
    text = (folder / "SHA256SUMS").read_text(encoding="ascii")
    (folder / "SHA256SUMS").write_text(text.replace(before, sums.of(folder / "model.ubj")), encoding="ascii")
    with pytest.raises(DamagedModelError, match=r"Model v0001 was not loaded: model\.ubj is empty"):
        own.registry.load()


def test_a_damaged_version_is_not_promoted(own: Home) -> None:
    own.registry.publish(parts(own))
    (own.settings.models / "v0002" / "model.ubj").write_bytes(b"")
    with pytest.raises(DamagedModelError):
        make.promoted(own, "v0002")
    assert own.registry.champion() == "v0001"
    assert own.audit.read().empty


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_in_place_of_a_file_is_not_followed(own: Home) -> None:
    path = own.settings.models / "v0001" / "model.ubj"
    path.rename(own.settings.models / "elsewhere")
    path.symlink_to(own.settings.models / "elsewhere")
    with pytest.raises(DamagedModelError, match=r"model\.ubj"):
        own.registry.load()


def test_a_half_written_folder_is_no_version(own: Home) -> None:
    for name in (".v0002.123-abcd.tmp", "v2", "v0002.bak", "w0003"):
        (own.settings.models / name).mkdir()
    (own.settings.models / "v0003").write_text("a file", encoding="utf-8")
    assert own.registry.versions() == ("v0001",)


def test_versions_are_counted_not_sorted_as_text(own: Home) -> None:
    for name in ("v0009", "v10000", "v0010"):
        (own.settings.models / name).mkdir()
    assert own.registry.versions() == ("v0001", "v0009", "v0010", "v10000")
    assert own.registry.publish(parts(own)) == "v10001"


def test_publishing_at_the_same_moment_gives_every_version_its_own_number(own: Home) -> None:
    made = parts(own)
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda _: own.registry.publish(made), range(4)))
    assert sorted(versions) == ["v0002", "v0003", "v0004", "v0005"]
    for version in versions:
        assert own.registry.load(version).version == version


def test_a_failure_while_publishing_leaves_nothing_behind(own: Home) -> None:
    made = parts(own)
    broken = Parts(made.predictor, made.calibration, made.metadata, made.baseline, None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        own.registry.publish(broken)
    assert sorted(path.name for path in own.settings.models.iterdir()) == ["CHAMPION", "v0001"]


def test_the_bias_is_what_the_contributions_are_added_to(own: Home) -> None:
    model = own.registry.load()
    assert model.predictor.bias(5) == model.metadata.bias
    features = Scorer(model).matrix(make.users(200))
    pushes = model.explainer.contributions(features).sum(axis=1)
    assert np.abs(model.predictor.margin(features) - pushes - model.metadata.bias).max() < 1e-4


def test_a_pickle_in_the_place_of_a_file_is_never_run(own: Home, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return os.mkdir, (str(tmp_path / "run"),)

    folder = own.settings.models / "v0001"
    for name in FILES:
        (folder / name).write_bytes(pickle.dumps(Trap()))
    sums.write(folder, FILES)
    with pytest.raises(DamagedModelError):
        own.registry.load()
    assert not (tmp_path / "run").exists()
