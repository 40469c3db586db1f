"""Judged ranges: what became of the offsets [start, end) of one source partition, as it travels in a fleet.

    batch --ranges_of--> JudgedRange --wire--> topic --wire--> JudgedRange --unseen--> batch --store

A worker may die after it sent a range and before it said so to its group: then the range comes again, from the same
worker or another, perhaps cut elsewhere. So whoever stores ranges goes by the partition's mark, the next offset to
store: what lies below it was seen, what begins above it has to wait.
"""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from auditor.store_rows import Run
from auditor.verdict import Verdict
from ingest.qta import Batch, Gap, Held, Normalized, Position
from ingest.source import Partition


@dataclass(frozen=True, slots=True)
class HeldAt:
    """A record of the partition that waits for the rest of its interactions."""

    offset: int
    held: Held = field(default_factory=Held)


@dataclass(frozen=True, slots=True)
class JudgedRange:
    """What became of the offsets [start, end) of one source partition.

    Each offset in the range is exactly one of: an item's, held, or in a gap.

    Attributes:
        run: of the worker that judged it, for the verdicts' provenance.
        items: in reading order; those below `start` settle records that were held before.
        held: records that wait for the rest of their interactions; those below `start` are news of some held before.
        verdicts: one for each triple among the items.
    """

    source: str
    partition: int
    start: int
    end: int
    run: Run
    items: tuple[Normalized, ...] = ()
    held: tuple[HeldAt, ...] = ()
    gaps: tuple[Gap, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def place(self) -> Partition:
        """The source partition that it is of."""
        return self.source, self.partition


def ranges_of(
    batch: Batch, ends: Mapping[Partition, int], verdicts: Iterable[Verdict], run: Run
) -> Iterator[JudgedRange]:
    """A batch as one range for each source partition that it has news of.

    Args:
        batch: as an engine hands it over.
        ends: where the batch before left each partition; not needed for those in `batch.starts`.
        verdicts: on its triples.
        run: of the one who judged it.
    """
    at = [item.record.position for item in batch.items] + list(batch.held)
    for place in dict.fromkeys([*batch.positions, *((p.source, p.partition) for p in at)]):
        start = batch.starts.get(place, ends.get(place, batch.positions.get(place, 0)))
        items = tuple(item for item in batch.items if place_of(item.record.position) == place)
        yield JudgedRange(
            *place,
            start,
            batch.positions.get(place, start),
            run,
            items,
            tuple(HeldAt(p.offset, held) for p, held in batch.held.items() if place_of(p) == place),
            tuple(gap for gap in batch.gaps if (gap.source, gap.partition) == place),
            verdicts_of(items, verdicts),
        )


def place_of(position: Position) -> Partition:
    """The source partition of a position."""
    return position.source, position.partition


def adds_up(judged: JudgedRange) -> bool:
    """Whether each offset of the range is exactly one of an item's, held, or in a gap, and nothing lies behind it."""
    spans = [(offset, offset + 1) for offset in offsets_of(judged) if offset >= judged.start]
    spans += [(gap.first, gap.last + 1) for gap in judged.gaps]
    at = judged.start
    for first, after in sorted(spans):
        if first != at:
            return False
        at = after
    return at == judged.end


def offsets_of(judged: JudgedRange) -> list[int]:
    """The offsets of its records, settled and held."""
    return [item.record.position.offset for item in judged.items] + [at.offset for at in judged.held]


def split(judged: JudgedRange) -> tuple[JudgedRange, JudgedRange] | None:
    """Two ranges that say the same one after the other; None for a single record."""
    offsets = sorted(set(offsets_of(judged)))
    if len(offsets) < 2:
        return None
    middle = offsets[len(offsets) // 2]
    cut = min(max(middle, judged.start), judged.end)
    below, above = range(middle), range(middle, sys.maxsize)
    return part(judged, range(judged.start, cut), below), part(judged, range(cut, judged.end), above)


def part(judged: JudgedRange, span: range, offsets: range) -> JudgedRange:
    """The range of `span`, with what there is of `offsets`."""
    items = tuple(item for item in judged.items if item.record.position.offset in offsets)
    return replace(
        judged,
        start=span.start,
        end=span.stop,
        items=items,
        held=tuple(at for at in judged.held if at.offset in offsets),
        gaps=tuple(cut_gaps(judged.gaps, span)),
        verdicts=verdicts_of(items, judged.verdicts),
    )


def verdicts_of(items: Iterable[Normalized], verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Those of `verdicts` that are on triples among `items`."""
    ids = {triple.id for item in items for triple in item.triples}
    return tuple(verdict for verdict in verdicts if verdict.triple_id in ids)


def cut_gaps(gaps: Iterable[Gap], span: range) -> Iterator[Gap]:
    """What of each gap lies in `span`."""
    for gap in gaps:
        first, last = max(gap.first, span.start), min(gap.last, span.stop - 1)
        if first <= last:
            yield replace(gap, first=first, last=last)


def unseen(judged: JudgedRange, mark: int | None, held: Collection[Position]) -> Batch | None:
    """What of a range is news to a store, as a batch that follows on what it has; None where all of it was seen.

    Args:
        judged: a range that does not begin above the mark.
        mark: the next offset of the partition to store; None for a partition that is new to the store.
        held: records that the store holds; of those below the mark, only what settles or changes these is news.
    """
    low = judged.start if mark is None else mark

    def is_news(position: Position) -> bool:
        return position.offset >= low or position in held

    items = tuple(item for item in judged.items if is_news(item.record.position))
    places = {Position(*judged.place, at.offset): at.held for at in judged.held}
    still = {position: found for position, found in places.items() if is_news(position)}
    if mark is not None and judged.end <= mark and not items and not still:
        return None
    return Batch(
        items=items,
        positions={judged.place: max(judged.end, low)},
        starts={} if mark is not None else {judged.place: judged.start},
        gaps=tuple(cut_gaps(judged.gaps, range(low, max(judged.end, low)))),
        held=still,
    )
