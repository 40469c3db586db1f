"""What personal data looks like: Presidio's patterns and checks, and patterns of the configuration's own.

Only what works without a language model: Presidio's pattern recognisers with their checksums, and its phone numbers,
which are the library phonenumbers. We run the patterns ourselves, for three reasons. Presidio passes over a pattern
that takes too long, with a line in the log; here that is an error, so that nothing goes on unmasked. It asks a list of
public domains whether an e-mail address is one, and so lets alice@corp.internal through, and loads that list from the
network. And it makes an explanation of each find, which costs more than the find.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from conf.errors import ConfigError
from ingest.errors import MissingExtra
from ingest.masking import Find, Finder

try:
    import phonenumbers
    import regex  # type: ignore[import-untyped]
    from presidio_analyzer import PatternRecognizer, predefined_recognizers
except ImportError as error:
    raise MissingExtra("masking", "mask") from error

# It quotes what it looks at.
logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)

PHONE_NUMBER, EMAIL_ADDRESS, IBAN_CODE = "PHONE_NUMBER", "EMAIL_ADDRESS", "IBAN_CODE"
PHONE_SCORE = 0.4  # what Presidio gives a phone number without words around it
TIMEOUT_S = 5.0  # for one pattern on one text; a text of 1 MB takes well under a second
OWN_FLAGS = regex.MULTILINE

# Where a phone number may be: digits with what stands between them, but no ISO date, which the first branch takes in,
# and no decimal fraction. Looking there alone is 20 times faster.
PHONE_PLACES = regex.compile(
    r"(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?:[ T][0-2]\d)?(?!\d)|(?<![\d.])\d\d?\.\d+(?![\d.])"
    r"|([+(\[\uff0b]?\d[\d \t\u00a0().\-/\u2010-\u2015\[\]~]{5,}\d)"
)
MIN_DIGITS = 7
AROUND = 30  # characters beside such a place, which say whether it is part of something else


def finder_of(
    entities: Sequence[str], patterns: Mapping[str, str], phone_regions: Sequence[str], threshold: float
) -> Finder:
    """What finds these entities in a text.

    Args:
        entities: Presidio's names, such as EMAIL_ADDRESS.
        patterns: name to regular expression; each hit counts.
        phone_regions: countries whose phone numbers are known without a country code.
        threshold: finds that are less sure than this are left alone.

    Raises:
        ConfigError: an entity that no recogniser finds.
    """
    known = recognizers()
    if unknown := [name for name in entities if name not in known and name != PHONE_NUMBER]:
        there = ", ".join(sorted([*known, PHONE_NUMBER]))
        raise ConfigError(f"masking.entities: nothing recognises {', '.join(unknown)}; there are: {there}")
    chosen = [recognizer for name in entities for recognizer in known.get(name, ())]
    scans = [scan for recognizer in chosen for scan in scans_of(recognizer, threshold)]
    scans += [own_scan(name, pattern) for name, pattern in patterns.items()]
    if PHONE_NUMBER in entities and threshold <= PHONE_SCORE:
        scans.append(lambda text: phone_numbers(text, phone_regions))
    return lambda text: [find for scan in scans for find in scan(text)]


def recognizers() -> dict[str, list[Any]]:
    """Presidio's pattern recognisers, by what they find."""
    found: dict[str, list[Any]] = {}
    for name in predefined_recognizers.__all__:
        kind: Any = getattr(predefined_recognizers, name)
        if isinstance(kind, type) and issubclass(kind, PatternRecognizer):
            recognizer: Any = kind()  # type: ignore[call-arg]
            found.setdefault(recognizer.supported_entities[0], []).append(recognizer)
    return found


Scan = Callable[[str], Iterator[Find]]


def scans_of(recognizer: Any, threshold: float) -> Iterator[Scan]:
    """One scan for each pattern of a recogniser that can reach the threshold."""
    entity = recognizer.supported_entities[0]
    for pattern in recognizer.patterns:
        compiled = regex.compile(pattern.regex, flags=recognizer.global_regex_flags)
        yield scan_with(compiled, entity, pattern.score, recognizer, threshold)


def scan_with(compiled: Any, entity: str, score: float, recognizer: Any, threshold: float) -> Scan:
    """The scan of one pattern, its finds checked as the recogniser checks them."""

    def scan(text: str) -> Iterator[Find]:
        for match in list(compiled.finditer(text, timeout=TIMEOUT_S)):
            for start, end in spans_of(match, entity):
                sure = certainty(text[start:end], entity, score, recognizer)
                if start < end and sure > 0 and sure >= threshold:
                    yield Find(start, end, entity, sure)
                    break

    return scan


def spans_of(match: Any, entity: str) -> Iterator[tuple[int, int]]:
    """What of a match may be the find, longest first: an IBAN's pattern may take in the words behind it."""
    if entity != IBAN_CODE:
        yield match.span()
        return
    for group in range(len(match.groups()), 0, -1):
        if match.end(group) > 0:
            yield match.start(), match.end(group)


def certainty(found: str, entity: str, score: float, recognizer: Any) -> float:
    """How sure a find is: 1 where its check passes, 0 where it fails, else what the pattern alone is worth."""
    if entity == EMAIL_ADDRESS:
        return 1.0
    if recognizer.invalidate_result(found):
        return 0.0
    valid = recognizer.validate_result(found)
    return score if valid is None else float(bool(valid))


def own_scan(entity: str, pattern: str) -> Scan:
    """The scan of a pattern of the configuration."""
    compiled = regex.compile(pattern, flags=OWN_FLAGS)

    def scan(text: str) -> Iterator[Find]:
        for match in list(compiled.finditer(text, timeout=TIMEOUT_S)):
            if match.end() > match.start():
                yield Find(match.start(), match.end(), entity, 1.0)

    return scan


def phone_numbers(text: str, regions: Sequence[str]) -> Iterator[Find]:
    """The phone numbers in a text; those with a country code of any country."""
    for place in list(PHONE_PLACES.finditer(text, timeout=TIMEOUT_S)):
        start, end = max(0, place.start() - AROUND), place.end() + AROUND
        piece, left = text[start:end], digits_in(place[1] or "")
        for region in regions:
            if left < MIN_DIGITS:
                break
            for match in phonenumbers.PhoneNumberMatcher(piece, region, leniency=phonenumbers.Leniency.VALID):
                left -= digits_in(match.raw_string)
                yield Find(start + match.start, start + match.end, PHONE_NUMBER, PHONE_SCORE)


def digits_in(text: str) -> int:
    """The number of digits."""
    return sum(map(str.isdigit, text))
