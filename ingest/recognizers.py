"""What personal data looks like: Presidio's patterns and checks, and patterns of the configuration's own.

Only what works without a language model: Presidio's pattern recognisers with their checksums, and its phone numbers,
which are the library phonenumbers. We run the patterns ourselves: Presidio passes over one that takes too long, with a
line in the log; here that is an error, so that nothing goes on unmasked. E-mail addresses are found by a way of our
own: Presidio's pattern takes time with the square of a base64 text, and it asks a list of public domains, which it
loads from the network, and so lets alice@corp.internal through.
"""

import logging
import sys
import time
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
IP_ADDRESS = "IP_ADDRESS"
OWN = {PHONE_NUMBER, EMAIL_ADDRESS}
PHONE_SCORE = 0.4  # what Presidio gives a phone number without words around it
TIMEOUT_S = 5.0  # for one pattern on a short text; longer ones get more
TIMEOUT_S_PER_MB = 20.0  # ordinary text takes well under one
Scan = Callable[[str], Iterator[Find]]
"""What finds one kind in a text."""

OWN_FLAGS = regex.MULTILINE
VALID = phonenumbers.Leniency.VALID  # a number that is given out, as Presidio asks for

# Where a phone number may be: digits with what stands between them, but no ISO date, which the first branch takes in,
# and no decimal fraction. Looking there alone is 20 times faster.
PHONE_PLACES = regex.compile(
    r"(?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d(?:[ T][0-2]\d)?(?!\d)|(?<![\d.])\d\d?\.\d+(?![\d.])"
    r"|([+(\[\uff0b]?\d[\d \t\u00a0().\-/\u2010-\u2015\[\]~]{5,}\d)"
)
MIN_DIGITS = 7
# Card numbers that Presidio's pattern leaves out: Mastercard's from 2221 on, and the groups of shorter ones.
MORE = {
    "CREDIT_CARD": (
        (r"\b2[2-7]\d{2}[- ]?\d{4}[- ]?\d{4}[- ]?\d{4}\b", 0.3),
        (r"\b3[04678]\d{2}[- ]?\d{4}[- ]?\d{4}[- ]?\d{2,3}\b", 0.3),
    )
}
LABEL = regex.compile(r"(\b\w*[g-zG-Z_]\w*):")
# An e-mail address is what stands on both sides of its @; local parts are 64 characters at most, by RFC 5321.
DOMAIN = regex.compile(r"@\w+(?:-+\w+)*+(?:\.\w+(?:-+\w+)*+)+")
LOCAL_PART = regex.compile(r"[!#$%&'*+\-/=?^_`{|}~.\w]+$")
LONGEST_LOCAL_PART = 128
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
        ConfigError: an entity that no recogniser finds, a country that is none, a pattern that is none.
    """
    known = recognizers()
    if unknown := [name for name in entities if name not in {*known, *OWN}]:
        there = ", ".join(sorted({*known, *OWN}))
        raise ConfigError(f"masking.entities: nothing recognises {', '.join(unknown)}; there are: {there}")
    if wrong := [region for region in phone_regions if region not in phonenumbers.SUPPORTED_REGIONS]:
        raise ConfigError(f"masking.phone_regions: no country {', '.join(wrong)}; write them as US or DE")
    chosen = [recognizer for name in entities for recognizer in known.get(name, ())]
    scans = [scan for recognizer in chosen for scan in scans_of(recognizer, threshold)]
    if EMAIL_ADDRESS in entities:
        scans.append(email_addresses)
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
    return {entity: kinds for entity, kinds in found.items() if entity not in OWN}


def scans_of(recognizer: Any, threshold: float) -> Iterator[Scan]:
    """One scan for each pattern of a recogniser."""
    entity = recognizer.supported_entities[0]
    patterns = [(pattern.regex, pattern.score) for pattern in recognizer.patterns]
    for pattern, score in (*patterns, *MORE.get(entity, ())):
        compiled = regex.compile(pattern, flags=recognizer.global_regex_flags)
        scan = scan_with(compiled, entity, score, recognizer, threshold)
        yield behind_labels(scan) if entity == IP_ADDRESS else scan


def behind_labels(scan: Scan) -> Scan:
    """`scan`, with blanks for the colons of labels: in host:2001:db8::1 Presidio takes the label for a part of it."""
    return lambda text: scan(LABEL.sub(lambda match: f"{match[1]} ", text) if ":" in text else text)


def scan_with(compiled: Any, entity: str, score: float, recognizer: Any, threshold: float) -> Scan:
    """The scan of one pattern, its finds checked as the recogniser checks them."""

    def scan(text: str) -> Iterator[Find]:
        for match in list(compiled.finditer(text, timeout=time_for(text))):
            for start, end in spans_of(match, entity):
                sure = certainty(text[start:end], score, recognizer)
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


def certainty(found: str, score: float, recognizer: Any) -> float:
    """How sure a find is: 1 where its check passes, 0 where it fails, else what the pattern alone is worth."""
    if recognizer.invalidate_result(found):
        return 0.0
    valid = recognizer.validate_result(found)
    return score if valid is None else float(bool(valid))


def own_scan(entity: str, pattern: str) -> Scan:
    """The scan of a pattern of the configuration."""
    try:
        compiled = regex.compile(pattern, flags=OWN_FLAGS)
    except regex.error as error:
        raise ConfigError(f"masking.patterns.{entity}: no regular expression: {error}") from None

    def scan(text: str) -> Iterator[Find]:
        for match in list(compiled.finditer(text, timeout=time_for(text))):
            if match.end() > match.start():
                yield Find(match.start(), match.end(), entity, 1.0)

    return scan


def email_addresses(text: str) -> Iterator[Find]:
    """The e-mail addresses in a text; the domain may be any name with a dot in it."""
    for domain in DOMAIN.finditer(text) if "@" in text else ():
        before = text[max(0, domain.start() - LONGEST_LOCAL_PART) : domain.start()]
        if local := LOCAL_PART.search(before):
            yield Find(domain.start() - len(local[0]), domain.end(), EMAIL_ADDRESS, 1.0)


def phone_numbers(text: str, regions: Sequence[str]) -> Iterator[Find]:
    """The phone numbers in a text; those with a country code of any country.

    Raises:
        TimeoutError: there are more places to look at than the text's time allows, as in a table of numbers.
    """
    until = time.monotonic() + time_for(text)
    for place in list(PHONE_PLACES.finditer(text, timeout=time_for(text))):
        start, end = max(0, place.start() - AROUND), place.end() + AROUND
        piece, left = text[start:end], digits_in(place[1] or "")
        for region in regions:
            if left < MIN_DIGITS:
                break
            if time.monotonic() > until:
                raise TimeoutError
            for match in phonenumbers.PhoneNumberMatcher(piece, region, leniency=VALID, max_tries=sys.maxsize):
                left -= digits_in(match.raw_string)
                yield Find(start + match.start, start + match.end, PHONE_NUMBER, PHONE_SCORE)


def time_for(text: str) -> float:
    """Seconds that one pattern may take on a text."""
    return TIMEOUT_S + TIMEOUT_S_PER_MB * len(text) / 1e6


def digits_in(text: str) -> int:
    """The number of digits."""
    return sum(map(str.isdigit, text))
