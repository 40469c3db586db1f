"""Small real images."""

import io

from PIL import Image


def png(color: str, side: int = 32) -> bytes:
    """The bytes of a PNG of one colour."""
    target = io.BytesIO()
    Image.new("RGB", (side, side), color).save(target, "PNG")
    return target.getvalue()
