"""What a kafka:// SOURCE names, and where reading a partition of it begins; nothing here talks to a broker."""

from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from ingest.errors import SourceChanged, SourceSyntax
from ingest.qta import Gap
from ingest.source import Partition

RETENTION = "retention"  # the broker deleted these before we came to read them
NO_RECORD = "compacted_or_transaction"  # a consumer cannot tell a compacted offset from a marker or an aborted record

Fresh = Literal["earliest", "latest"]
"""Which end a partition without a stored position is read from."""


@dataclass(frozen=True, slots=True)
class Topics:
    """kafka://host:port[,host:port…]/topic[,topic…][?group=NAME], read.

    Attributes:
        group: shares the partitions out among its members, and is told how far reading has come.
        group_decides: what it was told is where a partition without a stored position begins.
    """

    brokers: tuple[str, ...]
    names: tuple[str, ...]
    group: str | None = None
    group_decides: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading a partition begins.

    Attributes:
        offset: the first to ask the broker for.
        first: the first ever asked for, of a partition that is new to the store; else None.
        gap: offsets that are gone since we stopped.
    """

    offset: int
    first: int | None = None
    gap: Gap | None = None


def parse_topics(text: str) -> Topics:
    """The brokers, topics and group that `text` names.

    Raises:
        SourceSyntax: something is missing, or an option is unknown.
    """
    url = urlsplit(text)
    brokers = tuple(filter(None, url.netloc.split(",")))
    names = tuple(dict.fromkeys(filter(None, url.path.strip("/").split(","))))
    options = dict(parse_qsl(url.query))
    if not brokers or not names or any("/" in name for name in names):
        raise SourceSyntax(f"{text}: write it as kafka://host:port/topic[,topic][?group=NAME]")
    if unknown := set(options) - {"group"}:
        raise SourceSyntax(f"{text}: unknown option {', '.join(sorted(unknown))}; allowed: group")
    return Topics(brokers, names, options.get("group"))


def start_of(
    partition: Partition, stored: int | None, available: range, fresh: Fresh, again: int | None = None
) -> Start:
    """Where reading begins, given what is stored and which offsets the broker has.

    Args:
        partition: for the gap.
        stored: the next offset to read; None for a partition that is new to the store.
        available: the broker's first offset and the one after its last.
        fresh: which end a new partition begins at.
        again: an offset before `stored` at which reading begins instead, for the sake of held records.

    Raises:
        SourceChanged: the broker ends before what is stored: the topic was deleted and made anew.
    """
    if stored is None:
        first = available.start if fresh == "earliest" else available.stop
        return Start(first, first=first)
    if stored > available.stop:
        raise SourceChanged(f"{partition[0]} partition {partition[1]}", stored)
    first = stored if again is None else again
    if first < available.start:
        return Start(available.start, gap=Gap(*partition, first, available.start - 1, RETENTION))
    return Start(first)


def start_in_group(
    partition: Partition, known: tuple[int | None, int | None], available: range, fresh: Fresh, again: int | None
) -> Start:
    """The same for a partition that a group gave us.

    `known` is where the store stands, and where the group has come; either may not know the partition. The group counts
    where the store does not: what was read before is another store's.

    Raises:
        SourceChanged: the broker ends before what is known.
    """
    stored, committed = known
    if stored is not None or committed is None:
        return start_of(partition, stored, available, fresh, again)
    return replace(start_of(partition, committed, available, fresh), first=committed)


def gap_between(partition: Partition, expected: int, found: int) -> list[Gap]:
    """The gap between the offset that was expected next and the one that came; empty when there is none."""
    return [Gap(*partition, expected, found - 1, NO_RECORD)] if found > expected else []
