"""Labelled QTA rows: one JSON object a line with question, thinking, answer, images, label, id and source."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from auditor.verdict import Judgment
from conf.errors import TraceauditError
from conf.schema import Images
from ingest.images.reference import ImageRef
from ingest.images.resolve import Resolver
from ingest.qta import Origin, Position, QTATriple, RefKind, Status, ThinkingKind


class BadRow(TraceauditError):
    """A labelled row that cannot be read; the message has file and line."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One triple with what its source says of it.

    Attributes:
        label: None where the source gives none.
        category: the source's category in S-Eval's names, or None.
        others: what other guards said, by the field that says so.
    """

    triple: QTATriple
    label: Judgment | None
    source: str
    category: str | None
    others: Mapping[str, Judgment] = field(default_factory=dict)


def read_rows(path: Path, images: Images, others: Sequence[str] = ()) -> Iterator[LabelledRow]:
    """The rows of a file, images read from paths below the file's folder.

    Args:
        path: of the file; a row that names no source has the file's name for it.
        images: which images are decoded.
        others: fields that hold the labels of other guards, where a row has them.

    Raises:
        BadRow: a line is not a labelled row.
    """
    resolver = Resolver(images)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield read_row(line, Position(f"file:{path.resolve()}", 0, number - 1), path, resolver, others)
    except OSError as error:
        raise BadRow(f"{path}: {error.strerror}") from None


def read_row(
    line: bytes, position: Position, path: Path, resolver: Resolver, others: Sequence[str] = ()
) -> LabelledRow:
    """One line of the file at `path` as a row."""
    try:
        row = orjson.loads(line)
        return LabelledRow(
            triple=triple_of(row, position, path.parent, resolver),
            label=None if row["label"] is None else Judgment(row["label"]),
            source=row.get("source") or path.stem,
            category=row.get("category"),
            others={name: Judgment(row[name]) for name in others if row.get(name) is not None},
        )
    except (KeyError, TypeError, ValueError) as error:
        where = f"{position.source.removeprefix('file:')}:{position.offset + 1}"
        raise BadRow(f"{where}: not a labelled row ({type(error).__name__}: {error})") from None


def triple_of(row: Mapping[str, Any], position: Position, folder: Path, resolver: Resolver) -> QTATriple:
    """The triple of a row; what is absent stays absent."""
    refs = [ImageRef(RefKind.PATH, Origin.USER, path=path) for path in row.get("images") or ()]
    return QTATriple(
        id=row["id"],
        status=Status.COMPLETE,
        question=row["question"],
        thinking=row["thinking"] or None,
        thinking_kind=ThinkingKind.RAW if row["thinking"] else ThinkingKind.ABSENT,
        answer=row["answer"] or None,
        position=position,
        images=tuple(resolver.resolve(ref, str(folder)) for ref in refs),
        format="labelled_rows",
    )
