"""Images of a log as a browser gets them: decoded in a process apart, and drawn anew; no byte of a log goes through."""

import io
from threading import Lock

from PIL import Image

from conf.schema import Images
from ingest.images.decoder import Decoder
from ingest.qta import ImageReason

MAX_PIXELS = 2_000_000  # small print of a page can be read
QUALITY = 88
MEDIA_TYPE = "image/jpeg"


class Pictures:
    """Draws pictures anew, one at a time, in a process that is started for the first of them.

    Args:
        limits: the configuration's section `images`.
    """

    def __init__(self, limits: Images) -> None:
        self.decoder = Decoder(limits, MAX_PIXELS)
        self.one_at_a_time = Lock()

    def drawn(self, data: bytes) -> bytes | None:
        """The first frame as a JPEG, upright and on white; None where the bytes are no image that can be shown."""
        with self.one_at_a_time:
            decoded = self.decoder.decode(data)
        if isinstance(decoded, ImageReason) or decoded.copy is None:
            return None
        copy, target = decoded.copy, io.BytesIO()
        picture = Image.frombytes("RGB", (copy.width, copy.height), copy.pixels)
        picture.save(target, "JPEG", quality=QUALITY, subsampling=0)
        return target.getvalue()
