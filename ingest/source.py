"""What records are read from, and how a SOURCE on the command line names it.

logs/ more/*.jsonl.gz     files, see replay.py
-                         standard input, see stdin.py
kafka://host:9092/topic   topics, see kafka.py
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from conf.schema import Config
from ingest.errors import SourceSyntax
from ingest.qta import Gap, Held, Position, Record

Partition = tuple[str, int]
"""Source name and partition number, as in a Position."""

STDIN = "stdin:"
"""How the name of a standard input begins; what was read of it cannot be read again."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where an audit stands.

    Attributes:
        positions: the next offset to read, for each partition that was ever read.
        held: records before those that wait for the rest of their interactions.
    """

    positions: Mapping[Partition, int] = field(default_factory=dict)
    held: Mapping[Position, Held] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll brought.

    With a source that shares its partitions with others, a poll brings either items, or news of these partitions.

    Attributes:
        items: records, and the gaps between them, in the order of their offsets within a partition.
        starts: partitions that had no stored position, with the offset at which reading them begins.
        exhausted: nothing more will come; never with a source that follows.
        assigned: whether partitions have come to us that wait for `resume` to say where they begin.
        revoked: partitions that go to another reader, which waits, for a while, until the next poll: what was read of
            them is to be stored before.
        lost: partitions that are another reader's already.
    """

    items: tuple[Record | Gap, ...] = ()
    starts: Mapping[Partition, int] = field(default_factory=dict)
    exhausted: bool = False
    assigned: bool = False
    revoked: frozenset[Partition] = frozenset()
    lost: frozenset[Partition] = frozenset()


class Source(Protocol):
    """A place that records are read from, in order, and that can be read again from a position.

    The caller is one thread and keeps this order: `resume`, then `poll` until exhausted or enough, and `resume` again
    when a poll says that partitions were assigned; `keep_alive` now and then while there is no time to poll; `commit`
    whenever positions are stored, `close` at the end, also after an error.
    """

    def resume(self, stored: Mapping[Partition, int], again: Mapping[Partition, int] = {}) -> None:
        """Start where `stored` says, and elsewhere at the beginning; partitions of other sources are ignored.

        Args:
            stored: partition -> the next offset to read.
            again: partition -> an offset before that at which reading starts instead; the caller knows what of it to
                pass over. A gap that the source reports may begin there.

        Raises:
            SourceChanged: what was read before is not there any more, so that positions mean something else.
        """

    def poll(self) -> Polled:
        """What comes next; returns with nothing rather than wait for long.

        Raises:
            SourceUnavailable: the source went away; nothing was lost, a later resume goes on.
        """

    def keep_alive(self) -> None:
        """Stay a reader of the partitions while a batch is handled; reads nothing."""

    def commit(self, stored: Mapping[Partition, int]) -> None:
        """Tell the source what is stored, for its own displays; never read back."""

    def close(self) -> None:
        """Give back files and connections; may be called twice."""


@runtime_checkable
class HasHighWaters(Protocol):
    """A source that knows how much there is to read, such as topics."""

    def high_waters(self) -> Mapping[Partition, int]:
        """The offset after the last record of each partition that is read, as far as it is known; asks nobody."""


def open_sources(
    texts: Sequence[str], config: Config, *, follow: bool = False, group_decides: bool = False
) -> list[Source]:
    """The sources that `texts` name; files become one source, in which each file is read once.

    Args:
        texts: SOURCE arguments of the command line.
        config: its ingest, batching and kafka sections are used.
        follow: keep waiting for more instead of ending at what is there; topics and standard input only.
        group_decides: a partition without a stored position begins where its group has come: for those without a
            store, since whoever has one must not leave out what it has never seen.

    Raises:
        SourceSyntax: a text that names no source, or one that cannot be followed.
        SourceNotFound: a path, glob or topic that is not there.
        SourceUnavailable: a broker that does not answer.
        MissingExtra: a topic, without the library for it.
    """
    # Imported here: a topic needs an extra, and replay.py imports the types above.
    from ingest.replay import Replay, find_files

    paths = [text for text in texts if text != "-" and "://" not in text]
    if follow and paths:
        raise SourceSyntax(f"{paths[0]}: files end; --follow is for kafka://… and -")
    streams = [
        open_stream(text, config, follow=follow, group_decides=group_decides) for text in texts if text not in paths
    ]
    return [*([Replay(find_files(paths), config)] if paths else []), *streams]


def open_source(text: str, config: Config) -> Source:
    """The source that `text` names; see `open_sources`."""
    return open_sources([text], config)[0]


def open_stream(text: str, config: Config, *, follow: bool, group_decides: bool = False) -> Source:
    """Standard input or topics."""
    if text == "-":
        from ingest.stdin import Stdin

        return Stdin(config)
    if text.startswith("kafka://"):
        from ingest.kafka import open_topics

        return open_topics(text, config, follow=follow, group_decides=group_decides)
    raise SourceSyntax(f"{text}: a source is a path, a folder, a glob, -, or kafka://host:port/topic")


def records_of(source: Source) -> Iterator[Record]:
    """Every record from the beginning, without positions; closes the source when done or left."""
    try:
        source.resume({})
        exhausted = False
        while not exhausted:
            polled = source.poll()
            yield from (item for item in polled.items if isinstance(item, Record))
            exhausted = polled.exhausted
    finally:
        source.close()
