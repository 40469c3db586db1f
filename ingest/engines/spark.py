"""Topics in Structured Streaming: executors read, each task whole partitions; the driver accounts for every offset.

1. Spark writes to the checkpoint which offsets the next micro-batch covers.
2. Each task hands the rows of a partition to `judge`, on an executor. When that ends, its work is kept for good.
3. When all tasks have ended, `settled` is told on the driver what the micro-batch covered: it accounts for what no
   task saw, such as transaction markers at the end of a partition.
4. Only then does Spark mark the micro-batch as done. Killed before, it runs again, over the same offsets.

Not one of ENGINES: what those promise of one `handle`, called in one thread for one batch at a time, cannot hold where
many executors judge at once. What comes out is the same for whoever reads the topic of outcomes.
"""

import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from conf.schema import Config
from ingest.errors import MissingExtra, SparkFailed
from ingest.kafka import KafkaSource
from ingest.spark_options import source_options
from ingest.spark_ranges import Offsets, Span, TopicPartition, offsets_in, spans_of
from ingest.spark_rows import COLUMNS, COUNTS

try:
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException
    from pyspark.sql import DataFrame, SparkSession
except ImportError as error:
    raise MissingExtra("traceaudit spark", "spark") from error

from kafka import TopicPartition as KafkaPartition  # isort: skip - the extra spark brings it

logger = logging.getLogger(__name__)

Spans = Mapping[TopicPartition, Span]

Judge = Callable[[Spans, Iterable[Any]], Iterator[Any]]
"""Judges the rows of one task, Arrow batches with COLUMNS, and keeps what they became before it ends; gives Arrow
batches of COUNTS. Pickled, and called on executors; called again where a task is tried again."""

Settled = Callable[[Spans, Mapping[str, int]], None]
"""Told on the driver after all tasks of a micro-batch: what it covered, and the sums of COUNTS."""

SCHEMA = ", ".join(f"{name} long" for name in COUNTS)
WAIT_S = 0.5  # how soon a stop is noticed
MAX_SHOWN = 300  # characters of an error of Spark
OURS = re.compile(r"^(?:conf|ingest|auditor)\.errors\.\w+: (.+)$", re.MULTILINE)
PYTHON = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt))(?:: |$)", re.MULTILINE)
ARROW_BYTES = 256 * 2**20  # rows that a task takes at a time


@dataclass(slots=True)
class Stream:
    """Micro-batches of topics, from where the checkpoint stands.

    Attributes:
        source: of the same topics; says what the broker has.
        checkpoint: a folder that all machines see, as Spark names it.
        failure: what ended the stream, where that was raised on the driver.
    """

    session: SparkSession
    source: KafkaSource
    config: Config
    checkpoint: str
    idle: Event = field(default_factory=Event)
    failure: Exception | None = None

    def run(self, judge: Callable[[], Judge], settled: Settled, stop: Event, *, once: bool) -> None:
        """Run micro-batches until `stop` is set, or with `once` until all that is there now is read.

        `judge` is asked before each of them who judges it.

        Raises:
            SourceChanged: a topic is not the one that the checkpoint speaks of.
            SparkFailed: a task failed more often than Spark is configured to try it.
        """
        self.idle.set()

        def each(frame: DataFrame, number: int) -> None:
            if stop.is_set():
                raise Stopped
            self.idle.clear()
            try:
                self.micro_batch(frame, number, judge, settled)
            except Exception as error:  # crosses a border that keeps only its text
                self.failure = error
                raise
            finally:
                self.idle.set()

        reader = self.session.readStream.format("kafka").options(**source_options(self.source.topics, self.config))
        writer = reader.load().writeStream.foreachBatch(each).option("checkpointLocation", self.checkpoint)
        trigger = {"availableNow": True} if once else {"processingTime": f"{self.config.spark.trigger_s} seconds"}
        self.wait(writer.trigger(**trigger).start(), stop)

    def micro_batch(self, frame: DataFrame, number: int, judge: Callable[[], Judge], settled: Settled) -> None:
        """All of one micro-batch, up to where it may be marked as done."""
        spans, one = self.spans(number), judge()

        def task(batches: Iterable[Any]) -> Iterator[Any]:
            return one(spans, batches)

        rows = frame.selectExpr(*COLUMNS).mapInArrow(task, SCHEMA).collect()
        settled(spans, {name: sum(row[name] for row in rows) for name in COUNTS})
        logger.info("micro-batch done", extra={"number": number, "n_tasks": len(rows)})

    def spans(self, number: int) -> dict[TopicPartition, Span]:
        """What micro-batch `number` covers."""
        before = self.read(f"offsets/{number - 1}" if number else "sources/0/0")
        after = self.read(f"offsets/{number}")
        sources = {topic: self.source.source(topic) for topic in self.source.topics.names}
        return spans_of(before, after, self.first_offsets(after), sources)

    def first_offsets(self, partitions: Iterable[TopicPartition]) -> Offsets:
        """The first offset of each partition that the broker still has."""
        found = self.source.available([KafkaPartition(topic, number) for topic, number in partitions])
        return {(at.topic, at.partition): offsets.start for at, offsets in found.items()}

    def read(self, name: str) -> Offsets:
        """A file of the checkpoint, wherever Spark keeps that."""
        java: Any = self.session._jvm  # noqa: SLF001 - there is no other way to Hadoop's file systems
        path = java.org.apache.hadoop.fs.Path(f"{self.checkpoint}/{name}")
        opened = path.getFileSystem(self.session._jsc.hadoopConfiguration()).open(path)  # noqa: SLF001
        try:
            return offsets_in(java.org.apache.commons.io.IOUtils.toString(opened, "UTF-8"))
        finally:
            opened.close()

    def wait(self, query: Any, stop: Event) -> None:
        """Wait until the stream ends, or end it between two micro-batches once `stop` is set."""
        try:
            while not query.awaitTermination(WAIT_S):
                if stop.is_set() and self.idle.is_set():
                    query.stop()
        except PySparkException as error:
            if not stop.is_set() or self.failure:
                raise failed(self.failure or error) from None


class Stopped(Exception):
    """Ends the stream before a micro-batch begins."""


def failed(error: Exception) -> Exception:
    """What to tell the user: an error of ours as it is; of another's, what kind it is: its text may hold content."""
    if not isinstance(error, PySparkException):
        return error
    text = str(error)
    if said := OURS.findall(text):
        return SparkFailed(f"a task failed: {said[-1]}")
    if kinds := PYTHON.findall(text):
        return SparkFailed(f"a task failed ({kinds[-1]}); Spark's own log has more")
    return SparkFailed(text.strip().partition("\n")[0][:MAX_SHOWN])


def ask_executor(session: SparkSession, answer: Callable[[Iterable[Any]], Iterator[Any]], names: Iterable[str]) -> Any:
    """One row of strings, made by `answer` on an executor.

    Raises:
        SparkFailed: it failed there.
    """
    schema = ", ".join(f"{name} string" for name in names)
    try:
        (row,) = session.range(0, 1, 1, 1).mapInArrow(answer, schema).collect()
    except PySparkException as error:
        raise failed(error) from None
    return row.asDict()


def check_java() -> None:
    """Raise SparkFailed where there is no Java to run Spark."""
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        where = f"JAVA_HOME = {home} has no bin/java" if home else "no java on the path"
        raise SparkFailed(f"{where}; install Java 17 or newer (Debian: apt install default-jre-headless)")


def open_session(config: Config, jars: Iterable[str], master: str | None) -> SparkSession:
    """The session that spark-submit made, or a new one.

    Args:
        config: its section `spark`; settings there win over ours.
        jars: Spark's Kafka connector.
        master: as Spark names it; None: as Spark is configured, and this machine if it is not.

    Raises:
        SparkFailed: Java is missing, or Spark does not start.
    """
    ours = {
        "spark.app.name": "traceaudit",
        "spark.jars": ",".join(jars),
        "spark.log.level": "FATAL",  # what ends a run is told by us; its own errors quote texts
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(config.kafka.poll_records),
        "spark.sql.execution.arrow.maxBytesPerBatch": str(ARROW_BYTES),
        **({"spark.master": master} if master else {}),
    }
    check_java()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder: Any = SparkSession.builder
    for name, value in {**ours, **config.spark.conf}.items():
        builder = builder.config(name, value)
    try:
        session: SparkSession = builder.getOrCreate()
    except PySparkException as error:
        raise failed(error) from None
    except Py4JJavaError as error:
        raise SparkFailed(f"Spark does not start: {error.java_exception.getMessage()}") from None
    return session
