"""What the decoder and its worker say to each other over two pipes: a head of fixed size, then bytes.

parent -> worker   Ask, the image's bytes
worker -> parent   READY once; then for each image Answer, the pixels of the copy
"""

import struct
from typing import NamedTuple

READY = b"ready"
ASK = struct.Struct("<IQdII")
ANSWER = struct.Struct("<24sIIIII")


class Ask(NamedTuple):
    """An image to decode, and how far.

    Attributes:
        n_bytes: of the image, which follow.
        max_pixels, max_side_ratio, min_side: as in the configuration's section `images`.
        model_pixels: make a copy of at most so many; 0: none.
    """

    n_bytes: int
    max_pixels: int
    max_side_ratio: float
    min_side: int
    model_pixels: int


class Answer(NamedTuple):
    """What became of an image.

    Attributes:
        reason: an ImageReason in ASCII; empty where the image is good.
        width, height: of the image.
        copy_width, copy_height: of the copy.
        n_bytes: of the copy, which follow: three for each pixel.
    """

    reason: bytes
    width: int
    height: int
    copy_width: int
    copy_height: int
    n_bytes: int
