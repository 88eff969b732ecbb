"""Push to and pull from a Hub, against a stand-in of its HTTP API: whole or not at all, checked, on the record."""

from __future__ import annotations

import errno
import json
import pickle
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.access import accounts
from core.data import intake
from core.errors import (
    BadOptionError,
    CancelledError,
    DamagedModelError,
    HubError,
    NotAllowedError,
    RefusedError,
    StorageError,
    TrustdeskError,
    UnsafeFileError,
    WrongFeaturesError,
)
from core.home import Home
from core.hub import client as hub_client
from core.hub import push_pull
from core.hub.places import Source, Target
from core.registry import baseline, registry, sums
from core.schema import schema as schemas
from core.scoring.scorer import Scorer
from tests import hub_server, make, make_messages
from tests.hub_server import GIT_ATTRIBUTES, TOKEN, Files
from tests.make import NOW

REPO = "ada/spam"
WITHOUT_USERS = ("model.ubj", "calibration.json", "metadata.json", "baseline.parquet")
NATIVE = (*WITHOUT_USERS, "users.parquet")
SECRET = "long enough to be one"  # noqa: S105 - made up


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[hub_server.Hub]:
    """A Hub to speak to, with a token that it knows."""
    with hub_server.running() as found:
        monkeypatch.setenv("HF_ENDPOINT", found.address)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
        yield found


@pytest.fixture
def other(own: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Another home with the same columns, and no model."""
    found = Home.open(tmp_path_factory.mktemp("other"))
    schemas.save(schemas.load(own.settings.schema_file), found.settings.schema_file)
    return found


def push(home: Home, repo: str = REPO, **options: Any) -> push_pull.Pushed:
    return home.hub.push("v0001", Target(repo, **options), by="Ada", now=NOW)


def pull(home: Home, revision: str = "main", *, repo: str = REPO, why: str = "") -> push_pull.Pulled:
    return home.hub.pull(Source(repo, revision), by="Eve", now=NOW, why=why)


def published(home: Home, **changes: bytes | None) -> Files:
    """The files of v0001 as a repo holds them, some of them changed (`model_ubj=b""`) or, as None, left out."""
    files = {path.name: path.read_bytes() for path in (home.settings.models / "v0001").iterdir()}
    for name, content in changes.items():
        name = name.replace("_", ".", 1)  # noqa: PLW2901
        files = {each: kept for each, kept in files.items() if each != name}
        if content is not None:
            files[name] = content
    return files


def summed(files: Files, folder: Path) -> Files:
    """With sums that fit, as somebody who means harm would write them."""
    names = [name for name in files if name in NATIVE]
    for name in names:
        (folder / name).write_bytes(files[name])
    sums.write(folder, names)
    return files | {"SHA256SUMS": (folder / "SHA256SUMS").read_bytes()}


def untouched(home: Home) -> bool:
    """Whether nothing was stored or noted, and nothing half is left."""
    left = {path.name for path in home.settings.models.iterdir()} if home.settings.models.is_dir() else set()
    return left <= {"v0001", "CHAMPION"} and home.audit.read().empty


def refused(home: Home, kind: type[TrustdeskError] = UnsafeFileError) -> str:
    """The sentence that a pull ends with; nothing must have come of it."""
    with pytest.raises(kind) as caught:
        pull(home)
    assert untouched(home)
    return str(caught.value)


def test_what_was_pushed_whole_comes_back_byte_for_byte_and_scores_the_same(
    there: hub_server.Hub, own: Home, other: Home
) -> None:
    pushed = push(own, with_baseline=True)
    pulled = pull(other)

    assert (pulled.version, pulled.new) == ("v0001", True)
    for name in NATIVE:
        assert (other.settings.models / "v0001" / name).read_bytes() == (
            own.settings.models / "v0001" / name
        ).read_bytes()
    mine, theirs = Scorer(own.registry.load()), Scorer(other.registry.load("v0001"))
    users = make.users(300, seed=4)
    assert np.array_equal(mine.score(users).margin, theirs.score(users).margin)
    assert np.array_equal(mine.score(users).probability, theirs.score(users).probability)
    assert pulled.origin.revision == pushed.commit == there.repos[REPO].branches["main"]
    assert other.registry.load("v0001").origin == pulled.origin


def test_one_commit_holds_the_files_the_card_and_the_figures(there: hub_server.Hub, own: Home) -> None:
    pushed = push(own)

    repo = there.repos[REPO]
    assert repo.private
    assert len(repo.commits) == 2  # the one that makes a repo, and ours
    assert set(repo.files()) == {*WITHOUT_USERS, "SHA256SUMS", "README.md", "model_metrics.json", ".gitattributes"}
    assert set(pushed.files) == repo.files().keys() - {".gitattributes"}
    readme = repo.files()["README.md"].decode()
    assert readme.startswith("---\nlibrary_name: xgboost\n")
    assert "# Model card: v0001" in readme
    figures = json.loads(repo.files()["model_metrics.json"])
    assert figures["pr_auc"] == own.registry.load().metadata.figures.overall["pr_auc"].as_json()


def test_a_version_of_messages_comes_back_with_its_texts_and_categories(
    there: hub_server.Hub, kinds: Home, tmp_path: Path
) -> None:
    home, other = make.copied(kinds, tmp_path / "home"), Home.open(tmp_path / "other")
    schemas.save(schemas.load(home.settings.schema_file), other.settings.schema_file)
    push(home)

    assert pull(other).new
    ours, theirs = home.registry.load(), other.registry.load("v0001")
    assert theirs.texts.keys() == ours.texts.keys() != set()
    sent = make.csv(make_messages.of_kinds(make_messages.messages(20, seed=3)))
    messages = intake.read("messages.csv", sent, make_messages.KINDS, need_label=True).frame
    assert (Scorer(theirs).score(messages).probability == Scorer(ours).score(messages).probability).all()


def test_nobody_who_was_trained_on_leaves_unless_asked_for(
    there: hub_server.Hub, own: Home, other: Home, tmp_path: Path
) -> None:
    assert "The users it was trained on stayed here." in push(own).sentence
    pull(other)

    found = other.registry.load("v0001")
    assert found.users() is None
    assert found.baseline().sample.empty
    assert found.baseline().features == own.registry.load().baseline().features
    (tmp_path / "sent.parquet").write_bytes(there.repos[REPO].files()["baseline.parquet"])
    assert len(baseline.load(tmp_path / "sent.parquet").sample) == 0
    for name in ("model.ubj", "calibration.json", "metadata.json"):
        assert (other.settings.models / "v0001" / name).read_bytes() == (
            own.settings.models / "v0001" / name
        ).read_bytes()


def test_a_push_without_users_takes_those_of_an_earlier_one_away(there: hub_server.Hub, own: Home) -> None:
    push(own, with_baseline=True)
    assert "users.parquet" in there.repos[REPO].files()
    push(own)
    assert "users.parquet" not in there.repos[REPO].files()


def test_large_files_go_and_come_the_way_that_the_hub_keeps_them(there: hub_server.Hub, own: Home, other: Home) -> None:
    there.large = (".ubj", ".parquet")
    push(own, with_baseline=True)
    assert len(there.stored) == 3
    pull(other)
    for name in NATIVE:
        assert (other.settings.models / "v0001" / name).read_bytes() == (
            own.settings.models / "v0001" / name
        ).read_bytes()


def test_a_branch_is_made_and_pulled_from(there: hub_server.Hub, own: Home, other: Home) -> None:
    pushed = push(own, branch="trial")
    assert set(there.repos[REPO].files("main")) == {".gitattributes"}
    assert "model.ubj" in there.repos[REPO].files("trial")
    assert pull(other, "trial").origin.revision == pushed.commit
    push(own, branch="trial")  # a second time it is there


def test_a_commit_is_taken_once_by_whatever_name(there: hub_server.Hub, own: Home, other: Home) -> None:
    pushed = push(own)
    first = pull(other)
    asked = len(there.asked)
    for revision in ("main", pushed.commit):
        again = pull(other, revision)
        assert (again.version, again.origin, again.new) == (first.version, first.origin, False)
    assert other.registry.versions() == ("v0001",)
    assert len(there.asked) == asked + 2  # what the repo holds, and not a file of it
    there.put(REPO, published(own))
    assert pull(other).version == "v0002"


def test_two_pulls_at_once_become_one_version(there: hub_server.Hub, own: Home, other: Home) -> None:
    push(own)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: pull(other), range(3)))
    assert {each.version for each in found} == {"v0001"}
    assert sum(each.new for each in found) == 1


def test_a_damaged_version_is_pulled_anew(there: hub_server.Hub, own: Home, other: Home) -> None:
    push(own)
    pull(other)
    (other.settings.models / "v0001" / "model.ubj").write_bytes(b"x")
    assert pull(other).version == "v0002"
    assert other.registry.load("v0002").metadata == own.registry.load().metadata


def test_a_version_that_was_pulled_can_be_pushed_on_as_it_was_published(
    there: hub_server.Hub, own: Home, other: Home
) -> None:
    push(own)
    pull(other)
    other.hub.push("v0001", Target("eve/spam"), by="Eve", now=NOW)
    for name in (*WITHOUT_USERS, "SHA256SUMS"):
        assert there.repos["eve/spam"].files()[name] == there.repos[REPO].files()[name]


def test_a_push_and_a_pull_stand_in_the_log_with_from_and_to(there: hub_server.Hub, own: Home, other: Home) -> None:
    commit = push(own).commit
    pull(other)
    ours, theirs = own.audit.read().iloc[0], other.audit.read().iloc[0]
    assert (ours["who"], ours["what"], ours["about"]) == ("Ada", "push model", "v0001")
    details = json.loads(ours["details"])
    assert (details["to"], details["private"], details["users"]) == (REPO, True, False)
    assert (theirs["who"], theirs["what"], theirs["about"]) == ("Eve", "pull model", "v0001")
    assert json.loads(theirs["details"]) == {"from": f"{REPO}@{commit}", "hub": there.address}


def test_a_pulled_version_is_put_in_charge_in_one_step_and_the_log_says_from_where(
    there: hub_server.Hub, own: Home, other: Home
) -> None:
    commit = push(own).commit
    pull(other, why="Theirs is better.")
    assert other.registry.champion() == "v0001"
    note = other.audit.read().iloc[0]
    assert (note["who"], note["what"], note["why"]) == ("Eve", "promote", "Theirs is better.")
    assert json.loads(note["details"])["from"] == f"{REPO}@{commit}"
    pull(other, why="Again.")  # it is live already
    assert len(other.audit.read()) == 2


def test_what_needs_other_features_is_stored_but_not_put_in_charge(
    there: hub_server.Hub, own: Home, other: Home
) -> None:
    push(own)
    text = other.settings.schema_file.read_text(encoding="utf-8")
    other.settings.schema_file.write_text(text.replace("ratio", "share"), encoding="utf-8")
    with pytest.raises(WrongFeaturesError, match="Model v0001 needs ratio"):
        pull(other, why="x")
    assert (other.registry.champion(), other.registry.versions()) == (None, ("v0001",))


@pytest.mark.parametrize("role", ["analyst", "reviewer"])
def test_who_may_not_promote_may_not_push_or_pull(there: hub_server.Hub, own: Home, role: accounts.Role) -> None:
    there.put(REPO, published(own))
    own.accounts.create("Root", "admin", SECRET, now=NOW)
    own.accounts.create("Ada", role, SECRET, now=NOW)
    own.accounts.create("Eve", role, SECRET, now=NOW)
    for act in (push, pull):
        with pytest.raises(NotAllowedError, match="a role that may not promote"):
            act(own)
    assert there.asked == []  # refused before the Hub hears of it


def test_a_public_repo_is_not_pushed_to_by_mistake(there: hub_server.Hub, own: Home) -> None:
    there.put(REPO, GIT_ATTRIBUTES, private=False)
    with pytest.raises(RefusedError, match="ada/spam is public"):
        push(own)
    assert there.repos[REPO].files() == GIT_ATTRIBUTES
    assert own.audit.read().empty
    assert push(own, public=True).private is False


def test_a_push_that_somebody_else_came_before_changes_nothing(
    there: hub_server.Hub, own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = hub_client.Client.snapshot

    def meanwhile(client: hub_client.Client, revision: str) -> hub_client.Snapshot:
        found = snapshot(client, revision)
        there.put(REPO, {"README.md": b"theirs"})
        return found

    monkeypatch.setattr(hub_client.Client, "snapshot", meanwhile)
    with pytest.raises(HubError, match="somebody else changed ada/spam meanwhile"):
        push(own)
    assert there.repos[REPO].files() == {"README.md": b"theirs"}
    assert own.audit.read()["what"].tolist() == ["push failed", "push model"]


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.mkdir, (self.folder,)


@pytest.mark.parametrize(
    "name", ["spammer_detector.pkl", "model.joblib", "model.pt", "weights/model.PKL", "x.bin", "setup.py", "a.keras"]
)
def test_a_format_that_can_run_code_is_refused_with_the_reason(
    there: hub_server.Hub, own: Home, other: Home, tmp_path: Path, name: str
) -> None:
    there.put(REPO, published(own) | {name: pickle.dumps(Trap(tmp_path / "run"))})
    said = refused(other)
    assert f"{name} is of a format that can run code on whoever loads it" in said
    assert "Only model.ubj, calibration.json, metadata.json, baseline.parquet and SHA256SUMS are taken" in said
    assert not (tmp_path / "run").exists()
    assert not [path for _, path, _ in there.asked if "resolve" in path]  # it was never even fetched


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../../salt.txt", "a path into another folder"),
        ("/etc/cron.d/x", "a path into another folder"),
        ("models/model.ubj", "a path into another folder"),
        ("..\\x", "a path into another folder"),
        ("CHAMPION", "no file of a version"),
        ("origin.json", "no file of a version"),
        ("Model.ubj", "no file of a version"),
        ("model.ubj\x1b[2J", "no file of a version"),
        (".model.ubj", "no file of a version"),
        ("", "no file of a version"),
    ],
)
def test_any_other_name_is_refused(there: hub_server.Hub, own: Home, other: Home, name: str, why: str) -> None:
    there.put(REPO, published(own) | {name: b"x"})
    said = refused(other)
    assert why in said
    assert said.isprintable()


def test_what_may_stand_beside_a_version_is_left_there(there: hub_server.Hub, own: Home, other: Home) -> None:
    there.put(REPO, published(own) | GIT_ATTRIBUTES | {"LICENSE": b"x", "README.md": b"x", "model_metrics.json": b"x"})
    pull(other)
    assert {path.name for path in (other.settings.models / "v0001").iterdir()} == {*NATIVE, "SHA256SUMS", "origin.json"}


@pytest.mark.parametrize("name", [*NATIVE, "SHA256SUMS"])
def test_a_changed_byte_is_refused(there: hub_server.Hub, own: Home, other: Home, name: str) -> None:
    files = published(own)
    files[name] = bytes([files[name][0] ^ 1]) + files[name][1:]
    there.put(REPO, files)
    assert "SHA256SUMS" in refused(other)


@pytest.mark.parametrize("name", [*WITHOUT_USERS, "SHA256SUMS"])
def test_an_absent_file_is_refused_by_name(there: hub_server.Hub, own: Home, other: Home, name: str) -> None:
    files = published(own)
    del files[name]
    there.put(REPO, files)
    assert f"{name} is not there" in refused(other)


def test_a_file_that_is_listed_and_not_given_is_told(there: hub_server.Hub, own: Home, other: Home) -> None:
    there.put(REPO, published(own))
    there.cut = {"gone/metadata.json"}
    assert "lists a file at" in refused(other, HubError)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.ubj", pickle.dumps([1])),
        ("model.ubj", b"{}"),
        ("calibration.json", b'{"a": "1", "b": 1, "c": 0}'),
        ("calibration.json", b'{"a": NaN, "b": 1, "c": 0}'),
        ("metadata.json", b"[]"),
        ("metadata.json", b'{"format": 1, "figures": []}'),
        ("baseline.parquet", b"PAR1 and then something else PAR1"),
        ("users.parquet", pickle.dumps([1])),
    ],
)
def test_right_sums_over_wrong_content_are_refused(
    there: hub_server.Hub, own: Home, other: Home, tmp_path: Path, name: str, content: bytes
) -> None:
    there.put(REPO, summed(published(own) | {name: content}, tmp_path))
    refused(other)


def test_files_of_two_models_do_not_make_one(there: hub_server.Hub, own: Home, other: Home, tmp_path: Path) -> None:
    files = published(own)
    metadata = json.loads(files["metadata.json"])
    metadata["features"] = metadata["features"][:-1]
    there.put(REPO, summed(files | {"metadata.json": json.dumps(metadata).encode()}, tmp_path))
    assert "metadata.json names 4 features, and model.ubj has 5" in refused(other)


def test_a_file_that_is_too_large_is_not_even_fetched(there: hub_server.Hub, own: Home, other: Home) -> None:
    there.put(REPO, published(own))
    there.lie = {"calibration.json": 10**10}
    assert "calibration.json has 10,000,000,000 bytes" in refused(other)
    assert not [path for _, path, _ in there.asked if "resolve" in path]


def test_a_file_that_is_larger_than_it_said_is_given_up(
    there: hub_server.Hub, own: Home, other: Home, tmp_path: Path
) -> None:
    there.put(REPO, summed(published(own) | {"metadata.json": b" " * 6_000_000}, tmp_path))
    there.lie = {"metadata.json": 10}
    assert "metadata.json has more than the 5,000,000 bytes" in refused(other)


def test_a_connection_cut_in_the_middle_of_a_file_leaves_nothing(there: hub_server.Hub, own: Home, other: Home) -> None:
    there.put(REPO, published(own))
    there.cut = {"model.ubj"}
    assert "was cut. Nothing was changed here" in refused(other, HubError)
    there.cut = set()
    assert pull(other).version == "v0001"


def test_a_connection_cut_while_pushing_is_told_and_noted(there: hub_server.Hub, own: Home) -> None:
    there.cut = {"commit"}
    with pytest.raises(HubError, match="was cut"):
        push(own)
    assert set(there.repos[REPO].files()) == {".gitattributes"}
    assert own.audit.read()["what"].tolist() == ["push failed", "push model"]
    there.cut = set()
    assert push(own).version == "v0001"


@pytest.mark.parametrize("many", [True, False])
def test_an_upload_that_the_store_refuses_is_told(there: hub_server.Hub, own: Home, many: bool) -> None:
    there.large = (".ubj", ".parquet") if many else (".ubj",)
    there.refuse = {f"/stored/{sums.of(own.settings.models / 'v0001' / 'model.ubj')}": 403}
    with pytest.raises(HubError, match="status 403"):
        push(own)
    assert set(there.repos[REPO].files()) == {".gitattributes"}


def test_nobody_at_the_address_is_told(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for endpoint in (address, "not an address", "ftp://huggingface.co"):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        for act in (push, pull):
            with pytest.raises(HubError, match="cannot be reached"):
                act(own)
    assert untouched(own)


def test_a_page_in_place_of_an_answer_is_told(own: Home, there: hub_server.Hub, monkeypatch: Any) -> None:
    monkeypatch.setenv("HF_ENDPOINT", there.address + "/stored")  # gives bytes, whatever it is asked for
    for page in (b"<html>Sign in to this network</html>", b'{"sha": ' + b"[" * 100_000):
        there.stored = {"api/models/ada/spam/revision/main": page}
        with pytest.raises(HubError, match="not as a Hub does"):
            pull(own)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (403, "does not let this token"),
        (429, "asks for a pause"),
        (503, "a fault of its own"),
        (418, "refuses what it was asked"),
    ],
)
def test_every_status_has_its_sentence(there: hub_server.Hub, own: Home, other: Home, status: int, said: str) -> None:
    there.put(REPO, published(own))
    there.refuse = {f"/api/models/{REPO}/revision/main": status}
    sentence = refused(other, HubError)
    assert said in sentence
    assert f"status {status}" in sentence


def test_without_a_token_nothing_is_pushed_and_what_is_public_is_pulled(
    there: hub_server.Hub, own: Home, other: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match="takes models only with a token: set HF_TOKEN"):
        push(own)
    assert there.asked == []
    there.put(REPO, published(own))
    assert "set HF_TOKEN to one, or check the name" in refused(other, HubError)
    there.repos[REPO].private = False
    assert pull(other).version == "v0001"
    assert {token for _, _, token in there.asked} == {None}


def test_a_token_that_somebody_left_on_this_computer_is_not_used(
    there: hub_server.Hub, own: Home, other: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN, encoding="ascii")
    monkeypatch.setattr(hub_client.constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("HF_TOKEN")
    there.put(REPO, published(own), private=False)
    pull(other)
    assert {token for _, _, token in there.asked} == {None}


@pytest.mark.parametrize("act", [push, pull])
def test_a_wrong_token_is_told_without_being_shown(
    there: hub_server.Hub, own: Home, monkeypatch: pytest.MonkeyPatch, act: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong_and_secret")
    with pytest.raises(HubError, match="does not accept the token in HF_TOKEN") as caught:
        act(own)
    assert "hf_wrong" not in f"{caught.value} {caught.value.__cause__} {caplog.text}"
    assert untouched(own)


def test_a_repo_or_a_revision_that_is_not_there_is_named(there: hub_server.Hub, own: Home) -> None:
    with pytest.raises(HubError, match=r"There is no repo ada/none on 127\.0\.0\.1:\d+"):
        pull(own, repo="ada/none")
    there.put(REPO, GIT_ATTRIBUTES)
    with pytest.raises(HubError, match="has no branch, tag or commit v9"):
        pull(own, "v9")


def test_only_the_hub_is_asked_and_only_for_what_it_takes(
    there: hub_server.Hub, own: Home, other: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AGENT", "AI_AGENT"):
        monkeypatch.setenv(name, "some-tool")
    connect, elsewhere = socket.socket.connect, []

    def watched(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and f"http://{address[0]}:{address[1]}" != there.address:
            elsewhere.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    push(own)
    pull(other)
    assert elsewhere == []
    assert {path.split("/")[1] for _, path, _ in there.asked} == {"api", "ada"}
    assert not [path for _, path, _ in there.asked if "harness" in path or "telemetry" in path]
    assert not [agent for agent in there.agents if "some-tool" in agent or "agent/" in agent]


def test_a_full_disk_is_told_and_leaves_nothing(
    there: hub_server.Hub, own: Home, other: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.put(REPO, published(own))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(hub_client.Client, "fetch", full)
        assert "Make room or choose another place" in refused(other, StorageError)
    monkeypatch.setattr(registry.shutil, "copyfile", full)
    assert "Make room or choose another place" in refused(other, StorageError)


def test_a_pull_that_is_cancelled_leaves_nothing(there: hub_server.Hub, own: Home, other: Home) -> None:
    there.put(REPO, published(own))

    def told(done: int, _of: int, what: str) -> None:
        if done:
            raise CancelledError(what)

    with pytest.raises(CancelledError):
        other.hub.pull(Source(REPO), by="Eve", now=NOW, told=told)
    assert untouched(other)


def test_a_damaged_version_is_not_pushed(there: hub_server.Hub, own: Home) -> None:
    (own.settings.models / "v0001" / "model.ubj").write_bytes(b"x")
    with pytest.raises(DamagedModelError):
        push(own)
    assert (there.asked, own.audit.read().empty) == ([], True)


@pytest.mark.parametrize("repo", ["spam", "a/b/c", "../spam", "ada/..", "ada/sp am", "", "ada/x.git", "-a/b", "a/b?c"])
def test_a_repo_is_an_owner_and_a_name(repo: str) -> None:
    for kind in (Target, Source):
        with pytest.raises(BadOptionError, match="owner/name"):
            kind(repo)


@pytest.mark.parametrize("revision", ["", "../main", "a b", "-x", "main?x", "é"])
def test_a_revision_is_a_branch_a_tag_or_a_commit(revision: str) -> None:
    with pytest.raises(BadOptionError, match="a branch, a tag or a commit"):
        Source(REPO, revision)
