"""The escalated cases of a period, and what is urgent and new, read from the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb

from auditor.judged import make_judged
from auditor.policies.policy import Policy, Slice
from auditor.queries import snapshot
from auditor.store import Store
from auditor.verdict_rows import utc
from ingest.visible import visible
from reports.sending.message import Case, Texts

TEXT_CHARS = 2000
AT_MOST = 2000  # urgent triples of one combination in one alert
WINDOW = timedelta(days=7)  # what was stored longer ago is in a report by now

COLUMNS = """
    triple_id, level, CASE WHEN isnan(risk) THEN NULL ELSE risk END, coalesce(unscorable_reason, ''), tenant,
    coalesce(application, ''), category, thinking_kind, coalesce(stage, ''), coalesce(model, ''), model_id, scored_at,
    occurred_at, source, "partition", "offset"
"""

ESCALATED = f"""
    SELECT {COLUMNS}, day FROM judged WHERE level IN ('urgent', 'escalate')
    ORDER BY level <> 'urgent', risk DESC NULLS LAST, triple_id LIMIT ?
"""  # noqa: S608 - names of our own columns

# Live verdicts that came after the mark: by when they were made, or their triple was stored, whichever is later.
NEWS = """
    SELECT v.*, t.tenant, t.application, t.thinking_kind, t.model, t.occurred_at, t.source, t."partition", t."offset"
    FROM verdicts v JOIN triples t ON t.id = v.triple_id
    WHERE v.risk >= $lowest AND v.judgment IS NOT NULL AND NOT isnan(v.risk)
    AND (v.scored_at >= $since OR t.stored_at >= $since) AND ($tenant = '' OR t.tenant = $tenant)
    AND v.run_id NOT IN (SELECT run_id FROM runs WHERE kind = 'backfill')
    AND NOT EXISTS (FROM alerted a WHERE a.delivery = $delivery AND a.triple_id = v.triple_id)
"""

COMBINATIONS = f"SELECT DISTINCT tenant, application, category, thinking_kind FROM ({NEWS})"  # noqa: S608 - our own query

URGENT_OF = f"""
    SELECT DISTINCT triple_id FROM ({NEWS})
    WHERE tenant = $of_tenant AND application IS NOT DISTINCT FROM $application AND category = $category
    AND thinking_kind = $thinking AND risk >= $threshold ORDER BY triple_id LIMIT $limit
"""  # noqa: S608 - our own query

NAMED = f"""
    SELECT {COLUMNS} FROM (
        SELECT DISTINCT ON (v.triple_id) v.*, 'urgent' AS level, t.tenant, t.application, t.thinking_kind, t.model,
            t.occurred_at, t.source, t."partition", t."offset"
        FROM verdicts v JOIN triples t ON t.id = v.triple_id
        WHERE v.triple_id IN (SELECT unnest($ids)) AND v.run_id NOT IN (SELECT run_id FROM runs WHERE kind = 'backfill')
        ORDER BY v.triple_id, v.risk DESC NULLS LAST, v.scored_at DESC)
    ORDER BY risk DESC NULLS LAST, triple_id LIMIT $limit
"""  # noqa: S608 - names of our own columns

TEXTS = """
    SELECT t.id, coalesce(t.question, ''), coalesce(t.thinking, ''), coalesce(t.answer, ''),
        coalesce((SELECT arg_max(v.analysis, v.scored_at) FROM verdicts v WHERE v.triple_id = t.id), '')
    FROM triples t WHERE t.id IN (SELECT unnest($ids))
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of which news an alert would be: one delivery's.

    Attributes:
        since: what was stored before is none.
        tenant: only this one's; empty: all.
    """

    delivery: str
    since: datetime
    tenant: str


def escalated(
    cursor: duckdb.DuckDBPyConnection, days: tuple[date, date], policies: Mapping[date, Policy], tenant: str, limit: int
) -> list[Case]:
    """The escalated cases of these days, the most pressing first.

    Args:
        cursor: of its own; nothing of it is under way.
        days: first and last, both included.
        policies: of each of them.
        tenant: only this one's; empty: all.
        limit: as many at most.
    """
    with snapshot(cursor):
        make_judged(cursor, *days, policies, tenant or None)
        rows = cursor.execute(ESCALATED, [limit]).fetchall()
    return [case_of(row[:-1], policies[row[-1]].version) for row in rows]


def named(store: Store, ids: Sequence[str], policy: str, limit: int) -> list[Case]:
    """The cases of an alert."""
    rows = store.connection.execute(NAMED, {"ids": list(ids), "limit": limit}).fetchall()
    return [case_of(row, policy) for row in rows]


def with_texts(store: Store, cases: Sequence[Case]) -> list[Case]:
    """The same cases with what the log says of each, cut, hidden characters made visible."""
    rows = store.connection.execute(TEXTS, {"ids": [case.triple_id for case in cases]}).fetchall()
    texts = {row[0]: Texts(*(visible(text[:TEXT_CHARS]) for text in row[1:])) for row in rows}
    return [replace(case, texts=texts.get(case.triple_id)) for case in cases]


def case_of(row: tuple[Any, ...], policy: str) -> Case:
    """A case from COLUMNS."""
    scored_at, occurred_at, *place = row[11:]
    happened = occurred_at.replace(tzinfo=UTC) if occurred_at else None
    known = [*row[:11], policy, scored_at.replace(tzinfo=UTC), happened, tuple(place[:3])]
    return Case(*known)


def first_look(store: Store, delivery: str, now: datetime) -> datetime:
    """From when on a delivery is told of what is urgent: when it was first looked for, or now if that lies ahead."""
    insert = """
        INSERT INTO alert_marks VALUES ($delivery, $now)
        ON CONFLICT (delivery) DO UPDATE SET since = excluded.since WHERE alert_marks.since > excluded.since"""
    with store.transaction():
        store.connection.execute(insert, {"delivery": delivery, "now": utc(now)})
        query = "SELECT since FROM alert_marks WHERE delivery = ?"
        since: datetime = store.connection.execute(query, [delivery]).fetchall()[0][0]
    return max(since.replace(tzinfo=UTC), now - WINDOW)


def urgent_news(store: Store, wanted: Wanted, policy: Policy) -> list[str]:
    """The ids of triples that are urgent, and that the delivery was not told of."""
    values = {"delivery": wanted.delivery, "since": utc(wanted.since), "tenant": wanted.tenant}
    values["lowest"] = lowest_urgent(policy)
    found: list[str] = []
    for tenant, application, category, thinking in store.connection.execute(COMBINATIONS, values).fetchall():
        bounds = policy.at(Slice(tenant, application, category, thinking))
        one = {"of_tenant": tenant, "application": application, "category": category, "thinking": thinking}
        one |= {"threshold": bounds.urgent.value, "limit": AT_MOST}
        found += [row[0] for row in store.connection.execute(URGENT_OF, values | one).fetchall()]
    return sorted(set(found))


def lowest_urgent(policy: Policy) -> float:
    """No risk below it is urgent, whatever its combination."""
    return min([policy.default.urgent, *(rule.urgent for rule in policy.rules if rule.urgent is not None)])


def note_alerted(store: Store, delivery: str, ids: Sequence[str], delivery_id: str, now: datetime) -> None:
    """Note that the delivery is told of these."""
    query = """
        INSERT INTO alerted SELECT $delivery, unnest($ids), $id, $now ON CONFLICT (delivery, triple_id) DO NOTHING"""
    values = {"delivery": delivery, "ids": list(ids), "id": delivery_id, "now": utc(now)}
    store.connection.execute(query, values)
