"""Images from logs: every reference ends as a blob or as a reason, whatever its bytes are."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conf.schema import Images, load
from ingest.images.pixels import fit, shrink
from ingest.images.reference import ImageRef
from ingest.images.resolve import Resolver
from ingest.qta import ImageBlob, ImageFailure, ImageReason, Origin, RefKind
from tests.ingest.images.drawn import encoded, picture, png_chunk, png_header, webp_header

LIMITS = load().images
RESOLVER = Resolver(LIMITS)


def resolved(
    data: str | bytes | None, kind: RefKind = RefKind.BASE64, limits: Images = LIMITS
) -> ImageBlob | ImageFailure:
    resolver = RESOLVER if limits is LIMITS else Resolver(limits)
    return resolver.resolve(ImageRef(kind, Origin.USER, data), None)


def reason(data: str | bytes | None, kind: RefKind = RefKind.BASE64, limits: Images = LIMITS) -> ImageReason:
    found = resolved(data, kind, limits)
    assert isinstance(found, ImageFailure)
    return found.reason


def limits(**changes: float) -> Images:
    return LIMITS.model_copy(update=changes)


PNG = encoded(picture())
B64 = base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    "text",
    [
        B64,
        B64.rstrip("="),
        base64.urlsafe_b64encode(PNG).decode(),
        "\n".join(B64[at : at + 76] for at in range(0, len(B64), 76)),
        f"data:image/png;base64,{B64}",
        f"DATA:image/png;name=x.png;BASE64,{B64}",
        "data:image/png;base64," + B64.replace("+", "%2B").replace("=", "%3D"),
        "data:image/png," + "".join(f"%{byte:02x}" for byte in PNG),
        PNG,
    ],
    ids=["plain", "unpadded", "url-safe", "wrapped", "data url", "upper case", "percent", "not base64", "bytes"],
)
def test_every_spelling_of_the_same_bytes_is_the_same_blob(text: str | bytes) -> None:
    found = resolved(text)
    assert isinstance(found, ImageBlob)
    assert (found.data, found.media_type, found.width, found.height) == (PNG, "image/png", 64, 48)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_media_type_is_sniffed_and_never_the_declared_one(kind: str) -> None:
    ref = ImageRef(RefKind.BASE64, Origin.TOOL, encoded(picture(), kind), declared_media_type="image/bmp")
    found = RESOLVER.resolve(ref, None)
    assert isinstance(found, ImageBlob)
    assert (found.media_type, found.origin) == (f"image/{kind.lower()}", Origin.TOOL)


@pytest.mark.parametrize(
    ("data", "kind", "want"),
    [
        ("data:image/png;base64,[base64_data truncated: 6.8KB]", RefKind.DATA, ImageReason.TRUNCATED_BY_LOGGER),
        (B64[:40] + "...[truncated]", RefKind.BASE64, ImageReason.TRUNCATED_BY_LOGGER),
        (B64[:40] + "…", RefKind.BASE64, ImageReason.TRUNCATED_BY_LOGGER),
        ("__REDACTED__", RefKind.DATA, ImageReason.REDACTED_BY_LOGGER),
        ("data:image/png;base64,__REDACTED__", RefKind.DATA, ImageReason.REDACTED_BY_LOGGER),
        ("redacted-by-litellm", RefKind.BASE64, ImageReason.REDACTED_BY_LOGGER),
        ("https://example.org/a.png", RefKind.HTTPS, ImageReason.NOT_FETCHED_POLICY),
        ("gs://bucket/a.png", RefKind.GS, ImageReason.NOT_FETCHED_POLICY),
        ("s3://bucket/a.png", RefKind.S3, ImageReason.NOT_FETCHED_POLICY),
        ("file-abc", RefKind.FILE_ID, ImageReason.PROVIDER_FILE_ID),
        (None, RefKind.ATTACHMENT, ImageReason.ATTACHMENT_MISSING),
        (None, RefKind.BASE64, ImageReason.NOT_AN_IMAGE),
        ("", RefKind.DATA, ImageReason.NOT_AN_IMAGE),
        ("näh", RefKind.BASE64, ImageReason.NOT_AN_IMAGE),
        ("A", RefKind.BASE64, ImageReason.NOT_AN_IMAGE),
        (b"%PDF-1.7", RefKind.BASE64, ImageReason.NOT_AN_IMAGE),
        (encoded(picture(), "BMP"), RefKind.BASE64, ImageReason.NOT_AN_IMAGE),
        (PNG[: len(PNG) // 2], RefKind.BASE64, ImageReason.DECODE_ERROR),
        (encoded(picture((400, 300)), "JPEG")[:700], RefKind.BASE64, ImageReason.DECODE_ERROR),
    ],
)
def test_what_cannot_be_had_is_named(data: str | bytes | None, kind: RefKind, want: ImageReason) -> None:
    assert reason(data, kind) is want


@pytest.mark.parametrize(
    "header",
    [
        png_header(65_500, 65_500) + png_chunk(b"IDAT"),
        png_header(10_000, 9_000) + png_chunk(b"IDAT"),
        webp_header(16_383, 16_383),
    ],
    ids=["1 bit", "90 MP", "webp"],
)
def test_a_header_that_claims_too_many_pixels_is_refused_before_decoding(header: bytes) -> None:
    assert reason(header) is ImageReason.DECOMPRESSION_BOMB


def test_the_pixel_limit_itself_is_allowed() -> None:
    exact = encoded(picture((100, 100)))
    assert isinstance(resolved(exact, limits=limits(max_pixels=10_000)), ImageBlob)
    assert reason(exact, limits=limits(max_pixels=9_999)) is ImageReason.DECOMPRESSION_BOMB


@pytest.mark.parametrize("options", [{"quality": 80}, {"lossless": True}, {"quality": 80, "exif": b"Exif\0\0"}])
def test_webp_size_is_read_from_each_kind_of_header(options: dict[str, object]) -> None:
    data = encoded(picture((120, 90)), "WEBP", **options)
    assert isinstance(resolved(data, limits=limits(max_pixels=120 * 90)), ImageBlob)
    assert reason(data, limits=limits(max_pixels=120 * 90 - 1)) is ImageReason.DECOMPRESSION_BOMB


def test_jpeg_with_hundreds_of_scans_is_refused() -> None:
    """A scan of 30 bytes costs a pass over all coefficients; the last scan of a real picture is repeated here."""
    data = encoded(Image.new("L", (400, 400)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    assert isinstance(resolved(data), ImageBlob)
    assert reason(data[:-2] + last * 300 + data[-2:]) is ImageReason.DECOMPRESSION_BOMB


def test_only_the_first_frame_of_an_animation_is_decoded() -> None:
    frames = [Image.new("P", (8, 8), index % 256) for index in range(3_000)]
    found = resolved(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert isinstance(found, ImageBlob)
    assert shrink(found.data, 100).size == (8, 8)


def test_bytes_and_shape_have_limits() -> None:
    assert reason(PNG, limits=limits(max_bytes=len(PNG) - 1)) is ImageReason.TOO_LARGE
    assert reason(B64 * 9, limits=limits(max_bytes=10)) is ImageReason.TOO_LARGE
    assert reason(encoded(Image.new("L", (201, 1)))) is ImageReason.BAD_SHAPE
    assert reason(encoded(Image.new("L", (27, 27))), limits=limits(min_side=28)) is ImageReason.BAD_SHAPE


def at_path(folder: Path | None, path: str) -> ImageBlob | ImageFailure:
    ref = ImageRef(RefKind.PATH, Origin.USER, path=path)
    return RESOLVER.resolve(ref, None if folder is None else str(folder))


def test_a_path_below_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(PNG)
    found = at_path(tmp_path, "images/a.png")
    assert isinstance(found, ImageBlob)
    assert found.ref_kind is RefKind.PATH


def test_no_path_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "link.png").symlink_to(tmp_path / "secret.png")
    for path in ("../secret.png", str(tmp_path / "secret.png"), "link.png"):
        assert at_path(logs, path) == ImageFailure(ImageReason.NOT_FETCHED_POLICY, RefKind.PATH)
    assert at_path(None, "secret.png") == ImageFailure(ImageReason.NOT_FETCHED_POLICY, RefKind.PATH)


@pytest.mark.parametrize("path", ["missing.png", ".", "a\0b", "x" * 5_000])
def test_a_path_to_nothing_readable_is_missing(tmp_path: Path, path: str) -> None:
    assert at_path(tmp_path, path) == ImageFailure(ImageReason.ATTACHMENT_MISSING, RefKind.PATH)


@given(st.binary(max_size=200), st.sampled_from(list(RefKind)), st.integers(0, len(PNG)))
def test_any_bytes_give_a_blob_or_a_reason(noise: bytes, kind: RefKind, at: int) -> None:
    for data in (noise, noise.decode("latin-1"), PNG[:at] + noise + PNG[at + len(noise) :]):
        found = resolved(data, kind)
        if isinstance(found, ImageBlob):
            assert shrink(found.data, 50).mode == "RGB"


@pytest.mark.parametrize(
    ("size", "max_pixels"), [((4000, 3000), 1_003_520), ((3, 2), 100), ((200, 1), 10), ((7, 7), 1)]
)
def test_fit_keeps_within_the_pixels_and_never_scales_up(size: tuple[int, int], max_pixels: int) -> None:
    width, height = fit(size, max_pixels)
    assert 1 <= width <= size[0]
    assert 1 <= height <= size[1]
    assert width * height <= max(max_pixels, width, height)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_shrink_stands_a_photo_upright_as_viewers_do(orientation: int) -> None:
    """The blue corner, stored top left, is shown where the EXIF orientation puts it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    shown = shrink(encoded(picture((160, 80)), "JPEG", exif=exif, quality=95), 40 * 20)
    corner = {1: "tl", 2: "tr", 3: "br", 4: "bl", 5: "tl", 6: "tr", 7: "br", 8: "bl"}[orientation]
    assert shown.size == ((40, 20) if orientation < 5 else (20, 40))
    at = (2 if "l" in corner else shown.width - 3, 2 if "t" in corner else shown.height - 3)
    pixel = shown.getpixel(at)
    assert isinstance(pixel, tuple)
    red, _, blue = pixel
    assert blue > 150 > red


@pytest.mark.parametrize(
    ("image", "want"),
    [
        (Image.new("RGBA", (9, 9), (0, 0, 0, 0)), (255, 255, 255)),
        (Image.new("LA", (9, 9), (0, 0)), (255, 255, 255)),
        (Image.new("I;16", (9, 9), 32_896), (128, 128, 128)),
        (Image.new("1", (9, 9), 1), (255, 255, 255)),
        (Image.new("P", (9, 9), 0), (0, 0, 0)),
    ],
    ids=["RGBA", "LA", "16 bit", "1 bit", "palette"],
)
def test_shrink_gives_rgb_on_white(image: Image.Image, want: tuple[int, int, int]) -> None:
    found = shrink(encoded(image), 1_000)
    assert found.mode == "RGB"
    assert found.getpixel((4, 4)) == want
