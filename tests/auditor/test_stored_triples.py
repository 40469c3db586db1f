"""What was stored is what was judged: the same triple, and with its images the same pixels."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.backends.prompts import PromptBuilder
from auditor.blobs import Blobs
from auditor.guard_input import Protocol, guard_input
from auditor.models import DEMO_FOLDER
from auditor.prompt import read_system_prompt
from auditor.store import Store
from auditor.store_backfill import load_triples
from auditor.stored_triples import with_images
from conf.schema import Config, load
from ingest.assembly import Assembler, assembled
from ingest.images.resolve import Resolver
from ingest.normalize import joiner, normalizer, resolver_of
from ingest.privacy import privacy_of
from ingest.qta import (
    GuardSignal,
    ImageBlob,
    ImageCopy,
    ImageFailure,
    ImageReason,
    Origin,
    QTATriple,
    RefKind,
    ToolCall,
)
from ingest.source import open_source, records_of
from reports import samples
from tests.factories import NOW, make_batch, make_image, make_item, make_triple

SAMPLE_LOGS = Path(samples.__path__[0]) / "logs"
PIXELS = 4096  # of the guard's copies, so that every picture among the samples is scaled


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(":memory:", str(tmp_path / "blobs")) as opened:
        yield opened


def config() -> Config:
    return load()


def resolver() -> Resolver:
    return resolver_of(config(), PIXELS)


@pytest.fixture(scope="module")
def prompts() -> PromptBuilder:
    return PromptBuilder.load(config().auditor, DEMO_FOLDER, {Protocol.QTA: read_system_prompt("")})


@pytest.fixture(scope="module")
def sampled() -> list[QTATriple]:
    """The triples of all sample logs as `run` reads them, with copies of images for a guard."""
    how = (config(), privacy_of(config()), resolver())
    assembler = Assembler(config().assembly, normalizer(*how), joiner(*how))
    items = assembled(records_of(open_source(str(SAMPLE_LOGS), config())), assembler)
    return list({triple.id: triple for item in items for triple in item.triples}.values())


def keep(store: Store, *triples: QTATriple) -> None:
    store.save(make_batch(make_item(0, *triples)), [], [], "r", NOW)


def copies(triple: QTATriple) -> list[ImageCopy | None]:
    return [image.copy for image in triple.images if isinstance(image, ImageBlob)]


def assert_same_prompt(first: QTATriple, second: QTATriple, prompts: PromptBuilder) -> None:
    """Token by token, pixel by pixel."""
    one, other = (prompts.prompt(guard_input(triple, max_images=4)) for triple in (first, second))
    assert other.ids == one.ids
    assert [image.tobytes() for image in other.images] == [image.tobytes() for image in one.images]


def test_every_sample_comes_back_as_it_was_judged(
    store: Store, sampled: list[QTATriple], prompts: PromptBuilder
) -> None:
    keep(store, *sampled)
    decoding = resolver()
    stored = load_triples(store, [triple.id for triple in sampled])
    again = [with_images(triple, store.blobs, decoding) for triple in stored]
    assert again == sampled
    assert [copies(triple) for triple in again] == [copies(triple) for triple in sampled]
    for first, second in zip(sampled, again, strict=True):
        assert_same_prompt(first, second, prompts)
    assert sum(len(copies(triple)) for triple in again) > 3
    assert any(triple.tool_calls for triple in again)


def test_every_field_comes_back(store: Store) -> None:
    whole = make_triple(
        system_prompt="s",
        context="user: earlier",
        tenant="bank",
        application="app",
        user="u",
        model="m",
        conversation_id="c",
        turn=3,
        response_id="r",
        trace_id="t",
        span_id="p",
        occurred_at=datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC),
        warnings=("w",),
        tool_calls=(ToolCall("n", "{}", "out", "id", is_error=True), ToolCall("n", "")),
        guards=(GuardSignal("g", "input", "flagged", ("a", "b"), 0.5), GuardSignal("h", "output", "passed")),
        images=(ImageFailure(ImageReason.TOO_MANY, RefKind.HTTPS, Origin.TOOL),),
    )
    bare = make_triple(id="t2", question=None, thinking=None, answer=None)
    keep(store, whole, bare)
    assert load_triples(store, ["t2", "t1"]) == [bare, whole]


@pytest.mark.parametrize("damage", ["gone", "overwritten"])
def test_an_image_that_is_no_longer_as_it_was_kept_is_named(
    store: Store, pictures: tuple[ImageBlob, ImageBlob], damage: str
) -> None:
    good, bad = pictures
    triple = make_triple(images=(good, bad))
    keep(store, triple)
    assert isinstance(store.blobs, Blobs)
    path = store.blobs.path(bad.sha256)
    path.unlink() if damage == "gone" else path.write_bytes(good.data)
    (again,) = load_triples(store, [triple.id])
    assert with_images(again, store.blobs, resolver()).images == (
        good,
        ImageFailure(ImageReason.BLOB_GONE, bad.ref_kind, bad.origin),
    )


@pytest.fixture(scope="module")
def pictures(sampled: list[QTATriple]) -> tuple[ImageBlob, ImageBlob]:
    """Two pictures of the samples."""
    found = [image for triple in sampled for image in triple.images]
    blobs = [image for image in found if isinstance(image, ImageBlob)]
    return blobs[0], next(blob for blob in blobs if blob.sha256 != blobs[0].sha256)


def test_limits_that_are_lower_now_hold_for_stored_images_too(
    store: Store, pictures: tuple[ImageBlob, ImageBlob]
) -> None:
    image = pictures[0]
    keep(store, make_triple(images=(image,)))
    (again,) = load_triples(store, ["t1"])
    images = config().images.model_copy(update={"max_bytes": 10})
    (found,) = with_images(again, store.blobs, Resolver(images)).images
    assert found == ImageFailure(ImageReason.TOO_LARGE, image.ref_kind, image.origin)


def test_an_image_that_was_not_left_behind_stays_as_it_is(store: Store) -> None:
    triple = make_triple(images=(make_image(),))
    assert with_images(triple, store.blobs, resolver()) == replace(triple)
