"""The guard's view of an image: scaled once to whole patches, so that every backend sees the same pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

from ingest.images.pixels import shrink
from ingest.qta import ImageBlob


@dataclass(frozen=True, slots=True)
class VisionLimits:
    """How large an image may be for the model.

    Attributes:
        factor: pixels of one image token's side: patch size times merge size.
        min_pixels, max_pixels: the scaled image has a number of pixels between these.
    """

    factor: int
    min_pixels: int
    max_pixels: int


def fit(blob: ImageBlob, limits: VisionLimits) -> Image.Image:
    """The image as RGB, both sides multiples of `limits.factor`, about its own aspect ratio."""
    image = small(blob, limits.max_pixels)
    height, width = smart_resize(image.height, image.width, limits.factor, limits.min_pixels, limits.max_pixels)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def small(blob: ImageBlob, max_pixels: int) -> Image.Image:
    """What `shrink` gives: the copy that was made when the image was checked, where it is of the right size."""
    copy = blob.copy
    if copy and (copy.max_pixels == max_pixels or is_whole(blob, min(copy.max_pixels, max_pixels))):
        return Image.frombytes("RGB", (copy.width, copy.height), copy.pixels)
    return shrink(blob.data, max_pixels)


def is_whole(blob: ImageBlob, max_pixels: int) -> bool:
    """Whether a copy of at most so many pixels is of the image's own size."""
    return blob.width * blob.height <= max_pixels


def count_tokens(image: Image.Image, limits: VisionLimits) -> int:
    """Image tokens of an image that `fit` gave."""
    return (image.width // limits.factor) * (image.height // limits.factor)


def expand(ids: Sequence[int], image_pad: int, n_tokens: Sequence[int]) -> list[int]:
    """`ids` with each image pad repeated for every token of its image.

    Args:
        ids: with one pad for each image.
        image_pad: its id.
        n_tokens: of each image, in order.
    """
    left = iter(n_tokens)
    return [one for token in ids for one in ([token] * next(left) if token == image_pad else [token])]
