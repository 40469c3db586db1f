"""Text from a log, with every character that hides or reorders text made visible."""

import json
import re

# Control and format characters, lone surrogates, the separators that some viewers break lines at, and the variation
# selectors and tags that can carry a message nobody sees. Kept: line break and tab; the joiners U+200C and U+200D,
# without which Persian and many emoji fall apart; and the common selectors U+FE0E and U+FE0F of emoji.
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U000110bd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """`text` with hidden characters written as ⟦U+202E⟧; line ends of any system become plain line breaks."""
    return HIDDEN.sub(lambda match: f"⟦U+{ord(match[0]):04X}⟧", text.replace("\r\n", "\n"))


def escape_hidden(document: str) -> str:
    """A JSON document with hidden characters escaped: the same values, and a terminal that shows it obeys none."""
    return HIDDEN.sub(lambda match: json.dumps(match[0])[1:-1], document)
