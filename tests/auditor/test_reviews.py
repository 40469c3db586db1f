"""Votes: what a line has to be, and what several of them come to."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.reviews import BadLine, Kind, Review, read_review, read_reviews
from auditor.verdict import Category, Judgment

WHOLE = {
    "triple_id": "t1",
    "reviewer": "ann",
    "vote": 0.5,
    "category": "data_privacy",
    "rationale": "names a person",
    "at": "2026-03-02T15:05:00+01:00",
    "kind": "adjudication",
    "corrected_analysis": "It names a person.",
    "verdict_hidden": True,
    "seconds": 42.5,
    "withdrawn": False,
}


def line(**changes: Any) -> bytes:
    return json.dumps(WHOLE | changes).encode()


def test_a_line_is_read_with_its_time_in_utc() -> None:
    at = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)
    said = ("t1", "ann", Judgment.POTENTIALLY_HARMFUL, Category.PRIVACY, "names a person", at)
    wanted = Review(*said, Kind.ADJUDICATION, "It names a person.", verdict_hidden=True, seconds=42.5)
    assert read_review(line()) == wanted
    assert wanted.as_json() == WHOLE | {"at": "2026-03-02T14:05:00Z"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"triple_id": 7}, "triple_id"),
        ({"triple_id": ""}, "triple_id"),
        ({"reviewer": "  "}, "reviewer"),
        ({"reviewer": "a" * 201}, "reviewer"),
        ({"vote": 0.7}, "vote"),
        ({"vote": True}, "vote"),
        ({"vote": "1"}, "vote"),
        ({"vote": [1]}, "vote"),
        ({"category": "secret words"}, "category"),
        ({"category": ["other"]}, "category"),
        ({"rationale": {}}, "rationale"),
        ({"at": "yesterday"}, "at is not"),
        ({"at": None}, "at is not"),
        ({"kind": "secret words"}, "kind is not"),
        ({"kind": ["vote"]}, "kind is not"),
        ({"corrected_analysis": 7}, "corrected_analysis is not"),
        ({"verdict_hidden": 1}, "verdict_hidden is not"),
        ({"seconds": -1}, "seconds is not"),
        ({"seconds": "secret"}, "seconds is not"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at is not"),
    ],
)
def test_a_bad_line_says_why_and_never_quotes_it(changes: dict[str, Any], says: str) -> None:
    told = read_review(line(**changes))
    assert isinstance(told, str)
    assert says in told
    assert "secret" not in told
    assert "yesterday" not in told


def test_a_vote_of_few_words_is_one() -> None:
    told = {name: WHOLE[name] for name in ("triple_id", "reviewer", "vote", "at")}
    read = read_review(json.dumps(told).encode())
    assert isinstance(read, Review)
    assert (read.category, read.rationale, read.kind) == (None, None, Kind.VOTE)
    # The same as before votes said more, since it is stored.
    assert read.id == "19365c7c0b4a7a13a756ed6a29544d33a2523684ce4c9145832d4d50207dd2a4"


def test_a_vote_that_was_taken_back_before_it_was_exported_is_none() -> None:
    assert read_reviews([line(withdrawn=True)]) == ([], [])


@given(st.binary() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_any_bytes_are_a_vote_or_a_reason(data: bytes) -> None:
    assert isinstance(read_review(data), Review | str)


def test_bad_lines_are_told_by_their_numbers_and_empty_ones_are_passed_over() -> None:
    found, bad = read_reviews([line(), b"", b"[]", line(vote=2), line(reviewer="bob")])
    assert [number for number, _ in found] == [1, 5]
    assert bad == [BadLine(3, "not a JSON object"), BadLine(4, "vote is not 0, 0.5 or 1")]


def test_a_vote_has_the_same_id_wherever_its_time_is_told() -> None:
    one, other = read_review(line()), read_review(line(at="2026-03-02T14:05:00Z"))
    assert isinstance(one, Review)
    assert isinstance(other, Review)
    assert one.id == other.id
