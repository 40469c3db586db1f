"""The guard's view of an image: scaled once to whole patches, so that every backend sees the same pixels."""

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

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


class Fitter:
    """Scales images, and keeps those of the last few contents: all windows and variants of a case share their pixels.

    May be called from several threads.
    """

    def __init__(self, limits: VisionLimits, capacity: int = 32) -> None:
        self.limits, self.capacity = limits, capacity
        self.kept: OrderedDict[str, Image.Image] = OrderedDict()
        self.lock = threading.Lock()

    def __call__(self, blob: ImageBlob) -> Image.Image:
        """What `fit` gives."""
        with self.lock:
            if blob.sha256 in self.kept:
                self.kept.move_to_end(blob.sha256)
                return self.kept[blob.sha256]
        image = fit(blob, self.limits)
        with self.lock:
            self.kept[blob.sha256] = image
            while len(self.kept) > self.capacity:
                self.kept.popitem(last=False)
        return image


def fit(blob: ImageBlob, limits: VisionLimits) -> Image.Image:
    """The image as RGB, both sides multiples of `limits.factor`, about its own aspect ratio."""
    image = small(blob, limits.max_pixels)
    return image.resize(whole_patches(image.width, image.height, limits), Image.Resampling.BICUBIC)


def whole_patches(width: int, height: int, limits: VisionLimits) -> tuple[int, int]:
    """The width and height nearest to an image's that are multiples of `limits.factor` and keep its bounds.

    Source: ours; the same sizes as Qwen2-VL's processor gives, without loading torch for them.
    """
    sides = (width, height)
    near = [round(side / limits.factor) for side in sides]
    area = near[0] * near[1] * limits.factor**2
    if area > limits.max_pixels:
        shrink_by = math.sqrt(width * height / limits.max_pixels)
        near = [max(1, math.floor(side / shrink_by / limits.factor)) for side in sides]
    elif area < limits.min_pixels:
        grow_by = math.sqrt(limits.min_pixels / (width * height))
        near = [math.ceil(side * grow_by / limits.factor) for side in sides]
    return near[0] * limits.factor, near[1] * limits.factor


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
