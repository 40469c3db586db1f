"""What `traceaudit models fetch` brought, locked: the commit, and size and hash of each file, beside the snapshot.

    <models_dir>/<name>/<commit>/              the snapshot, as the hub has it
    <models_dir>/<name>/<commit>.prompts/      the prompts that go with it
    <models_dir>/<name>/<commit>.lock.json     this

What was not known before the first fetch is trusted then, and never again: from then on everything has to be the same.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from auditor.errors import ModelNotFound, ModelUnusable
from auditor.guard_input import Protocol

SUFFIX = ".lock.json"
WEIGHTS_SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file as it was fetched; a time of change is kept where it saves hashing a large one."""

    sha256: str
    n_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class LockedPrompt:
    """A prompt as it was fetched or handed over.

    Attributes:
        file: its name in the folder of prompts.
        sha256: of the file.
        origin: address or path that it came from.
    """

    file: str
    sha256: str
    origin: str


@dataclass(frozen=True, slots=True)
class Lock:
    """One fetched revision of a known model.

    Attributes:
        folder: the snapshot.
        name: that the model is known by.
        repository: on the hub.
        commit: of the hub, immutable.
        fetched_at: ISO time of the first fetch.
        files: of the snapshot, by name.
        prompts: by protocol.
        chat_template: hex sha256 of the checkpoint's own template; None where it brings none.
    """

    folder: Path
    name: str
    repository: str
    commit: str
    fetched_at: str
    files: Mapping[str, LockedFile]
    prompts: Mapping[Protocol, LockedPrompt]
    chat_template: str | None

    def prompt_files(self) -> dict[Protocol, Path]:
        """Where the prompts are."""
        return {protocol: prompts_folder(self.folder) / one.file for protocol, one in self.prompts.items()}

    def write(self) -> None:
        """Keep it beside the snapshot, whole or not at all."""
        described = {key: value for key, value in asdict(self).items() if key != "folder"}
        beside = self.folder.with_name(f"{self.folder.name}{SUFFIX}.new")
        beside.write_text(json.dumps(described, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        beside.rename(lock_file(self.folder))

    def renewed(self) -> "Lock":
        """With the times of change that the files have now; for after all of them were hashed."""
        files = {
            name: replace(file, mtime_ns=(self.folder / name).stat().st_mtime_ns) for name, file in self.files.items()
        }
        return replace(self, files=files)

    def problems(self, *, full: bool) -> Iterator[Path]:
        """The files that are not what was fetched.

        Tokenizer, configuration, templates and prompts are hashed each time. Weights are, too, when `full` or when
        their time of change is another; else their size is compared.
        """
        for name, file in self.files.items():
            if not same(self.folder / name, file, full=full):
                yield self.folder / name
        names = {path.name for path in self.folder.iterdir() if path.is_file()} if self.folder.is_dir() else set()
        yield from (self.folder / name for name in sorted(names - self.files.keys()))
        for protocol, path in self.prompt_files().items():
            if not path.is_file() or hash_of(path) != self.prompts[protocol].sha256:
                yield path

    def check(self, *, full: bool = False) -> None:
        """Pass when all is as it was fetched.

        Raises:
            ModelUnusable: it is not; the message names the first file that differs.
        """
        if wrong := next(self.problems(full=full), None):
            what = "is not there any more" if not wrong.exists() else "is not what was fetched"
            raise ModelUnusable(
                f"{wrong}: {what}, by the lock {lock_file(self.folder).name}; look into who changed it, "
                f"then bring it again with: traceaudit models fetch {self.name} --revision {self.commit}"
            )


def same(path: Path, file: LockedFile, *, full: bool) -> bool:
    """Whether a file is as it was fetched."""
    if not path.is_file() or path.stat().st_size != file.n_bytes:
        return False
    if not full and path.suffix == WEIGHTS_SUFFIX and path.stat().st_mtime_ns == file.mtime_ns:
        return True
    return hash_of(path) == file.sha256


def hash_of(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def locked_files(folder: Path) -> dict[str, LockedFile]:
    """The files of a snapshot as they are now."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    return {p.name: LockedFile(hash_of(p), p.stat().st_size, p.stat().st_mtime_ns) for p in paths}


def lock_file(folder: Path) -> Path:
    """The lock of a snapshot."""
    return folder.with_name(folder.name + SUFFIX)


def prompts_folder(folder: Path) -> Path:
    """Where the prompts of a snapshot are."""
    return folder.with_name(f"{folder.name}.prompts")


def read_lock(path: Path) -> Lock:
    """The lock in a file.

    Raises:
        ModelUnusable: it cannot be read as one.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        files = {str(name): LockedFile(**file) for name, file in found.pop("files").items()}
        prompts = {Protocol(name): LockedPrompt(**prompt) for name, prompt in found.pop("prompts").items()}
        return Lock(folder=path.with_name(path.name.removesuffix(SUFFIX)), files=files, prompts=prompts, **found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ModelUnusable(f"{path}: not readable as a lock; fetch the model again into another folder") from None


def read_locks(home: Path) -> list[Lock]:
    """The fetched revisions of a model, that which was fetched first at the head."""
    return sorted((read_lock(path) for path in home.glob(f"*{SUFFIX}")), key=lambda lock: lock.fetched_at)


def find_lock(home: Path, revision: str) -> Lock | None:
    """The fetched revision that `revision` begins; of several the one fetched first; None where there is none."""
    return next((lock for lock in read_locks(home) if lock.commit.startswith(revision)), None)


def require_lock(home: Path, name: str, revision: str) -> Lock:
    """The same.

    Raises:
        ModelNotFound: it was not fetched, and how to.
    """
    lock = find_lock(home, revision)
    if lock is None:
        at = f" --revision {revision}" if revision else ""
        raise ModelNotFound(f"{name}{at} is not in {home.parent}; bring it with: traceaudit models fetch {name}{at}")
    return lock
