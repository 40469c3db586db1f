"""Records to triples in the embedded engine, against the same mapping in other stream engines; a process each."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.bench.measure import compare_times
from tests.bench.test_consume import N_RECORDS, PARTITIONS, chat_record
from tests.broker import Broker

ROOT = Path(__file__).parents[2]
RIVALS = str(ROOT / ".venv" / "rivals" / "bin" / "python")

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def topic(broker: Broker) -> str:
    """Chat records of 2 kB."""
    name = broker.create_topic("bench-rivals", PARTITIONS)
    broker.produce(name, map(chat_record, range(N_RECORDS)))
    return name


@pytest.mark.parametrize("rival", ["quix_app", "bytewax_flow"])
def test_records_to_triples(broker: Broker, topic: str, rival: str) -> None:
    sums = set()

    def seconds(python: str, app: str) -> float:
        found = run(python, app, broker, topic)
        sums.add(found["checksum"])
        return float(found["seconds"])

    name = f"records to triples against {rival}"
    compare_times(name, "triples", N_RECORDS, lambda: seconds(sys.executable, "ours"), lambda: seconds(RIVALS, rival))
    assert len(sums) == 1  # all of them found the same triples


@pytest.mark.spark
def test_records_to_triples_against_spark(broker: Broker, topic: str) -> None:
    """Ours on one core against Spark on two, the start of its JVM not counted, and then said."""
    found: dict[str, list[dict[str, Any]]] = {"ours": [], "spark_app": []}

    def seconds(app: str) -> float:
        found[app].append(run(sys.executable, app, broker, topic))
        return float(found[app][-1]["seconds"])

    compare_times(
        "records to triples against spark_app",
        "triples",
        N_RECORDS,
        lambda: seconds("ours"),
        lambda: seconds("spark_app"),
    )
    whole = median(one["with_start_s"] for one in found["spark_app"])
    print(f"  Spark with the start of its JVM: {whole:.1f} s, {N_RECORDS / whole:,.0f} triples/s")
    assert len({one["checksum"] for runs in found.values() for one in runs}) == 1


def run(python: str, app: str, broker: Broker, topic: str) -> dict[str, Any]:
    """What an app says of its run, which must have found every triple."""
    command = [python, "-m", f"tests.bench.rivals.{app}", broker.bootstrap, topic, str(N_RECORDS)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["triples"] == N_RECORDS
    return found
