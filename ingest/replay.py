"""Files as a source: each file is one partition, its records are numbered from 0."""

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path

from conf.schema import Config
from ingest.errors import SourceChanged, SourceNotFound, SourceUnavailable
from ingest.files import values_of
from ingest.qta import Position, Record
from ingest.source import Partition, Polled

# In a folder these are what records point at, not records; named one by one they are read like any other file.
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".webp"}


class Replay:
    """Reads files one after another; a Source."""

    def __init__(self, files: Sequence[Path], config: Config) -> None:
        self.files = files
        self.max_record_bytes = config.ingest.max_record_bytes
        self.max_records = config.batching.max_records
        self.max_bytes = config.batching.max_bytes
        self.polls = self.read({}, {})

    def resume(self, stored: Mapping[Partition, int], again: Mapping[Partition, int] = {}) -> None:
        """See Source."""
        self.polls = self.read(stored, again)

    def poll(self) -> Polled:
        """See Source."""
        return next(self.polls, Polled(exhausted=True))

    def keep_alive(self) -> None:
        """See Source; files are shared with nobody."""

    def commit(self, stored: Mapping[Partition, int]) -> None:
        """See Source; files show no progress."""

    def close(self) -> None:
        """See Source."""
        self.polls.close()

    def read(self, stored: Mapping[Partition, int], again: Mapping[Partition, int]) -> Generator[Polled]:
        """The polls over all files, each bounded in records and bytes."""
        for path in self.files:
            try:
                yield from self.read_file(path, stored, again)
            except OSError as error:
                raise SourceUnavailable(f"{path}: {error.strerror or error}") from None

    def read_file(
        self, path: Path, stored: Mapping[Partition, int], again: Mapping[Partition, int]
    ) -> Iterator[Polled]:
        """The polls over one file, the first of which says where reading begins."""
        source = f"file:{path}"
        end = stored.get((source, 0), 0)
        first = again.get((source, 0), end)
        starts = {} if (source, 0) in stored else {(source, 0): 0}
        records: list[Record] = []
        n_bytes = 0
        for record in self.records(path, source, first, end):
            records.append(record)
            n_bytes += len(record.value)
            if len(records) == self.max_records or n_bytes >= self.max_bytes:
                yield Polled(tuple(records), starts)
                records, n_bytes, starts = [], 0, {}
        yield Polled(tuple(records), starts)

    def records(self, path: Path, source: str, first: int, end: int) -> Iterator[Record]:
        """The file's records from number `first` on; `end` is the number of those that were read of it before.

        Raises:
            SourceChanged: it has fewer now.
        """
        folder = str(path.parent)
        # One record back from where we stand: if it is not there any more, then this is another file.
        begin = min(first, max(0, end - 1))
        offset = begin - 1
        for offset, value in enumerate(values_of(path, self.max_record_bytes, begin), begin):
            if offset >= first:
                yield Record(Position(source, 0, offset), value, folder=folder)
        if offset < end - 1:
            raise SourceChanged(str(path), end)


def find_files(texts: Sequence[str]) -> list[Path]:
    """The files that paths, folders and globs name, absolute, each once; within a text in the order of their names.

    Hidden files and images in a folder are left out.

    Raises:
        SourceNotFound: a text names nothing, or a folder without files.
    """
    return list(dict.fromkeys(path for text in texts for path in find(text)))


def find(text: str) -> list[Path]:
    """The files that one text names."""
    path = Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 - resolve() would rename what a link names
    matches = [path] if path.exists() else sorted(map(Path, glob(str(path), recursive=True)))  # noqa: PTH207 - an absolute pattern
    files = [file for match in matches for file in (files_below(match) if match.is_dir() else [match])]
    if not files:
        raise SourceNotFound(f"{text}: {'no files in this folder' if matches else 'no such file, folder or glob'}")
    return files


def files_below(folder: Path) -> list[Path]:
    """The files of a folder and its folders, in the order of their names."""
    return sorted(path for path in folder.rglob("*") if is_log(path, folder))


def is_log(path: Path, folder: Path) -> bool:
    """Whether a file found in a folder may hold records."""
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and not hidden and path.suffix.lower() not in IMAGE_SUFFIXES
