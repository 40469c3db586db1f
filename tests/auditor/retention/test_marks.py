"""Records are known to hold something of a case by its names and pieces of its texts."""

import gzip
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.retention.marks import finder, holds_any, marks_of

NAME = "conversation-7f31"
TEXT = 'She asked: "what is – tide\\time?", and went on for long enough to be told from others.\nTwice. ' * 3
MAX = 10**6


def is_found(value: bytes, names: list[str | None], texts: list[str | None]) -> bool:
    return holds_any([None, value], finder(marks_of(names, texts)), MAX)


@pytest.mark.parametrize(
    "value",
    [
        TEXT.encode(),
        json.dumps({"q": TEXT}).encode(),
        json.dumps({"q": TEXT}, ensure_ascii=False).encode(),
        json.dumps({"q": TEXT}).encode()[:120],
        b"... " + TEXT.encode()[-80:],
        gzip.compress(json.dumps({"q": TEXT}).encode()),
        json.dumps({"id": NAME}).encode(),
    ],
)
def test_a_text_or_name_is_found_as_it_lies_there(value: bytes) -> None:
    assert is_found(value, [NAME, None], [TEXT, None])


@pytest.mark.parametrize(
    ("value", "names", "texts"),
    [
        (b'{"conversation": 17, "text": "hello"}', ["17"], []),
        (b'{"text": "Yes, I can."}', [], ["Yes, I can."]),
        (b'{"text": "something else entirely, of somebody else"}', [NAME], [TEXT]),
        (b"anything", [], []),
        (b"\x1f\x8b broken gzip", [NAME], [TEXT]),
    ],
)
def test_what_may_be_anybody_s_is_no_mark(value: bytes, names: list[str | None], texts: list[str | None]) -> None:
    assert not is_found(value, names, texts)


@given(st.lists(st.binary(min_size=1, max_size=6), min_size=1, max_size=12), st.binary(max_size=40))
def test_the_finder_finds_what_each_mark_alone_would(marks: list[bytes], value: bytes) -> None:
    wanted = finder(marks)
    assert wanted
    assert bool(wanted.search(value)) == any(re.search(re.escape(mark), value) for mark in marks)
