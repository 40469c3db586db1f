"""The bytes of records that the tables keep: of dead letters, of messages that the sink could not read, of ranges."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from auditor.evidence.store_seals import release
from auditor.ranges import JudgedRange
from auditor.retention.cases import these
from auditor.retention.marks import finder, holds_any, marks_of
from auditor.store import Store
from auditor.verdict_rows import utc
from auditor.wire import RANGE, decode, light, pack
from ingest.dead_letters import identity_of
from ingest.qta import Normalized, QTATriple, Withheld

AT_A_TIME = 200

SAID = """
    SELECT conversation_id, response_id, trace_id, span_id, question, thinking, answer,
        list_transform(tool_calls, lambda call: [call.arguments, call.result]) FROM triples WHERE id IN (FROM {these})
"""

# Records of which one of these triples came, also where they were read again later.
PLACES = """
    SELECT source, "partition", "offset" FROM triples WHERE id IN (FROM {these})
    UNION
    SELECT source, "partition", "offset" FROM outcomes
    WHERE list_has_any(triple_ids, (SELECT list(id) FROM {these}))
"""
LETTERS = 'SELECT source, "partition", "offset", value, key, headers FROM dead_letters WHERE bytes_gone_at IS NULL'
REJECTS = 'SELECT source, "partition", "offset", value FROM sink_rejects WHERE octet_length(value) > 0'
WAITING = "SELECT rowid, value FROM waiting_ranges"

AT = '(source, "partition", "offset") IN (SELECT (unnest($sources), unnest($partitions), unnest($offsets)))'
EMPTY = {
    "dead_letters": "UPDATE dead_letters SET value = NULL, key = NULL, headers = [], bytes_gone_at = $now WHERE {at}",
    "sink_rejects": "UPDATE sink_rejects SET value = ''::BLOB WHERE {at}",
}

Place = tuple[Any, ...]
"""Source, partition and offset of a record."""

Name = tuple[str, str]
"""A tenant, and what it names: a conversation or a user's pseudonym."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Which records hold something of the cases that are erased.

    Attributes:
        ids: of the triples.
        conversations: of which all is erased: tenant and id.
        users: the same with pseudonyms.
        marks: finds those of the cases; see `marks_of`.
        places: of the records that they came in.
    """

    ids: Collection[str]
    conversations: Collection[Name]
    users: Collection[Name]
    marks: re.Pattern[bytes] | None
    places: Collection[Place]

    def is_meant(self, triple: QTATriple) -> bool:
        """Whether a triple that is not stored yet is one of them."""
        named = ((triple.conversation_id, self.conversations), (triple.user, self.users))
        return triple.id in self.ids or any(name and (triple.tenant, name) in of_all for name, of_all in named)


def meant(store: Store, ids: Sequence[str], conversations: Collection[Name], users: Collection[Name]) -> Meant:
    """What to look for of these cases."""
    with these(store, ids) as wanted:
        rows = store.connection.execute(SAID.format(these=wanted)).fetchall()
        places = {tuple(row) for row in store.connection.execute(PLACES.format(these=wanted)).fetchall()}
    names = [name for row in rows for name in row[:4]] + [name for _, name in conversations]
    texts = [text for row in rows for text in (*row[4:7], *(part for call in row[7] or () for part in call))]
    return Meant(set(ids), conversations, users, finder(marks_of(names, texts)), places)


def letters_of(store: Store, what: Meant, max_bytes: int) -> list[Place]:
    """The dead letters that hold something of it."""
    return [
        (source, partition, offset)
        for source, partition, offset, value, key, headers in rows_of(store, LETTERS)
        if (source, partition, offset) in what.places
        or holds_any([value, key, *(one["value"] for one in headers or ())], what.marks, max_bytes)
    ]


def rejects_of(store: Store, what: Meant, max_bytes: int) -> list[Place]:
    """The messages that the sink could not read and that hold something of it."""
    found = rows_of(store, REJECTS)
    return [tuple(at) for *at, value in found if holds_any([value, value[4:]], what.marks, max_bytes)]


def rows_of(store: Store, query: str) -> Iterator[tuple[Any, ...]]:
    """What a query gives, a few rows at a time; nothing else may be asked of the connection meanwhile."""
    found = store.connection.execute(query)
    while rows := found.fetchmany(AT_A_TIME):
        yield from rows


def empty(store: Store, table: str, places: Sequence[Place], now: datetime) -> int:
    """Take the bytes out of the records at these places, in the open transaction; gives how many there are."""
    if not places:
        return 0
    sources, partitions, offsets = (list(column) for column in zip(*places, strict=True))
    values = {"sources": sources, "partitions": partitions, "offsets": offsets}
    n = release(store, table, AT, values)
    statement = EMPTY[table].format(at=AT)
    store.connection.execute(statement, values | ({"now": utc(now)} if "$now" in statement else {}))
    return n


def waiting_of(store: Store, what: Meant, max_bytes: int) -> dict[int, bytes]:
    """Ranges that wait and hold something of it, by their row, as they are without it."""
    found = {}
    for row, value in store.connection.execute(WAITING).fetchall():
        judged = decode(value, store.blobs.read)
        if isinstance(judged, JudgedRange) and (left := without(judged, what, max_bytes)) != judged:
            found[row] = pack(RANGE, light(left))
    return found


def without(judged: JudgedRange, what: Meant, max_bytes: int) -> JudgedRange:
    """The range with nothing of it: what became of each record stays, and by its id the store keeps a triple out."""
    items = tuple(item_without(item, what, max_bytes) for item in judged.items)
    out = {triple.id for item in judged.items for triple in item.triples if what.is_meant(triple)}
    return replace(judged, items=items, verdicts=tuple(one for one in judged.verdicts if one.triple_id not in out))


def item_without(item: Normalized, what: Meant, max_bytes: int) -> Normalized:
    """One item of a range."""
    triples = tuple(bare(triple) if what.is_meant(triple) else triple for triple in item.triples)
    record = item.record
    said = (record.value, record.key, *(value for _, value in record.headers))
    if item.rejection and (record.position in what.places or holds_any(said, what.marks, max_bytes)):
        record = replace(record, value=b"", key=None, headers=(), withheld=Withheld(*identity_of(record)))
    return replace(item, record=record, triples=triples)


def bare(triple: QTATriple) -> QTATriple:
    """A triple without anything that was said."""
    silent = replace(triple, question=None, thinking=None, answer=None, system_prompt=None, context="")
    return replace(silent, tool_calls=(), images=(), guards=())
