import sys
import unicodedata

import pytest

from auditor.skeleton import INVISIBLE, LINE_ENDS, skeleton
from tests.auditor.injection.texts import WORDS


@pytest.mark.parametrize("word", sorted(set(WORDS.values()) - {"Judgement"}))
def test_disguised_words_have_the_skeleton_of_the_plain_one(word: str) -> None:
    assert skeleton(word) == "judgment"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("＜｜ｉｍ＿ｅｎｄ｜＞", "<|im_end|>"),
        ("「Ärger」：½", '"arger":1⁄2'),
        ("a\r\nb\u2028c", "a\n\nb\nc"),
        ("字と한", "字と" + unicodedata.normalize("NFKD", "한")),
        ("", ""),
    ],
)
def test_a_skeleton_is_what_a_reader_sees(text: str, plain: str) -> None:
    assert skeleton(text) == plain


def test_every_format_and_control_character_is_invisible_or_ends_a_line() -> None:
    shown = {
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(char) in {"Cc", "Cf", "Cs"} and not INVISIBLE.match(char)
    }
    assert shown == (set(LINE_ENDS) | {"\n", "\t"}) - {"\u2028", "\u2029"}  # those two are separators
