"""Records to triples in the embedded engine, against the same mapping in quixstreams and in Bytewax; a process each."""

import json
import subprocess
import sys
from pathlib import Path

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

    def run(python: str, app: str) -> float:
        command = [python, "-m", f"tests.bench.rivals.{app}", broker.bootstrap, topic, str(N_RECORDS)]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        found = json.loads(done.stdout.splitlines()[-1])
        assert found["triples"] == N_RECORDS
        sums.add(found["checksum"])
        return float(found["seconds"])

    name = f"records to triples against {rival}"
    compare_times(name, "triples", N_RECORDS, lambda: run(sys.executable, "ours"), lambda: run(RIVALS, rival))
    assert len(sums) == 1  # all of them found the same triples
