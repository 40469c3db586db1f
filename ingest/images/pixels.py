"""Decodes and shrinks images with Pillow; hostile ones only in the worker, which imports nothing but this.

Nothing is allocated for pixels before the header's size was found small enough, and only four decoders are ever tried.
"""

import importlib
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import ExifTags, Image

from ingest.images.wire import Ask
from ingest.qta import ImageReason

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
PLUGINS = ("Jpeg", "Mpo", "Png", "Gif", "WebP")  # Mpo opens a JPEG of several pictures
BAND_ROWS = (
    256  # of a picture with transparency are laid on white at a time: the whole would take three times its memory
)

# How to stand a picture upright, by EXIF orientation; 5 to 8 exchange width and height.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """An image that decodes.

    Attributes:
        size: width and height as stored.
        copy: what `shrink` gives, if it was asked for.
    """

    size: tuple[int, int]
    copy: Image.Image | None


def load_decoders() -> None:
    """Import all that decoding may need, before there is nothing that could be opened any more."""
    Image.preinit()
    for name in PLUGINS:
        importlib.import_module(f"PIL.{name}ImagePlugin")


def look(data: bytes, ask: Ask) -> Seen | ImageReason:
    """Decode the first frame once, which proves the image and makes the copy; later frames are never touched."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is no news to an operator
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return decode(data, ask)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        return ImageReason.DECOMPRESSION_BOMB
    except Exception:  # noqa: BLE001 - decoders of hostile bytes raise anything; this keeps it from the next image
        return ImageReason.DECODE_ERROR


def decode(data: bytes, ask: Ask) -> Seen | ImageReason:
    """Open, look at the size, and only then decode.

    Raises:
        Exception: anything that a decoder raises.
    """
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        if width * height > ask.max_pixels:
            return ImageReason.DECOMPRESSION_BOMB
        short, long = sorted((width, height))
        if short < ask.min_side or long > short * ask.max_side_ratio:
            return ImageReason.BAD_SHAPE
        copy = shrink_image(image, ask.model_pixels) if ask.model_pixels else None
        image.load()
    return Seen((width, height), copy)


def shrink(data: bytes, max_pixels: int) -> Image.Image:
    """The first frame of a checked image in RGB, upright, on white, of at most `max_pixels`; never scaled up.

    A JPEG is decoded at 1/2, 1/4 or 1/8 where that is still enough, which saves most of the time and memory.

    Args:
        data: the bytes of an ImageBlob.
        max_pixels: 1 or more.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # told once, by `check`, as far as it matters
        return shrink_image(Image.open(BytesIO(data), formats=FORMATS), max_pixels)


def shrink_image(image: Image.Image, max_pixels: int) -> Image.Image:
    """`shrink` for an image that is open and not yet decoded."""
    size, turn = fit(image.size, max_pixels), UPRIGHT.get(orientation(image))
    image.draft("RGB", size)
    small = flatten(image)
    if small.size != size:
        small = small.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return small if turn is None else small.transpose(turn)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 where there is none or where the metadata is broken."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - hostile metadata raises anything; the picture itself is good
        return 1


def flatten(image: Image.Image) -> Image.Image:
    """In RGB, with white behind whatever is transparent: what a person sees in a chat window."""
    if image.mode.startswith("I;16"):  # Pillow clips 16 bits at 255 instead of scaling them
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    transparent = image.has_transparency_data
    image.load()
    if image.mode == "RGB" and not transparent:
        return image
    if not transparent:
        return image.convert("RGB")
    width, height = image.size
    shown = Image.new("RGB", image.size)
    for top in range(0, height, BAND_ROWS):
        box = (0, top, width, min(top + BAND_ROWS, height))
        band = image.crop(box).convert("RGBA")
        white = Image.new("RGBA", band.size, "white")
        shown.paste(Image.alpha_composite(white, band).convert("RGB"), box)
    return shown


def fit(size: tuple[int, int], max_pixels: int) -> tuple[int, int]:
    """The largest (width, height) of the same shape with at most `max_pixels`, no side below 1."""
    width, height = size
    scale = min(1.0, (max_pixels / (width * height)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))
