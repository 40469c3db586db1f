"""The process that decodes images: reads them from its standard input, one after another, until that ends.

python -m ingest.images.worker MEMORY_BYTES

A decoder that a hostile image takes over finds itself in a process that holds no secrets, cannot make files or
processes, and has little memory; one that it crashes takes nothing else with it.
"""

import resource
import sys
from typing import BinaryIO

from ingest.images.pixels import Seen, load_decoders, look
from ingest.images.wire import ANSWER, ASK, READY, Answer, Ask

LIMITS = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_NPROC: 0,
    resource.RLIMIT_NOFILE: 16,
}


def main() -> None:
    """Answer until the parent is gone."""
    load_decoders()
    confine(int(sys.argv[1]))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    target.write(READY)
    target.flush()
    while head := source.read(ASK.size):
        answer(target, Ask._make(ASK.unpack(head)), source)


def confine(memory_bytes: int) -> None:
    """Give up what decoding does not need."""
    for what, limit in {**LIMITS, resource.RLIMIT_AS: memory_bytes}.items():
        resource.setrlimit(what, (limit, limit))


def answer(target: BinaryIO, ask: Ask, source: BinaryIO) -> None:
    """Decode the image that follows in `source`, and say what became of it."""
    seen = look(source.read(ask.n_bytes), ask)
    pixels = seen.copy.tobytes() if isinstance(seen, Seen) and seen.copy else b""
    if isinstance(seen, Seen):
        said = Answer(b"", *seen.size, *(seen.copy.size if seen.copy else (0, 0)), len(pixels))
    else:
        said = Answer(seen.encode(), 0, 0, 0, 0, 0)
    target.write(ANSWER.pack(*said))
    target.write(pixels)
    target.flush()


if __name__ == "__main__":
    main()
