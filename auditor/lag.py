"""How much live work an audit has before it, so that a backfill beside it gives way."""

from collections.abc import Callable, Sequence

from auditor.store import Store
from ingest.source import HasHighWaters, Source

FAR = 1_000_000_000  # of sources that do not know where they end, such as files: as long as they are read


def lag_of(sources: Sequence[Source]) -> Callable[[Store], int]:
    """Tells how many offsets are not stored yet, as far as is known; any thread may ask, with a store of its own."""

    def lag(store: Store) -> int:
        stored = store.positions()
        found = 0
        for source in sources:
            if not isinstance(source, HasHighWaters):
                return FAR
            found += sum(max(0, end - stored.get(place, end)) for place, end in source.high_waters().items())
        return found

    return lag
