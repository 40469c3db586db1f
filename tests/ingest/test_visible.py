"""Hidden characters become visible, and nothing else changes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.visible import HIDDEN, escape_hidden, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("invoice_\u202efdp.exe", "invoice_⟦U+202E⟧fdp.exe"),
        ("\x1b[31mred", "⟦U+001B⟧[31mred"),
        ("zero\u200bwidth", "zero⟦U+200B⟧width"),
        ("\U000e0041hidden tag", "⟦U+E0041⟧hidden tag"),
        ("null\x00byte", "null⟦U+0000⟧byte"),
        ("c1 \x9b31m", "c1 ⟦U+009B⟧31m"),
        ("windows\r\nlines", "windows\nlines"),
        ("overwritten\rline", "overwritten⟦U+000D⟧line"),
    ],
)
def test_what_hides_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["tab\tand\nbreak", "שלום عربي", "می‌خواهم", "👨‍👩‍👧 ❤️", "中文 äöü"])
def test_ordinary_text_of_any_script_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    assert not HIDDEN.search(visible(text))


@given(st.text())
def test_an_escaped_json_document_means_the_same(text: str) -> None:
    document = json.dumps({"text": text}, ensure_ascii=False)
    assert not HIDDEN.search(escape_hidden(document))
    assert json.loads(escape_hidden(document)) == {"text": text}
