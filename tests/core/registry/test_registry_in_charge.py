"""Promote and roll back: on the record, by those who may, whole, and undone in the order it was done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.access import accounts, audit
from core.errors import BadOptionError, DamagedModelError, NotAllowedError, RefusedError, StorageError
from core.home import Home
from core.registry import lineage, registry
from core.registry.lineage import PROMOTE, ROLL_BACK, Promotion
from core.registry.registry import Parts
from core.settings import ROOT
from tests import make
from tests.make import NOW

SECRET = "long enough to be one"  # noqa: S105 - made up


@pytest.fixture
def three(own: Home) -> Home:
    """v0001 live by hand, v0002 and v0003 beside it; nothing on record."""
    model = own.registry.load()
    for _ in range(2):
        made = Parts(model.predictor, model.calibration, model.metadata, model.baseline(), model.users())
        own.registry.publish(made)
    return own


def back(home: Home, leaving: str | None = None) -> str:
    return home.registry.rollback(by="Bob", why="It flags too many.", now=NOW, leaving=leaving)


def on_record(home: Home) -> list[tuple[str, ...]]:
    """Who, what, about, why and before of all notes, oldest first."""
    rows = home.audit.read().iloc[::-1]
    return [
        (row["who"], row["what"], row["about"], row["why"], json.loads(row["details"])["before"])
        for row in rows.to_dict("records")
    ]


def test_a_promotion_is_noted_with_who_why_and_what_was_before(three: Home) -> None:
    before = three.registry.promote("v0002", by=" Ada ", why=" Better recall. ", now=NOW)

    assert (before, three.registry.champion()) == ("v0001", "v0002")
    assert on_record(three) == [("Ada", "promote", "v0002", "Better recall.", "v0001")]
    assert three.lineage.history("v0002") == (Promotion("v0002", "v0001", PROMOTE, "Ada", "Better recall.", NOW),)
    assert three.audit.verify().whole


def test_promoting_what_is_in_charge_changes_nothing_and_notes_nothing(three: Home) -> None:
    make.promoted(three, "v0002")
    assert three.registry.promote("v0002", by="Ada", why="Twice.", now=NOW) == "v0002"
    assert len(on_record(three)) == 1


def test_roll_backs_undo_promotions_one_by_one_until_none_is_left(three: Home) -> None:
    make.promoted(three, "v0002")
    make.promoted(three, "v0003")

    assert [back(three), back(three)] == ["v0002", "v0001"]
    with pytest.raises(RefusedError, match="There is no version to roll back to"):
        back(three)
    assert three.registry.champion() == "v0001"
    assert on_record(three)[-1] == ("Bob", "roll back", "v0001", "It flags too many.", "v0002")


def test_after_a_roll_back_a_promotion_can_be_rolled_back_again(three: Home) -> None:
    make.promoted(three, "v0002")
    back(three)
    make.promoted(three, "v0003")
    assert back(three) == "v0001"


def test_without_anything_on_record_there_is_nothing_to_roll_back_to(own: Home) -> None:
    with pytest.raises(RefusedError, match="Promote one instead"):
        back(own)
    assert own.registry.champion() == "v0001"


def test_two_people_who_roll_back_at_once_go_one_version_back(three: Home) -> None:
    make.promoted(three, "v0002")
    make.promoted(three, "v0003")
    back(three, leaving="v0003")
    with pytest.raises(RefusedError, match="v0003 is not live any more: v0002 is"):
        back(three, leaving="v0003")
    assert three.registry.champion() == "v0002"


def test_a_damaged_version_in_charge_can_be_left_and_not_come_back_to(three: Home) -> None:
    make.promoted(three, "v0002")
    make.promoted(three, "v0003")
    (three.settings.models / "v0003" / registry.TREES).write_bytes(b"x")
    assert back(three) == "v0002"
    (three.settings.models / "v0001" / registry.TREES).write_bytes(b"x")
    with pytest.raises(DamagedModelError, match="v0001"):
        back(three)
    assert three.registry.champion() == "v0002"


@pytest.mark.parametrize("role", ["analyst", "reviewer", "data scientist", "lead", "admin"])
def test_only_roles_that_may_promote_do(three: Home, role: accounts.Role) -> None:
    make.promoted(three, "v0002")
    three.accounts.create("Root", "admin", SECRET, now=NOW)
    three.accounts.create("Eve", role, SECRET, now=NOW)
    if "promote" in accounts.MAY[role]:
        three.registry.promote("v0003", by="eve", why="x", now=NOW)
        assert three.registry.rollback(by="Eve", why="x", now=NOW) == "v0002"
        assert {who for who, *_ in on_record(three)[1:]} == {"Eve"}  # as the account is written
        return
    with pytest.raises(NotAllowedError, match="a role that may not promote"):
        three.registry.promote("v0003", by="Eve", why="x", now=NOW)
    with pytest.raises(NotAllowedError, match="a role that may not promote"):
        three.registry.rollback(by="Eve", why="x", now=NOW)
    assert (three.registry.champion(), len(on_record(three))) == ("v0002", 1)


@pytest.mark.parametrize("why", ["", "  \n ", "x" * 1001])
def test_a_reason_has_to_be_given(three: Home, why: str) -> None:
    make.promoted(three, "v0002")
    with pytest.raises(BadOptionError, match="say why"):
        three.registry.promote("v0003", by="Ada", why=why, now=NOW)
    with pytest.raises(BadOptionError, match="say why"):
        three.registry.rollback(by="Ada", why=why, now=NOW)
    assert three.registry.champion() == "v0002"


def test_promotions_at_the_same_moment_come_one_after_the_other(three: Home) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda version: make.promoted(three, version), ["v0002", "v0003", "v0001"] * 4))
    noted = on_record(three)
    assert noted[0][4] == "v0001"
    assert all(after[4] == before[2] for before, after in pairwise(noted))
    assert three.registry.champion() == noted[-1][2]
    assert three.audit.verify().whole


def test_processes_that_promote_at_once_leave_one_unbroken_history(three: Home) -> None:
    code = (
        "import sys; from core.home import Home; from tests import make\n"
        "for version in sys.argv[2:]: make.promoted(Home.open(sys.argv[1]), version)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    commands = [[sys.executable, "-c", code, str(three.settings.home), *versions]
                for versions in (["v0002", "v0003"] * 4, ["v0003", "v0001"] * 4)]  # fmt: skip
    running = [subprocess.Popen(command, env=environment) for command in commands]
    assert [process.wait(60) for process in running] == [0, 0]
    noted = on_record(three)
    assert all(after[4] == before[2] for before, after in pairwise(noted))
    assert three.registry.champion() == noted[-1][2]


def test_a_disk_that_is_full_for_the_note_leaves_everything_as_it_was(
    three: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageError("audit.csv", "No space left on device")

    monkeypatch.setattr(audit.AuditLog, "note", full)
    with pytest.raises(StorageError):
        make.promoted(three, "v0002")
    assert three.registry.champion() == "v0001"


def test_a_promotion_that_a_crash_cut_short_is_not_gone_back_over(three: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    make.promoted(three, "v0002")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(registry, "write_text", crash)
        with pytest.raises(KeyboardInterrupt):
            make.promoted(three, "v0003")
    assert three.registry.champion() == "v0002"
    assert [each.version for each in three.lineage.history("v0002")] == ["v0002"]
    assert back(three) == "v0001"
    assert [each.version for each in three.lineage.history("v0001")] == ["v0002", "v0001"]


def test_other_notes_of_promotions_are_not_those_of_a_model(three: Home) -> None:
    make.promoted(three, "v0002")
    three.audit.note(who="Ada", what="promote", about="p0002", now=NOW)
    three.audit.note(who="Ada", what="queue run", about="v0003", now=NOW)
    assert [each.version for each in three.lineage.history("v0002")] == ["v0002"]


@given(st.lists(st.sampled_from(["a", "b", "c", ROLL_BACK]), max_size=30))
def test_a_roll_back_undoes_the_latest_promotion_not_yet_undone(steps: list[str]) -> None:
    """Against a stack of versions, which is what the rule means."""
    stack, noted = ["start"], []
    for step in steps:
        former = lineage.former(noted)
        assert former == (stack[-2] if len(stack) > 1 else None)
        before = stack[-1]
        if step == ROLL_BACK and len(stack) > 1:
            stack.pop()
            noted.append(Promotion(stack[-1], before, ROLL_BACK, "Ada", "", NOW))
        elif step not in {ROLL_BACK, before}:
            stack.append(step)
            noted.append(Promotion(step, before, PROMOTE, "Ada", "", NOW))
    assert lineage.effective(noted, stack[-1]) == tuple(noted)


def test_the_list_is_newest_first_and_tells_damage(three: Home) -> None:
    make.promoted(three, "v0002")
    path = three.settings.models / "v0003" / registry.USERS
    path.write_bytes(path.read_bytes()[:-1])
    found = three.registry.listing(three.lineage.history("v0002"))
    assert [(each.version, each.in_charge, each.metadata is None) for each in found] == [
        ("v0003", False, True), ("v0002", True, False), ("v0001", False, False)
    ]  # fmt: skip
    assert "users.parquet differs from SHA256SUMS" in found[0].damage
    assert [each.promotion and each.promotion.by for each in found] == [None, "Ada", None]


def test_a_version_knows_its_parent_and_who_trained_it(own: Home) -> None:
    first = own.registry.describe("v0001")
    assert (first.parent, first.trained_by) == ("", None)
    make.trained_home(own, n=400, by="Ada")
    second = own.registry.describe("v0002")
    assert (second.parent, second.trained_by) == ("v0001", "Ada")


def test_a_version_from_before_that_was_kept_is_loaded_all_the_same() -> None:
    bundled = Home.open(ROOT).registry.describe("v0001")
    assert (bundled.parent, bundled.trained_by) == (None, None)
