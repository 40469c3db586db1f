"""What is written beside an image's pixels is gone, and the picture is the same to the last bit."""

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from ingest.metadata import STRIPPERS, Unstrippable, strip, without_metadata
from ingest.qta import ImageBlob, ImageFailure, ImageReason
from tests.factories import make_image

SECRET = b"alice@example.com"
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}


def picture(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (16, 9))
    image.putdata([(7 * x % 256, 13 * y % 256, x * y % 256) for y in range(9) for x in range(16)])
    return image.convert(mode)


def exif(orientation: int = 1) -> bytes:
    tags = Image.Exif()
    tags[ExifTags.Base.Artist] = SECRET.decode()
    tags[ExifTags.Base.Orientation] = orientation
    tags.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = SECRET.decode()
    return tags.tobytes()


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def text_chunks() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", SECRET.decode())
    info.add_itxt("Comment", SECRET.decode() * 2)
    info.add(b"prVt", SECRET)
    return info


def frames() -> list[Image.Image]:
    return [picture("P"), picture("P").rotate(180), picture("P").rotate(90)]


def icc() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def iptc(jpeg: bytes) -> bytes:
    """The file with an IPTC segment, and one of an application nobody knows."""
    body = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + len(SECRET).to_bytes(4, "big") + SECRET
    own = b"\xff\xeb" + (len(SECRET) + 2).to_bytes(2, "big") + SECRET
    return jpeg[:2] + b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body + own + jpeg[2:]


def thumbnailed(jpeg: bytes) -> bytes:
    """The file with a thumbnail of two pixels in its JFIF header."""
    assert jpeg[2:4] == b"\xff\xe0"
    return jpeg[:4] + (16 + 6).to_bytes(2, "big") + jpeg[6:18] + b"\x02\x01" + b"secret" + jpeg[20:]


FILES = {
    "jpeg": saved(picture(), "JPEG", exif=exif(), comment=SECRET, xmp=XMP, icc_profile=icc()) + SECRET,
    "jpeg_progressive": saved(picture(), "JPEG", progressive=True, exif=exif(6), comment=SECRET),
    "jpeg_cmyk": saved(picture("CMYK"), "JPEG", comment=SECRET),
    "jpeg_restarts": saved(picture().resize((640, 480)), "JPEG", restart_marker_blocks=4, comment=SECRET),
    "jpeg_iptc": iptc(saved(picture(), "JPEG")),
    "jpeg_thumbnail": thumbnailed(saved(picture(), "JPEG")),
    "png": saved(picture("RGBA"), "PNG", pnginfo=text_chunks(), exif=exif(3), icc_profile=icc(), dpi=(72, 72)) + SECRET,
    "png_palette": saved(picture("P"), "PNG", pnginfo=text_chunks(), transparency=0),
    "apng": saved(frames()[0], "PNG", save_all=True, append_images=frames()[1:], pnginfo=text_chunks()),
    "gif": saved(picture("P"), "GIF", comment=SECRET) + SECRET,
    "gif_animated": saved(frames()[0], "GIF", save_all=True, append_images=frames()[1:], loop=3, comment=SECRET),
    "webp": saved(picture(), "WEBP", exif=exif(8), xmp=XMP, icc_profile=icc()) + SECRET,
    "webp_lossless": saved(picture("RGBA"), "WEBP", lossless=True, exif=exif(), xmp=XMP),
    "webp_animated": saved(
        picture(), "WEBP", save_all=True, append_images=[picture().rotate(180)], exif=exif(5), xmp=XMP, loop=2
    ),
}


def type_of(name: str) -> str:
    return TYPES[name.partition("_")[0].upper().replace("APNG", "PNG")]


def shown(data: bytes) -> list[tuple[object, ...]]:
    """Every frame as a decoder shows it."""
    with Image.open(BytesIO(data)) as image:
        found = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            found.append((image.size, image.mode, image.convert("RGBA").tobytes(), image.info.get("duration")))
        return [*found, (image.info.get("loop"), image.info.get("icc_profile"))]


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_left_but_the_picture(name: str) -> None:
    data = FILES[name]
    bare = strip(data, type_of(name))
    assert name == "jpeg_thumbnail" or SECRET in data or SECRET.decode().encode("utf-16") in data
    assert SECRET not in bare
    assert b"secret" not in bare
    assert shown(bare) == shown(data)
    assert strip(bare, type_of(name)) == bare


@pytest.mark.parametrize("name", FILES)
def test_of_exif_the_orientation_stays_and_nothing_else(name: str) -> None:
    with Image.open(BytesIO(FILES[name])) as before, Image.open(BytesIO(strip(FILES[name], type_of(name)))) as after:
        turned = before.getexif().get(ExifTags.Base.Orientation, 1)
        assert dict(after.getexif()) == ({ExifTags.Base.Orientation: turned} if turned != 1 else {})
        assert not {"comment", "xmp", "Author", "Comment"} & set(after.info)


def test_compressed_text_is_gone_too() -> None:
    packed = zlib.compress(SECRET)
    body = b"zTXtAuthor\0\0" + packed
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    plain = saved(picture(), "PNG")
    assert strip(plain[:33] + chunk + plain[33:], "image/png") == strip(plain, "image/png")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_stays_cut_off(name: str) -> None:
    for length in range(0, len(FILES[name]), 41):
        try:
            assert len(strip(FILES[name][:length], type_of(name))) <= length + 60
        except Unstrippable:
            continue


@given(st.binary(max_size=200), st.sampled_from(sorted(STRIPPERS)), st.sampled_from(sorted(FILES)))
def test_any_bytes_come_out_shorter_or_are_refused(tail: bytes, media_type: str, name: str) -> None:
    for data in (tail, FILES[name][: len(tail)] + tail):
        try:
            strip(data, media_type)
        except Unstrippable:
            continue


def test_an_image_that_cannot_be_stripped_is_not_kept() -> None:
    assert without_metadata(make_image(b"no png")) == ImageFailure(ImageReason.DECODE_ERROR, make_image().ref_kind)
    failure = ImageFailure(ImageReason.TOO_LARGE, make_image().ref_kind)
    assert without_metadata(failure) is failure


def test_an_image_is_known_by_what_is_kept_of_it() -> None:
    one, other = (without_metadata(make_image(saved(picture(), "PNG", pnginfo=info))) for info in (text_chunks(), None))
    assert isinstance(one, ImageBlob)
    assert isinstance(other, ImageBlob)
    assert (one.sha256, one.data) == (other.sha256, other.data)
