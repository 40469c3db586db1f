"""The evidence on one case as one file that proves itself: what a bundle holds, and how its parts are written.

A bundle is a zip archive that can be written in one way only: its files lie in it as they are, in the order of their
names, with no times and no comments; so whoever writes it anew from its files gets the same bytes.

manifest.json    names every other file with its length and sha256
manifest.sig     the signature over it
public_key.pem   that it is checked with, unless the reader has one
rows.json        every row on the case as it was stored, with its leaf
case.json        the same for readers: what those rows say
trail.json       the events that commit to the rows, chained up to signed checkpoints, and that leaves belong to them
images/…         the images, by their sha256
policies/…       the policies that were in force
README.txt       how to check it without traceaudit
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.evidence.checkpoints import canonical
from auditor.evidence.keys import SigningKey

MANIFEST, SIGNATURE, KEY = "manifest.json", "manifest.sig", "public_key.pem"
ROWS, CASE, TRAIL, README = "rows.json", "case.json", "trail.json", "README.txt"
IMAGES, POLICIES = "images/", "policies/"
FORMAT = "traceaudit case bundle 1"
PURPOSE = b"traceaudit bundle 1\n"
LONG_AGO = (1980, 1, 1, 0, 0, 0)

HOW = """\
Evidence on one case, exported by traceaudit. `traceaudit verify FILE` checks all of it without any database.

By hand:
1. manifest.json names each file with its sha256; nothing else may be in the archive.
2. manifest.sig has an Ed25519 signature, hex, over the line "traceaudit bundle 1", a line break, and the bytes of
   manifest.json; check it with the public key that you were given, not with the one in here.
3. rows.json: the leaf of a row is sha256 over its table, a blank, its batch, a blank, its salt, a blank, and what it
   says.
4. trail.json: an event "rows.stored" has for each table the number of rows and a digest over their leaves; the leaves
   are sorted and cut into chunks of 1024, and the digest is sha256 over the hashes of the chunks.
5. The hash of an event is sha256 over a JSON list of its number, the hash of the event before it, and the hash of what
   it says, which is sha256 over a JSON list of its time, actor, kind, subject and details. Of events that are about
   other cases only that hash is given. A checkpoint signs the hash of an event, and with it all before.
"""


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row of evidence as it was stored.

    Attributes:
        said: all that it says, as the JSON text that its leaf is made of.
        salt, leaf: hex.
    """

    table: str
    batch: int
    salt: str
    leaf: str
    said: str

    def as_json(self) -> dict[str, Any]:
        """As rows.json has it."""
        return {"table": self.table, "batch": self.batch, "salt": self.salt, "leaf": self.leaf, "said": self.said}

    @property
    def is_itself(self) -> bool:
        """Whether the leaf is of what the row says."""
        return hashlib.sha256(f"{self.table} {self.batch} {self.salt} {self.said}".encode()).hexdigest() == self.leaf


def case_of(triple_id: str, rows: Sequence[SealedRow]) -> bytes:
    """case.json: what rows say, by table, in their order."""
    tables: dict[str, list[Any]] = {}
    for row in rows:
        tables.setdefault(row.table, []).append(json.loads(row.said))
    return readable({"case": triple_id, "says": tables})


def readable(value: Any) -> bytes:
    """JSON for readers, in one way only; everything but ASCII is escaped, so that no text can do anything to them."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode()


def packed(files: Mapping[str, bytes], triple_id: str, made_at: str, key: SigningKey) -> bytes:
    """A bundle of these files, signed.

    Args:
        files: all but the manifest, its signature and the key.
        triple_id: the case.
        made_at: for readers.
        key: that signs.
    """
    whole = {**files, KEY: key.public.pem.encode()}
    listed = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in whole.items()}
    manifest = readable({"format": FORMAT, "case": triple_id, "made_at": made_at, "files": listed})
    signature = canonical({"key_id": key.public.id, "signature": key.sign(PURPOSE + manifest)})
    return zipped({**whole, MANIFEST: manifest, SIGNATURE: signature})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The one archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return buffer.getvalue()


def image_hashes(rows: Iterable[SealedRow]) -> list[str]:
    """The images that rows name, each once."""
    said = (json.loads(row.said) for row in rows if row.table == "images")
    return sorted({one["sha256"] for one in said if "sha256" in one})
