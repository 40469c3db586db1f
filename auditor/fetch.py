"""Brings a known guard model: a snapshot of the hub at one commit, and the prompts that it was trained with.

Only data is fetched (weights in safetensors, configuration, tokenizer, processor), never code or pickles. Each file is
compared with the hash that the hub's commit gives it, and locked. A second fetch of what is there asks nobody.
"""

import hashlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from auditor.errors import FetchFailed, ModelNotFound, ModelUnusable
from auditor.guard_input import Protocol
from auditor.known_models import KnownModel, PublishedPrompt, folder_of, known_model
from auditor.lock import Lock, LockedPrompt, find_lock, locked_files, prompts_folder
from auditor.refusals import refuse_unsafe
from auditor.template import check_template, template_hash
from conf.errors import ConfigError
from ingest.errors import MissingExtra

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo, RepoSibling

GITHUB = "https://raw.githubusercontent.com"
WANTED = re.compile(
    r"(?!adapter_)[\w.-]+\.safetensors|model\.safetensors\.index\.json|chat_template\.(jinja|json)|vocab\.json|merges\.txt"
    r"|(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json"
    r"|((video_)?preprocessor_config|processor_config)\.json"
)
NEEDED = ("config.json", "tokenizer.json", "preprocessor_config.json")
PROMPT_BYTES = 65_536
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to fetch, and where to.

    Attributes:
        name: of a known model.
        models_dir: where models are kept; empty: the usual place.
        revision: of the hub; empty takes what was fetched before, else the pinned one, else the hub's main branch.
        prompts: files that the operator hands over; only where there are none, the published ones are brought.
        prompts_from: base address of published prompts.
    """

    name: str
    models_dir: str = ""
    revision: str = ""
    prompts: Mapping[Protocol, Path] | None = None
    prompts_from: str = GITHUB


def fetch(order: Order, now: datetime) -> Lock:
    """What was ordered, there and locked.

    Raises:
        ConfigError: no model of that name is known, or a prompt handed over cannot be read.
        ModelNotFound: the hub has no such model or revision.
        ModelUnusable: it is not data alone, or differs from what was fetched before.
        FetchFailed: the hub or the place of the prompts cannot be reached, or what came is not what is published.
        MissingExtra: without huggingface_hub.
    """
    known, home = known_model(order.name), folder_of(order.name, order.models_dir)
    before = find_lock(home, order.revision)
    if before and not order.prompts and next(before.problems(full=True), None) is None:
        before.renewed().write()
        return before
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder = bring_snapshot(known, home, before.commit if before else order.revision or known.revision)
        before = before or find_lock(home, folder.name)
        refuse_unsafe(folder)
        check_template(folder)
        lock = Lock(
            folder,
            order.name,
            known.repository,
            folder.name,
            now.isoformat(),
            locked_files(folder),
            {},
            template_hash(folder),
        )
        lock = with_prompts(lock, known, order, before)
        if before:
            refuse_other(lock, before)
            lock = replace(lock, fetched_at=before.fetched_at)
        lock.write()
    except OSError as error:
        raise FetchFailed(f"cannot keep {order.name} in {home}: {error.strerror or type(error).__name__}") from None
    return lock


def refuse_other(lock: Lock, before: Lock) -> None:
    """Pass a snapshot whose files are those of the one fetched before.

    Raises:
        ModelUnusable: one is another, though its commit is the same.
    """
    hashes = [{name: file.sha256 for name, file in one.files.items()} for one in (lock, before)]
    if wrong := sorted(
        name for name in hashes[0].keys() | hashes[1].keys() if hashes[0].get(name) != hashes[1].get(name)
    ):
        raise ModelUnusable(
            f"{lock.folder}: {', '.join(wrong)} differ from what was fetched of the same commit before; "
            "do not use this hub or mirror until you know why"
        )


def bring_snapshot(known: KnownModel, home: Path, revision: str) -> Path:
    """The folder of a snapshot; files that are there already are not brought again.

    Raises:
        ModelNotFound, ModelUnusable, FetchFailed, MissingExtra: see `fetch`.
    """
    try:
        import httpx2
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ModuleNotFoundError:
        raise MissingExtra("traceaudit models fetch", "transformers") from None
    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        info = HfApi().model_info(known.repository, revision=revision or None, files_metadata=True, timeout=TIMEOUT_S)
        files = wanted(info)
        folder = home / str(info.sha)
        drop_others(folder, files)
        snapshot_download(known.repository, revision=info.sha, local_dir=folder, allow_patterns=sorted(files))
    except RevisionNotFoundError:
        raise ModelNotFound(f"{known.repository} has no revision {revision!r} on the hub") from None
    except RepositoryNotFoundError:
        raise ModelNotFound(f"{known.repository} is not on the hub, or needs a token (HF_TOKEN)") from None
    except (httpx2.HTTPError, OSError) as error:
        raise FetchFailed(
            f"cannot bring {known.repository} from the hub ({reason_of(error)}); "
            "is it reachable, or is HF_ENDPOINT to name a mirror? What has come is kept for the next try"
        ) from None
    for name, file in files.items():
        check_arrived(folder / name, file)
    return folder


def wanted(info: "ModelInfo") -> dict[str, "RepoSibling"]:
    """The files to bring, by name: data at the top of the repository.

    Raises:
        ModelUnusable: what is needed is not among them.
    """
    files = {file.rfilename: file for file in info.siblings or () if WANTED.fullmatch(file.rfilename)}
    if not any(name.endswith(".safetensors") for name in files):
        raise ModelUnusable(f"{info.id} at {info.sha}: no safetensors weights there; other kinds are not fetched")
    if missing := [name for name in NEEDED if name not in files]:
        raise ModelUnusable(f"{info.id} at {info.sha}: lacks {', '.join(missing)}; this is not a checkpoint we can run")
    return files


def drop_others(folder: Path, files: "Mapping[str, RepoSibling]") -> None:
    """Take away what the commit has otherwise or not at all, so that it is brought anew."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and (path.name not in files or not has_arrived(path, files[path.name])):
            path.unlink()


def check_arrived(path: Path, file: "RepoSibling") -> None:
    """Pass a file that is what the hub's commit says.

    Raises:
        FetchFailed: it is another.
    """
    if not has_arrived(path, file):
        raise FetchFailed(f"{path}: not the file that the hub's commit names; it was not what came, try again")


def has_arrived(path: Path, file: "RepoSibling") -> bool:
    """Whether a file has the hash that the commit gives it: sha256 for large files, that of a Git blob for others."""
    if not path.is_file():
        return False
    with path.open("rb") as opened:
        if file.lfs:
            return hashlib.file_digest(opened, "sha256").hexdigest() == file.lfs.sha256
        data = opened.read()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == file.blob_id


def reason_of(error: Exception) -> str:
    """What went wrong, in few words: a status, what the system says, or the kind of error."""
    status = getattr(error, "code", None) or getattr(getattr(error, "response", None), "status_code", None)
    if status:
        return f"it answers {status}"
    return getattr(error, "strerror", None) or type(error).__name__


def with_prompts(lock: Lock, known: KnownModel, order: Order, before: Lock | None) -> Lock:
    """The lock with the prompts, written beside the snapshot.

    Raises:
        FetchFailed: a prompt cannot be had.
    """
    folder = prompts_folder(lock.folder)
    folder.mkdir(exist_ok=True)
    kept = dict(before.prompts) if before and order.prompts else {}
    for protocol, data, origin in prompts_of(known, order):
        path = folder / f"{protocol}.txt"
        path.write_bytes(data)
        kept[protocol] = LockedPrompt(path.name, hashlib.sha256(data).hexdigest(), origin)
    return replace(lock, prompts=kept)


def prompts_of(known: KnownModel, order: Order) -> list[tuple[Protocol, bytes, str]]:
    """Protocol, bytes and origin of each prompt: those handed over, or else those published."""
    if order.prompts:
        return [(protocol, handed_over(path), str(path)) for protocol, path in order.prompts.items()]
    urls = {protocol: prompt.url(order.prompts_from) for protocol, prompt in known.prompts.items()}
    return [(protocol, bring_prompt(known.prompts[protocol], url), url) for protocol, url in urls.items()]


def handed_over(path: Path) -> bytes:
    """A prompt file of the operator's.

    Raises:
        ConfigError: it cannot be read, or is not text.
    """
    try:
        data = path.read_bytes()
        if data.decode("utf-8").strip():
            return data
    except (OSError, UnicodeDecodeError):
        pass
    raise ConfigError(f"the prompt {path} is not there, or is no text in UTF-8")


def bring_prompt(published: PublishedPrompt, url: str) -> bytes:
    """A published prompt, which has the hash that we know.

    Raises:
        FetchFailed: it cannot be reached, or is another.
    """
    instead = "hand the file over with --prompt FILE"
    if not url.startswith(("https://", "http://")):
        raise FetchFailed(f"{url}: not an address of a prompt; give --prompts-from https://…, or {instead}")
    try:
        with urlopen(url, timeout=TIMEOUT_S) as response:  # noqa: S310 - the scheme is checked above
            data: bytes = response.read(PROMPT_BYTES)
    except (OSError, ValueError, HTTPException) as error:
        raise FetchFailed(f"cannot bring the prompt from {url} ({reason_of(error)}); {instead}") from None
    if hashlib.sha256(data).hexdigest() != published.sha256:
        raise FetchFailed(f"{url}: not the prompt that was published there (its sha256 is another); {instead}")
    return data
