"""Interactions that are spread over records: their parts are kept together until nothing more comes, then joined.

1. A record with fragments waits. The fragments of an interaction, from however many records, are kept under one key.
2. A key closes when a fragment says so, when nothing of it came for long, when it is old, when too much is held, or
   when there is nothing more to read. What its parts became is known then.
3. A record settles when all of its keys are closed. It carries the triples of those of its keys whose triples are not
   out yet; where several records settle at once, the last one read does. The others are `part_of_trace`.
4. A part that comes after its key closed opens the key again, and makes triples of its own; their ids say whether they
   are known.

Pure: the time is an argument, in seconds that only go up while records are being read.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from conf.schema import Assembly
from ingest.normalize import tenant_of
from ingest.qta import Held, Normalized, Position, QTATriple, Record
from ingest.source import Partition

PART_OF_TRACE = "part_of_trace"

Key = tuple[str, str, str]
"""Format, tenant of the record's header, and the fragment's own key."""

Normalize = Callable[[Record], Normalized]
"""`ingest.normalize.normalizer`."""

Join = Callable[[str, Sequence[Any], Record], Normalized]
"""`ingest.normalize.joiner`."""


@dataclass(eq=False, slots=True)
class Interaction:
    """The parts of one interaction.

    Attributes:
        since, heard: when its first and its latest part came.
        parts: the record and the payload of each part, as read.
        result: what the parts became, once it is closed.
        out: whether its triples went with a record.
    """

    key: Key
    since: float
    heard: float
    parts: list[tuple["Waiting", Any]] = field(default_factory=list)
    result: Normalized | None = None
    out: bool = False

    @property
    def triples(self) -> tuple[QTATriple, ...]:
        """Its triples, once it is closed."""
        return self.result.triples if self.result else ()


@dataclass(eq=False, slots=True)
class Waiting:
    """A record that waits.

    Attributes:
        number: how many waiting records were read before it.
        before: what was known of it when it was read again after a crash.
        open: its interactions that are not closed.
        closed: those that are.
    """

    item: Normalized
    number: int
    before: Held
    open: set[Key] = field(default_factory=set)
    closed: list[Interaction] = field(default_factory=list)

    @property
    def position(self) -> Position:
        """Where it was read."""
        return self.item.record.position

    def held(self) -> Held:
        """What must be known of it to read it again; an interaction that was malformed is looked at again then."""
        out = [one for one in self.closed if one.out and one.result and not one.result.rejection]
        return Held(
            (*self.before.closed, *(name_of(one.key) for one in out)),
            (*self.before.triple_ids, *(triple.id for one in out for triple in one.triples)),
        )


@dataclass(frozen=True, slots=True)
class Assembled:
    """What is to be stored together.

    Attributes:
        items: settled records, in the order in which they were read.
        held: records that wait, new ones and those of which there is news.
    """

    items: tuple[Normalized, ...] = ()
    held: Mapping[Position, Held] = field(default_factory=dict)


class Assembler:
    """Keeps records until their interactions are whole.

    Args:
        limits: when a key closes.
        normalize: what a record becomes, or its fragments.
        join: what the parts of an interaction become.

    Attributes:
        before: what is known of records that were held, and will be read again.
    """

    def __init__(self, limits: Assembly, normalize: Normalize, join: Join) -> None:
        self.limits = limits
        self.normalize = normalize
        self.join = join
        self.before: Mapping[Position, Held] = {}
        self.open: dict[Key, Interaction] = {}  # in the order of their first parts
        self.quiet: OrderedDict[Key, Interaction] = OrderedDict()  # the same, in the order of their latest parts
        self.waiting: dict[Position, Waiting] = {}
        self.n_read = 0
        self.n_bytes = 0

    def take(self, item: Normalized, now: float) -> Assembled:
        """Keep a normalized record that has fragments, or settle it if they close all that they are of."""
        record = item.record
        waiting = Waiting(item, self.n_read, self.before.get(record.position, Held()))
        self.n_read += 1
        self.n_bytes += item.record.n_bytes
        self.waiting[waiting.position] = waiting
        closing = [key for fragment in item.fragments if (key := self.part(waiting, fragment, now)) and fragment.closes]
        return self.close(closing, waiting)

    def part(self, waiting: Waiting, fragment: Any, now: float) -> Key | None:
        """Keep one part; None where the triples of its interaction were out before it was read again."""
        key = (waiting.item.format or "", tenant_of(waiting.item.record) or "", fragment.key)
        if waiting.before.closed and name_of(key) in waiting.before.closed:
            return None
        interaction = self.open.setdefault(key, Interaction(key, now, now))
        interaction.heard = now
        interaction.parts.append((waiting, fragment.payload))
        waiting.open.add(key)
        self.quiet[key] = interaction
        self.quiet.move_to_end(key)
        return key

    def due(self, now: float) -> Iterator[Assembled]:
        """Close what is idle, old, or too much, one key at a time."""
        while self.open and (key := self.due_key(now)):
            yield self.close([key])

    def due_key(self, now: float) -> Key | None:
        """A key that is to be closed now."""
        oldest = next(iter(self.open.values()))
        quietest = next(iter(self.quiet.values()))
        if self.n_bytes > self.limits.max_held_bytes or now - oldest.since >= self.limits.max_age_s:
            return oldest.key
        return quietest.key if now - quietest.heard >= self.limits.idle_s else None

    def drain(self) -> Iterator[Assembled]:
        """Close everything, one key at a time: nothing more will come."""
        while self.open:
            yield self.close([next(iter(self.open))])

    def close(self, keys: Iterable[Key], read: Waiting | None = None) -> Assembled:
        """Close some keys, and settle the records that wait for nothing more.

        Args:
            keys: open ones.
            read: a record just read, which settles or is held with the others.
        """
        touched = {read.number: read} if read else {}
        for key in dict.fromkeys(keys):
            interaction = self.open.pop(key)
            del self.quiet[key]
            interaction.result = self.join(key[0], [payload for _, payload in interaction.parts], last(interaction))
            for waiting, _ in interaction.parts:
                waiting.open.discard(key)
                waiting.closed.append(interaction)
                touched[waiting.number] = waiting
        ready = [touched[number] for number in sorted(touched, reverse=True) if not touched[number].open]
        items = [self.settle(waiting) for waiting in ready]
        news = [waiting for one in ready for interaction in one.closed for waiting, _ in interaction.parts]
        held = {waiting.position: waiting.held() for waiting in (*([read] if read else []), *news) if waiting.open}
        return Assembled(tuple(reversed(items)), held)

    def settle(self, waiting: Waiting) -> Normalized:
        """The record with what it carries."""
        del self.waiting[waiting.position]
        self.n_bytes -= waiting.item.record.n_bytes
        closed = list(dict.fromkeys(waiting.closed))  # a record may hold two parts of one interaction
        carried = [interaction for interaction in closed if not interaction.out]
        for interaction in carried:
            interaction.out = True
        triples = {triple.id: triple for interaction in carried for triple in interaction.triples}
        elsewhere = [triple.id for one in closed if one not in carried for triple in one.triples]
        part_of = tuple(dict.fromkeys((*waiting.before.triple_ids, *elsewhere)))
        return outcome_of(waiting.item, tuple(triples.values()), part_of, [one.result for one in closed if one.result])

    def forget(self, partitions: Collection[Partition]) -> None:
        """Hold nothing of these partitions any more: another reader has them, or they will be read again."""
        for waiting in [one for at, one in self.waiting.items() if (at.source, at.partition) in partitions]:
            del self.waiting[waiting.position]
            self.n_bytes -= waiting.item.record.n_bytes
            for key in waiting.open:
                interaction = self.open[key]
                interaction.parts = [part for part in interaction.parts if part[0] is not waiting]
                if not interaction.parts:
                    del self.open[key], self.quiet[key]
            waiting.open = set()

    def oldest(self) -> dict[Partition, int]:
        """The first offset of each partition that is held."""
        found: dict[Partition, int] = {}
        for position in self.waiting:
            partition = (position.source, position.partition)
            found[partition] = min(position.offset, found.get(partition, position.offset))
        return found


def outcome_of(
    item: Normalized, triples: tuple[QTATriple, ...], part_of: tuple[str, ...], results: Sequence[Normalized]
) -> Normalized:
    """A record after all of its interactions closed.

    Args:
        item: as it was read.
        triples: those that it carries.
        part_of: ids of those that other records carried.
        results: what its interactions became.
    """
    whole = replace(item, fragments=(), triples=triples, part_of=part_of)
    rejection = next((result.rejection for result in results if result.rejection), None)
    if rejection:
        return replace(whole, rejection=replace(rejection, position=item.record.position))
    if triples:
        return whole
    reason = next((result.empty_reason for result in results if result.empty_reason), None)
    return replace(whole, empty_reason=PART_OF_TRACE if part_of else reason or PART_OF_TRACE)


def last(interaction: Interaction) -> Record:
    """The record of the latest part."""
    return interaction.parts[-1][0].item.record


def name_of(key: Key) -> str:
    """What stands for a key in the store: a digest, since a log's own key may say whose it is."""
    return hashlib.sha256("\0".join(key).encode()).hexdigest()[:32]


def assembled(records: Iterable[Record], assembler: Assembler) -> Iterator[Normalized]:
    """All records settled, for a source that is read once to its end: nothing is idle or old on the way."""
    for item in map(assembler.normalize, records):
        yield from assembler.take(item, 0.0).items if item.fragments else (item,)
        for whole in assembler.due(0.0):
            yield from whole.items
    for whole in assembler.drain():
        yield from whole.items
