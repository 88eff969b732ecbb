"""One repo on a Hub, through its HTTP API. Every way in which that fails becomes a sentence; none names the token.

`huggingface_hub` speaks to the Hub, with three things switched off: it tells nobody who uses it, it keeps nothing in
the user's own cache, and it sends files over plain HTTP, whose failures can be told apart.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants, get_session, hf_hub_url
from huggingface_hub._commit_api import CommitOperation
from huggingface_hub.errors import (
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # documented, yet not in its __all__
    build_hf_headers,
    disable_progress_bars,
    hf_raise_for_status,
)

from core.access.endpoints import Hub
from core.errors import HubError, UnsafeFileError
from core.hub.places import MAIN
from core.settings import TOKEN_VARIABLES

#: Seconds without a byte from the Hub until it is given up.
PATIENCE: Final = 30.0
_TOKEN: Final = TOKEN_VARIABLES[0]
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_CHUNK: Final = 2**18
_NAME: Final = "trustdesk"
_REFUSALS: Final[Mapping[int, str]] = {
    403: "does not let this token do that to {repo}: check what the token may do, and whose repo it is",
    409: "has other work on {repo} under way: try again",
    412: "says that somebody else changed {repo} meanwhile: try again",
    413: "does not take files as large as these",
    429: "asks for a pause after so many requests: try again later",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a repo holds at a commit. `sizes`: path -> bytes, None where the Hub does not say."""

    commit: str
    private: bool
    sizes: Mapping[str, int | None]


class Client:
    """Reads and writes one repo, `owner/name`, on a Hub. Every method raises HubError."""

    def __init__(self, hub: Hub, repo: str) -> None:
        constants.HF_HUB_DISABLE_TELEMETRY = constants.HF_HUB_DISABLE_XET = True
        disable_progress_bars()
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        self._hub, self._repo = hub, repo
        # No token at all is `False`: the library would look for one that somebody left on this computer.
        self._token = hub.token or False
        self._api = HfApi(endpoint=hub.endpoint, token=self._token, library_name=_NAME)

    def create(self, *, private: bool) -> None:
        """Make the repo, unless there is one."""
        with self._told():
            self._api.create_repo(self._repo, private=private, exist_ok=True)

    def branch(self, name: str) -> None:
        """Make a branch from `main`, unless there is one."""
        with self._told():
            self._api.create_branch(self._repo, branch=name, exist_ok=True)

    def snapshot(self, revision: str) -> Snapshot:
        """What the repo holds at a branch, a tag or a commit."""
        with self._told(revision):
            found = self._api.model_info(self._repo, revision=revision, files_metadata=True, timeout=PATIENCE)
        if not _COMMIT.fullmatch(found.sha or ""):
            raise HubError(f"{self._hub.name} does not say which commit {revision} of {self._repo} is.")
        files = {file.rfilename: file.size for file in found.siblings or ()}
        return Snapshot(found.sha or "", found.private is True, files)

    def fetch(self, name: str, target: Path, *, commit: str, most: int, got: Callable[[int], None]) -> None:
        """Write a file of a commit to a new file here; `got` is told of bytes as they come, and may raise.

        Raises UnsafeFileError once there are more than `most` bytes, whatever the Hub said of their number.
        """
        address = hf_hub_url(self._repo, name, revision=commit, endpoint=self._hub.endpoint)
        headers = build_hf_headers(token=self._token, library_name=_NAME)
        total = 0
        with self._told(commit), get_session().stream("GET", address, headers=headers) as answer:
            hf_raise_for_status(answer)
            with target.open("xb") as file:
                for chunk in answer.iter_bytes(_CHUNK):
                    total += len(chunk)
                    if total > most:
                        raise UnsafeFileError(self._repo, name, f"has more than the {most:,} bytes that are taken")
                    file.write(chunk)
                    got(len(chunk))

    def commit(self, added: Mapping[str, Path | bytes], removed: Sequence[str], *, message: str, onto: Snapshot,
               branch: str) -> str:  # fmt: skip
        """Add and remove files in one commit onto a snapshot of a branch, and return the hash of it.

        Nothing is changed when the branch has moved on since.
        """
        operations: list[CommitOperation] = [
            *(CommitOperationDelete(path_in_repo=name) for name in removed),
            *(CommitOperationAdd(path_in_repo=name, path_or_fileobj=content) for name, content in added.items()),
        ]
        with self._told(branch), warnings.catch_warnings():
            # It wonders about Parquet in a repo of a model: the training baseline belongs there.
            warnings.simplefilter("ignore")
            done = self._api.create_commit(
                self._repo, operations, commit_message=message, revision=branch, parent_commit=onto.commit
            )
        return str(done.oid)

    @contextlib.contextmanager
    def _told(self, revision: str = MAIN) -> Iterator[None]:
        """Make of every failure of the Hub, or on the way to it, a HubError."""
        hub, repo = self._hub.name or self._hub.endpoint, self._repo
        get_session().timeout = PATIENCE
        try:
            yield
        except RevisionNotFoundError as error:
            raise HubError(f"{repo} on {hub} has no branch, tag or commit {revision}.") from error
        except RemoteEntryNotFoundError as error:
            raise HubError(f"{repo} on {hub} lists a file at {revision} that is not there. Push it again.") from error
        except HfHubHTTPError as error:
            raise HubError(self._refusal(error)) from error
        except OfflineModeIsEnabled as error:
            raise HubError("HF_HUB_OFFLINE is set, so no Hub is asked for anything. Unset it first.") from error
        except httpx2.TimeoutException as error:
            raise HubError(f"{hub} did not answer within {PATIENCE:.0f} seconds. Try again later.") from error
        except (httpx2.ConnectError, httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise HubError(f"{hub} cannot be reached. Check the network, and HF_ENDPOINT where it is set.") from error
        except httpx2.HTTPError as error:
            raise HubError(f"The connection to {hub} was cut. Nothing was changed here; try again.") from error
        except (json.JSONDecodeError, RecursionError) as error:
            raise HubError(f"{hub} answers, but not as a Hub does. Check HF_ENDPOINT and the network.") from error
        except RuntimeError as error:
            if error.__cause__ is None:
                raise
            with self._told(revision):  # so the library tells that one of several uploads failed
                raise error.__cause__ from error

    def _refusal(self, error: HfHubHTTPError) -> str:
        hub, repo, status = self._hub.name, self._repo, error.response.status_code
        if status == 401 and self._hub.token:
            return f"{hub} does not accept the token in {_TOKEN}, or has no repo {repo} for it. Check both."
        if status == 401:
            return f"{hub} has no repo {repo} for who comes without a token: set {_TOKEN} to one, or check the name."
        if status == 404 or isinstance(error, RepositoryNotFoundError):
            unseen = "the token may not see it" if self._hub.token else f"it takes a token in {_TOKEN} to see it"
            return f"There is no repo {repo} on {hub}, or {unseen}."
        if status >= 500:
            return f"{hub} has a fault of its own (status {status}). Try again later."
        refusal = _REFUSALS.get(status, "refuses what it was asked for about {repo}")
        return f"{hub} {refusal.format(repo=repo)} (status {status})."
