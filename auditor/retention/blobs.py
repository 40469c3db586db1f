"""Files in the blob store that nothing needs any more: images that no triple shows, messages that are stored.

A file is deleted while nobody can store a triple, so that none that was just stored is left without its image. What was
deleted is known for a month: see `kept_out.with_blobs`.
"""

from datetime import datetime, timedelta

from auditor.ranges import JudgedRange, unseen
from auditor.store import Store
from auditor.store_sink import sink_positions
from auditor.verdict_rows import utc
from auditor.wire import RANGE, decode

REMEMBERED = timedelta(days=30)

DUE = "SELECT DISTINCT sha256 FROM blobs_due ORDER BY sha256"
SHOWN = "SELECT 1 FROM images WHERE sha256 = ? LIMIT 1"
ALL_SHOWN = "SELECT DISTINCT sha256 FROM images WHERE sha256 IS NOT NULL"


def delete_due(store: Store, now: datetime) -> int:
    """Delete the files that are due, unless a triple shows them; gives how many went.

    Raises:
        StoreUnusable: one cannot be deleted; it is still due, as are those after it.
    """
    n = 0
    for (name,) in store.connection.execute(DUE).fetchall():
        with store.transaction():
            if not store.connection.execute(SHOWN, [name]).fetchall():
                n += store.blobs.delete(name)
                store.connection.execute("INSERT INTO blobs_gone VALUES (?, ?)", [name, utc(now)])
            store.connection.execute("DELETE FROM blobs_due WHERE sha256 = ?", [name])
    with store.transaction():
        store.connection.execute('DELETE FROM blobs_gone WHERE "at" < ?', [utc(now - REMEMBERED)])
    return n


def delete_stored_messages(store: Store) -> int:
    """Delete messages that were too large for the topic of outcomes, and whose ranges are stored; gives how many.

    They lie in the blob store beside the images, with all texts of their range.
    """
    if not sink_positions(store):
        return 0
    shown = {name for (name,) in store.connection.execute(ALL_SHOWN).fetchall()}
    return sum(delete_if_stored(store, name) for name in store.blobs.names() if name not in shown)


def delete_if_stored(store: Store, name: str) -> int:
    """Delete a message that says nothing that is not stored."""
    value = store.blobs.find(name)
    if value is None or value[:4] != RANGE:
        return 0
    judged = decode(value, store.blobs.read)
    if not isinstance(judged, JudgedRange):
        return 0
    with store.transaction():
        mark = store.positions().get(judged.place)
        if mark is None or unseen(judged, mark, store.held_of(judged.place)) is not None:
            return 0
        return store.blobs.delete(name)
