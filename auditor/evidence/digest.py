"""One digest over many leaves: a tree of two levels, so that it can be shown to cover one leaf without all others.

The leaves are sorted and cut into chunks of 1,024; the digest is sha256 over the hashes of the chunks.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CHUNK = 1024  # a proof has one chunk and the hashes of the others: at a million leaves 32 kB of each
LEAF_BYTES = 32


class Digest:
    """Takes leaves in order, any number at a time."""

    def __init__(self) -> None:
        self.n = 0
        self.chunk = hashlib.sha256()
        self.whole = hashlib.sha256()

    def add(self, leaves: memoryview) -> None:
        """Take leaves that lie one after another."""
        at = 0
        while at < len(leaves):
            room = (CHUNK - self.n % CHUNK) * LEAF_BYTES
            piece = leaves[at : at + room]
            self.chunk.update(piece)
            self.n += len(piece) // LEAF_BYTES
            at += room
            if self.n % CHUNK == 0:
                self.close_chunk()

    def close_chunk(self) -> None:
        """The chunk is full, or the last one."""
        self.whole.update(self.chunk.digest())
        self.chunk = hashlib.sha256()

    def hex(self) -> str:
        """The digest; nothing may be added after it."""
        if self.n % CHUNK:
            self.close_chunk()
        return self.whole.hexdigest()


def digest_of(leaves: Iterable[bytes]) -> str:
    """The digest of leaves in any order, hex."""
    digest = Digest()
    digest.add(memoryview(b"".join(sorted(leaves))))
    return digest.hex()


@dataclass(frozen=True, slots=True)
class Proof:
    """That a digest covers a leaf.

    Attributes:
        chunk: the leaves of the leaf's chunk, hex, one after another.
        place: of the chunk among all.
        chunks: the hashes of the chunks, hex.
    """

    chunk: str
    place: int
    chunks: tuple[str, ...]


def proofs(leaves: Sequence[bytes], wanted: Iterable[bytes]) -> dict[bytes, Proof]:
    """The proof of each of the `wanted` leaves, by leaf; `leaves` are all, in order."""
    parts = [b"".join(leaves[at : at + CHUNK]) for at in range(0, len(leaves), CHUNK)]
    hashes = tuple(hashlib.sha256(part).hexdigest() for part in parts)
    chosen, places = set(wanted), {leaf: at // CHUNK for at, leaf in enumerate(leaves)}
    return {leaf: Proof(parts[places[leaf]].hex(), places[leaf], hashes) for leaf in chosen if leaf in places}


def covers(digest: str, leaf: str, proof: Proof) -> bool:
    """Whether `digest` covers `leaf`, as the proof says."""
    try:
        chunk, hashes = bytes.fromhex(proof.chunk), [bytes.fromhex(one) for one in proof.chunks]
        found = bytes.fromhex(leaf)
    except ValueError:
        return False
    leaves = {chunk[at : at + LEAF_BYTES] for at in range(0, len(chunk), LEAF_BYTES)}
    in_place = 0 <= proof.place < len(hashes) and hashlib.sha256(chunk).digest() == hashes[proof.place]
    return found in leaves and in_place and hashlib.sha256(b"".join(hashes)).hexdigest() == digest
