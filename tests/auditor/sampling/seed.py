"""Stores full of verdicts, made by SQL so that a million rows take seconds."""

from datetime import date, datetime

from auditor.store import Store
from auditor.store_rows import triple_columns
from auditor.verdict_rows import verdict_columns
from tests.factories import make_run, make_triple, make_unscorable, make_verdict

DAY = date(2026, 3, 1)
AT = datetime(2026, 3, 1, 12, 0)  # noqa: DTZ001 - as the database keeps it

MANY_TRIPLES = """
    INSERT INTO triples BY NAME
    SELECT one.* REPLACE (sha256(i::VARCHAR) AS id, 'tenant-' || i % $tenants AS tenant,
        ['raw', 'summary', 'absent'][1 + i // 7 % 3] AS thinking_kind, $at AS stored_at)
    FROM range($n) r(i), (SELECT * FROM triples LIMIT 1) one
"""
# Most risks are low: the fourth power of a number spread evenly over [0, 1).
MANY_VERDICTS = """
    INSERT INTO verdicts BY NAME
    SELECT one.* REPLACE (
        sha256(i::VARCHAR) AS triple_id, pow((hash(i) % 1000003) / 1000003, 4) AS risk, $at AS scored_at)
    FROM range($n) r(i), (SELECT * FROM verdicts WHERE judgment IS NOT NULL LIMIT 1) one
"""


def seed(store: Store, n: int, tenants: int = 3, unscorable: int = 0) -> None:
    """`n` judged triples of DAY, with risks of all sizes, and others that could not be judged."""
    store.begin_run(make_run())
    keep(store, "first", 0.0)
    values = {"n": n - 1, "at": AT}
    store.connection.execute(MANY_TRIPLES, values | {"tenants": tenants})
    store.connection.execute(MANY_VERDICTS, values)
    for at in range(unscorable):
        keep(store, f"unscorable-{at}", None)


def keep(store: Store, triple_id: str, risk: float | None, at: datetime = AT, **changes: object) -> None:
    """A triple with a verdict of that risk; None for one that could not be judged."""
    verdict = make_unscorable(triple_id) if risk is None else make_verdict(triple_id, risk=risk)
    triple = make_triple(id=triple_id, tenant="tenant-0", **changes)
    columns = verdict_columns([verdict], "run1") | {"scored_at": [at]}
    store.insert_columns("triples", triple_columns([triple], at.astimezone()) | {"stored_at": [at]})
    store.insert_columns("verdicts", columns)
