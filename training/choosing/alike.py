"""Cases that read nearly alike: found by MinHash, and confirmed by the share of word triples that they have in common.

Who wants to slip many copies of one case in, or to have the guard learn a case that it is tried on, changes a word or
two; so does a log that retries. Images do not tell copies apart, since a pixel is changed as easily; but where the
images are others, the same words may rightly have another label.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from ingest.qta import ImageBlob, QTATriple

SHINGLE = 3
N_PERM = 128
CANDIDATE = 0.5  # of the index: lower than what counts, so that it misses next to nothing of that

# A word, or a character of a script that has no blanks between words.
TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|\w+")


class Likeness:
    """Which of some triples read nearly alike.

    Args:
        triples: all of them, by id.
        threshold: Jaccard similarity of their sets of word triples from which on they do, in [0.5, 1].
    """

    def __init__(self, triples: Mapping[str, QTATriple], threshold: float) -> None:
        self.shingles = {name: shingles(triple) for name, triple in triples.items()}
        self.images = {name: images_of(triple) for name, triple in triples.items()}
        self.neighbours = near(self.shingles, threshold)

    def touches(self, name: str, others: Collection[str]) -> bool:
        """Whether a triple reads nearly like one of these."""
        return not self.neighbours[name].isdisjoint(others)

    def clusters(self, names: Iterable[str]) -> list[list[str]]:
        """The triples in groups: who is in one reads nearly like another in it. Sorted; most are alone."""
        left, found = set(names), []
        while left:
            group, todo = set[str](), [min(left)]
            while todo:
                one = todo.pop()
                if one in left:
                    left.discard(one)
                    group.add(one)
                    todo += self.neighbours[one] & left
            found.append(sorted(group))
        return sorted(found)

    def same_images(self, one: str, other: str) -> bool:
        """Whether two triples show the same images."""
        return self.images[one] == self.images[other]


def near(shingles: Mapping[str, frozenset[str]], threshold: float) -> dict[str, set[str]]:
    """For each the others that have so much in common with it."""
    from datasketch import MinHash, MinHashLSH

    found: dict[str, set[str]] = defaultdict(set)
    index, empty = MinHashLSH(threshold=CANDIDATE, num_perm=N_PERM), MinHash(num_perm=N_PERM)
    for name, parts in shingles.items():
        hashed = empty.copy()
        hashed.update_batch([part.encode(errors="replace") for part in parts])
        for other in index.query(hashed):
            if jaccard(parts, shingles[other]) >= threshold:
                found[name].add(other)
                found[other].add(name)
        index.insert(name, hashed)
    return {name: found[name] for name in shingles}


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """What both have, of what either has; 1 where neither has anything."""
    either = len(one | other)
    return len(one & other) / either if either else 1.0


def shingles(triple: QTATriple) -> frozenset[str]:
    """The word triples of a triple's texts, in lower case; of a shorter text the whole."""
    words = [word for text in texts_of(triple) for word in TOKEN.findall(text.casefold())]
    if len(words) < SHINGLE:
        return frozenset({" ".join(words)})
    return frozenset(" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1))


def texts_of(triple: QTATriple) -> Sequence[str]:
    """What the guard reads of it."""
    calls = [text for call in triple.tool_calls for text in (call.name, call.arguments, call.result)]
    return [text for text in (triple.question, triple.thinking, *calls, triple.answer) if text]


def images_of(triple: QTATriple) -> frozenset[str]:
    """The images that it shows."""
    return frozenset(image.sha256 for image in triple.images if isinstance(image, ImageBlob))
