"""By what the bytes of a record are known to hold something of a case: its names, and pieces of its texts; pure.

Records that could not be read are no triples, so that nothing says whose they are. A record is taken to hold something
of a case where it has, as it lies there or as JSON writes it, one of the names that the log gives the case, or a piece
of what was said. That takes out more rather than less: what is lost of somebody else's is the bytes of a dead letter.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ingest.compression import Damaged, NotInstalled, TooLarge, decompress

MIN_NAME_CHARS = 6  # a shorter name of a conversation, such as 17, is anywhere
MIN_TEXT_CHARS = 24  # a shorter text may be anybody's
PIECE_CHARS = 64


def marks_of(names: Iterable[str | None], texts: Iterable[str | None]) -> list[bytes]:
    """What to look for.

    Args:
        names: ids of conversations, responses and traces.
        texts: questions, thinking, answers, and what tools were given and gave.
    """
    told = [name for name in names if name and len(name) >= MIN_NAME_CHARS]
    told += [piece for text in texts if text for piece in pieces(text)]
    return sorted({written for one in told for written in writings(one)})


def pieces(text: str) -> Iterator[str]:
    """The beginning, the middle and the end of a text; nothing of one that is too short to tell."""
    plain = text.strip()
    if len(plain) < MIN_TEXT_CHARS:
        return
    middle = max(0, (len(plain) - PIECE_CHARS) // 2)
    yield from {plain[:PIECE_CHARS], plain[middle : middle + PIECE_CHARS], plain[-PIECE_CHARS:]}


def writings(text: str) -> Iterator[bytes]:
    """How a text may lie in a record: as it is, and inside JSON, with and without characters beyond ASCII."""
    yield text.encode(errors="surrogatepass")
    yield json.dumps(text, ensure_ascii=True)[1:-1].encode()
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode(errors="surrogatepass")


def finder(marks: Sequence[bytes]) -> re.Pattern[bytes] | None:
    """What finds any of the marks in one pass, however many they are; None where there are none.

    Marks that begin alike are told apart as late as possible, so that each place of a value is looked at a few times.
    """
    return re.compile(branch(sorted(set(marks)))) if marks else None


def branch(marks: Sequence[bytes]) -> bytes:
    """The pattern of sorted marks that differ."""
    shared = beginning(marks[0], marks[-1])
    rest = [mark[len(shared) :] for mark in marks]
    if not rest[0]:  # the shortest is found wherever the others would be
        return re.escape(shared)
    groups = [branch(list(group)) for _, group in groupby(rest, key=lambda mark: mark[:1])]
    return re.escape(shared) + b"(?:%s)" % b"|".join(groups)


def holds_any(values: Iterable[bytes | None], wanted: re.Pattern[bytes] | None, max_bytes: int) -> bool:
    """Whether one of these values has one of the marks, also where it is compressed.

    Args:
        values: of a record.
        wanted: of `finder`.
        max_bytes: that a value may unpack to; one that does not is looked at as it is.
    """
    return wanted is not None and any(wanted.search(unpacked(value, max_bytes)) for value in values if value)


def beginning(first: bytes, last: bytes) -> bytes:
    """What both begin with."""
    n = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:n]


def unpacked(value: bytes, max_bytes: int) -> bytes:
    """The value as it was before it was compressed; one that cannot be unpacked as it is."""
    try:
        return decompress(value, max_bytes)
    except (Damaged, NotInstalled, TooLarge):
        return value
