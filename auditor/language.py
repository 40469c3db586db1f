"""The language of a triple: read off the beginnings of question and answer, offline, in some 10 µs.

CLD2, the library behind it, carries its tables in its own wheel and asks nobody. Where it is not installed, since there
is no wheel for the machine, languages stay unknown.
"""

import re
from collections.abc import Callable
from functools import cache

MAX_CHARS = 100
UNDETERMINED = "und"

# What CLD2 takes for broken UTF-8: control characters but for white space, surrogates, and code points that are none.
ENDS_OF_PLANES = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
REFUSED = re.compile(f"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{ENDS_OF_PLANES}]")

# Codes that ISO 639-1 gave up, and CLD2's word for "unknown", which has two letters as if it were one.
RENAMED = {"iw": "he", "jw": "jv", "in": "id", "ji": "yi", "mo": "ro", "un": UNDETERMINED}

Detect = Callable[[str], str]
"""A text's language as CLD2 names it; "un" where it does not rely on what it finds."""


def language_of(question: str | None, answer: str | None) -> str | None:
    """ISO 639-1 of the first `MAX_CHARS` characters of each; "und" where it cannot be told, None without CLD2."""
    detect = detector()
    if detect is None:
        return None
    return iso_639_1(detect(f"{(question or '')[:MAX_CHARS]}\n{(answer or '')[:MAX_CHARS]}"))


def iso_639_1(code: str) -> str:
    """Its two letters, without script or country; "und" for languages that have none."""
    language = code.partition("-")[0].lower()
    return RENAMED.get(language, language) if len(language) == 2 else UNDETERMINED


@cache
def detector() -> Detect | None:
    """CLD2, loaded with the first text; None where it is not installed."""
    try:
        import pycld2
    except ImportError:
        return None

    def detect(text: str) -> str:
        try:
            is_reliable, _, languages = pycld2.detect(text, isPlainText=True)
        except (pycld2.error, UnicodeEncodeError):
            is_reliable, _, languages = pycld2.detect(REFUSED.sub(" ", text), isPlainText=True)
        return languages[0][1] if is_reliable else "un"

    return detect
