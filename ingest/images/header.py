"""What the first bytes of an image tell: its kind, and whether merely opening it would cost too much. No decoder."""

# Progressive JPEG: a scan of a few bytes costs a pass over the whole picture, so that 1 MB can take minutes.
# Encoders write about 10; libjpeg-turbo's own fuzzer stops at 500.
MAX_JPEG_SCANS = 100


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
