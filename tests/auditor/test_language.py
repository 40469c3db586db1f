"""The language of a triple: common ones are told, what cannot be told is "und", and no text breaks it."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.language import MAX_CHARS, detector, iso_639_1, language_of
from auditor.store_rows import triple_columns
from tests.factories import NOW, make_triple

ANY_TEXT = st.none() | st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("question", "answer", "language"),
    [
        ("What is tide?", "The sea rising and falling.", "en"),
        ("Wie heißt die Hauptstadt?", "Sie heißt Berlin.", "de"),
        ("Comment puis-je transformer ce tableau en liste ?", "Il existe une fonction pour cela.", "fr"),
        ("如何把表格转换成列表？", "可以使用这个函数。", "zh"),
        ("表をリストに変換するにはどうすればいいですか？", None, "ja"),
        ("كيف يمكنني تحويل الجدول إلى قائمة؟", "يمكنك استخدام هذه الدالة", "ar"),
        (None, "Париж является столицей Франции.", "ru"),
        ("12 + 30 = ?", "42", "und"),
        ("🙂🙂", "", "und"),
        (None, None, "und"),
    ],
)
def test_a_language_is_told_or_said_to_be_unknown(question: str | None, answer: str | None, language: str) -> None:
    assert language_of(question, answer) == language


def test_characters_that_no_text_should_hold_do_not_hide_the_language() -> None:
    assert language_of("What is\x00 tide?\ud800\U0010ffff", "The sea rising\x1b[31m and falling.") == "en"


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_has_a_language_or_none(question: str | None, answer: str | None) -> None:
    told = language_of(question, answer)
    assert told
    assert told == "und" or (len(told) == 2 and told.islower())


def test_only_the_beginning_is_looked_at() -> None:
    english = "The sea rises and falls with the moon that pulls it along. " * 3
    assert language_of(None, english[:MAX_CHARS] + "Das Meer steigt und fällt mit dem Mond. " * 50) == "en"


def test_codes_are_of_iso_639_1() -> None:
    assert [iso_639_1(code) for code in ("zh-Hant", "iw", "jw", "un", "ceb", "xxx")] == [
        *("zh", "he", "jv"),
        *("und", "und", "und"),
    ]


@pytest.fixture
def without_cld2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "pycld2", None)
    detector.cache_clear()
    yield
    detector.cache_clear()


def test_without_the_library_it_is_unknown(without_cld2: None) -> None:
    assert language_of("What is tide?", "The sea rising and falling.") is None


def test_stored_triples_have_it() -> None:
    columns = triple_columns([make_triple(), make_triple(question="1", answer="2", thinking="so")], NOW)
    assert columns["language"] == ["en", "und"]
