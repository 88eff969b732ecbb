"""Versions on a Hugging Face Hub: push one in one commit, pull one as a new version, checked before it is stored.
The same of a folder of a bucket, which holds one version; one is pulled from an MLflow server, too.

What goes there is the native files, SHA256SUMS over them, the card as README.md and `model_metrics.json`. Who was
trained on stays here unless somebody asks for it: the baseline then goes without its rows, and `users.parquet` not at
all. What comes from there is data in known formats and nothing else, because loading a pickle runs what is in it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core import locks
from core.access.accounts import Accounts
from core.access.audit import AuditLog
from core.access.endpoints import Hub
from core.access.message_options import MessageOptions
from core.errors import BadOptionError, HubError, RefusedError, RemoteError, WrongFeaturesError
from core.errors import listed as in_words
from core.files import told_when_full
from core.hub import file_checks
from core.hub.bucket import BucketClient
from core.hub.client import Client, Snapshot
from core.hub.file_checks import NATIVE, README
from core.hub.places import MAIN, Source, Target
from core.hub.tracking_server import TrackedVersion
from core.jobs import Report
from core.registry import baseline, bundle, card, registry, sums
from core.registry.lineage import Lineage
from core.registry.origin import Origin
from core.registry.registry import BASELINE, SUMS, USERS, Model, Registry
from core.remote import addresses
from core.schema import schema as schemas
from core.settings import TOKEN_VARIABLES

_HEAD: Final = """\
---
library_name: xgboost
pipeline_tag: tabular-classification
tags:
- trustdesk
- spam-detection
---

"""
#: Called with (done, of, what it does now).
Told = Callable[[int, int, str], None]
#: What a version is pulled through.
Puller = Client | BucketClient | TrackedVersion


@dataclass(frozen=True, slots=True)
class Pushed:
    version: str
    address: str
    commit: str
    private: bool | None
    files: tuple[str, ...]
    users: bool

    @property
    def sentence(self) -> str:
        """`private` is None of a bucket: its owner says who sees it."""
        who = {True: "private", False: "for everybody to see", None: "for whom the bucket lets in"}[self.private]
        went = "went with it" if self.users else "stayed here"
        return (
            f"{self.version} is at {self.address}, {who}, as commit {self.commit[:10]}: {in_words(self.files)}. "
            f"The users it was trained on {went}."
        )


@dataclass(frozen=True, slots=True)
class Pulled:
    """`new`: whether it was taken just now; a commit is taken once."""

    version: str
    origin: Origin
    new: bool

    @property
    def sentence(self) -> str:
        how = "checked and stored" if self.new else "here already"
        return f"{self.version} is {self.origin.place}, {how}."


def _quiet(_done: int, _of: int, _what: str) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class HubSync:
    """Pushes versions of a home to the Hub and pulls them from it."""

    accounts: Accounts
    audit: AuditLog
    lineage: Lineage
    messages: MessageOptions
    registry: Registry
    jobs: Path
    models: Path
    schema_file: Path

    def push(self, version: str, target: Target, *, by: str, now: datetime, told: Told = _quiet) -> Pushed:
        """Put a version into a repo, in one commit; the repo and the branch are made when they are not there.

        Noted in the audit log before anything leaves, and again when it then did not. Raises NotAllowedError, HubError,
        as `registry.load` does, and RefusedError when the repo is public and that was not asked for.
        """
        if addresses.is_address(target.repo):
            return self._push_to_bucket(version, target, by=by, now=now, told=told)
        person, hub = self.accounts.authorise(by, "promote"), Hub.of()
        if hub.token is None:
            raise HubError(
                f"{hub.name} takes models only with a token: set {TOKEN_VARIABLES[0]} to one that may write."
            )
        model, client = self.registry.load(version), Client(hub, target.repo)
        told(0, 0, f"Asking {hub.name}")
        before = _prepared(client, target)
        with self.packed(model, users=target.with_baseline) as files:
            facts = {"to": target.repo, "hub": hub.endpoint, "branch": target.branch, "private": before.private,
                     "files": sorted(files), "users": target.with_baseline}  # fmt: skip
            told(0, 0, f"Sending {version}")
            self.audit.note(who=person.name, what="push model", about=version, details=facts, now=now, ahead=True)
            gone = [name for name in NATIVE if name in before.sizes and name not in files]
            try:
                commit = client.commit(
                    files, gone, message=f"{version} of Trustdesk", onto=before, branch=target.branch
                )
            except HubError as error:
                self.audit.note(who=person.name, what="push failed", about=version, why=str(error), now=now, ahead=True)
                raise
            return Pushed(
                version, f"{hub.endpoint}/{target.repo}", commit, before.private, tuple(files), target.with_baseline
            )

    def _push_to_bucket(self, version: str, target: Target, *, by: str, now: datetime, told: Told) -> Pushed:
        """As `push`, into a folder of a bucket, which holds one version. Raises RefusedError where it has another."""
        if target.public:
            raise BadOptionError("--public", "whoever owns a bucket says who may see it: leave the option out.")
        person, model = self.accounts.authorise(by, "promote"), self.registry.load(version)
        client = BucketClient.of(target.repo)
        with self.packed(model, users=target.with_baseline) as files:
            facts = {"to": client.name, "hub": client.place, "files": sorted(files), "users": target.with_baseline}
            told(0, 0, f"Sending {version}")
            self.audit.note(who=person.name, what="push model", about=version, details=facts, now=now, ahead=True)
            try:
                commit = client.send(files)
            except (RemoteError, RefusedError) as error:
                self.audit.note(who=person.name, what="push failed", about=version, why=str(error), now=now, ahead=True)
                raise
            return Pushed(version, client.folder.name, commit, None, tuple(files), target.with_baseline)

    def pull(self, source: Source, *, by: str, now: datetime, why: str = "", told: Told = _quiet) -> Pulled:
        """Take a commit of a repo as a new version, with its origin, and, given a reason, promote it.

        A commit taken before is the version it became. Raises NotAllowedError, HubError, StorageError, UnsafeFileError
        before anything is stored, and WrongFeaturesError when it needs features that this home's schema lacks: it then
        stays in the registry and is not promoted.
        """
        person = self.accounts.authorise(by, "promote")
        reason = registry.reason_given(why) if why else ""
        client: Puller
        if source.is_tracked or addresses.is_address(source.repo):
            client = TrackedVersion.of(source.repo) if source.is_tracked else BucketClient.of(source.repo)
            told(0, 0, f"Asking {client.place}")
            snapshot = client.snapshot()
            origin = Origin(client.place, client.name, snapshot.commit, person.name, now)
        else:
            hub = Hub.of()
            client = Client(hub, source.repo)
            told(0, 0, f"Asking {hub.name}")
            snapshot = client.snapshot(source.revision)
            origin = Origin(hub.endpoint, source.repo, snapshot.commit, person.name, now)
        with told_when_full(self.models), self._one_at_a_time():
            pulled = self._taken_before(origin) or self._taken(client, snapshot, origin, told)
        if reason:
            self._check_features(pulled.version)
            self.registry.promote(pulled.version, by=person.name, why=reason, now=now)
        return pulled

    def push_stored(
        self, report: Report, *, version: str, repo: str, by: str, public: bool, with_baseline: bool
    ) -> None:
        """The job behind a page: push a version. The token is not among its arguments; the process reads it itself."""
        target = Target(repo, public=public, with_baseline=with_baseline)
        self.push(version, target, by=by, now=datetime.now(UTC), told=report)

    def pull_stored(self, report: Report, *, repo: str, revision: str, by: str, why: str) -> None:
        """The job behind a page: pull a version, and promote it where `why` says why."""
        self.pull(Source(repo, revision), by=by, now=datetime.now(UTC), why=why, told=report)

    @contextmanager
    def packed(self, model: Model, *, users: bool) -> Iterator[dict[str, Path | bytes]]:
        """The files of a push by name, as long as they are asked for; those of no user are written anew for it."""
        promotions = self.lineage.history(self.registry.champion())
        latest = next((each for each in reversed(promotions) if each.version == model.version), None)
        readme = _HEAD + card.markdown(
            model.version, model.metadata, latest, model.origin, keeping=self.messages.load().sentence
        )
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            native = [
                name for name in NATIVE
                if name != SUMS and (model.folder / name).exists() and (users or name != USERS)
            ]  # fmt: skip
            for each in native:
                shutil.copyfile(model.folder / each, folder / each)
            if not users:
                baseline.save(baseline.without_rows(model.baseline()), folder / BASELINE)
            sums.write(folder, native)
            files = {each: folder / each for each in (*native, SUMS)}
            yield files | {README: readme.encode(), bundle.METRICS: bundle.metrics(model).encode()}

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Two pulls of one commit at once must not become two versions."""
        self.models.mkdir(parents=True, exist_ok=True)
        self.jobs.mkdir(parents=True, exist_ok=True)
        with locks.held(self.jobs / "pull.lock"):
            yield

    def _taken_before(self, origin: Origin) -> Pulled | None:
        for each in self.registry.listing():
            if each.origin and each.origin.same_as(origin.hub, origin.repo, origin.revision):
                return Pulled(each.version, each.origin, new=False)
        return None

    def _taken(self, client: Puller, snapshot: Snapshot, origin: Origin, told: Told) -> Pulled:
        names = file_checks.accepted(snapshot.sizes, origin.place)
        of, done = sum(snapshot.sizes[name] or 0 for name in names), 0

        def got(count: int) -> None:
            nonlocal done
            done += count
            told(done, of, f"Fetching {origin.place}")

        with tempfile.TemporaryDirectory(prefix=".pull-", suffix=".tmp", dir=self.models) as name:
            folder = Path(name)
            for each in names:
                client.fetch(each, folder / each, commit=snapshot.commit, most=file_checks.most(each), got=got)
            file_checks.prove(folder, origin.place)
            version = self.registry.adopt(folder, origin)
        facts = {"from": f"{origin.repo}@{origin.revision}", "hub": origin.hub}
        self.audit.note(who=origin.by, what="pull model", about=version, details=facts, now=origin.at)
        return Pulled(version, origin, new=True)

    def _check_features(self, version: str) -> None:
        known = set(schemas.load(self.schema_file).names)
        if absent := [name for name in self.registry.describe(version).names if name not in known]:
            raise WrongFeaturesError(version, absent)


def _prepared(client: Client, target: Target) -> Snapshot:
    """The branch as it is before the push; made when there is none."""
    client.create(private=not target.public)
    if target.branch != MAIN:
        client.branch(target.branch)
    snapshot = client.snapshot(target.branch)
    if not snapshot.private and not target.public:
        raise RefusedError(f"{target.repo} is public: say so (--public) if everybody may see the model.")
    return snapshot
