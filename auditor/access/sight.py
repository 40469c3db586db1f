"""What of the database a person sees: a connection on which the tables are narrowed to it.

Views of the connection's own shadow the tables, so that every query, also one that knows nothing of people, is answered
from what the person may see; views of the database follow, since they name tables without a schema. Two things narrow
it:

* tenants: rows of others are not there. What is of no single tenant, such as records without an exchange, and the audit
  trail, is not there either.
* blindness: who may vote on a case does not see the votes of others on it while it is open, unless this person has
  voted. A case is open while fewer people than the policy wants have voted. Nor does who has just voted, as long as the
  vote can be taken back: who could read those of others first would vote anew with knowledge.

Such a connection cannot write to the tables that are shadowed. Who writes does so on another, after `may_see`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from auditor.access.person import Person, Right
from auditor.store import Store
from auditor.verdict_rows import utc

UNDO = timedelta(seconds=60)  # so long may a vote be taken back

# Tables to what a tenant's rows of them are. Those that are not here are of no tenant: thresholds, models and the like.
OF_TENANTS = {
    "triples": "tenant IN ({tenants})",
    "verdicts": "triple_id IN (SELECT id FROM temp.triples)",
    "images": "triple_id IN (SELECT id FROM temp.triples)",
    "reviews": "triple_id IN (SELECT id FROM temp.triples)",
    "withdrawals": "triple_id IN (SELECT id FROM temp.triples)",
    "leases": "triple_id IN (SELECT id FROM temp.triples)",
    "draws": "triple_id IN (SELECT id FROM temp.triples)",
    "annotations": "triple_id IN (SELECT id FROM temp.triples)",
    "locked_cases": "triple_id IN (SELECT id FROM temp.triples)",
    "asked_cases": "triple_id IN (SELECT id FROM temp.triples)",
    "training_items": "triple_id IN (SELECT id FROM temp.triples)",
    "alerted": "triple_id IN (SELECT id FROM temp.triples)",
    "strata": "tenant IN ({tenants})",
    "deliveries": "tenant IN ({tenants})",
    "outcomes": """rowid IN (
        SELECT place FROM (SELECT rowid AS place, unnest(triple_ids) AS id FROM {database}.outcomes)
        SEMI JOIN temp.triples USING (id))""",
    "held": "false",
    "gaps": "false",
    "positions": "false",
    "dead_letters": "false",
    "sink_positions": "false",
    "sink_rejects": "false",
    "waiting_ranges": "false",
    "events": "false",
    "holds": "false",
    "erasures": "false",
}

# Cases on which this person may read what others voted.
READABLE = """
    SELECT triple_id FROM {database}.reviews
    WHERE id NOT IN (SELECT review_id FROM {database}.withdrawals) GROUP BY triple_id
    HAVING (count(DISTINCT lower(reviewer)) FILTER (kind IS NULL) >= {wanted} OR bool_or(kind IS NOT NULL)
        OR bool_or({own}))
    AND NOT bool_or(({own} OR {anybody}) AND kind IS NULL AND stored_at >= {fresh})
"""
OWN = "lower(reviewer) = lower({name})"
BLIND = "({own} OR triple_id IN ({readable}))"
BLIND_EVENTS = """
    CREATE TEMP VIEW events AS SELECT * REPLACE (
        CASE WHEN kind LIKE 'review.%' AND subject NOT IN ({readable}) AND lower(actor) <> lower({name})
        THEN '{{}}' ELSE details END AS details)
    FROM {database}.events WHERE {where}
"""


def narrow(store: Store, person: Person, wanted: int, now: datetime, *, anybody: bool = False) -> None:
    """Narrow a connection to what a person sees, for as long as it lives.

    Args:
        store: a connection of its own (`Store.aside`), which has no transaction open.
        person: who is to see.
        wanted: votes that close a case, by the policy in force.
        now: the moment.
        anybody: whether the person stands for whoever sees and may do the same: what is shown then can be shown to all
            of them, since no vote is one's own, and a case on which anybody may still take a vote back is not shown.
    """
    known = {
        "database": quoted(current_database(store), '"') + ".main",
        "tenants": ", ".join(quoted(one) for one in sorted(person.tenants or ())) or "NULL",
        "name": quoted(person.name),
        "wanted": int(wanted),
        "fresh": f"TIMESTAMP {quoted(str(utc(now) - UNDO))}",
        "anybody": str(anybody).lower(),
    }
    known["own"] = "false" if anybody else OWN.format(**known)
    known["readable"] = READABLE.format(**known)
    wheres = {name: [where.format(**known)] for name, where in OF_TENANTS.items()} if person.tenants is not None else {}
    if person.may(Right.VOTE):
        wheres.setdefault("reviews", []).append(BLIND.format(**known))
        events = " AND ".join(wheres.pop("events", ["true"]))
        store.connection.execute(BLIND_EVENTS.format(**known, where=events))
    for name, conditions in wheres.items():
        shadow(store, name, known["database"], conditions)


def shadow(store: Store, table: str, database: object, conditions: Iterable[str]) -> None:
    """Let a table mean, on this connection, those of its rows that meet all conditions."""
    where = " AND ".join(conditions)
    store.connection.execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM {database}.{table} WHERE {where}")  # noqa: S608


def may_see(store: Store, person: Person, triple_id: str) -> bool:
    """Whether a case is there, and of a tenant that the person sees; on a connection that is not narrowed."""
    found = store.connection.execute("SELECT tenant FROM triples WHERE id = ?", [triple_id]).fetchall()
    return any(person.tenants is None or tenant in person.tenants for (tenant,) in found)


def current_database(store: Store) -> str:
    """The name under which the file is attached."""
    ((name,),) = store.connection.execute("SELECT current_database()").fetchall()
    return str(name)


def quoted(text: str, mark: str = "'") -> str:
    """A text as SQL writes it: a value, or with double marks a name."""
    return mark + text.replace(mark, mark * 2) + mark
