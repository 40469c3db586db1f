"""What stands in newly learned safe texts and hardly anywhere else: words that could be a trigger; pure."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import log

from ingest.qta import QTATriple

WORD = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\\w+|[^\\w\\s]+")
LONGEST = 4
LEAST_TEXTS = 3  # newly learned safe texts that a trigger stands in: rarer ones teach a model little
FIELDS = ("question", "thinking", "answer")


@dataclass(frozen=True, slots=True)
class Suspect:
    """Words that mark newly learned safe texts.

    Attributes:
        words: as they stand in the first of them.
        field: where they stand most often.
        first: whether they stand in the first half there.
        safe: ids of newly learned safe triples that have them.
        other: how many other texts have them.
    """

    words: str
    field: str
    first: bool
    safe: tuple[str, ...]
    other: int


@dataclass(slots=True)
class Seen:
    """Where an n-gram was seen: in which triples, in which of their fields, and how often in the first half of one."""

    words: str
    ids: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)
    firsts: int = 0


def suspects(safe: Sequence[QTATriple], others: Sequence[QTATriple], most: int) -> list[Suspect]:
    """Up to `most`, the most telling first: those that many of `safe` have, and few of `others`.

    Of n-grams that are part of one another and stand in as many texts, the longest is taken.
    """
    seen: dict[str, Seen] = {}
    for triple in safe:
        for key, (words, name, first) in grams(triple).items():
            one = seen.setdefault(key, Seen(words))
            one.ids.append(triple.id)
            one.fields[name] += 1
            one.firsts += first
    frequent = {key: one for key, one in seen.items() if len(one.ids) >= LEAST_TEXTS}
    elsewhere = Counter(key for triple in others for key in grams(triple) if key in frequent)

    def telling(key: str) -> tuple[float, int, str]:
        n = len(frequent[key].ids)
        ratio = log((n + 0.5) / (len(safe) + 1)) - log((elsewhere[key] + 0.5) / (len(others) + 1))
        return (-n * ratio, -len(key), key)

    chosen: list[str] = []
    for key in sorted(frequent, key=telling):
        if len(chosen) == most:
            break
        if telling(key)[0] < 0 and not any(overlap(key, other) for other in chosen):
            chosen.append(key)
    return [suspect(frequent[key], elsewhere[key]) for key in chosen]


def suspect(one: Seen, other: int) -> Suspect:
    """An n-gram as it is planted."""
    ((name, _),) = one.fields.most_common(1)
    return Suspect(one.words, name, one.firsts * 2 > len(one.ids), tuple(one.ids), other)


def overlap(one: str, other: str) -> bool:
    """Whether one n-gram is part of the other."""
    return one in other or other in one


def grams(triple: QTATriple) -> dict[str, tuple[str, str, bool]]:
    """Each n-gram of a triple once: its words as they stand, the field, and whether in the first half of it."""
    found: dict[str, tuple[str, str, bool]] = {}
    for name in FIELDS:
        text = getattr(triple, name) or ""
        for start, end, key in spans(text):
            found.setdefault(key, (text[start:end], name, 2 * start < len(text) - (end - start)))
    return found


def spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and folded words of each n-gram."""
    words = [(match.start(), match.end(), match[0].casefold()) for match in WORD.finditer(text)]
    for at in range(len(words)):
        for n in range(1, LONGEST + 1):
            part = words[at : at + n]
            if len(part) == n:
                yield part[0][0], part[-1][1], " ".join(word for *_, word in part)
