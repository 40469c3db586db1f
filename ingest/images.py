"""Checks, hashes and shrinks an image; whatever the bytes are, the result is a blob or a reason.

    reference -> bytes -> signature -> size in the header -> first frame decoded -> ImageBlob
        └─────────┴──────────┴──────────────┴─────────────────────┴──> ImageFailure

An image is hostile until it has been decoded: nothing is allocated for pixels before the header's size was
found small enough, and only four decoders are ever tried.
"""

import binascii
import hashlib
import re
import warnings
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import unquote_to_bytes

from PIL import ExifTags, Image

from conf.schema import Images
from ingest.image_files import read_below
from ingest.qta import ImageBlob, ImageFailure, ImageReason, Origin, RefKind

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")

# Progressive JPEG: a scan of a few bytes costs a pass over the whole picture, so that 1 MB can take minutes.
# Encoders write about 10; libjpeg-turbo's own fuzzer stops at 500.
MAX_JPEG_SCANS = 100

UNAVAILABLE = {
    RefKind.HTTPS: ImageReason.NOT_FETCHED_POLICY,
    RefKind.GS: ImageReason.NOT_FETCHED_POLICY,
    RefKind.S3: ImageReason.NOT_FETCHED_POLICY,
    RefKind.FILE_ID: ImageReason.PROVIDER_FILE_ID,
    RefKind.TOKEN: ImageReason.PROVIDER_FILE_ID,
}

# What loggers leave where the bytes were: LiteLLM, OpenInference, LiteLLM with message logging off.
REDACTED = re.compile(r"__redacted__|\[redacted|<redacted|redacted[-_ ]by", re.IGNORECASE)
TRUNCATED = re.compile(r"\btruncated\b|\.\.\.|…", re.IGNORECASE)
MARKER_CHARS = 200  # a marker stands at the head or the tail; text between is not searched

URL_SAFE = str.maketrans("-_", "+/")

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
class ImageRef:
    """An image as a log refers to it, before anything was looked at.

    Attributes:
        data: data URL, base64 text or bytes; for links and ids whatever the log has.
        declared_media_type: what the log claims; kept for warnings, never believed.
        path: for RefKind.PATH.
    """

    ref_kind: RefKind
    origin: Origin
    data: str | bytes | None = None
    declared_media_type: str | None = None
    path: str | None = None


def resolve(ref: ImageRef, limits: Images, folder: str | None) -> ImageBlob | ImageFailure:
    """The image that `ref` refers to, decoded once to prove that it can be; or why there is none. Never raises.

    Args:
        ref: as the format's parser found it.
        limits: the configuration's section `images`.
        folder: where relative paths may point below; None for streams, which may not.
    """
    data = read(ref, limits.max_bytes, folder)
    found = data if isinstance(data, ImageReason) else check(data, limits)
    if isinstance(found, ImageReason):
        return ImageFailure(found, ref.ref_kind, ref.origin)
    return ImageBlob(
        sha256=hashlib.sha256(found.data).hexdigest(),
        media_type=found.media_type,
        width=found.width,
        height=found.height,
        data=found.data,
        ref_kind=ref.ref_kind,
        origin=ref.origin,
    )


def read(ref: ImageRef, max_bytes: int, folder: str | None) -> bytes | ImageReason:
    """The bytes behind a reference, not yet looked at; nothing is fetched over a network."""
    if ref.ref_kind in UNAVAILABLE:
        return UNAVAILABLE[ref.ref_kind]
    if ref.ref_kind is RefKind.PATH and ref.path is not None:
        return read_below(folder, ref.path, max_bytes)
    if not ref.data:
        return ImageReason.ATTACHMENT_MISSING if ref.ref_kind is RefKind.ATTACHMENT else ImageReason.NOT_AN_IMAGE
    return ref.data if isinstance(ref.data, bytes) else decode_text(ref.data, max_bytes)


def decode_text(text: str, max_bytes: int) -> bytes | ImageReason:
    """The bytes of a data URL or of base64 text, standard or URL-safe, wrapped or not, padded or not."""
    if len(text) > max_bytes * 3 + 1000:  # percent-encoding takes three characters a byte
        return ImageReason.TOO_LARGE
    head, comma, body = text.partition(",") if text[:5].lower() == "data:" else ("base64", "", text)
    if "base64" not in head.lower():
        return unquote_to_bytes(body) if comma else ImageReason.NOT_AN_IMAGE
    try:
        data = decode_base64(body)
    except ValueError:
        return marker_reason(body)
    # "__REDACTED__" happens to be URL-safe base64 of nine bytes
    return data if len(body) > MARKER_CHARS or sniff(data) else marker_reason(body)


def decode_base64(text: str) -> bytes:
    """The bytes of base64 text in either alphabet; white space and missing padding are forgiven.

    Raises:
        ValueError: a character outside both alphabets, or a length that no bytes give.
    """
    plain = unquote_to_bytes(text).decode("ascii") if "%" in text else text
    packed = "".join(plain.split()).rstrip("=").translate(URL_SAFE)
    return binascii.a2b_base64(packed + "=" * (-len(packed) % 4), strict_mode=True)


def marker_reason(text: str) -> ImageReason:
    """Why text in an image's place is not base64: the mark that a logger left, or none."""
    ends = text[:MARKER_CHARS] + text[-MARKER_CHARS:]
    if REDACTED.search(ends):
        return ImageReason.REDACTED_BY_LOGGER
    return ImageReason.TRUNCATED_BY_LOGGER if TRUNCATED.search(ends) else ImageReason.NOT_AN_IMAGE


@dataclass(frozen=True, slots=True)
class Checked:
    """Bytes that decode, with what the bytes themselves say of the image."""

    data: bytes
    media_type: str
    width: int
    height: int


def check(data: bytes, limits: Images) -> Checked | ImageReason:
    """Decode the first frame to prove that it can be; later frames of an animation are never touched."""
    if len(data) > limits.max_bytes:
        return ImageReason.TOO_LARGE
    media_type = sniff(data)
    if media_type is None:
        return ImageReason.NOT_AN_IMAGE
    if needs_too_much(data, media_type, limits.max_pixels):
        return ImageReason.DECOMPRESSION_BOMB
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is no news to an operator
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return decode(data, media_type, limits)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return ImageReason.DECOMPRESSION_BOMB
    except Exception:  # noqa: BLE001 - decoders of hostile bytes raise anything; this keeps it from the batch
        return ImageReason.DECODE_ERROR


def sniff(data: bytes) -> str | None:
    """The media type by the first bytes, or None where it is not one of the four that are decoded."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def needs_too_much(data: bytes, media_type: str, max_pixels: int) -> bool:
    """Whether merely opening the image, or its first frame, costs more than its size tells."""
    if media_type == "image/jpeg":
        return data.count(b"\xff\xda") > MAX_JPEG_SCANS
    return media_type == "image/webp" and webp_pixels(data) > max_pixels


def webp_pixels(data: bytes) -> int:
    """Width times height by the header: Pillow allocates two canvases as soon as a WebP is opened.

    Source: RFC 9649, sections 2.5 to 2.7.
    """
    chunk, field = data[12:16], data[20:30]
    if chunk == b"VP8X":
        return (int.from_bytes(field[4:7], "little") + 1) * (int.from_bytes(field[7:10], "little") + 1)
    if chunk == b"VP8L":
        packed = int.from_bytes(field[1:5], "little")
        return ((packed & 0x3FFF) + 1) * ((packed >> 14 & 0x3FFF) + 1)
    return (int.from_bytes(field[6:8], "little") & 0x3FFF) * (int.from_bytes(field[8:10], "little") & 0x3FFF)


def decode(data: bytes, media_type: str, limits: Images) -> Checked | ImageReason:
    """Open, look at the size, and only then decode.

    Raises:
        Exception: anything that a decoder raises.
    """
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        if width * height > limits.max_pixels:
            return ImageReason.DECOMPRESSION_BOMB
        short, long = sorted((width, height))
        if short < limits.min_side or long > short * limits.max_side_ratio:
            return ImageReason.BAD_SHAPE
        image.load()
    return Checked(data, media_type, width, height)


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
    if not image.has_transparency_data:
        return image.convert("RGB")
    picture = image.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def fit(size: tuple[int, int], max_pixels: int) -> tuple[int, int]:
    """The largest (width, height) of the same shape with at most `max_pixels`, no side below 1."""
    width, height = size
    scale = min(1.0, (max_pixels / (width * height)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))
