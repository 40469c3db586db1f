"""The table `judged`: each triple of the period once, at the level that its day's policy gives it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.judged import make_judged
from auditor.policies.file import configured_policy
from auditor.policies.policy import Rule, Slice, Thresholds, level_of
from auditor.queries import snapshot
from auditor.store import MEMORY, Store
from auditor.verdict import Category, Judgment, Verdict
from conf.schema import load
from ingest.qta import QTATriple
from tests.factories import NOW, make_run, make_triple, make_unscorable, make_verdict

DAY = NOW.date()
POLICY = replace(configured_policy(load().policy), default=Thresholds(0.2, 0.5, 0.9))
RULED = replace(POLICY, rules=(Rule(tenant="b", escalate=0.3), Rule(category="cybersecurity", escalate=0.6)))


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        opened.begin_run(make_run("run1"))
        opened.begin_run(replace(make_run("again"), kind="backfill"))
        yield opened


def keep(store: Store, triple: QTATriple, *verdicts: Verdict, run_id: str = "run1") -> None:
    """Rows as `save` would leave them, without a source."""
    from auditor.store_rows import triple_columns
    from auditor.verdict_rows import verdict_columns

    store.insert_columns("triples", triple_columns(store.new_triples([triple]), NOW))
    store.insert_columns("verdicts", verdict_columns(verdicts, run_id))


def levels(store: Store, first: date = DAY, last: date = DAY, tenant: str | None = None) -> dict[str, str]:
    policies = {first + timedelta(days=at): RULED if at == 0 else POLICY for at in range((last - first).days + 1)}
    with snapshot(store.connection.cursor()) as cursor:
        make_judged(cursor, first, last, policies, tenant)
        return dict(cursor.execute("SELECT triple_id, level FROM judged").fetchall())


def test_rules_and_the_policy_of_the_day_decide(store: Store) -> None:
    for name, tenant in (("t1", "a"), ("t2", "b")):
        keep(store, make_triple(id=name, tenant=tenant), make_verdict(name, risk=0.4))
    keep(store, make_triple(id="t3", tenant="b"), make_verdict("t3", risk=0.4, scored_at=NOW + timedelta(days=1)))
    keep(store, make_triple(id="t4"), make_verdict("t4", risk=0.55, category=Category.CYBERSECURITY))
    keep(store, make_triple(id="t5"), make_unscorable("t5"))
    found = levels(store, DAY, DAY + timedelta(days=1))
    assert found == {"t1": "watch", "t2": "escalate", "t3": "watch", "t4": "watch", "t5": "escalate"}
    assert levels(store, tenant="b") == {"t2": "escalate"}


def test_the_latest_live_verdict_counts_and_backfills_do_not(store: Store) -> None:
    later = make_verdict(
        "t1", risk=0.95, scored_at=NOW + timedelta(hours=1), scorer=replace(make_verdict().scorer, model_revision="r2")
    )
    keep(store, make_triple(), make_verdict(risk=0.1), later)
    again = replace(make_verdict().scorer, model_revision="r3")
    keep(store, make_triple(), make_verdict(scorer=again, scored_at=NOW + timedelta(hours=2)), run_id="again")
    assert levels(store) == {"t1": "urgent"}


def test_it_is_gone_after_the_snapshot_and_can_be_made_again(store: Store) -> None:
    assert levels(store) == levels(store) == {}


RISKS = st.one_of(st.none(), st.just(float("nan")), st.floats(0, 1), st.integers(0, 10_000).map(lambda n: n / 10_000))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(RISKS, st.sampled_from([None, *Judgment])), min_size=1, max_size=40))
def test_sql_says_what_level_of_says(drawn: list[tuple[float | None, Judgment | None]]) -> None:
    with Store.open(MEMORY) as store:
        store.begin_run(make_run("run1"))
        verdicts = [make_verdict(f"t{at}", risk=risk, judgment=judgment) for at, (risk, judgment) in enumerate(drawn)]
        for verdict in verdicts:
            keep(store, make_triple(id=verdict.triple_id), verdict)
        thresholds = RULED.at(Slice(make_triple().tenant, None, Category.UNKNOWN, "raw")).thresholds
        assert levels(store) == {one.triple_id: str(level_of(one, thresholds)) for one in verdicts}
