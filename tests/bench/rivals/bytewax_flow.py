"""python -m tests.bench.rivals.bytewax_flow BOOTSTRAP TOPIC N: the same mapping in a Bytewax flow."""

import sys

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.connectors.stdio import StdOutSink
from bytewax.dataflow import Dataflow
from bytewax.testing import run_main

from tests.bench.rivals.mapping import Mapped

if __name__ == "__main__":
    bootstrap, topic, _ = sys.argv[1:]
    mapped = Mapped()
    flow = Dataflow("bench")
    records = op.input("records", flow, KafkaSource([bootstrap], [topic], tail=False))
    counted = op.map("triples", records, lambda message: mapped.value(message.value))
    op.output("nothing", op.filter("none", counted, lambda _: False), StdOutSink())
    run_main(flow)
    mapped.report()
