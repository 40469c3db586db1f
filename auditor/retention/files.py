"""Files with cases that commands wrote where they were told to: noted, and searched for the cases that are in them."""

import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import OutputUnwritable
from auditor.store import Store
from auditor.verdict_rows import utc

REPORTS, CASE, LETTERS = "reports", "case", "dead-letters"
PART_BYTES = 2**22
LEFTOVERS = ".new-*"  # of a process that was killed while it wrote

NOTE = """
    INSERT INTO kept_files SELECT $path, $kind, $now
    WHERE NOT EXISTS (FROM kept_files WHERE path = $path AND kind = $kind)
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file, or a folder of files, that a command wrote.

    Attributes:
        kind: "reports" for a folder of reports; else what was exported.
        at: when it was first noted, UTC without a zone.
    """

    path: Path
    kind: str
    at: datetime


def note_file(store: Store, path: str, kind: str, now: datetime) -> None:
    """Note that there is to be such a file; it is noted before it is written, so that none is missed."""
    with store.transaction():
        store.connection.execute(NOTE, {"path": path, "kind": kind, "now": utc(now)})


def kept_files(store: Store) -> list[Kept]:
    """All that was noted."""
    rows = store.connection.execute('SELECT path, kind, "at" FROM kept_files ORDER BY path, kind').fetchall()
    return [Kept(Path(path), kind, at) for path, kind, at in rows]


def forget_file(store: Store, path: Path) -> None:
    """Such a file is not there any more."""
    with store.transaction():
        store.connection.execute("DELETE FROM kept_files WHERE path = ?", [str(path)])


def files_in(path: Path) -> list[Path]:
    """The files at a path: itself, or those of a folder; none where nothing is there."""
    if path.is_dir():
        return sorted(found for found in path.rglob("*") if found.is_file() and not found.is_symlink())
    return [path] if path.is_file() else []


def shows_any(path: Path, ids: Collection[bytes]) -> bool:
    """Whether a file names one of these triples, also where it is packed.

    Raises:
        OutputUnwritable: it cannot be read.
    """
    try:
        return any(name in part for part in parts_of(path) for name in ids)
    except (OSError, zipfile.BadZipFile, pa.ArrowInvalid) as error:
        raise OutputUnwritable(f"{path}: {type(error).__name__}, so it cannot be told which cases it shows") from None


def parts_of(path: Path) -> Iterator[bytes]:
    """What a file says, in parts that overlap by as much as an id is long at most."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif path.suffix == ".parquet":
        yield from columns_of(path)
    else:
        yield from pieces_of(path)


def columns_of(path: Path) -> Iterator[bytes]:
    """The texts of a Parquet file, column by column."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            for column in batch.columns:
                if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                    yield "\n".join(text for text in column.to_pylist() if text).encode(errors="surrogatepass")


def pieces_of(path: Path, overlap: int = 4096) -> Iterator[bytes]:
    """A file a few megabytes at a time."""
    with path.open("rb") as file:
        last = b""
        while part := file.read(PART_BYTES):
            yield last + part
            last = part[-overlap:]
