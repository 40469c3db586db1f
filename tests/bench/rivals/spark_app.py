"""python -m tests.bench.rivals.spark_app BOOTSTRAP TOPIC N: the same mapping in Spark, local[2], as one batch."""

import json
import sys
import time

from conf.schema import load
from conf.spark.jars import connector_jars
from ingest.engines.spark import open_session
from tests.bench.rivals.spark_task import triples

OPTIONS = {"startingOffsets": "earliest", "endingOffsets": "latest"}


if __name__ == "__main__":
    bootstrap, topic, _ = sys.argv[1:]
    began = time.perf_counter()
    config = load(overrides={"spark.conf": '{"spark.ui.enabled" = "false"}'})
    session = open_session(config, connector_jars(config.spark.jars), "local[2]")
    ready = time.perf_counter()
    options = {"kafka.bootstrap.servers": bootstrap, "subscribe": topic, **OPTIONS}
    records = session.read.format("kafka").options(**options).load().select("value")
    rows = records.mapInPandas(triples, "triples long, checksum long").collect()
    ended = time.perf_counter()
    checksum = sum(row["checksum"] for row in rows) % (1 << 60)
    found = {"triples": sum(row["triples"] for row in rows), "checksum": checksum}
    print(json.dumps({"seconds": ended - ready, "with_start_s": ended - began, **found}))
    session.stop()
