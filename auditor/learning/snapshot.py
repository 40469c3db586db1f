"""What a training may look at, off the database: reviewed and annotated cases, in pages. Read queries alone."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from auditor.learning.cases import Annotation, CasePage, Ground, GuardSaid, KnownCase, Purpose
from auditor.reviews import Review
from auditor.sampling.store import salt
from auditor.store import Store
from auditor.store_backfill import dicts, load_triples
from auditor.store_reviews import COLUMNS, review_of
from auditor.stored_triples import in_utc
from auditor.verdict import Judgment

NEXT = """
    SELECT id FROM (
        SELECT triple_id AS id FROM standing UNION SELECT triple_id FROM annotations
    ) WHERE id > $after ORDER BY id LIMIT $n
"""
ABOUT = "SELECT id, language, text_gone_at IS NOT NULL AS text_gone FROM triples WHERE id IN (SELECT unnest($ids))"
REVIEWS = f"""
    SELECT {COLUMNS}, false FROM standing WHERE triple_id IN (SELECT unnest($ids)) ORDER BY triple_id, "at", id
"""  # noqa: S608 - our own names, here and below
ANNOTATIONS = """
    SELECT triple_id, judge, version, prompt_hash, judgment, analysis, reason, annotated_at AS "at" FROM annotations
    WHERE triple_id IN (SELECT unnest($ids)) ORDER BY triple_id, annotated_at, judge, version, prompt_hash
"""
# Of a candidate that was only tried beside the guard nothing is learned.
GUARD = """
    SELECT DISTINCT ON (triple_id) triple_id, model_revision, prompt_hash, judgment, analysis, category, scored_at
    FROM verdicts WHERE triple_id IN (SELECT unnest($ids)) AND judgment IS NOT NULL
        AND run_id NOT IN (SELECT run_id FROM runs WHERE kind = 'shadow')
    ORDER BY triple_id, analysis = '', scored_at DESC, model_revision, prompt_hash, decoding
"""
DRAWN = """
    SELECT triple_id, arg_min(inclusion, "day") AS inclusion FROM draws
    WHERE reason = 'below' AND triple_id IN (SELECT unnest($ids)) GROUP BY triple_id
"""
LOCKED = (
    "SELECT triple_id, min(purpose) AS purpose FROM locked_cases WHERE triple_id IN (SELECT unnest($ids)) GROUP BY 1"
)
TRAINED = "SELECT DISTINCT triple_id FROM training_items WHERE triple_id IN (SELECT unnest($ids))"
ASKED = "SELECT DISTINCT triple_id FROM asked_cases WHERE triple_id IN (SELECT unnest($ids))"
GONE = """
    SELECT id FROM (SELECT unnest($ids) AS id) wanted
    WHERE id NOT IN (SELECT id FROM triples WHERE text_gone_at IS NULL AND id IN (SELECT unnest($ids)))
        OR id IN (SELECT triple_id FROM erasures WHERE triple_id IN (SELECT unnest($ids)))
        OR id IN (SELECT triple_id FROM images WHERE reason = 'blob_gone' AND triple_id IN (SELECT unnest($ids)))
    ORDER BY id
"""


def ground_of(store: Store, now: datetime) -> Ground:
    """What a snapshot of this database stands on; a salt is made where there is none."""
    with store.transaction():
        own = salt(store.connection, now)
    return Ground(hashlib.sha256(f"{own}:locks".encode()).hexdigest(), store.blobs.where)


def page_of(store: Store, after: str, n: int) -> CasePage:
    """The next cases behind an id; triples that are not there any more have none."""
    found = store.connection.execute(NEXT, {"after": after, "n": n}).fetchall()
    ids = [triple_id for (triple_id,) in found]
    return CasePage(known_cases(store, ids), ids[-1] if len(ids) == n else None)


def known_cases(store: Store, ids: Sequence[str]) -> list[KnownCase]:
    """What is known of these cases, in their order; of those that are stored."""
    about = {row["id"]: row for row in dicts(store, ABOUT, ids)}
    there = [triple_id for triple_id in ids if triple_id in about]
    reviews, annotations = reviews_by_id(store, there), annotations_by_id(store, there)
    guards = {row["triple_id"]: guard_from(row) for row in dicts(store, GUARD, there)}
    drawn = {row["triple_id"]: row["inclusion"] for row in dicts(store, DRAWN, there)}
    locked = {row["triple_id"]: Purpose(row["purpose"]) for row in dicts(store, LOCKED, there)}
    trained, asked = (
        {row["triple_id"] for row in dicts(store, TRAINED, there)},
        {row["triple_id"] for row in dicts(store, ASKED, there)},
    )
    return [
        KnownCase(
            triple,
            about[triple.id]["language"] or "",
            about[triple.id]["text_gone"],
            tuple(reviews[triple.id]),
            tuple(annotations[triple.id]),
            guards.get(triple.id),
            drawn.get(triple.id),
            locked.get(triple.id),
            triple.id in trained,
            triple.id in asked,
        )
        for triple in load_triples(store, there)
    ]


def reviews_by_id(store: Store, ids: Sequence[str]) -> dict[str, list[Review]]:
    """The reviews that count, by triple."""
    found: dict[str, list[Review]] = defaultdict(list)
    for row in store.connection.execute(REVIEWS, {"ids": list(ids)}).fetchall():
        found[row[0]].append(review_of(row))
    return found


def annotations_by_id(store: Store, ids: Sequence[str]) -> dict[str, list[Annotation]]:
    """What judges said, by triple."""
    found: dict[str, list[Annotation]] = defaultdict(list)
    for row in dicts(store, ANNOTATIONS, ids):
        judged = None if row["judgment"] is None else Judgment(row["judgment"])
        found[row["triple_id"]].append(Annotation(**row | {"judgment": judged, "at": in_utc(row["at"])}))
    return found


def guard_from(row: dict[str, Any]) -> GuardSaid:
    """A row of GUARD."""
    said = (row["model_revision"], row["prompt_hash"], Judgment(row["judgment"]), row["analysis"], row["category"])
    return GuardSaid(*said, in_utc(row["scored_at"]))


def gone(store: Store, ids: Sequence[str]) -> list[str]:
    """Those of these triples that nothing may be learned from: erased, or without their texts or an image."""
    return [triple_id for (triple_id,) in store.connection.execute(GONE, {"ids": list(ids)}).fetchall()]
