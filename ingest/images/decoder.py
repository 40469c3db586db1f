"""Has images decoded in a process of their own: whatever one does there, the answer is a picture or a reason."""

import time
import weakref
from dataclasses import dataclass
from typing import Self

from conf.schema import Images
from ingest.images.child import Child
from ingest.images.wire import ANSWER, ASK, Answer, Ask
from ingest.qta import ImageCopy, ImageReason


@dataclass(frozen=True, slots=True)
class Decoded:
    """An image that decodes: its width and height as stored, and the copy for the model if one is made."""

    width: int
    height: int
    copy: ImageCopy | None


class Decoder:
    """Decodes one image at a time, in a child that is started for the first of them and kept.

    The child is ended when it takes too long, and started anew when it died, or when this object is used in a fork of
    the process that started it. It may be sent to another process, where it starts a child of its own.

    Args:
        limits: the configuration's section `images`.
        model_pixels: make copies of at most so many pixels; 0 makes none.
    """

    def __init__(self, limits: Images, model_pixels: int = 0) -> None:
        self.limits = limits
        self.model_pixels = model_pixels
        self.child: Child | None = None
        self.end: weakref.finalize[[], Decoder] | None = None

    def __reduce__(self) -> tuple[type[Self], tuple[Images, int]]:
        return type(self), (self.limits, self.model_pixels)

    def decode(self, data: bytes) -> Decoded | ImageReason:
        """What the image is, or why it is none that can be shown.

        Raises:
            DecoderUnusable: the child does not start.
        """
        child = self.running()
        until = time.monotonic() + self.limits.decode_timeout_s
        try:
            return self.spoken(child, data, until)
        except TimeoutError:
            self.close()
            return ImageReason.TIMEOUT
        except (OSError, EOFError, ValueError):  # it died, or says what ours never would
            self.close()
            return ImageReason.DECODE_ERROR
        except BaseException:  # interrupted in the middle of a sentence
            self.close()
            raise

    def running(self) -> Child:
        """The child, started if there is none that can be used."""
        if self.child and not self.child.usable:
            self.close()
        if self.child is None:
            self.child = Child(self.limits.decode_memory_bytes)
            self.end = weakref.finalize(self, self.child.stop)
        return self.child

    def spoken(self, child: Child, data: bytes, until: float) -> Decoded | ImageReason:
        """One image there and its answer back.

        Raises:
            TimeoutError: it takes too long.
            OSError, EOFError: the child died.
            ValueError: an answer that does not fit the question.
        """
        limits = self.limits
        ask = Ask(len(data), limits.max_pixels, limits.max_side_ratio, limits.min_side, self.model_pixels)
        child.send(ASK.pack(*ask), until)
        child.send(data, until)
        answer = Answer._make(ANSWER.unpack(child.receive(ANSWER.size, until)))
        if reason := answer.reason.rstrip(b"\0"):
            return ImageReason(reason.decode("ascii"))
        check(ask, answer)
        pixels = bytes(child.receive(answer.n_bytes, until))
        copy = ImageCopy(answer.copy_width, answer.copy_height, pixels, self.model_pixels) if pixels else None
        return Decoded(answer.width, answer.height, copy)

    def close(self) -> None:
        """End the child; the next image starts another."""
        if self.end:
            self.end()
        self.child = self.end = None


def check(ask: Ask, answer: Answer) -> None:
    """Believe a child, which a hostile image may have taken over, only as far as it fits what was asked.

    Raises:
        ValueError: it does not.
    """
    n_pixels = answer.copy_width * answer.copy_height
    most = max(ask.model_pixels, answer.width, answer.height) if ask.model_pixels else 0
    fits = n_pixels <= most and answer.n_bytes == 3 * n_pixels and bool(n_pixels) == bool(ask.model_pixels)
    if not fits or not 0 < answer.width * answer.height <= ask.max_pixels:
        raise ValueError("an answer that does not fit the question")
