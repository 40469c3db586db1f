"""A reference in a log becomes a blob or a reason, whatever it refers to.

reference -> bytes -> signature -> scans or size in the header -> decoded in the worker -> ImageBlob
    └─────────┴──────────┴──────────────────┴──────────────────────────┴──> ImageFailure
"""

import hashlib

from conf.schema import Fetch, Images
from ingest.images.decoder import Decoder
from ingest.images.fetch import Fetcher
from ingest.images.files import read_below
from ingest.images.header import needs_too_much, sniff
from ingest.images.reference import ImageRef, decode_text
from ingest.images.remote import read_remote
from ingest.qta import ImageBlob, ImageFailure, ImageReason, RefKind

UNAVAILABLE = {
    RefKind.FILE_ID: ImageReason.PROVIDER_FILE_ID,
    RefKind.TOKEN: ImageReason.PROVIDER_FILE_ID,
}


REMOTE = {RefKind.HTTPS, RefKind.S3, RefKind.GS}


class Resolver:
    """Gives the images that references refer to; one for a normalizer, since it keeps a decoding process.

    Args:
        limits: the configuration's section `images`.
        model_pixels: give blobs with a copy of at most so many pixels; 0: without.
        fetch: the section `fetch`; without it nothing is fetched.
    """

    def __init__(self, limits: Images, model_pixels: int = 0, fetch: Fetch | None = None) -> None:
        self.limits = limits
        self.decoder = Decoder(limits, model_pixels)
        self.remote = fetch
        self.fetcher = Fetcher(fetch, limits.max_bytes) if fetch else None

    def resolve(self, ref: ImageRef, folder: str | None) -> ImageBlob | ImageFailure:
        """The image that `ref` refers to, decoded once to prove that it can be; or why there is none.

        Args:
            ref: as the format's parser found it.
            folder: where relative paths may point below; None for streams, which may not.

        Raises:
            DecoderUnusable: there is no process to decode in.
        """
        data = self.read(ref, folder)
        found = data if isinstance(data, ImageReason) else self.checked(data, ref)
        return ImageFailure(found, ref.ref_kind, ref.origin) if isinstance(found, ImageReason) else found

    def read(self, ref: ImageRef, folder: str | None) -> bytes | ImageReason:
        """The bytes behind a reference, not yet looked at."""
        if ref.ref_kind in UNAVAILABLE:
            return UNAVAILABLE[ref.ref_kind]
        if ref.ref_kind in REMOTE:
            return self.fetched(ref)
        if ref.ref_kind is RefKind.PATH and ref.path is not None:
            return self.on_disk(ref.path, folder)
        if not ref.data:
            return ImageReason.ATTACHMENT_MISSING if ref.ref_kind is RefKind.ATTACHMENT else ImageReason.NOT_AN_IMAGE
        return ref.data if isinstance(ref.data, bytes) else decode_text(ref.data, self.limits.max_bytes)

    def on_disk(self, path: str, folder: str | None) -> bytes | ImageReason:
        """The bytes of a file below the record's own folder, or below the one that the configuration names."""
        found = read_below(folder, path, self.limits.max_bytes)
        if isinstance(found, ImageReason) and self.limits.allowed_dir:
            return read_below(self.limits.allowed_dir, path, self.limits.max_bytes)
        return found

    def fetched(self, ref: ImageRef) -> bytes | ImageReason:
        """The bytes at an address, where the configuration allows it."""
        if not (self.remote and self.fetcher and isinstance(ref.data, str)):
            return ImageReason.NOT_FETCHED_POLICY
        if ref.ref_kind is RefKind.HTTPS:
            return self.fetcher.fetch(ref.data)
        return read_remote(ref.data, self.remote.schemes, self.limits.max_bytes, self.remote.timeout_s)

    def checked(self, data: bytes, ref: ImageRef) -> ImageBlob | ImageReason:
        """The blob of these bytes; they are decoded only where the first of them promise that it is worth it."""
        if len(data) > self.limits.max_bytes:
            return ImageReason.TOO_LARGE
        media_type = sniff(data)
        if media_type is None:
            return ImageReason.NOT_AN_IMAGE
        if needs_too_much(data, media_type, self.limits.max_pixels):
            return ImageReason.DECOMPRESSION_BOMB
        found = self.decoder.decode(data)
        if isinstance(found, ImageReason):
            return found
        digest = hashlib.sha256(data).hexdigest()
        return ImageBlob(digest, media_type, found.width, found.height, data, ref.ref_kind, ref.origin, found.copy)
