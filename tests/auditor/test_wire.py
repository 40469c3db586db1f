import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.ranges import HeldAt, JudgedRange, adds_up
from auditor.wire import CLAIM, RANGE, Unreadable, decode, encode, key_of
from ingest.qta import (
    Gap,
    GuardSignal,
    Held,
    ImageFailure,
    ImageReason,
    Normalized,
    Position,
    Record,
    RefKind,
    Rejection,
    ToolCall,
)
from tests.factories import make_image, make_run, make_triple, make_verdict

SOURCE = "kafka:c/topic"
TEXTS = st.text(max_size=40)
BLOBS: dict[str, bytes] = {}
NO_BLOBS = BLOBS.__getitem__


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def record(offset: int, value: bytes = b"", **changes: object) -> Record:
    return Record(Position(SOURCE, 0, offset), value, **changes)  # type: ignore[arg-type]


def judged(*items: Normalized, start: int = 0, end: int | None = None, **changes: object) -> JudgedRange:
    verdicts = tuple(make_verdict(triple.id) for item in items for triple in item.triples)
    end = start + len(items) if end is None else end
    return JudgedRange(SOURCE, 0, start, end, make_run(), items, verdicts=verdicts, **changes)  # type: ignore[arg-type]


def read(messages: list[bytes], blobs: dict[str, bytes]) -> list[JudgedRange]:
    found = [decode(message, blobs.__getitem__) for message in messages]
    assert all(isinstance(one, JudgedRange) for one in found)
    return found  # type: ignore[return-value]


def sent(whole: JudgedRange, max_bytes: int) -> list[JudgedRange]:
    """What comes out at the other end."""
    messages = list(encode(whole, max_bytes, sha256))
    assert all(len(message.value) <= max_bytes for message in messages if message.blob is None)
    return read([m.value for m in messages], {sha256(m.blob): m.blob for m in messages if m.blob is not None})


@given(TEXTS, TEXTS, st.binary(max_size=50), st.datetimes(timezones=st.just(UTC)))
def test_whatever_the_texts_and_bytes_are_they_arrive(question: str, answer: str, value: bytes, at: datetime) -> None:
    triple = make_triple(
        question=question,
        answer=answer or None,
        occurred_at=at,
        tool_calls=(ToolCall("t", question, answer, None, is_error=True),),
        images=(ImageFailure(ImageReason.HTTP_4XX, RefKind.HTTPS),),
        guards=(GuardSignal("g", "output", "flagged", ("a",), 0.5),),
        position=Position(SOURCE, 0, 0),
    )
    rejected = record(1, value, key=value, headers=(("h", value),), timestamp_ms=7)
    whole = judged(
        Normalized(record(0), "qta", (triple,)),
        Normalized(rejected, None, rejection=Rejection(rejected.position, "not_json", "byte 0")),
        end=6,
        held=(HeldAt(2, Held(("k",), ("t9",))),),
        gaps=(Gap(SOURCE, 0, 3, 5, "retention"),),
    )
    assert sent(whole, 10**6) == [whole]


def test_images_travel_by_hash_and_records_that_were_read_without_their_bytes() -> None:
    image = make_image(b"x" * 100_000)
    whole = judged(Normalized(record(0, b"y" * 100_000, key=b"k"), "qta", (make_triple(images=(image,)),)))
    (message,) = encode(whole, 10**6, sha256)
    assert len(message.value) < 2000
    (found,) = read([message.value], {})
    (seen,) = found.items[0].triples[0].images
    assert seen == image.left_behind()
    assert (seen.data, seen.n_bytes) == (b"", 100_000)
    assert found.items[0].record == record(0)


@given(st.lists(st.sampled_from(["triple", "empty", "held", "gap"]), min_size=1, max_size=12), st.integers(300, 4000))
def test_a_range_that_is_too_large_is_split_and_says_the_same(kinds: list[str], max_bytes: int) -> None:
    items, held, gaps = [], [], []
    for at, kind in enumerate(kinds, 5):
        if kind == "triple":
            items.append(Normalized(record(at), "qta", (make_triple(id=f"t{at}", question=f"{at}" * 200),)))
        elif kind == "empty":
            items.append(Normalized(record(at), None, empty_reason="tombstone"))
        elif kind == "held":
            held.append(HeldAt(at))
        else:
            gaps.append(Gap(SOURCE, 0, at, at, "compacted_or_transaction"))
    settling = Normalized(record(2), "qta", (make_triple(id="t2"),))
    whole = judged(settling, *items, start=5, end=5 + len(kinds), held=(HeldAt(3), *held), gaps=tuple(gaps))
    assert adds_up(whole)
    parts = sent(whole, max_bytes)
    assert all(adds_up(one) for one in parts)
    assert [one.start for one in parts[1:]] == [one.end for one in parts[:-1]]
    assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
    assert tuple(item for one in parts for item in one.items) == whole.items
    assert {at for one in parts for at in one.held} == set(whole.held)
    assert tuple(gap for one in parts for gap in one.gaps) == whole.gaps
    assert {v.triple_id for one in parts for v in one.verdicts} == {v.triple_id for v in whole.verdicts}


def test_a_record_that_fits_no_message_lies_in_the_blob_store() -> None:
    noise = "".join(map(str, range(5000)))
    whole = judged(Normalized(record(0), "qta", (make_triple(question=noise),)))
    (message,) = encode(whole, 2000, sha256)
    assert message.value[:4] == CLAIM
    assert len(message.value) <= 2000
    assert sent(whole, 2000) == [whole]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "not_an_outcomes_message"),
        (b'{"qta": 1}', "not_an_outcomes_message"),
        (RANGE, "not_zstd"),
        (RANGE + b"no zstd", "not_zstd"),
    ],
)
def test_what_is_no_message_of_ours_is_named(value: bytes, reason: str) -> None:
    found = decode(value, NO_BLOBS)
    assert isinstance(found, Unreadable)
    assert found.reason == reason


def test_a_message_whose_offsets_do_not_add_up_is_refused() -> None:
    broken = judged(Normalized(record(0), None, empty_reason="tombstone"), end=2)
    (message,) = encode(broken, 10**6, sha256)
    assert isinstance(found := decode(message.value, NO_BLOBS), Unreadable)
    assert found.reason == "offsets_do_not_add_up"


def test_a_cut_off_message_is_refused() -> None:
    (message,) = encode(judged(Normalized(record(0), None, empty_reason="tombstone")), 10**6, sha256)
    for end in range(len(message.value)):
        assert isinstance(decode(message.value[:end], NO_BLOBS), Unreadable)


def test_all_messages_of_a_partition_have_one_key() -> None:
    assert key_of((SOURCE, 3)) == b"kafka:c/topic/3"
