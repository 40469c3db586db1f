"""A stream of JSON text becomes its values, as the bytes they are, without holding the whole text.

A file that is an array gives its elements, unless they are the messages of one conversation; any other gives its
top-level values, so that JSON lines under the name
.json (OpenTelemetry collectors write them) are read too. Only brackets and strings are looked at: what is not JSON
comes out as one value, for the caller to refuse.
"""

import re
from collections.abc import Iterable, Iterator

STRUCTURE = re.compile(rb'["\[\]{},]')
STRING_END = re.compile(rb'["\\]')
# Arrays whose first element is a chat message, as serializers of LangChain and of the chat APIs write them.
CONVERSATION = re.compile(
    rb'\[\s*\{\s*"(?:role"|content"|lc"|type"\s*:\s*"(?:human|ai|system|tool|constructor|[A-Z][a-z]+Message))'
)
WHITESPACE = b" \t\r\n"


def split_values(chunks: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    """The values in `chunks`, in order.

    A value longer than `max_bytes` is cut to one byte more, so that it is seen to be too long; memory stays flat.
    """
    splitter = None
    for chunk in chunks:
        if splitter is None:
            text = chunk.lstrip(WHITESPACE)
            if not text:
                continue
            is_array = text.startswith(b"[") and not CONVERSATION.match(text)
            splitter = Splitter(max_bytes, base=int(is_array))
            yield from splitter.feed(text[1:] if is_array else text)
        else:
            yield from splitter.feed(chunk)
    if splitter is None:
        yield b""
    else:
        yield from splitter.rest()


class Splitter:
    """Finds where values end; fed chunk by chunk.

    Attributes:
        base: depth at which values stand: 1 inside an array that is already open, else 0.
    """

    def __init__(self, max_bytes: int, base: int) -> None:
        self.max_bytes = max_bytes
        self.base = base
        self.depth = base
        self.in_string = False
        self.skip = 0  # bytes of the next chunk that an escape at the end of this one covers
        self.value = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The values that end in `chunk`."""
        kept = 0
        at, self.skip = self.skip, 0
        while match := (STRING_END if self.in_string else STRUCTURE).search(chunk, at):
            mark, at = match[0], match.end()
            if mark == b"\\":
                at += 1
            elif self.ends_value(mark):
                self.keep(chunk[kept : at if self.base == 0 else at - 1])
                kept = at
                yield from self.take()
        self.skip = max(0, at - len(chunk))
        self.keep(chunk[kept:])

    def ends_value(self, mark: bytes) -> bool:
        """Whether a value ends at `mark`: where its bracket or its array closes, or at a comma of its array."""
        if mark == b'"':
            self.in_string = not self.in_string
        elif mark in b"[{":
            self.depth += 1
        elif mark in b"]}":
            self.depth -= 1
            return self.depth <= 0
        else:
            return self.depth == self.base == 1
        return False

    def keep(self, part: bytes) -> None:
        """Append to the value, up to one byte more than it may have."""
        self.value += part[: self.max_bytes + 1 - len(self.value)]

    def take(self) -> Iterator[bytes]:
        """The value, if there is one, and begin the next."""
        value = bytes(self.value).strip(WHITESPACE)
        self.value.clear()
        if self.depth <= 0:
            self.base = self.depth = 0
        if value:
            yield value

    def rest(self) -> Iterator[bytes]:
        """What is left when the text ends: an unfinished value, or words that are not JSON."""
        value = bytes(self.value).strip(WHITESPACE)
        if value:
            yield value
