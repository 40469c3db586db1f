"""A hub for tests, on loopback: it speaks the Hugging Face hub's download protocol, and has raw files as GitHub does.

Small files are Git blobs; weights are kept by sha256 behind a redirect, as large files are. It can break a download
off, serve other bytes than it announces, and it tells what it was asked.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LARGE = ".safetensors"


@dataclass
class Hub:
    """What it has, and what it does wrong.

    Attributes:
        repositories: name -> commit -> files; the last commit is the main branch.
        raw: path -> bytes, as GitHub's raw files.
        altered: files of which other bytes are served than announced.
        broken_off: files of which only half is served, once.
        asked: method and path of every request.
    """

    repositories: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
    altered: set[str] = field(default_factory=set)
    broken_off: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """For HF_ENDPOINT."""
        return f"http://127.0.0.1:{self.port}"

    def files_at(self, repository: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """Commit and files that a revision names; None where there is none."""
        commits = self.repositories[repository]
        commit = list(commits)[-1] if revision == "main" else revision
        return (commit, commits[commit]) if commit in commits else None

    def downloads(self) -> list[str]:
        """Names of the files whose bytes were asked for."""
        paths = [line.split(" ", 1)[1] for line in self.asked if line.startswith("GET")]
        return [path.rsplit("/", 1)[1] for path in paths if "/resolve/" in path or "/large/" in path]


def blob_id(data: bytes) -> str:
    """Git's name of a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def sibling(name: str, data: bytes) -> dict[str, Any]:
    """A file in the answer to what a repository has."""
    large = {"lfs": {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}}
    return {"rfilename": name, "size": len(data), "blobId": blob_id(data)} | (large if name.endswith(LARGE) else {})


def entry(name: str, data: bytes) -> dict[str, Any]:
    """A file in the answer to a tree."""
    large = {"lfs": {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}}
    return {"type": "file", "path": name, "size": len(data), "oid": blob_id(data)} | (
        large if name.endswith(LARGE) else {}
    )


class Handler(BaseHTTPRequestHandler):
    """Answers for the hub of its server."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def do_HEAD(self) -> None:
        """As GET, without the body."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer one request."""
        self.hub.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0].lstrip("/")
        if path in self.hub.raw:
            self.answer(200, self.hub.raw[path])
        elif path.startswith("large/"):
            self.large(path.split("/", 2)[1], path.split("/", 2)[2])
        elif path.startswith("api/models/"):
            self.api(path.removeprefix("api/models/"))
        elif "/resolve/" in path:
            self.resolve(*path.split("/resolve/"))
        else:
            self.missing("EntryNotFound")

    def api(self, path: str) -> None:
        """What a repository has, as a list of files or as a tree."""
        owner, name, kind, revision = [*path.split("/"), "revision", "main"][:4]
        repository = f"{owner}/{name}"
        if repository not in self.hub.repositories:
            self.missing("RepoNotFound")
        elif not (found := self.hub.files_at(repository, revision)):
            self.missing("RevisionNotFound")
        elif kind == "tree":
            self.answer(200, json.dumps([entry(*file) for file in found[1].items()]).encode())
        else:
            listed = [sibling(*file) for file in found[1].items()]
            self.answer(200, json.dumps({"id": repository, "sha": found[0], "siblings": listed}).encode())

    def resolve(self, repository: str, rest: str) -> None:
        """A file, or where it is."""
        revision, _, name = rest.partition("/")
        found = self.hub.files_at(repository, revision) if repository in self.hub.repositories else None
        if not found or name not in found[1]:
            self.missing("EntryNotFound" if found else "RevisionNotFound")
            return
        commit, data = found[0], found[1][name]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{blob_id(data)}"'}
        if name.endswith(LARGE):
            sha256 = hashlib.sha256(data).hexdigest()
            there = {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(data))}
            there["Location"] = f"http://localhost:{self.hub.port}/large/{commit}/{name}"  # another host, as there
            self.answer(302, b"", headers | there)
        else:
            self.body(name, data, headers)

    def large(self, commit: str, name: str) -> None:
        """A large file, where the redirect leads."""
        data = next(c[commit][name] for c in self.hub.repositories.values() if commit in c)
        self.body(name, data, {"ETag": f'"{hashlib.sha256(data).hexdigest()}"'})

    def body(self, name: str, data: bytes, headers: dict[str, str]) -> None:
        """The bytes asked for, or what this hub does wrong."""
        if name in self.hub.altered:
            data = bytes(byte ^ 1 for byte in data)
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        partial = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        half = self.command == "GET" and name in self.hub.broken_off
        self.answer(206 if start else 200, data[start:], headers | partial, half=half)
        if half:
            self.hub.broken_off.discard(name)

    def missing(self, code: str) -> None:
        """What is not there, in the hub's words."""
        self.answer(404, b"{}", {"X-Error-Code": code, "X-Error-Message": "not there"})

    def answer(self, status: int, data: bytes, headers: dict[str, str] | None = None, *, half: bool = False) -> None:
        """Status, headers and body; or half the body, and the connection closed."""
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(data)), "Accept-Ranges": "bytes"} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[: len(data) // 2] if half else data)
        if half:
            self.close_connection = True


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub, answering while the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HubHandler", (Handler,), {"hub": hub}))
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
