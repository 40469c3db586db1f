from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import pytest

from conf.schema import load
from ingest.assembly import Assembled, Assembler, assembled, name_of
from ingest.exchange import Choice, Exchange, Identity, Message, Role, Text
from ingest.formats import FORMATS, Format
from ingest.formats.envelope import Logged
from ingest.formats.reading import Malformed
from ingest.normalize import joiner, normalizer
from ingest.qta import Fragment, Held, Normalized, Position, Record
from tests.factories import make_position, make_record

# A format of two calls: {"spread": [[trace, word, closes], …]}; a trace asks "?" and answers with all of its words.


def claims(logged: Logged) -> str | None:
    return "spread" if "spread" in logged.outer else None


def fragments(logged: Logged) -> tuple[Fragment, ...]:
    return tuple(Fragment(trace, word, bool(closes)) for trace, word, closes in logged.outer["spread"])


def join(words: Sequence[Any]) -> tuple[Exchange, ...]:
    if "broken" in words:
        raise Malformed("spread[].word")
    answer = Choice((Message(Role.ASSISTANT, (Text(" ".join(words)),)),))
    return () if "nothing" in words else (Exchange((), (answer,), identity=Identity(words[0])),)


def parse(logged: Logged) -> tuple[Exchange, ...]:
    return join([word for _, word, _ in logged.outer["spread"]])


@pytest.fixture(autouse=True)
def spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "spread", Format(claims, parse, fragments, join))


def make(held: Mapping[Position, Held] = {}, **assembly: str) -> Assembler:
    config = load(overrides={f"assembly.{key}": value for key, value in assembly.items()})
    assembler = Assembler(config.assembly, normalizer(config), joiner(config))
    assembler.before = held
    return assembler


def record(offset: int, *parts: tuple[str, str, int], **changes: Any) -> Record:
    return make_record(orjson.dumps({"spread": parts}), offset, **changes)


def took(assembler: Assembler, read: Record, now: float) -> Assembled:
    return assembler.take(assembler.normalize(read), now)


def told(items: Iterable[Normalized]) -> list[tuple[Any, ...]]:
    """Offset, then what went with the record: answers, or the reason; then how many triples it is part of."""
    return [
        (
            item.record.position.offset,
            *(triple.answer for triple in item.triples),
            *([item.rejection.reason] if item.rejection else []),
            *([item.empty_reason] if item.empty_reason else []),
            *([len(item.part_of)] if item.part_of else []),
        )
        for item in items
    ]


def offsets(held: Mapping[Position, Held]) -> list[int]:
    return [position.offset for position in held]


def test_a_record_that_closes_all_it_holds_does_not_wait() -> None:
    assembler = make()
    whole = took(assembler, record(0, ("a", "one", 1), ("b", "two", 1)), 0.0)
    assert (told(whole.items), whole.held) == ([(0, "one", "two")], {})


def test_parts_in_several_records_and_partitions_are_one_triple_that_goes_with_the_last() -> None:
    assembler = make()
    first = took(assembler, record(0, ("a", "one", 0)), 0.0)
    assert (first.items, offsets(first.held)) == ((), [0])
    took(assembler, record(7, ("a", "two", 0), source="kafka:c/other"), 1.0)
    last = took(assembler, record(1, ("a", "three", 1)), 2.0)
    assert told(last.items) == [(0, "part_of_trace", 1), (7, "part_of_trace", 1), (1, "one two three")]
    assert last.items[0].part_of == (last.items[2].triples[0].id,)
    assert last.items[2].triples[0].position == make_position(1, "kafka:c/topic")
    assert assembler.n_bytes == len(assembler.waiting) == 0


def test_the_same_key_of_another_tenant_is_another_interaction() -> None:
    items = list(
        assembled(
            [record(at, ("a", f"w{at}", 0), headers=(("tenant", b"t%d" % at),)) for at in range(2)],
            make(),
        )
    )
    assert told(items) == [(0, "w0"), (1, "w1")]


@pytest.mark.parametrize(("now", "closed"), [(30.9, 0), (31.0, 1)])
def test_an_idle_interaction_is_taken_as_whole(now: float, closed: int) -> None:
    assembler = make(idle_s="30")
    took(assembler, record(0, ("a", "one", 0)), 0.0)
    took(assembler, record(1, ("a", "two", 0)), 1.0)
    assert len(list(assembler.due(now))) == closed


def test_an_old_interaction_is_taken_as_it_is_while_parts_still_come() -> None:
    assembler = make(idle_s="30", max_age_s="60")
    seen = []
    for at in range(8):
        took(assembler, record(at, ("a", f"w{at}", 0)), 10.0 * at)
        seen += [told(whole.items)[-1] for whole in assembler.due(10.0 * at)]
    assert seen == [(6, "w0 w1 w2 w3 w4 w5 w6")]
    assert [position.offset for position in assembler.waiting] == [7]


def test_when_too_much_is_held_the_oldest_goes() -> None:
    assembler = make(max_held_bytes=str(2 * len(record(0, ("a", "w", 0)).value)))
    for at, trace in enumerate("aba"):
        took(assembler, record(at, (trace, "w", 0)), 0.0)
    (whole,) = assembler.due(0.0)
    assert told(whole.items) == [(0, "part_of_trace", 1), (2, "w w")]


def test_a_late_part_makes_a_triple_of_its_own() -> None:
    items = list(assembled([record(0, ("a", "one", 1)), record(1, ("a", "late", 0))], make()))
    assert told(items) == [(0, "one"), (1, "late")]


def test_a_record_of_several_interactions_waits_for_all_and_their_triples_do_not() -> None:
    """Traces overlap in the batches of an exporter: the chain of records that touch each other must not hold them."""
    assembler = make()
    took(assembler, record(0, ("a", "a0", 0)), 0.0)
    second = took(assembler, record(1, ("a", "a1", 1), ("b", "b1", 0)), 0.0)
    assert told(second.items) == [(0, "a0 a1")]
    (held,) = second.held.values()
    assert held == Held((name_of(("spread", "", "a")),), (second.items[0].triples[0].id,))
    third = took(assembler, record(2, ("b", "b2", 1), ("c", "c2", 0)), 0.0)
    assert told(third.items) == [(1, "b1 b2", 1)]
    assert offsets(third.held) == [2]


def test_a_record_read_again_after_a_crash_has_no_part_in_what_is_out() -> None:
    before = make()
    took(before, record(0, ("a", "a0", 0)), 0.0)
    stored = took(before, record(1, ("a", "a1", 1), ("b", "b1", 0)), 0.0)
    after = make(stored.held)
    again = took(after, record(1, ("a", "a1", 1), ("b", "b1", 0)), 0.0)
    assert (again.items, again.held) == ((), stored.held)
    (whole,) = after.drain()
    assert told(whole.items) == [(1, "b1", 1)]


def test_news_of_a_held_record_is_given_when_another_carries_its_triple() -> None:
    """Record 0 and 1 both wait for more when `a` closes, so that its triple waits with them."""
    assembler = make()
    took(assembler, record(0, ("a", "a0", 0), ("b", "b0", 0)), 0.0)
    closed = took(assembler, record(1, ("a", "a1", 1), ("c", "c1", 0)), 0.0)
    assert (closed.items, list(closed.held.values())) == ((), [Held()])
    carried = took(assembler, record(2, ("b", "b2", 1)), 0.0)
    assert told(carried.items) == [(0, "a0 a1", 1), (2, "b0 b2")]
    assert offsets(carried.held) == [1]
    assert carried.held[make_position(1, "kafka:c/topic")].triple_ids == (carried.items[0].triples[0].id,)


def test_a_trace_that_cannot_be_read_rejects_its_records_each_and_no_other_trace() -> None:
    assembler = make()
    took(assembler, record(0, ("a", "a0", 0)), 0.0)
    whole = took(assembler, record(1, ("a", "broken", 1), ("b", "b1", 1)), 0.0)
    assert told(whole.items) == [(0, "malformed_spread"), (1, "b1", "malformed_spread")]
    assert [item.rejection and item.rejection.position.offset for item in whole.items] == [0, 1]


def test_a_trace_without_a_model_turn_leaves_its_records_empty() -> None:
    assert told(assembled([record(0, ("a", "nothing", 0)), record(1, ("a", "x", 0))], make())) == [
        (0, "no_model_turn"),
        (1, "no_model_turn"),
    ]


def test_switched_off_each_record_is_taken_as_it_is() -> None:
    config = load(overrides={"assembly.enabled": "false"})
    item = normalizer(config)(record(0, ("a", "one", 0)))
    assert told([item]) == [(0, "one")]


def test_what_is_forgotten_has_no_part_in_anything_any_more() -> None:
    assembler = make()
    took(assembler, record(0, ("a", "a0", 0), ("b", "b0", 0), source="kafka:c/gone"), 0.0)
    took(assembler, record(0, ("a", "a1", 0)), 0.0)
    assembler.forget({("kafka:c/gone", 0)})
    assert assembler.n_bytes == len(record(0, ("a", "a1", 0)).value)
    assert [told(whole.items) for whole in assembler.drain()] == [[(0, "a1")]]


def test_the_oldest_held_offset_of_each_partition_is_known() -> None:
    assembler = make()
    for at in (3, 5):
        took(assembler, record(at, ("a", "one", 0)), 0.0)
    assert assembler.oldest() == {("kafka:c/topic", 0): 3}
