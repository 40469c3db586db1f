r"""Bytes that a log had to write as JSON become bytes or base64 again; SDKs and loggers have their own ways.

"iVBOR…"                                 base64, left as it is
"b'\x89PNG…'"                             Python's repr, from json.dumps(default=str)
{"type": "Buffer", "data": [137, …]}     Node
{"0": 137, "1": 80, …}, [137, 80, …]     typed arrays
"""

import ast
from typing import Any

from ingest.exchange import Image
from ingest.qta import ImageReason, RefKind

REPR_STARTS = ("b'", 'b"')


def image_from_bytes(value: Any, media_type: str | None) -> Image:
    """The image in a field for bytes; one that is no bytes has a bad shape."""
    data = bytes_in(value)
    if data is None:
        return Image(RefKind.BASE64, media_type=media_type, failure=ImageReason.BAD_SHAPE)
    return Image(RefKind.BASE64, data, media_type)


def bytes_in(value: Any) -> str | bytes | None:
    """Base64 text or the bytes themselves; None where there are none."""
    if isinstance(value, str):
        return literal(value) if value.startswith(REPR_STARTS) else value
    if isinstance(value, dict):
        numbers = value.get("data") if value.get("type") == "Buffer" else list(value.values())
    else:
        numbers = value
    try:
        return bytes(numbers) if isinstance(numbers, list) and numbers else None
    except (TypeError, ValueError):  # not numbers, or not of bytes
        return None


def literal(text: str) -> str | bytes:
    """The bytes of Python's repr; text that is none, such as one cut off, stays."""
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return found if isinstance(found, bytes) else text
