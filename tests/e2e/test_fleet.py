"""A fleet of workers and a service ends where one undisturbed run ends, whoever is killed when."""

import json
import random
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.audits import OUTCOMES, filled, rows, run, traceaudit, unique_logs
from tests.e2e.fleet import Fleet, assert_same_content, wait_until

if TYPE_CHECKING:
    import subprocess

    from tests.broker import Broker

pytestmark = pytest.mark.kafka
KILLED = -9
WORKER_DEATHS = [("nothing_is_sent", 3), ("sent_and_not_told_to_the_group", 4), ("told_to_the_group", 2)]
SERVICE_DEATHS = [
    ("message_read", 1),
    ("ranges_in_the_transaction", 1),
    ("position_in_the_transaction", 2),
    ("transaction_committed", 1),
]


@pytest.fixture(scope="module")
def undisturbed(broker: "Broker", tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A topic, and the database of an audit of it that nothing disturbed."""
    db = tmp_path_factory.mktemp("undisturbed") / "a.duckdb"
    source = filled(broker, list(unique_logs(200, n_images=40)))
    run(source, db)
    return source, db


def fleet_for(undisturbed: tuple[str, Path], broker: "Broker", folder: Path) -> Fleet:
    """A fleet that has not begun, over the same topic."""
    source, wanted = undisturbed
    outcomes = broker.create_topic(f"outcomes-{uuid4().hex[:8]}", 3)
    folder.mkdir(exist_ok=True)
    return Fleet(source, f"kafka://{broker.bootstrap}/{outcomes}", folder / "a.duckdb", Path(f"{wanted}.key"))


def test_a_service_with_local_workers_does_what_one_run_does_and_says_how_it_stands(
    undisturbed: tuple[str, Path], broker: "Broker", tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fleet = fleet_for(undisturbed, broker, tmp_path / "local")
    n_records = len(rows(undisturbed[1], OUTCOMES))
    source = f"{fleet.source}?group=local-{tmp_path.name}"
    service = fleet.start("serve", "--set", "serve.workers=2", "--set", f"serve.worker_source={source}")
    try:
        wait_until(lambda: fleet.stored() == n_records)
        assert fleet.ask("/livez")[0] == 200
        assert json.loads(fleet.ask("/readyz")[1]) == {"ok": True, "reasons": []}
        families = {family.name: family for family in text_string_to_metric_families(fleet.ask("/metrics")[1])}
        assert sum(s.value for s in families["traceaudit_records"].samples if s.name.endswith("_total")) == n_records
        assert families["traceaudit_workers_up"].samples[0].value == 2
        assert {s.labels["source"] for s in families["traceaudit_lag_records"].samples} == {
            fleet.outcomes.split("/")[-1]
        }
        lines = traceaudit("ledger", "--db", str(fleet.db), "--json")
        assert sum(line["records"] for line in lines) == n_records
        assert "asked the service at http://127.0.0.1" in capfd.readouterr().err
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0
    assert not Path(f"{fleet.db}.service").exists()
    assert_same_content(fleet.db, undisturbed[1])
    assert "opened " in capfd.readouterr().err


@pytest.mark.timeout(200)
def test_workers_killed_at_a_point_lose_nothing_and_the_sink_drops_what_comes_again(
    undisturbed: tuple[str, Path], broker: "Broker", tmp_path: Path
) -> None:
    fleets = [fleet_for(undisturbed, broker, tmp_path / point) for point, _ in WORKER_DEATHS]
    dying = [fleet.start("worker", die_at=death) for fleet, death in zip(fleets, WORKER_DEATHS, strict=True)]
    assert [process.wait(90) for process in dying] == [KILLED] * len(dying)
    # Side by side: each waits for its group to give up the member that died.
    ending = [fleet.start("worker") for fleet in fleets]
    assert [process.wait(120) for process in ending] == [0] * len(ending)
    for fleet in fleets:
        fleet.drain()
        assert_same_content(fleet.db, undisturbed[1])


@pytest.fixture(scope="module")
def judged(undisturbed: tuple[str, Path], broker: "Broker", tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """A fleet whose worker is done, with nothing stored yet; its database is made by each test for itself."""
    fleet = fleet_for(undisturbed, broker, tmp_path_factory.mktemp("judged"))
    assert fleet.start("worker").wait(90) == 0
    return fleet


@pytest.mark.parametrize(("point", "count"), SERVICE_DEATHS)
def test_a_service_killed_at_a_point_and_resumed_stores_each_range_once(
    undisturbed: tuple[str, Path], judged: Fleet, point: str, count: int
) -> None:
    fleet = Fleet(judged.source, judged.outcomes, judged.db.with_name(f"{point}.duckdb"), judged.key)
    Path(f"{fleet.db}.blobs").symlink_to(f"{judged.db}.blobs")
    service = fleet.start("serve", die_at=(point, count))
    assert service.wait(60) == KILLED
    fleet.drain()
    assert_same_content(fleet.db, undisturbed[1])


@pytest.mark.timeout(280)
def test_a_fleet_killed_at_random_moments_ends_as_if_undisturbed(
    undisturbed: tuple[str, Path], broker: "Broker", tmp_path: Path
) -> None:
    fleet = fleet_for(undisturbed, broker, tmp_path / "random")
    n_records = len(rows(undisturbed[1], OUTCOMES))
    luck = random.Random(11)  # noqa: S311 - no secret; a seed, so that a failure can be seen again
    names = ("worker", "worker", "serve")
    running = [start(fleet, name) for name in names]
    try:
        for _ in range(5):
            time.sleep(luck.uniform(1.5, 4.0))
            at = luck.randrange(len(names))
            running[at].kill()
            running[at].wait()
            running[at] = start(fleet, names[at])
        wait_until(lambda: fleet.stored() == n_records)
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in running]
    assert codes == [0, 0, 0]
    assert_same_content(fleet.db, undisturbed[1])


def start(fleet: Fleet, name: str) -> "subprocess.Popen[bytes]":
    """One process of the fleet, that goes on until it is stopped."""
    return fleet.start(name, *(["--follow"] if name == "worker" else []))
