"""What `traceaudit export` asks of whoever owns the database, which writes the files; see `auditor/questions.py`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from auditor import queries
from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.exports import argilla, label_studio, langfuse, phoenix
from auditor.exports.exported import Exported, ReadImage
from auditor.exports.files import as_json, write_array, write_lines, write_text
from auditor.exports.queries import Which, exported
from auditor.policies.file import configured_policy
from auditor.retention.files import note_file
from auditor.store import Store
from conf.errors import ConfigError
from conf.schema import Config


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written.

    Attributes:
        kind: of WRITERS.
        first, last: UTC days, both included; None for the last one that there is.
        level: this one and those above it; None as the kind wants.
        out: an absolute path.
        by: who takes it out; empty for nobody in particular.
    """

    kind: str
    first: date | None
    last: date | None
    tenant: str | None
    level: str | None
    texts: bool
    images: bool
    out: str
    by: str


@dataclass(frozen=True, slots=True)
class Told:
    """What was written.

    Attributes:
        triples: taken out.
        written: lines or records.
        unnamed: triples that are left out, since the log has no `name` for them.
    """

    first: date
    last: date
    triples: int
    written: int
    unnamed: int
    name: str
    files: Sequence[str]


@dataclass(slots=True)
class Taken:
    """What is taken out, and how much of it there was.

    Attributes:
        found: the triples, to be taken once.
        read: gives an image by its hash, where images are wanted.
        n: triples taken so far; `unnamed` of them the log has no name for.
    """

    which: Which
    found: Iterator[Exported]
    read: ReadImage | None
    n: int = 0
    unnamed: int = 0

    def __iter__(self) -> Iterator[Exported]:
        """The triples."""
        for one in self.found:
            self.n += 1
            yield one

    def named(self, name: str) -> Iterator[Exported]:
        """The same; counted where the log has no such name for one."""
        for one in self:
            self.unnamed += getattr(one, name) is None
            yield one


def write(store: Store, config: Config, wanted: Wanted, now: datetime) -> Told:
    """Write the files at one instant of the database; that they were taken out goes to the audit trail.

    Raises:
        ConfigError: the database holds no records yet, or the period ends before it begins.
        OutputUnwritable: a file cannot be written.
    """
    writer = WRITERS[wanted.kind]
    note_file(store, wanted.out, wanted.kind, now)  # before it is there, so that an erasure finds it
    with queries.snapshot(store.connection.cursor()) as cursor:
        last = wanted.last or queries.latest_day(cursor)
        if last is None:
            raise ConfigError("the database holds no records yet; `traceaudit run SOURCE` reads some")
        which = Which(wanted.first or last, last, wanted.tenant, wanted.level or writer.level, wanted.texts)
        if which.first > which.last:
            raise ConfigError(f"--from {which.first} is after --to {which.last}")
        read = store.blobs.find if wanted.images else None
        taken = Taken(which, exported(cursor, which, configured_policy(config.policy)), read)
        written, files = writer.write(taken, wanted.out)
    record(store, wanted, taken, now)
    return Told(which.first, which.last, taken.n, written, taken.unnamed, writer.name, files)


def record(store: Store, wanted: Wanted, taken: Taken, now: datetime) -> None:
    """Note in the audit trail that data left the store."""
    which = taken.which
    told = {
        "first": str(which.first),
        "last": str(which.last),
        "tenant": which.tenant,
        "level": which.level,
        "texts": which.texts,
        "images": wanted.images,
        "triples": taken.n,
    }
    record_event(store, Deed("export.made", wanted.by or SYSTEM, wanted.kind, told, now))


Written = tuple[int, Sequence[str]]
"""Lines or records, and the files that hold them."""


@dataclass(frozen=True, slots=True)
class Writer:
    """How a kind is written.

    Attributes:
        level: of triples, where nobody says which.
        write: of what is taken, to a path.
        name: of a triple in the log, which it must have; empty for none.
    """

    level: str
    write: Callable[[Taken, str], Written]
    name: str = ""


def write_label_studio(taken: Taken, out: str) -> Written:
    """Tasks, and beside them the labelling configuration."""
    path = Path(out)
    beside = str(path.with_name(f"{path.stem}.config.xml"))
    n = write_array(out, (label_studio.task_of(one, taken.read) for one in taken))
    write_text(beside, label_studio.configuration(texts=taken.which.texts, images=taken.read is not None))
    return n, [out, beside]


def write_argilla(taken: Taken, out: str) -> Written:
    """A folder."""
    folder, which = Path(out), taken.which
    n = write_array(str(folder / argilla.RECORDS), (argilla.record_of(one, taken.read) for one in taken))
    settings = argilla.settings(texts=which.texts, images=taken.read is not None)
    write_text(str(folder / argilla.SETTINGS), as_json(settings))
    dataset = argilla.dataset(f"traceaudit {which.first} to {which.last}")
    write_text(str(folder / argilla.DATASET), as_json(dataset))
    return n, [out]


def write_langfuse(taken: Taken, out: str) -> Written:
    """A score a line."""
    return write_lines(out, each(taken.named("trace_id"), langfuse.scores_of)), [out]


def write_phoenix(taken: Taken, out: str) -> Written:
    """A request of annotations a line."""
    return write_lines(out, phoenix.bodies(each(taken.named("span_id"), phoenix.annotations_of))), [out]


def each(
    found: Iterable[Exported], told_of: Callable[[Exported], Iterable[Mapping[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """All that is told of triples, one after the other."""
    for one in found:
        yield from map(dict, told_of(one))


WRITERS = {
    "label-studio": Writer("escalate", write_label_studio),
    "argilla": Writer("escalate", write_argilla),
    "langfuse": Writer("none", write_langfuse, "trace_id"),
    "phoenix": Writer("none", write_phoenix, "span_id"),
}
