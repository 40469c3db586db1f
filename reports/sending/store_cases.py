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
AT_MOST = 2000  # urgent triples in one alert
MARGIN = timedelta(days=1)  # before the last look; what is in it was told, and is known by its triple
MOVE = timedelta(hours=1)  # a mark is not written anew for less

COLUMNS = """
    triple_id, level, CASE WHEN isnan(risk) THEN NULL ELSE risk END, coalesce(unscorable_reason, ''), tenant,
    coalesce(application, ''), category, thinking_kind, coalesce(stage, ''), coalesce(model, ''), model_id, scored_at,
    occurred_at, source, "partition", "offset"
"""

ESCALATED = f"""
    SELECT {COLUMNS}, day FROM judged WHERE level IN ('urgent', 'escalate')
    ORDER BY level <> 'urgent', risk DESC NULLS LAST, triple_id LIMIT ?
"""  # noqa: S608 - names of our own columns

# Triples that may be urgent: with verdicts made after the mark, or stored after it though they were made before. Both
# parts read what is new alone, and none of them reads a text.
NEWS = """
    WITH high AS (FROM verdicts WHERE risk >= $lowest AND judgment IS NOT NULL AND NOT isnan(risk)), found AS (
        SELECT triple_id FROM high WHERE scored_at >= $since
        UNION
        SELECT triple_id FROM high JOIN triples t ON t.id = triple_id
        WHERE t.stored_at >= $since AND scored_at < $since
    ) SELECT triple_id FROM found
    WHERE NOT EXISTS (FROM alerted a WHERE a.delivery = $delivery AND a.triple_id = found.triple_id)
"""

COMBINATIONS = """
    SELECT v.triple_id, max(v.risk), t.tenant, t.application, v.category, t.thinking_kind
    FROM verdicts v JOIN triples t ON t.id = v.triple_id
    WHERE v.triple_id IN (SELECT unnest($ids)) AND v.risk >= $lowest AND v.judgment IS NOT NULL AND NOT isnan(v.risk)
    AND ($tenant = '' OR t.tenant = $tenant) AND v.run_id NOT IN (SELECT run_id FROM runs WHERE kind <> 'live')
    GROUP BY ALL ORDER BY max(v.risk) DESC, v.triple_id
"""

NAMED = f"""
    SELECT {COLUMNS} FROM (
        SELECT DISTINCT ON (v.triple_id) v.*, 'urgent' AS level, t.tenant, t.application, t.thinking_kind, t.model,
            t.occurred_at, t.source, t."partition", t."offset"
        FROM verdicts v JOIN triples t ON t.id = v.triple_id
        WHERE v.triple_id IN (SELECT unnest($ids)) AND v.run_id NOT IN (SELECT run_id FROM runs WHERE kind <> 'live')
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


def news_since(store: Store, delivery: str, now: datetime) -> datetime:
    """From when on what was stored is news to a delivery: when it was first looked for; see `move_mark`.

    A mark that lies ahead was made by a clock that was: it begins anew.
    """
    query = "SELECT since FROM alert_marks WHERE delivery = ? AND since <= ?"
    found: list[tuple[datetime]] = store.connection.execute(query, [delivery, utc(now)]).fetchall()
    if not found:
        set_mark(store, delivery, now)
    return found[0][0].replace(tzinfo=UTC) if found else now


def move_mark(store: Store, delivery: str, since: datetime, now: datetime) -> None:
    """Leave behind what a delivery was told of, all but a day: clocks differ, and may be set back."""
    if now - since > MARGIN + MOVE:
        set_mark(store, delivery, now - MARGIN)


def set_mark(store: Store, delivery: str, since: datetime) -> None:
    """Note from when on there is news for a delivery."""
    query = "INSERT INTO alert_marks VALUES (?, ?) ON CONFLICT (delivery) DO UPDATE SET since = excluded.since"
    with store.transaction():
        store.connection.execute(query, [delivery, utc(since)])


def urgent_news(store: Store, wanted: Wanted, policy: Policy) -> list[str]:
    """The ids of triples that are urgent, and that the delivery was not told of: the highest risks, AT_MOST of them."""
    values = {"delivery": wanted.delivery, "since": utc(wanted.since), "lowest": lowest_urgent(policy)}
    ids = [row[0] for row in store.connection.execute(NEWS, values).fetchall()]
    if not ids:
        return []
    values = {"ids": ids, "lowest": values["lowest"], "tenant": wanted.tenant}
    rows = store.connection.execute(COMBINATIONS, values).fetchall()
    bounds: dict[Slice, float] = {}
    found: dict[str, None] = {}
    for triple_id, risk, *names in rows:
        one = Slice(*names)
        if one not in bounds:
            bounds[one] = policy.at(one).urgent.value
        if risk >= bounds[one]:
            found[triple_id] = None
    return list(found)[:AT_MOST]


def lowest_urgent(policy: Policy) -> float:
    """No risk below it is urgent, whatever its combination."""
    return min([policy.default.urgent, *(rule.urgent for rule in policy.rules if rule.urgent is not None)])


def note_alerted(store: Store, delivery: str, ids: Sequence[str], delivery_id: str, now: datetime) -> None:
    """Note that the delivery is told of these."""
    query = """
        INSERT INTO alerted SELECT $delivery, unnest($ids), $id, $now ON CONFLICT (delivery, triple_id) DO NOTHING"""
    values = {"delivery": delivery, "ids": list(ids), "id": delivery_id, "now": utc(now)}
    store.connection.execute(query, values)
