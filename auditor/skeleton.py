"""A text with its disguises off, for finding marks that somebody made to look like other text, or other text like them.

What is compared is what a reader sees: letters of other alphabets that look like Latin ones, full-width and decorated
forms, accents, and characters that show nothing. The skeleton is for finding only; nobody is shown it.
"""

import re
import unicodedata

# Control characters but for those that end a line, everything that is shown as nothing (Unicode's
# Default_Ignorable_Code_Point and the other format characters), blanks that count as letters, halves of pairs.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ud800-\udfff]"
)
MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
LINE_ENDS = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
QUOTES = "“”„‟‘’‚‛'`´«»‹›「」『』〝〞〟❝❞❛❜＂ʺ″‶׳״"
COLONS = "ː։׃܃܄᛬᠃꞉ꓽ∶⁝"
BARS = "ǀ∣│┃❘❙❚⎮⏐╎╏¦ꟾ"
LETTERS = {  # Latin letter: letters of other alphabets in whose place it is read
    "a": "аɑα⍺",
    "c": "сϲᴄ",
    "d": "ԁᏧꓒɗ",
    "e": "еєҽ℮ɛε",
    "g": "ɡցɢǥ",
    "h": "һհ",
    "i": "іıɩιӏɪ",
    "j": "јϳյʝ",
    "k": "кκ",
    "l": "ⅼ",
    "m": "мⅿᴍ",
    "n": "ոпηɴ",
    "o": "оοօ०",
    "p": "рρ",
    "r": "гᴦ",
    "s": "ѕꜱʂ",
    "t": "тτᴛ",
    "u": "υսᴜц",
    "v": "ѵν",
    "w": "ԝѡ",
    "y": "уүγʏ",
}  # fmt: skip
LOOKALIKES = str.maketrans(
    dict.fromkeys(LINE_ENDS, "\n")
    | dict.fromkeys(QUOTES, '"')
    | dict.fromkeys(COLONS, ":")
    | dict.fromkeys(BARS, "|")
    | {other: latin for latin, others in LETTERS.items() for other in others}
)


def skeleton(text: str) -> str:
    """`text` in small Latin letters as far as it looks like them, every quotation mark as `"`, nothing invisible in it.

    Source: the idea is that of Unicode Technical Standard 39, section 4; the table is ours and much shorter.
    """
    plain = text if text.isascii() else unicodedata.normalize("NFKD", INVISIBLE.sub("", text))
    return MARKS.sub("", INVISIBLE.sub("", plain).casefold().translate(LOOKALIKES))
