"""Items in a folder: as they were, whole or not there, found by who erases."""

import resource
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import InputUnreadable, OutputUnwritable
from auditor.retention.files import shows_any
from ingest.qta import ImageCopy, ImageFailure, ImageReason, RefKind
from tests.factories import make_image
from tests.training.cases import agreed, mixed, rules, snapshot
from training.choosing.choose import sort_out
from training.files import ITEMS, forget_texts, hash_items, read_items, write_items
from training.items import Item


@pytest.fixture
def items() -> list[Item]:
    images = (make_image(b"\x89PNG bytes"), ImageFailure(ImageReason.TOO_LARGE, RefKind.BASE64))
    cases = [agreed(1, images=images, question="“quoted” 无法 \x00"), *mixed(4, 100)]
    return list(sort_out(snapshot(cases), rules()).items)


def test_items_are_read_as_they_were_written(items: list[Item], tmp_path: Path) -> None:
    digest = write_items(tmp_path / "run", items)
    assert read_items(tmp_path / "run") == items
    assert digest == hash_items(items)
    assert digest != hash_items(items[1:])
    assert (tmp_path / "run" / ITEMS).stat().st_mode & 0o077 == 0


def test_copies_for_a_backend_change_no_hash(items: list[Item]) -> None:
    image = make_image(copy=ImageCopy(1, 1, b"abc", 1))
    (one, *_) = items
    with_copy = replace(one, triple=replace(one.triple, images=(image,)))
    without = replace(one, triple=replace(one.triple, images=(replace(image, copy=None),)))
    assert hash_items([with_copy]) == hash_items([without])


def test_texts_are_forgotten(items: list[Item], tmp_path: Path) -> None:
    write_items(tmp_path, items[1:])
    forget_texts(tmp_path)
    forget_texts(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputUnreadable):
        read_items(tmp_path)


def test_who_erases_finds_the_file(items: list[Item], tmp_path: Path) -> None:
    write_items(tmp_path, items)
    assert shows_any(tmp_path / ITEMS, [b"t0001"])
    assert not shows_any(tmp_path / ITEMS, [b"t0999"])


def test_a_file_that_was_cut_off_is_told(items: list[Item], tmp_path: Path) -> None:
    write_items(tmp_path, items)
    path = tmp_path / ITEMS
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputUnreadable, match=r"items.jsonl:5: not an item"):
        read_items(tmp_path)


def test_a_disk_that_is_full_leaves_nothing(items: list[Item], tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.raises(OutputUnwritable):
            write_items(tmp_path / "run", items)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert list((tmp_path / "run").iterdir()) == []
