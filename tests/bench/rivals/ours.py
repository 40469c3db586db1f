"""python -m tests.bench.rivals.ours BOOTSTRAP TOPIC N: the embedded engine, up to the batch that it hands over."""

import sys
from threading import Event

from conf.schema import load
from ingest.assembly import Assembler
from ingest.engines.embedded import Embedded
from ingest.kafka import open_topics
from ingest.normalize import joiner
from ingest.qta import Batch
from ingest.source import Stored
from tests.bench.rivals.mapping import Mapped

if __name__ == "__main__":
    bootstrap, topic, _ = sys.argv[1:]
    config, mapped = load(), Mapped()

    def handle(batch: Batch) -> None:
        """Nothing: what a batch becomes is not measured."""

    source = open_topics(f"kafka://{bootstrap}/{topic}", config, follow=False)
    assembler = Assembler(config.assembly, mapped.record, joiner(config))
    Embedded([source], assembler, config.batching, Stored).run(handle, Event())
    mapped.report()
