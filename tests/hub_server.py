"""A stand-in for the Hugging Face Hub: as much of its HTTP API as pushing and pulling a model takes, in memory.

Written from what `huggingface_hub` asks for and from https://huggingface.co/docs/hub/api. It can be told to misbehave.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote, urlsplit

TOKEN: Final = "hf_made_up_for_tests"  # noqa: S105 - opens nothing
GIT_ATTRIBUTES: Final = {".gitattributes": b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"}
Files = dict[str, bytes]


@dataclass
class Repo:
    """Branches point at commits; a commit is the whole of its files."""

    private: bool
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Files] = field(default_factory=dict)

    def commit(self, branch: str, files: Files) -> str:
        name = hashlib.sha1(f"{len(self.commits)}{sorted(files)}".encode()).hexdigest()  # noqa: S324 - as git names them
        self.commits[name] = files
        self.branches[branch] = name
        return name

    def files(self, revision: str = "main") -> Files:
        return self.commits[self.named(revision) or ""]

    def named(self, revision: str) -> str | None:
        found = self.branches.get(revision, revision)
        return found if found in self.commits else None


@dataclass
class Hub:
    """What is on the Hub, what it was asked, and how it is to misbehave.

    `cut`: paths of which half is sent; `refuse`: path -> status; `large`: suffixes kept as large files, by their hash
    and behind a redirect; `lie`: path -> size it says a file has.
    """

    address: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    refuse: dict[str, int] = field(default_factory=dict)
    large: tuple[str, ...] = ()
    lie: dict[str, int] = field(default_factory=dict)
    stored: Files = field(default_factory=dict)

    def put(self, repo: str, files: Files, *, private: bool = True, branch: str = "main") -> str:
        """Somebody else commits these files; the name of the commit."""
        there = self.repos.setdefault(repo, Repo(private))
        return there.commit(branch, files)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Tests read `asked` instead."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, path = self.server.hub, unquote(urlsplit(self.path).path)
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        hub.asked.append((self.command, path, self.headers.get("Authorization")))
        hub.agents.add(self.headers.get("User-Agent", ""))
        if path in hub.refuse:
            return self._refuse(hub.refuse[path], "Refused")
        if path.startswith("/stored/"):
            return self._stored(path.removeprefix("/stored/"))
        if self.headers.get("Authorization") not in {None, f"Bearer {TOKEN}"}:
            return self._refuse(401, "Unauthorized", said="Invalid credentials in Authorization header")
        places = {"/api/repos/create": self._create, "/api/validate-yaml": self._yaml, "/api/models/": self._model}
        start = next((start for start in places if path.startswith(start)), "/")
        return places.get(start, self._repo)(path.removeprefix(start))

    def _yaml(self, _rest: str) -> None:
        said = [] if b"---\\n" in self._body else [{"message": "empty or missing yaml metadata in repo card"}]
        self._json({"errors": [], "warnings": said})

    def _create(self, _rest: str) -> None:
        if not self._known():
            return self._refuse(401, "Unauthorized")
        asked = json.loads(self._body)
        name = f"{asked['organization']}/{asked['name']}"
        there = {"url": f"{self.server.hub.address}/{name}", "name": name}
        if name in self.server.hub.repos:
            return self._json({"error": "You already created this model repo"} | there, status=409)
        self.server.hub.put(name, GIT_ATTRIBUTES, private=asked.get("visibility") == "private")
        return self._json(there)

    def _model(self, rest: str) -> None:
        """`owner/name`, then nothing, `revision/x`, `branch/x`, `preupload/x` or `commit/x`."""
        owner, name, *more = rest.split("/")
        repo = self._visible(f"{owner}/{name}")
        if repo is None:
            return self._refuse(404 if self._known() else 401, "RepoNotFound")
        what, revision = (more[0], "/".join(more[1:])) if more else ("revision", "main")
        commit = repo.named(revision)
        if what == "branch":
            if revision in repo.branches:
                return self._json({"error": "Reference already exists"}, status=409)
            repo.branches[revision] = repo.branches["main"]
            return self._json({})
        if commit is None:
            return self._refuse(404, "RevisionNotFound")
        return {"revision": self._info, "preupload": self._preupload, "commit": self._commit}[what](
            f"{owner}/{name}", repo, revision
        )

    def _info(self, name: str, repo: Repo, revision: str) -> None:
        commit = repo.named(revision) or ""
        lie = self.server.hub.lie
        files = [
            {"rfilename": path, "size": lie.get(path, len(content)), "blobId": hashlib.sha256(content).hexdigest()[:40]}
            for path, content in repo.commits[commit].items()
        ]
        self._json({"id": name, "sha": commit, "private": repo.private, "siblings": files, "tags": [], "downloads": 0})

    def _preupload(self, _name: str, _repo: Repo, _revision: str) -> None:
        large = self.server.hub.large
        self._json(
            {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(large or ("\0",)) else "regular",
                        "shouldIgnore": False,
                    }
                    for file in json.loads(self._body)["files"]
                ]
            }
        )

    def _commit(self, name: str, repo: Repo, branch: str) -> None:
        if self._half():
            return None
        lines = [json.loads(line) for line in self._body.splitlines()]
        if lines[0]["value"].get("parentCommit", repo.branches[branch]) != repo.branches[branch]:
            return self._json({"error": "A commit has happened since."}, status=412)
        files = dict(repo.files(branch))
        for line in lines[1:]:
            value: dict[str, Any] = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.hub.stored[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        commit = repo.commit(branch, files)
        return self._json({"commitUrl": f"{self.server.hub.address}/{name}/commit/{commit}", "commitOid": commit})

    def _repo(self, rest: str) -> None:
        """`owner/name/resolve/commit/file`, or `owner/name.git/info/lfs/objects/batch`."""
        owner, name, *more = rest.split("/")
        if more == ["info", "lfs", "objects", "batch"]:
            return self._batch()
        repo = self._visible(f"{owner}/{name}")
        if repo is None:
            return self._refuse(404 if self._known() else 401, "RepoNotFound")
        commit, path = repo.named(more[1]), "/".join(more[2:])
        if more[0] != "resolve" or commit is None:
            return self._refuse(404, "RevisionNotFound")
        content = repo.commits[commit].get(path)
        if content is None or f"gone/{path}" in self.server.hub.cut:
            return self._refuse(404, "EntryNotFound")
        if path.endswith(self.server.hub.large or ("\0",)):
            key = hashlib.sha256(content).hexdigest()
            self.server.hub.stored[key] = content
            return self._send(b"", status=302, Location=f"{self.server.hub.address}/stored/{key}")
        return self._send(content, ETag=f'"{hashlib.sha256(content).hexdigest()}"', cut=path in self.server.hub.cut)

    def _batch(self) -> None:
        objects = [
            {"oid": each["oid"], "size": each["size"],
             "actions": {"upload": {"href": f"{self.server.hub.address}/stored/{each['oid']}"}}}
            for each in json.loads(self._body)["objects"]
        ]  # fmt: skip
        self._json({"transfer": "basic", "objects": objects})

    def _stored(self, key: str) -> None:
        if self.command == "PUT":
            self.server.hub.stored[key] = self._body
            return self._send(b"")
        return self._send(self.server.hub.stored[key])

    def _visible(self, name: str) -> Repo | None:
        found = self.server.hub.repos.get(name)
        return found if found and (self._known() or not found.private) else None

    def _known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _half(self) -> bool:
        """Hang up without an answer, where that is asked for."""
        if "commit" not in self.server.hub.cut:
            return False
        self.close_connection = True
        return True

    def _refuse(self, status: int, code: str, *, said: str = "") -> None:
        headers = {"X-Error-Code": code} | ({"X-Error-Message": said} if said else {})
        self._json({"error": said or code}, status=status, **headers)

    def _json(self, value: object, *, status: int = 200, **headers: str) -> None:
        self._send(json.dumps(value).encode(), status=status, **headers)

    def _send(self, content: bytes, *, status: int = 200, cut: bool = False, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: Hub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub
        hub.address = f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def running() -> Iterator[Hub]:
    """A Hub that listens until the end of the block."""
    server = _Server(Hub())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
