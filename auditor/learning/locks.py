"""Cases that no guard is ever trained on: locked once, for ever; and asked for by whoever tries a guard on them."""

from collections.abc import Sequence
from datetime import datetime

from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.learning.cases import Asked, LockedCase, LockedPage, LockedTriple, Purpose
from auditor.store import Store
from auditor.store_backfill import dicts, load_triples
from auditor.verdict import Judgment
from auditor.verdict_rows import utc

# Of those that were locked and are there still, the label as it was, or as an expert decided since.
NEXT = """
    SELECT l.triple_id, l.purpose, coalesce(e.vote, l.label) AS label, l.weight, l.source, l.category, l.language
    FROM locked_cases l JOIN triples t ON t.id = l.triple_id AND t.text_gone_at IS NULL
    LEFT JOIN (
        SELECT triple_id, arg_max(vote, ("at", id)) AS vote FROM standing WHERE kind IS NOT NULL GROUP BY triple_id
    ) e ON e.triple_id = l.triple_id
    WHERE l.triple_id > $after AND l.triple_id NOT IN (SELECT triple_id FROM images WHERE reason = 'blob_gone')
    ORDER BY l.triple_id LIMIT $n
"""
KNOWN = "SELECT triple_id FROM {table} WHERE triple_id IN (SELECT unnest($ids))"
TRAINED = "SELECT DISTINCT triple_id FROM training_items WHERE triple_id IN (SELECT unnest($ids))"
THERE = "SELECT id AS triple_id FROM triples WHERE id IN (SELECT unnest($ids))"
LATEST = """
    SELECT DISTINCT ON (triple_id) triple_id, risk, model_revision, prompt_hash, decoding FROM verdicts
    WHERE triple_id IN (SELECT unnest($ids)) ORDER BY triple_id, scored_at DESC, model_revision, prompt_hash, decoding
"""


def lock(store: Store, cases: Sequence[LockedCase], now: datetime) -> list[str]:
    """Lock cases that are not locked yet; gives which. What was trained on is not locked any more, nor what is gone."""
    ids = [case.triple_id for case in cases]
    with store.transaction():
        known = ids_of(store, KNOWN.format(table="locked_cases"), ids) | ids_of(store, TRAINED, ids)
        new = {case.triple_id: case for case in cases if case.triple_id not in known}
        there = ids_of(store, THERE, [*new])
        rows = [lock_row(case, now) for case in new.values() if case.triple_id in there]
        store.insert("locked_cases", rows)
        if rows:
            told = {purpose.value: sum(row["purpose"] == purpose for row in rows) for purpose in Purpose}
            record_event(store, Deed("training.locked", SYSTEM, "cases", told, now))
    return [str(row["triple_id"]) for row in rows]


def lock_row(case: LockedCase, now: datetime) -> dict[str, object]:
    """The row of a locked case."""
    return {
        "triple_id": case.triple_id,
        "purpose": case.purpose.value,
        "label": case.label.value,
        "weight": case.weight,
        "source": case.source,
        "category": case.category,
        "language": case.language,
        "locked_at": utc(now),
    }


def ids_of(store: Store, query: str, ids: Sequence[str]) -> set[str]:
    """The triples that a query finds among some."""
    return {row["triple_id"] for row in dicts(store, query, ids)} if ids else set()


def locked_page(store: Store, after: str, n: int) -> LockedPage:
    """The next locked cases behind an id, with their triples."""
    rows = store.connection.execute(NEXT, {"after": after, "n": n}).fetchall()
    cases = [
        LockedCase(triple_id, Purpose(purpose), Judgment(label), *rest) for triple_id, purpose, label, *rest in rows
    ]
    triples = {triple.id: triple for triple in load_triples(store, [case.triple_id for case in cases])}
    found = [LockedTriple(case, triples[case.triple_id]) for case in cases]
    return LockedPage(found, cases[-1].triple_id if len(cases) == n else None)


def ask_people(store: Store, cases: Sequence[Asked], run_id: str | None, now: datetime) -> list[str]:
    """Put cases before people that nobody was asked for yet; gives which.

    A case without a verdict is not put before anybody: there is nothing to look at beside it.
    """
    by_id = {case.triple_id: case for case in cases}
    with store.transaction():
        new = set(by_id) - ids_of(store, KNOWN.format(table="asked_cases"), [*by_id])
        rows = [
            row | {"why": by_id[row["triple_id"]].why.value, "run_id": run_id, "asked_at": utc(now)}
            for row in (dicts(store, LATEST, sorted(new)) if new else [])
        ]
        store.insert("asked_cases", rows)
        if rows:
            told = {"run": run_id, "cases": len(rows)}
            record_event(store, Deed("training.asked_people", SYSTEM, run_id or "", told, now))
    return [str(row["triple_id"]) for row in rows]
