"""The guard's view of an image: from the copy or from the original, the pixels are the same."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

from auditor.vision import Fitter, VisionLimits, fit, whole_patches
from conf.schema import load
from ingest.images.reference import ImageRef
from ingest.images.resolve import Resolver
from ingest.qta import ImageBlob, ImageCopy, Origin, RefKind
from tests.factories import make_image
from tests.ingest.images.drawn import encoded, photo, picture

GUARD = VisionLimits(factor=28, min_pixels=3_136, max_pixels=1_003_520)
DEMO = VisionLimits(factor=28, min_pixels=3_136, max_pixels=78_400)


def checked(data: bytes) -> ImageBlob:
    resolver = Resolver(load().images, GUARD.max_pixels)
    found = resolver.resolve(ImageRef(RefKind.BASE64, Origin.USER, data), None)
    assert isinstance(found, ImageBlob)
    assert found.copy
    return found


@pytest.mark.parametrize("limits", [GUARD, DEMO], ids=["guard", "demo"])
@pytest.mark.parametrize("data", [photo((2_000, 1_500)), photo((600, 500)), encoded(picture((20, 30)))])
def test_a_copy_gives_the_pixels_that_the_original_gives(data: bytes, limits: VisionLimits) -> None:
    blob = checked(data)
    without = ImageBlob(blob.sha256, blob.media_type, blob.width, blob.height, blob.data)
    assert fit(blob, limits).tobytes() == fit(without, limits).tobytes()


def test_a_copy_of_the_right_size_is_used_and_the_original_not_decoded() -> None:
    copy = ImageCopy(28, 28, b"\x07" * (28 * 28 * 3), GUARD.max_pixels)
    blob = make_image(b"no image at all", width=5_000, height=5_000, copy=copy)
    assert fit(blob, GUARD).tobytes()[:3] == b"\x07" * 3


def test_a_copy_turned_upright_is_used_like_any_other() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    blob = checked(encoded(picture((160, 80)), "JPEG", exif=exif))
    assert blob.copy
    assert (blob.copy.width, blob.copy.height) == (80, 160)
    assert fit(blob, DEMO).size == (84, 168)


@given(st.integers(1, 4_000), st.integers(1, 4_000), st.sampled_from((GUARD, DEMO)))
def test_sizes_are_those_of_the_models_own_processor(width: int, height: int, limits: VisionLimits) -> None:
    if max(width, height) / min(width, height) > 200:
        return  # an image that the processor refuses
    theirs = smart_resize(height, width, limits.factor, limits.min_pixels, limits.max_pixels)
    assert whole_patches(width, height, limits)[::-1] == theirs


def test_the_same_image_is_scaled_once_and_the_oldest_is_forgotten() -> None:
    fitter = Fitter(DEMO, capacity=2)
    first, second, third = (checked(photo((90, 60 + n))) for n in range(3))
    once = fitter(first)
    assert fitter(replace(first, copy=None)) is once
    assert once.tobytes() == fit(first, DEMO).tobytes()
    for image in (second, third):
        fitter(image)
    assert list(fitter.kept) == [second.sha256, third.sha256]
