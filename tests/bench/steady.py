"""Memory of an audit under a steady load: python -m tests.bench.steady --minutes 20.

A broker, `traceaudit run --follow` with the demo guard on it, and a writer of new records, a quarter of them with an
image. The memory of the audit and its children is taken every few seconds.
"""

import argparse
import base64
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import psutil

from auditor.bench_load import Load
from ingest.qta import ImageBlob, QTATriple
from tests.bench.measure import machine
from tests.broker import Broker

ROOT = Path(__file__).parents[2]
EVERY_S, WARM_UP = 5.0, 0.2


def record(triple: QTATriple) -> bytes:
    """A triple as a record of our own format."""
    images = [
        {"data": base64.b64encode(image.data).decode(), "media_type": image.media_type}
        for image in triple.images
        if isinstance(image, ImageBlob)
    ]
    line = {"question": triple.question, "thinking": triple.thinking, "answer": triple.answer, "images": images}
    return json.dumps({"qta": 1, "response_id": triple.id} | line).encode()


def resident_mb(process: psutil.Process) -> float:
    """Memory of a process and its children."""
    return float(sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))) / 2**20


def sampled(process: psutil.Process, broker: Broker, minutes: float, per_s: float) -> list[float]:
    """Memory while records are written; fails where the audit ends."""
    ends = time.monotonic() + 60 * minutes
    samples: list[float] = []
    for seed in itertools.count():
        if time.monotonic() > ends:
            return samples
        load = Load(max(1, round(EVERY_S * per_s)), chars=1500, image_share=0.25)
        broker.produce("steady", map(record, load.make(seed)))
        time.sleep(EVERY_S)
        samples.append(resident_mb(process))
    return samples


def report(samples: Sequence[float]) -> str:
    """First and last third after warming up, and what lies between."""
    steady = samples[round(WARM_UP * len(samples)) :]
    third = len(steady) // 3
    first, last = median(steady[:third]), median(steady[-third:])
    return (
        f"memory: {first:.0f} MB in the first third, {last:.0f} MB in the last, {last / first:.2f} times; "
        f"{min(steady):.0f} to {max(steady):.0f} MB over {len(steady)} samples"
    )


def main() -> None:
    """Run it, and print what was seen."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=20)
    options.add_argument("--per-s", type=float, default=1.0, help="records written a second")
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        broker = Broker(Path(scratch) / "kafka")
        broker.start()
        broker.create_topic("steady", 4)
        words = ["run", f"kafka://{broker.bootstrap}/steady", "--follow", "--json", "--db", f"{scratch}/a.duckdb"]
        audit = subprocess.Popen([sys.executable, "-m", "auditor", *words], cwd=ROOT, stdout=subprocess.PIPE)
        try:
            samples = sampled(psutil.Process(audit.pid), broker, args.minutes, args.per_s)
            audit.terminate()
            told = json.loads(audit.communicate(timeout=120)[0])
        finally:
            audit.kill()
            broker.kill()
    print(f"{args.minutes:g} minutes, {told['records']} records, {told['verdicts']} verdicts on {machine()}")
    print(report(samples))


if __name__ == "__main__":
    main()
