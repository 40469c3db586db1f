"""The store of `make demo-store`, with a guard that answers from a table: what is in it, and that it comes again."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.policies.file import configured_policy
from auditor.policies.store import history
from auditor.store import Store
from conf.schema import load
from reports.demo_store.alerts import send_alerts
from reports.demo_store.build import DATABASE, Plan, build_store
from reports.demo_store.calendar import BROKEN_LOGGER, INCIDENT, OUTAGE, entries_of, mix_of, pools_of
from reports.demo_store.governance import Day, govern
from reports.demo_store.labelled import read_labelled
from reports.demo_store.people import APPROVER, PROPOSER
from reports.demo_store.scenes import LEVELS, Kind, read_scenes
from tests.reports.seed import judged, seed

SCRIPTED = (("auditor.backend", "scripted"), ("auditor.mode", "full"))
POOLS = pools_of(read_scenes(), "test")


def built(folder: Path, days: int = 3) -> Path:
    plan = Plan(folder, Path("nowhere"), days=days, last=date(2026, 11, 22), a_day=24, overrides=SCRIPTED)
    build_store(plan, lambda _: None)
    return folder / DATABASE


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    with Store.open(str(database), create=False) as store:
        return store.connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("demo-store"))


def test_it_reconciles_and_holds_three_tenants_over_its_days(database: Path) -> None:
    with Store.open(str(database), create=False) as store:
        assert all(line.balanced for line in store.ledger())
    assert {tenant for (tenant,) in rows(database, "SELECT DISTINCT tenant FROM triples")} == {
        "harbor-bank",
        "kestrel-software",
        "linden-clinic",
    }
    assert rows(database, "SELECT count(DISTINCT scored_at::DATE) FROM verdicts") == [(3,)]


def test_the_sample_logs_are_on_their_own_day_with_their_troubles(database: Path) -> None:
    query = "SELECT count(*) FROM outcomes WHERE state = 'unscorable' AND stored_at::DATE = DATE '2026-11-22'"
    assert rows(database, query)[0][0] >= 1
    assert rows(database, "SELECT count(*) FROM images WHERE reason IS NOT NULL")[0][0] >= 4


def test_each_run_says_that_its_timing_is_made_up(database: Path) -> None:
    assert rows(database, "SELECT count(*) FROM runs WHERE note IS NULL OR note NOT LIKE '%made up%'") == [(0,)]


def test_each_night_is_drawn_and_its_cases_are_reviewed_but_those_of_the_last_one(database: Path) -> None:
    assert rows(database, 'SELECT count(DISTINCT "day") FROM draws') == [(3,)]
    assert rows(database, "SELECT count(DISTINCT reviewer) FROM reviews")[0][0] >= 2
    assert rows(database, "SELECT count(*) FROM reviews WHERE \"at\" > TIMESTAMP '2026-11-22 23:00'") == [(0,)]


def test_the_same_seed_gives_the_same_store(database: Path, tmp_path: Path) -> None:
    again = built(tmp_path)
    for query in (
        "SELECT id, question, user_id, occurred_at FROM triples ORDER BY id",
        "SELECT triple_id, run_id, harm_score, scored_at FROM verdicts ORDER BY ALL",
        "SELECT id FROM reviews ORDER BY id",
        'SELECT "day", triple_id, inclusion FROM draws ORDER BY ALL',
    ):
        assert rows(database, query) == rows(again, query)


def test_every_kind_of_exchange_has_templates_for_every_tenant_but_the_incident() -> None:
    kinds = set(Kind) - {Kind.INCIDENT}
    assert set(POOLS) >= {(tenant, kind) for tenant, _ in POOLS for kind in kinds}
    assert set(LEVELS) == set(Kind)


def test_an_outage_leaves_holes_an_incident_a_spike_and_a_broken_logger_dead_records() -> None:
    def day(number: int) -> list[Any]:
        return entries_of(date(2026, 11, 4), number, POOLS, 200, "test")

    assert not any(entry.data is None for entry in day(0))
    assert sum(entry.data is None for entry in day(OUTAGE)) > 5
    attacks = [entry for entry in day(INCIDENT) if entry.said and entry.said.kind is Kind.INCIDENT]
    assert len(attacks) > 8
    assert {entry.said.tenant for entry in attacks} == {"kestrel-software"}
    assert sum(entry.said is None for entry in day(BROKEN_LOGGER)) > 10


def test_one_tenants_questions_drift() -> None:
    assert mix_of("linden-clinic", 20)[Kind.WARY] > mix_of("linden-clinic", 10)[Kind.WARY]
    assert mix_of("harbor-bank", 20) == mix_of("harbor-bank", 10)


def test_labelled_rows_are_used_where_they_are_and_not_missed_where_they_are_not(tmp_path: Path) -> None:
    assert read_labelled(tmp_path, 10) == []
    row = '{"id": "a", "question": "q", "thinking": null, "answer": "a", "images": [], "label": 1, "category": null}'
    (tmp_path / "dev.jsonl").write_text(f"{row}\n")
    [said] = read_labelled(tmp_path, 10)
    assert (said.application, said.truth.judgment.value, said.kind) == ("open-chat", 1.0, Kind.COMPLIED)


def test_two_people_agree_on_one_policy_and_another_one_waits() -> None:
    configured = configured_policy(load().policy)
    first = date(2026, 10, 31)
    with Store.open(":memory:") as store:
        for number in range(28):
            govern(store, Day(number, first + timedelta(days=number), 27 - number), configured)
        agreed, waiting = history(store.connection)
    assert (agreed.proposed_by, agreed.decided_by, agreed.decision) == (PROPOSER, APPROVER, "approved")
    assert agreed.effective_from == first + timedelta(days=24)
    assert (waiting.version, waiting.decision) == ("december", None)


def test_of_the_alerts_one_arrived_and_one_did_not() -> None:
    with Store.open(":memory:") as store:
        seed(store, [judged(0, 0.99)])
        send_alerts(store, date(2026, 11, 22), load())
        query = "SELECT delivery, state FROM deliveries ORDER BY delivery"
        assert store.connection.execute(query).fetchall() == [("on-call", "sent"), ("soc-siem", "failed")]
