from ingest.engines.resuming import Resuming
from ingest.qta import Gap, Normalized, Position, Record

PLACE, PIPE = ("kafka:c/t", 0), ("stdin:1", 0)


def record(offset: int) -> Record:
    return Record(Position(*PLACE, offset), b"{}")


def taken(resuming: Resuming, *items: Record | Gap) -> list[int | tuple[int, int] | str]:
    """Offsets of records, bounds of gaps, and the reasons of records that are gone."""
    found: list[int | tuple[int, int] | str] = []
    for item in resuming.left(items):
        if isinstance(item, Record):
            found.append(item.position.offset)
        elif isinstance(item, Gap):
            found.append((item.first, item.last))
        elif item.rejection:
            found.append(f"{item.rejection.reason} {item.rejection.position.offset}")
    return found


def held(*offsets: int) -> list[Position]:
    return [Position(*PLACE, offset) for offset in offsets]


def test_before_the_stored_position_only_held_records_are_taken() -> None:
    resuming = Resuming({PLACE: 5, PIPE: 3}, held(2, 4))
    assert resuming.oldest == {PLACE: 2}
    assert [resuming.is_again(record(offset)) for offset in (4, 5)] == [True, False]
    assert taken(resuming, *map(record, range(2, 8))) == [2, 4, 5, 6, 7]


def test_of_a_gap_only_what_is_new_counts_and_held_records_in_it_are_gone() -> None:
    assert taken(Resuming({PLACE: 5}, held(2, 4)), Gap(*PLACE, 2, 3, "retention"), record(4), record(5)) == [
        "held_record_gone 2",
        4,
        5,
    ]
    assert taken(Resuming({PLACE: 5}, held(2, 4)), Gap(*PLACE, 2, 8, "retention"), record(9)) == [
        "held_record_gone 2",
        "held_record_gone 4",
        (5, 8),
        9,
    ]


def test_what_a_pipe_left_held_is_gone_with_it() -> None:
    (item,) = Resuming({PIPE: 3}, [Position(*PIPE, 1)]).lost()
    assert isinstance(item, Normalized)
    assert item.rejection
    assert (item.rejection.reason, item.rejection.position.offset) == ("held_record_gone", 1)


def test_without_held_records_all_is_taken() -> None:
    assert taken(Resuming({PLACE: 5}, ()), record(5), Gap(*PLACE, 6, 7, "retention")) == [5, (6, 7)]
