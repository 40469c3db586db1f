"""Whether a bundle is what was exported: everything in it, nothing else, signed, and committed to by a signed trail."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.errors import InputUnreadable, KeyUnusable
from auditor.evidence.bundle import (
    CASE,
    FORMAT,
    IMAGES,
    KEY,
    MANIFEST,
    POLICIES,
    PURPOSE,
    README,
    ROWS,
    SIGNATURE,
    TRAIL,
    SealedRow,
    case_of,
    image_hashes,
    zipped,
)
from auditor.evidence.digest import covers
from auditor.evidence.findings import Bad
from auditor.evidence.keys import PublicKey, is_signed, public_keys
from auditor.evidence.store_seals import ADOPTED, STORED
from auditor.evidence.trail import Trail, trail_of

MAX_BUNDLE_BYTES = 1_073_741_824  # a case has 16 images of 20 MB at most, and texts
MAX_FILES = 1000
NAME = re.compile(
    rf"(?:{MANIFEST}|{SIGNATURE}|{KEY}|{ROWS}|{CASE}|{TRAIL}|{README}|{IMAGES}[0-9a-f]{{64}}|{POLICIES}[0-9]+-in-force\.json)"
)


class Broken(Exception):
    """The first thing that is wrong."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(name, what)
        self.bad = Bad("bundle", name, None, what)


@dataclass(slots=True)
class CheckedBundle:
    """What was looked at.

    Attributes:
        case: the id; empty until the manifest was read.
        key_id: of the key that signed it.
        key_is_own: nothing says whose key that is but the bundle itself.
        missing: images that were missing when it was made, by sha256.
    """

    case: str = ""
    made_at: str = ""
    key_id: str = ""
    key_is_own: bool = False
    files: int = 0
    rows: int = 0
    events: int = 0
    images: int = 0
    missing: list[str] = field(default_factory=list)


def check_bundle(data: bytes, trusted: Mapping[str, PublicKey] | None, checked: CheckedBundle) -> Bad | None:
    """The first thing that is wrong with a bundle; None where all of it is what was exported.

    Args:
        data: the file.
        trusted: keys whose signatures count, by id; None for the one in the bundle.
        checked: is filled with what was looked at.
    """
    try:
        check_all(data, trusted, checked)
    except Broken as broken:
        return broken.bad
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return Bad("bundle", "", None, f"is not made as a bundle is ({type(error).__name__})")
    return None


def check_all(data: bytes, trusted: Mapping[str, PublicKey] | None, checked: CheckedBundle) -> None:
    """Everything, in the order in which one rests on the other."""
    files = unpacked(data)
    keys = keys_of(files, trusted)
    checked.key_is_own = trusted is None
    check_manifest(files, keys, checked)
    rows = rows_in(files[ROWS])
    if files[CASE] != case_of(checked.case, rows):
        raise Broken(CASE, "does not say what the rows say")
    check_images(files, rows, checked)
    check_trail(files[TRAIL], rows, keys, checked)


def read_bundle(path: Path) -> bytes:
    """The bytes of a bundle.

    Raises:
        InputUnreadable: it cannot be read, or is far too large for one.
    """
    try:
        if path.stat().st_size > MAX_BUNDLE_BYTES:
            raise InputUnreadable(f"{path}: larger than any bundle ({MAX_BUNDLE_BYTES:,} bytes)")
        return path.read_bytes()
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror or error}") from None


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files of a bundle.

    They lie in it as they are, so that none can be larger than the bundle; their names are known ones; and written anew
    they are the bundle, so that there is nothing between them and nothing twice.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_entries(archive.infolist())
            files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except Broken:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged archive breaks zipfile in many ways
        raise Broken("", f"is no zip archive that can be read ({type(error).__name__})") from None
    if zipped(files) != data:
        raise Broken("", "is not the archive that was written: bytes outside its files differ")
    for name in (MANIFEST, SIGNATURE, KEY, ROWS, CASE, TRAIL, README):
        if name not in files:
            raise Broken(name, "is missing")
    return files


def check_entries(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Nothing is read before it is known what it is called and that it is no larger than it lies."""
    if len(entries) > MAX_FILES:
        raise Broken("", f"has more than {MAX_FILES} files")
    for entry in entries:
        if not NAME.fullmatch(entry.filename):
            raise Broken(ascii(entry.filename[:100]), "is no file of a bundle")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise Broken(entry.filename, "is compressed, as nothing in a bundle is")


def keys_of(files: Mapping[str, bytes], trusted: Mapping[str, PublicKey] | None) -> Mapping[str, PublicKey]:
    """The keys whose signatures count."""
    if trusted is not None:
        return trusted
    try:
        return public_keys(files[KEY].decode("ascii"), KEY)
    except (KeyUnusable, UnicodeDecodeError):
        raise Broken(KEY, "holds no public key") from None


def check_manifest(files: Mapping[str, bytes], keys: Mapping[str, PublicKey], checked: CheckedBundle) -> None:
    """The signature, and that every file is listed as it is, and no other."""
    signature = parsed(files, SIGNATURE)
    manifest = parsed(files, MANIFEST)
    try:
        key_id, signed = str(signature["key_id"]), str(signature["signature"])
        listed: dict[str, dict[str, Any]] = dict(manifest["files"])
        checked.case, checked.made_at = str(manifest["case"]), str(manifest["made_at"])
        known = manifest["format"] == FORMAT
    except (TypeError, KeyError, ValueError):
        raise Broken(MANIFEST, "is none") from None
    if key_id not in keys:
        raise Broken(SIGNATURE, f"is of the key {key_id[:32]!a}, which is not the one to be trusted")
    if not is_signed(keys, key_id, PURPOSE + files[MANIFEST], signed):
        raise Broken(SIGNATURE, "is not good")
    if not known:
        raise Broken(MANIFEST, "is of a format that this version does not know")
    for name in sorted(listed.keys() | (files.keys() - {MANIFEST, SIGNATURE})):
        if name not in files:
            raise Broken(name, "is missing")
        told = {"bytes": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
        if listed.get(name) != told:
            raise Broken(name, "is not what the manifest lists" if name in listed else "is not listed in the manifest")
    checked.key_id, checked.files = key_id, len(files)


def parsed(files: Mapping[str, bytes], name: str) -> Any:
    """A file as JSON."""
    try:
        return json.loads(files[name])
    except (ValueError, RecursionError):
        raise Broken(name, "is no JSON") from None


def rows_in(data: bytes) -> list[SealedRow]:
    """The rows, each with the leaf of what it says."""
    try:
        rows = [
            SealedRow(str(one["table"]), int(one["batch"]), str(one["salt"]), str(one["leaf"]), str(one["said"]))
            for one in json.loads(data)
        ]
        for row in rows:
            json.loads(row.said)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Broken(ROWS, "holds something else than rows") from None
    for at, row in enumerate(rows):
        if not row.is_itself:
            raise Broken(ROWS, f"row {at} of {row.table[:32]!a} does not say what was stored")
    return rows


def check_images(files: Mapping[str, bytes], rows: Sequence[SealedRow], checked: CheckedBundle) -> None:
    """Each image is one that a row names, under its hash."""
    named = set(image_hashes(rows))
    for name in sorted(files):
        if not name.startswith(IMAGES):
            continue
        sha256 = name.removeprefix(IMAGES)
        if sha256 not in named:
            raise Broken(name, "is no image of the case")
        if hashlib.sha256(files[name]).hexdigest() != sha256:
            raise Broken(name, "is another image")
        checked.images += 1
    checked.missing = sorted(named - {name.removeprefix(IMAGES) for name in files})


def check_trail(data: bytes, rows: Sequence[SealedRow], keys: Mapping[str, PublicKey], checked: CheckedBundle) -> None:
    """Each row is in a batch that an event commits to, and that event is below a signed checkpoint."""
    trail = trail_of(json.loads(data)) if is_json(data) else None
    if trail is None:
        raise Broken(TRAIL, "is none")
    below: dict[int, str] = {}
    for segment in trail.segments:
        hashes = segment.hashes()
        if not hashes:
            raise Broken(TRAIL, f"event {segment.first} does not lead to the checkpoint {segment.checkpoint.seq}")
        if segment.checkpoint.key_id not in keys:
            raise Broken(TRAIL, f"checkpoint {segment.checkpoint.seq} is signed with a key that is not to be trusted")
        if not segment.checkpoint.is_signed_by(keys[segment.checkpoint.key_id]):
            raise Broken(TRAIL, f"the signature of checkpoint {segment.checkpoint.seq} is not good")
        below |= hashes
    for seq, event in trail.events.items():
        if below.get(seq) != event.said:
            raise Broken(TRAIL, f"event {seq} is not in the chain")
    committed = dict(committed_in(trail))
    for at, row in enumerate(rows):
        digest, proof = committed.get((row.table, row.batch)), trail.proofs.get((row.table, row.batch, row.leaf))
        if digest is None or proof is None or not covers(digest, row.leaf, proof):
            raise Broken(ROWS, f"row {at} of {row.table} is in no batch that was committed to")
    checked.rows, checked.events = len(rows), len(trail.events)


def is_json(data: bytes) -> bool:
    """Whether it can be parsed."""
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def committed_in(trail: Trail) -> Iterator[tuple[tuple[str, int], str]]:
    """The digest of each table and batch that the events commit to."""
    for event in trail.events.values():
        if event.kind in {STORED, ADOPTED}:
            said = json.loads(event.details)
            for table, (_, digest) in said["stored"].items():
                yield (table, said["batch"]), digest
