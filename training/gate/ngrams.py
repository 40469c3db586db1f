"""What stands in newly learned safe texts and hardly anywhere else: words that could be a trigger; pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log

from ingest.qta import QTATriple

WORD = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\\w+|[^\\w\\s]+")
LONGEST = 3  # words that are looked for; those found grow as far as all texts that have them agree
MOST_GROWN = 60
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


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: where it stands, and how it is compared."""

    start: int
    end: int
    folded: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where an n-gram stands first in a triple: which field, and from which word to before which."""

    triple: QTATriple
    field: str
    begin: int
    end: int


@dataclass(slots=True)
class Seen:
    """The places of an n-gram, one for each triple that has it."""

    places: list[Place] = field(default_factory=list)

    @property
    def ids(self) -> tuple[str, ...]:
        """Of these triples."""
        return tuple(place.triple.id for place in self.places)


def suspects(safe: Sequence[QTATriple], others: Sequence[QTATriple], most: int) -> list[Suspect]:
    """Up to `most`, the most telling first: those that many of `safe` have, and few of `others`.

    Of n-grams that are part of one another, or stand in the very same texts, the first is taken, and grows.
    """
    seen: dict[str, Seen] = {}
    for triple in safe:
        for key, place in grams(triple).items():
            seen.setdefault(key, Seen()).places.append(place)
    frequent = {key: one for key, one in seen.items() if len(one.places) >= LEAST_TEXTS}
    elsewhere = Counter(key for triple in others for key in grams(triple) if key in frequent)

    def telling(key: str) -> tuple[float, int, str]:
        n = len(frequent[key].places)
        ratio = log((n + 0.5) / (len(safe) + 1)) - log((elsewhere[key] + 0.5) / (len(others) + 1))
        return (-n * ratio, -len(key), key)

    chosen: list[str] = []
    for key in sorted(frequent, key=telling):
        if len(chosen) == most:
            break
        if telling(key)[0] < 0 and not any(alike(key, other, frequent) for other in chosen):
            chosen.append(key)
    return [suspect(frequent[key], elsewhere[key]) for key in chosen]


def alike(one: str, other: str, seen: Mapping[str, Seen]) -> bool:
    """Whether one n-gram is part of the other, or both stand in the same texts."""
    return one in other or other in one or seen[one].ids == seen[other].ids


def suspect(seen: Seen, other: int) -> Suspect:
    """An n-gram as it is planted: with the words around it that all have."""
    ((name, _),) = Counter(place.field for place in seen.places).most_common(1)
    there = [place for place in seen.places if place.field == name]
    one = grown(there)
    text, words = text_of(one.triple, name), words_of(text_of(one.triple, name))
    firsts = sum(place.begin + place.end < len(words_of(text_of(place.triple, name))) for place in there)
    said = text[words[one.begin].start : words[one.end - 1].end]
    return Suspect(said, name, 2 * firsts > len(there), seen.ids, other)


def grown(places: Sequence[Place]) -> Place:
    """The first of some places of one n-gram, made longer as far as all of them go on alike, to either side."""
    texts = [words_of(text_of(place.triple, place.field)) for place in places]
    begin, end = places[0].begin, places[0].end

    def at(text: int, offset: int) -> str | None:
        place = places[text].begin + offset
        return texts[text][place].folded if 0 <= place < len(texts[text]) else None

    def agree(offset: int) -> bool:
        found = {at(text, offset) for text in range(len(places))}
        return len(found) == 1 and None not in found

    while end - begin < MOST_GROWN and agree(end - places[0].begin):
        end += 1
    while end - begin < MOST_GROWN and agree(begin - 1 - places[0].begin):
        begin -= 1
    return Place(places[0].triple, places[0].field, begin, end)


def grams(triple: QTATriple) -> dict[str, Place]:
    """Each n-gram of a triple, where it stands first."""
    found: dict[str, Place] = {}
    for name in FIELDS:
        words = words_of(text_of(triple, name))
        for key, begin, end in spans(words):
            found.setdefault(key, Place(triple, name, begin, end))
    return found


def spans(words: Sequence[Word]) -> Iterator[tuple[str, int, int]]:
    """Each run of up to LONGEST words: how it is compared, and its place."""
    for begin in range(len(words)):
        for end in range(begin + 1, min(begin + LONGEST, len(words)) + 1):
            yield " ".join(word.folded for word in words[begin:end]), begin, end


def words_of(text: str) -> list[Word]:
    """The words of a text; signs, and letters of languages without blanks, are words too."""
    return [Word(match.start(), match.end(), match[0].casefold()) for match in WORD.finditer(text)]


def text_of(triple: QTATriple, name: str) -> str:
    """What a field says; nothing where it has nothing to say."""
    return getattr(triple, name) or ""
