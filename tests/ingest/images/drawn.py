"""Pictures and hostile images that the tests of this folder draw for themselves."""

import binascii
import io
import zlib
from typing import Any

from PIL import Image, ImageDraw

PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(size: tuple[int, int] = (64, 48), color: str = "red") -> Image.Image:
    image = Image.new("RGB", size, color)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 4, size[1] // 4), fill="blue")
    return image


def photo(size: tuple[int, int], quality: int = 85) -> bytes:
    """A JPEG about as large and as slow to decode as a photograph of that size."""
    small = Image.effect_noise((max(1, size[0] // 8), max(1, size[1] // 8)), 90)
    grain = small.resize(size, Image.Resampling.BICUBIC)
    turned = [grain, grain.transpose(Image.Transpose.ROTATE_180), grain.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    return encoded(Image.merge("RGB", turned), "JPEG", quality=quality)


def png_chunk(body: bytes) -> bytes:
    return (len(body) - 4).to_bytes(4, "big") + body + binascii.crc32(body).to_bytes(4, "big")


def png_header(width: int, height: int, bits: int = 1) -> bytes:
    """The signature and the first chunk of a grey PNG."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return PNG_HEAD + png_chunk(b"IHDR" + size + bytes((bits, 0, 0, 0, 0)))


def png_of_zeros(width: int, height: int) -> bytes:
    """A whole PNG of one bit a pixel, all black: some kB however large it is."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png_header(width, height) + png_chunk(b"IDAT" + data) + png_chunk(b"IEND")


def webp_header(width: int, height: int) -> bytes:
    """An extended WebP header (RFC 9649, 2.7) without frames."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + canvas
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk
