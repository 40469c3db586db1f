import pytest

from ingest.errors import SourceChanged, SourceSyntax
from ingest.qta import Gap
from ingest.topics import Fresh, Start, Topics, gap_between, parse_topics, start_of

PLACE = ("kafka:c/t", 3)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("kafka://h:9092/t", Topics(("h:9092",), ("t",))),
        ("kafka://h:1,i:2/t,u,t?group=g", Topics(("h:1", "i:2"), ("t", "u"), "g")),
        ("kafka://[::1]:9092/t", Topics(("[::1]:9092",), ("t",))),
    ],
)
def test_a_source_names_brokers_topics_and_group(text: str, want: Topics) -> None:
    assert parse_topics(text) == want


@pytest.mark.parametrize("text", ["kafka://", "kafka://h:1", "kafka://h:1/", "kafka:///t", "kafka://h/a/b"])
def test_a_source_that_lacks_a_part_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(SourceSyntax, match="kafka://host:port/topic"):
        parse_topics(text)


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(SourceSyntax, match="unknown option gruop; allowed: group"):
        parse_topics("kafka://h:1/t?gruop=g")


@pytest.mark.parametrize(
    ("stored", "fresh", "want"),
    [
        (None, "earliest", Start(5, first=5)),
        (None, "latest", Start(9, first=9)),
        (7, "latest", Start(7)),
        (9, "earliest", Start(9)),
        (2, "earliest", Start(5, gap=Gap(*PLACE, 2, 4, "retention"))),
    ],
)
def test_reading_begins_where_it_stopped_and_names_what_is_gone(stored: int | None, fresh: Fresh, want: Start) -> None:
    assert start_of(PLACE, stored, range(5, 9), fresh) == want


def test_a_topic_that_ends_before_what_is_stored_was_made_anew() -> None:
    with pytest.raises(SourceChanged, match="kafka:c/t partition 3"):
        start_of(PLACE, 10, range(9), "earliest")


def test_offsets_without_a_record_are_a_gap() -> None:
    assert gap_between(PLACE, 4, 4) == []
    assert gap_between(PLACE, 4, 6) == [Gap(*PLACE, 4, 5, "compacted_or_transaction")]
