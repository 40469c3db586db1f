"""Items in one file with their images, so that erasure finds whom it shows; whole or not there.

<folder>/items.jsonl    one item a line: triple with the bytes of its images, label, texts, lineage
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from auditor.errors import InputUnreadable, OutputUnwritable
from auditor.files import new_file, sync_folder
from auditor.questions import adapter
from ingest.qta import ImageBlob, ImageFailure
from training.items import Item

ITEMS = "items.jsonl"
LINE: TypeAdapter[tuple[Item]] = adapter(Item)


def write_items(folder: Path, items: Iterable[Item]) -> str:
    """Write items with their images; gives the hex sha256 over all of it, in their order: the data's hash.

    Only its owner may read the file. What lay there before is replaced in one go.

    Raises:
        OutputUnwritable: the folder cannot be written, such as on a full disk; nothing of it is left.
    """
    digest = hashlib.sha256()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with new_file(folder / ITEMS) as file:
            for line in map(as_line, items):
                digest.update(line)
                file.write(line)
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror or error}") from None
    return digest.hexdigest()


def hash_items(items: Iterable[Item]) -> str:
    """The same hash, without a file."""
    digest = hashlib.sha256()
    for line in map(as_line, items):
        digest.update(line)
    return digest.hexdigest()


def read_items(folder: Path) -> list[Item]:
    """The items of a folder, in the order in which they were written.

    Raises:
        InputUnreadable: they are not there, or not as they were written; such as when one was erased since.
    """
    path = folder / ITEMS
    try:
        with path.open("rb") as lines:
            return list(read_lines(lines, path))
    except OSError as error:
        raise InputUnreadable(f"{path}: {error.strerror}") from None


def read_lines(lines: Iterable[bytes], path: Path) -> Iterator[Item]:
    """An item for each line."""
    for number, line in enumerate(lines, 1):
        try:
            (item,) = LINE.validate_json(line)
        except ValidationError:
            raise InputUnreadable(f"{path}:{number}: not an item; was it cut off?") from None
        yield item


def forget_texts(folder: Path) -> None:
    """Delete the items of a folder; done twice it is done once.

    Raises:
        OutputUnwritable: they cannot be deleted.
    """
    try:
        (folder / ITEMS).unlink(missing_ok=True)
        if folder.is_dir():
            sync_folder(folder)
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror}") from None


def as_line(item: Item) -> bytes:
    """One item, with its images, without copies that were made of them."""
    images = tuple(map(plain, item.triple.images))
    return LINE.dump_json((replace(item, triple=replace(item.triple, images=images)),)) + b"\n"


def plain(image: ImageBlob | ImageFailure) -> ImageBlob | ImageFailure:
    """An image without the copy that a backend was given."""
    return replace(image, copy=None) if isinstance(image, ImageBlob) and image.copy else image
