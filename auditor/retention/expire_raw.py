"""The bytes of records that have outlived their period: see `expire.py`.

A record that could not be read says nothing of whose it is, unless it was read again later: then it is of the tenants
of its triples. What is of nobody in particular is kept for the longest period that anybody has, and for as long as a
tenant is held; where a conversation, a user or a case is held, what holds something of it stays.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.retention.holds import holds, triples_held
from auditor.retention.periods import ClassName, before, days_of, longest
from auditor.retention.records import Place, empty, letters_of, meant, rejects_of
from auditor.store import Store
from auditor.verdict_rows import utc
from conf.retention import Retention

APPLIED = "retention.applied"
MAX_BYTES = 2**27  # that a compressed record may unpack to where it is looked into

LETTERS = """
    WITH letters AS (
        SELECT source, "partition", "offset", stored_at FROM dead_letters
        WHERE bytes_gone_at IS NULL AND (value IS NOT NULL OR key IS NOT NULL OR len(headers) > 0)
    ), named AS (
        SELECT source, "partition", "offset", unnest(o.triple_ids) AS id
        FROM letters JOIN outcomes o USING (source, "partition", "offset")
    ), owned AS (
        SELECT named.source, named."partition", named."offset", list(DISTINCT tenant) AS tenants
        FROM named JOIN triples USING (id) GROUP BY ALL
    )
    SELECT source, "partition", "offset", stored_at, coalesce(tenants, [])
    FROM letters LEFT JOIN owned USING (source, "partition", "offset") ORDER BY ALL
"""
REJECTS = """
    SELECT source, "partition", "offset" FROM sink_rejects
    WHERE stored_at < ? AND octet_length(value) > 0 ORDER BY ALL
"""
RANGES = """
    DELETE FROM waiting_ranges WHERE since < ? RETURNING source, "partition", start_offset, end_offset
"""


def expire_raw(store: Store, retention: Retention, now: datetime) -> dict[str, int]:
    """Take the bytes out of records; gives how many of each table."""
    with store.transaction():
        at = before(now, longest(retention, "raw"))
        held = {hold.value for hold in holds(store) if hold.subject == "tenant"}
        letters = [place for place, tenants in overdue_letters(store, retention, now) if may_go(tenants, held)]
        rejects = rows(store, REJECTS, [utc(at)]) if at and not held else []
        if letters or rejects:
            what = meant(store, triples_held(store), set(), set())
            letters = without(letters, letters_of(store, what, MAX_BYTES))
            rejects = without(rejects, rejects_of(store, what, MAX_BYTES))
        n = {"dead_letters": empty(store, "dead_letters", letters, now)}
        n["sink_rejects"] = empty(store, "sink_rejects", rejects, now)
        given_up = rows(store, RANGES, [utc(at)]) if at and not holds(store) else []
        n["waiting_ranges"] = len(given_up)
        if not any(n.values()):
            return {}
        note_deed(store, "raw", {"rows": n, "given_up": given_up}, now)
    return {table: rows_of for table, rows_of in n.items() if rows_of}


def note_deed(store: Store, name: ClassName, told: Mapping[str, Any], now: datetime) -> None:
    """The event of it; and that the file still has in its free blocks what was taken out."""
    record_event(store, Deed(APPLIED, SYSTEM, name, told, now))
    query = "INSERT INTO rewrite_due SELECT 'retention', ? WHERE NOT EXISTS (FROM rewrite_due)"
    store.connection.execute(query, [utc(now)])


def overdue_letters(store: Store, retention: Retention, now: datetime) -> Iterable[tuple[Place, list[str]]]:
    """Dead letters that have outlived their period, with the tenants that they are known to be of."""
    for *place, stored_at, tenants in store.connection.execute(LETTERS).fetchall():
        periods = [days_of(retention, "raw", tenant) for tenant in tenants] or [longest(retention, "raw")]
        at = None if 0 in periods else before(now, max(periods))
        if at and stored_at < utc(at):
            yield tuple(place), tenants


def may_go(tenants: Iterable[str], held: set[str]) -> bool:
    """Whether no tenant of it is held; what is of nobody in particular may be of one that is."""
    return not held & set(tenants) if tenants else not held


def without(places: Iterable[Place], kept: Iterable[Place]) -> list[Place]:
    """Those that are not to be kept."""
    stay = set(kept)
    return [place for place in places if place not in stay]


def rows(store: Store, query: str, values: list[Any]) -> list[Place]:
    """What a query gives."""
    return [tuple(row) for row in store.connection.execute(query, values).fetchall()]
