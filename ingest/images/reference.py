"""An image as a log refers to it; data URLs and base64 become bytes, or the reason why they cannot."""

import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from ingest.images.header import sniff
from ingest.qta import ImageReason, Origin, RefKind

# What loggers leave where the bytes were: LiteLLM, OpenInference, LiteLLM with message logging off.
REDACTED = re.compile(r"__redacted__|\[redacted|<redacted|redacted[-_ ]by", re.IGNORECASE)
TRUNCATED = re.compile(r"\btruncated\b|\.\.\.|…", re.IGNORECASE)
MARKER_CHARS = 200  # a marker stands at the head or the tail; text between is not searched

URL_SAFE = str.maketrans("-_", "+/")


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
    try:
        return binascii.a2b_base64(text, strict_mode=True)  # as nearly all are written, at a quarter of the cost
    except ValueError:
        return decode_odd_base64(text)


def decode_odd_base64(text: str) -> bytes:
    """The bytes of base64 text that is not written as the standard has it."""
    plain = unquote_to_bytes(text).decode("ascii") if "%" in text else text
    packed = "".join(plain.split()).rstrip("=").translate(URL_SAFE)
    return binascii.a2b_base64(packed + "=" * (-len(packed) % 4), strict_mode=True)


def marker_reason(text: str) -> ImageReason:
    """Why text in an image's place is not base64: the mark that a logger left, or none."""
    ends = text[:MARKER_CHARS] + text[-MARKER_CHARS:]
    if REDACTED.search(ends):
        return ImageReason.REDACTED_BY_LOGGER
    return ImageReason.TRUNCATED_BY_LOGGER if TRUNCATED.search(ends) else ImageReason.NOT_AN_IMAGE
