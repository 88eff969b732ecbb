"""Where a version goes to and comes from, a repo on a Hub, a folder of a bucket or MLflow, as people write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.errors import BadOptionError
from core.remote import addresses

MAIN: Final = "main"
_OWNER_AND_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
#: Begins what names a model of an MLflow server.
_MODELS: Final = "models:/"
_TRACKED: Final = re.compile(r"models:/(?P<name>[^/@:]{1,200})(?:@(?P<alias>[\w.-]{1,100})|/(?P<number>[0-9]{1,9}))")
_REVISION: Final = re.compile(r"[A-Za-z0-9][\w./-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a version goes, and whether rows of the users it was trained on go with it. Raises BadOptionError."""

    repo: str
    branch: str = MAIN
    public: bool = False
    with_baseline: bool = False

    def __post_init__(self) -> None:
        _check_place(self.repo, self.branch)


@dataclass(frozen=True, slots=True)
class Source:
    """A repo and a branch, tag or commit of it, `s3://BUCKET/FOLDER`, or `models:/NAME@ALIAS` of an MLflow server.

    Raises BadOptionError.
    """

    repo: str
    revision: str = MAIN

    def __post_init__(self) -> None:
        if self.is_tracked:
            tracked_model(self.repo)
            if self.revision != MAIN:
                raise BadOptionError("revision", "a model of MLflow has aliases and versions: name one behind it.")
            return
        _check_place(self.repo, self.revision)

    @property
    def is_tracked(self) -> bool:
        """Whether it is on an MLflow server."""
        return self.repo.startswith(_MODELS)


def _check_place(repo: str, revision: str) -> None:
    if addresses.is_address(repo):
        addresses.bucket(repo)
        if revision != MAIN:
            raise BadOptionError("revision", "a folder of a bucket has no branches: name another folder.")
        return
    if not _OWNER_AND_NAME.fullmatch(repo) or ".." in repo or "--" in repo or repo.endswith(".git"):
        raise BadOptionError("repo", "write it as owner/name, such as ada/spam-model, or as s3://bucket/folder.")
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise BadOptionError("revision", "name a branch, a tag or a commit, such as main.")


def tracked_model(text: str) -> tuple[str, str | None, str | None]:
    """The name of a model of an MLflow server, and its alias or its number. Raises BadOptionError."""
    found = _TRACKED.fullmatch(text)
    if found is None:
        raise BadOptionError("repo", "write a model of MLflow as models:/NAME@ALIAS or models:/NAME/VERSION.")
    return found["name"], found["alias"], found["number"]
