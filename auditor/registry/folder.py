"""The registry of models: a folder of whole checkpoints, each with its signed manifest, and the pointer to one of them.

    <registry>/versions/<revision>/    safetensors, tokenizer, configuration; manifest.json and manifest.sig
    <registry>/serving.json            which of them serves; see `serving`
    <registry>/.lock                   held by who writes

A version is put together beside and renamed once all of it is on disk, so it is whole or not there. It is never changed
afterwards, but for what a gate found of it.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor.errors import ModelNotFound, ModelUnusable, OutputUnwritable
from auditor.evidence.keys import PublicKey, SigningKey
from auditor.files import new_file, sha256_of, sync_folder
from auditor.models import hash_files
from auditor.refusals import refuse_unsafe
from auditor.registry.manifest import Manifest, manifest_in, signature_line
from auditor.registry.results import GateResult
from auditor.registry.serving import Serving, serving_in

MANIFEST, SIGNATURE, SERVING, CARD = "manifest.json", "manifest.sig", "serving.json", "data_card.md"
BESIDE = ".new-"
MAY_BE_THERE = frozenset({".safetensors", ".json", ".txt", ".md", ".jinja", ".toml"})
AGAIN_S = 0.05
READABLE = 0o644  # by workers of other users; there is no text of a log in them


@dataclass(frozen=True, slots=True)
class Version:
    """A model of the registry whose manifest is signed; whether its files are what that says, `Registry.check` tells.

    Attributes:
        folder: a checkpoint that every backend loads.
    """

    folder: Path
    manifest: Manifest

    @property
    def revision(self) -> str:
        """Hex sha256 over the files that decide what it answers."""
        return self.manifest.revision

    @property
    def model_id(self) -> str:
        """As verdicts name it: with the model that it came from in the first place."""
        return f"registry/{self.manifest.base_model.removeprefix('registry/')}"

    @property
    def card(self) -> str:
        """The data card of its training, Markdown; empty where it has none."""
        path = self.folder / CARD
        return path.read_text(encoding="utf-8") if path.is_file() else ""


@dataclass(frozen=True, slots=True)
class Broken:
    """A folder among the versions that is none that could serve.

    Attributes:
        name: of the folder.
        reason: why not.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry in a folder; who only reads it needs no key that signs.

    Attributes:
        keys: whose signatures are taken, by id.
        key: signs what is written; None for those who only read.
        base: gives the revision of what serves where nothing is promoted; raises ModelNotFound where it is not there.
    """

    folder: Path
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    key: SigningKey | None = None
    base: Callable[[], str] = lambda: ""

    @property
    def home(self) -> Path:
        """Where the versions are."""
        return self.folder / "versions"

    def add(self, checkpoint: Path, manifest: Manifest) -> Version:
        """Take a checkpoint in, with what is known of it; one that is there already stays as it is.

        Raises:
            ModelUnusable: it holds something else than data, or is not the revision that the manifest names.
            OutputUnwritable: there is no room for it, or no right; nothing of it is left.
        """
        with self.writing():
            self.home.mkdir(exist_ok=True)
            beside = Path(tempfile.mkdtemp(dir=self.home, prefix=BESIDE))
            try:
                files = copied(checkpoint, beside)
                refuse_unsafe(beside)
                revision = hash_files(beside)
                if manifest.revision not in {"", revision}:
                    raise ModelUnusable(f"{checkpoint}: is revision {revision}, not {manifest.revision}")
                if (self.home / revision).exists():
                    return self.read(self.home / revision)
                whole = replace(manifest, revision=revision, files=files)
                self.sign(beside, whole)
                beside.chmod(0o755)
                sync_folder(beside)
                beside.rename(self.home / revision)
                sync_folder(self.home)
            finally:
                shutil.rmtree(beside, ignore_errors=True)
            return Version(self.home / revision, whole)

    def attach_gate(self, revision: str, gate: GateResult) -> Version:
        """Keep what a gate found of a version in its manifest.

        Raises:
            ModelNotFound, ModelUnusable: see `version`; or the gate tried another one.
            OutputUnwritable: the manifest cannot be written; it is as it was.
        """
        with self.writing():
            known = self.version(revision)
            if gate.candidate != known.revision:
                raise ModelUnusable(f"the gate tried {gate.candidate[:12]}, not {known.revision[:12]}")
            found = replace(known.manifest, gate=gate)
            self.sign(known.folder, found)
            return Version(known.folder, found)

    def sign(self, folder: Path, manifest: Manifest) -> None:
        """Write manifest and signature; at no moment there is a manifest without one."""
        key, path, written = self.signing(), folder / SIGNATURE, manifest.written
        line, old = signature_line(written, key), path.read_bytes() if path.exists() else b""
        write(path, line + old)
        write(folder / MANIFEST, written)
        if old:
            write(path, line)

    def signing(self) -> SigningKey:
        """The key that signs.

        Raises:
            ModelUnusable: this one was opened to read.
        """
        if self.key is None:
            raise ModelUnusable(f"{self.folder}: opened to be read; there is no key to sign with")
        return self.key

    def versions(self) -> list[Version]:
        """Those whose manifest is signed, in the order in which they were made."""
        found = [one for one in map(self.tried, self.folders()) if isinstance(one, Version)]
        return sorted(found, key=lambda one: (one.manifest.made_at, one.revision))

    def broken(self) -> list[Broken]:
        """Those whose manifest is not."""
        return [one for one in map(self.tried, self.folders()) if isinstance(one, Broken)]

    def version(self, revision: str) -> Version:
        """The one whose revision begins so.

        Raises:
            ModelNotFound: there is none, or more than one.
            ModelUnusable: its manifest is not signed.
        """
        names = [folder for folder in self.folders() if revision and folder.name.startswith(revision)]
        if len(names) != 1:
            what = f"{len(names)} revisions that begin with" if names else "no revision"
            raise ModelNotFound(f"{self.folder} has {what} {revision!r}; see: traceaudit models list")
        return self.read(names[0])

    def folders(self) -> list[Path]:
        """Of the versions, also those that are no good."""
        if not self.home.is_dir():
            return []
        return sorted(path for path in self.home.iterdir() if path.is_dir() and not path.name.startswith(BESIDE))

    def tried(self, folder: Path) -> Version | Broken:
        """The version in a folder, or what is wrong with it."""
        try:
            return self.read(folder)
        except ModelUnusable as error:
            return Broken(folder.name, str(error))

    def read(self, folder: Path) -> Version:
        """The version in a folder.

        Raises:
            ModelUnusable: its manifest is not there, not signed, or that of another one.
        """
        try:
            try:
                manifest = self.signed(folder)
            except (OSError, ModelUnusable):  # a gate's result may be written just now
                time.sleep(AGAIN_S)
                manifest = self.signed(folder)
        except OSError as error:
            raise ModelUnusable(f"{folder}: {error.strerror or error}") from None
        except ModelUnusable as error:
            raise ModelUnusable(f"{folder}: {error}") from None
        if manifest.revision != folder.name:
            raise ModelUnusable(f"{folder}: its manifest is that of {manifest.revision[:12]}")
        return Version(folder, manifest)

    def signed(self, folder: Path) -> Manifest:
        """The manifest in a folder.

        Raises:
            OSError: it cannot be read.
            ModelUnusable: see `manifest_in`.
        """
        return manifest_in((folder / MANIFEST).read_bytes(), (folder / SIGNATURE).read_bytes(), self.keys)

    def check(self, version: Version) -> None:
        """Pass a version whose files are those that its manifest says, all of them and no other; hashes everything.

        Raises:
            ModelUnusable: which file differs.
        """
        wrong = next(problems(version), None)
        if wrong is None and hash_files(version.folder) != version.revision:
            wrong = "its files are not those of its revision"
        if wrong:
            raise ModelUnusable(f"{version.folder}: {wrong}; look into who changed it")
        refuse_unsafe(version.folder)

    def serving(self) -> Serving | None:
        """What serves; None before anything was promoted.

        Raises:
            ModelUnusable: the pointer cannot be read, or is not signed.
        """
        path = self.folder / SERVING
        try:
            return serving_in(path.read_bytes(), self.keys)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ModelUnusable(f"{path}: {error.strerror or error}") from None
        except ModelUnusable as error:
            raise ModelUnusable(f"{path}: {error}") from None

    def champion(self) -> str:
        """The revision that serves, be it the base.

        Raises:
            ModelNotFound, ModelUnusable: the pointer, or the base, is no good.
        """
        serving = self.serving()
        return (serving.revision if serving else "") or self.base()

    def point(self, serving: Serving) -> None:
        """Let a version serve, in one step.

        Raises:
            ModelNotFound, ModelUnusable: it is not there, or its manifest is not signed.
            OutputUnwritable: the pointer cannot be written; what served serves.
        """
        with self.writing():
            if serving.revision:
                self.version(serving.revision)
            write(self.folder / SERVING, serving.written(self.signing()))

    def tidy(self) -> None:
        """Take away what somebody who was killed has left; only for who holds the lock."""
        for path in (*self.folder.glob(f"{BESIDE}*"), *self.home.glob(f"*/{BESIDE}*")):
            path.unlink()
        for folder in self.home.glob(f"{BESIDE}*"):
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Alone among those who write; not twice by one.

        Raises:
            OutputUnwritable: something cannot be written, and why.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / ".lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self.tidy()
                yield
        except OSError as error:
            raise OutputUnwritable(f"{self.folder}: {error.strerror or error}; nothing was changed there") from None


def copied(source: Path, target: Path) -> dict[str, str]:
    """Copy the files of a checkpoint, down to the disk; gives hex sha256 of each.

    Raises:
        ModelUnusable: there is something else than files of data.
    """
    paths = sorted(path for path in source.iterdir() if path.name not in {MANIFEST, SIGNATURE})
    if odd := [path.name for path in paths if path.suffix not in MAY_BE_THERE or not path.is_file()]:
        raise ModelUnusable(f"{source}: holds {odd[0]!r}; a registry takes safetensors, JSON and text alone")
    for path in paths:
        with path.open("rb") as old, new_file(target / path.name) as new:
            os.fchmod(new.fileno(), READABLE)
            shutil.copyfileobj(old, new, 1 << 20)
    return {path.name: sha256_of(target / path.name) for path in paths}


def problems(version: Version) -> Iterator[str]:
    """What of its files is not as its manifest says."""
    files = version.manifest.files
    there = {path.name: path for path in version.folder.iterdir()} if version.folder.is_dir() else {}
    for name in sorted(there.keys() - files.keys() - {MANIFEST, SIGNATURE}):
        if name.startswith(BESIDE):  # of somebody who was killed; the next who writes takes it away
            continue
        yield f"{name!r} is none of its files"
    for name, sha256 in files.items():
        path = there.get(name)
        if path is None:
            yield f"{name!r} is not there any more"
        elif path.is_symlink() or not path.is_file() or sha256_of(path) != sha256:
            yield f"{name!r} is not what was added"


def write(path: Path, data: bytes) -> None:
    """Write a file that all may read, whole or as it was."""
    with new_file(path) as file:
        os.fchmod(file.fileno(), READABLE)
        file.write(data)
