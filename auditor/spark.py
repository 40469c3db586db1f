"""Judging on Spark: what an executor does with the rows of a task, and what the driver adds.

A task runs the embedded engine over the rows of its partition, in order, and sends what they became to the topic of
outcomes, acknowledged, batch by batch. A trace is put together from what the task has of it: at its end all that waits
is taken as whole. The driver then sends, for each partition, a range without records over all that the micro-batch
covered. The service cuts off it what it has, so what is left is what no task saw: markers of transactions and compacted
offsets behind the last record. A task that runs twice sends the same offsets twice, and the service keeps them once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from threading import Event
from typing import Any

import pyarrow as pa

from auditor.blobs import BlobStore, open_blobs
from auditor.cli import utc_now
from auditor.errors import ExecutorDiffers, OutcomesUnwritable
from auditor.outcomes import OutcomesKeeper, Write, sha256
from auditor.pipeline import Audit
from auditor.ranges import JudgedRange
from auditor.registry.places import placed
from auditor.scorer import Scorer, build
from auditor.store_rows import Run
from auditor.wire import encode, key_of
from conf.schema import Config
from ingest.assembly import Assembler, Join, Normalize
from ingest.dead_letters import Message
from ingest.engines.embedded import Embedded
from ingest.errors import SourceSyntax
from ingest.identity import pseudonym
from ingest.normalize import joiner, normalizer
from ingest.outlet import Bury, grave_for, open_outlet
from ingest.privacy import privacy_of
from ingest.source import Partition, Stored
from ingest.spark_ranges import Span, TopicPartition
from ingest.spark_rows import COUNTS, Rows
from ingest.topics import Topics, parse_topics

COUNTED = pa.schema([(name, pa.int64()) for name in COUNTS])
KEY = pa.schema([(name, pa.string()) for name in ("model_id", "model_revision", "prompt_hash", "decoding")])
ANYONE = "anyone"  # two machines that give this user the same pseudonym have the same key


@dataclass(frozen=True, slots=True)
class Job:
    """What an executor needs to know; it travels with each task, so it holds no secret.

    Attributes:
        config: in JSON.
        source: SOURCE of the command line.
        anyone: the pseudonym of ANYONE under the driver's key.
        model: that judges; what `auditor.model` named when the job began, or what came to serve since.
        run: of the whole job; None before it is known how the executors judge.
    """

    config: str
    source: str
    anyone: str
    model: str
    run: Run | None = None

    @property
    def known_run(self) -> Run:
        """Its run.

        Raises:
            ExecutorDiffers: no executor has said yet how it judges.
        """
        if self.run is None:
            raise ExecutorDiffers("model or prompt")
        return self.run


def job_of(source: str, config: Config) -> Job:
    """The job that audits `source`.

    Raises:
        UserKeyMissing, UserKeyUnusable, ConfigError, MissingExtra: see `privacy_of`.
    """
    placed_here = config.model_copy(update={"auditor": placed(config)})
    return Job(
        placed_here.model_dump_json(), source, pseudonym(ANYONE, privacy_of(config).user_key), config.auditor.model
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process needs beside the model; made once, since topics are opened."""

    config: Config
    normalize: Normalize
    join: Join
    write: Write
    bury: Bury
    blobs: BlobStore


@cache
def parts_of(config_json: str, source: str, anyone: str) -> Parts:
    """The parts of this process, kept until it ends.

    Raises:
        ExecutorDiffers: this machine has another key for pseudonyms than the driver.
        TraceauditError: a part cannot be made here; see `privacy_of` and `open_outlet`.
    """
    config = Config.model_validate_json(config_json)
    privacy = privacy_of(config)
    if pseudonym(ANYONE, privacy.user_key) != anyone:
        raise ExecutorDiffers("key for pseudonyms of users")
    return Parts(
        config,
        normalizer(config, privacy),
        joiner(config, privacy),
        open_outlet(outcomes_of(config), config).write,
        ExitStack().enter_context(grave_for([source], config)),
        open_blobs(config.images.blob_dir),
    )


@lru_cache(maxsize=1)
def scorer_of(config_json: str, model: str) -> Scorer:
    """The scorer of this process, kept until another model is to judge: loading one takes long.

    Raises:
        TraceauditError: see `auditor.scorer.build`.
    """
    config = Config.model_validate_json(config_json)
    section = config.auditor.model_copy(update={"model": model})
    return build(config.model_copy(update={"auditor": section}), utc_now)


def outcomes_of(config: Config) -> Topics:
    """The topic of outcomes.

    Raises:
        SourceSyntax: none is configured, or not one topic.
    """
    topics = parse_topics(config.fleet.outcomes)
    if len(topics.names) > 1 or topics.group:
        raise SourceSyntax(f"fleet.outcomes = {config.fleet.outcomes!r}: write one topic, as kafka://host:port/topic")
    return topics


def key_rows(job: Job, _: Iterable[Any]) -> Iterator[pa.RecordBatch]:
    """One row with the key of this executor's scorer; fails where the executor cannot judge."""
    parts_of(job.config, job.source, job.anyone)
    key = scorer_of(job.config, job.model).key
    yield pa.RecordBatch.from_pylist([{name: getattr(key, name) for name in KEY.names}], KEY)


def judge_rows(job: Job, spans: Mapping[TopicPartition, Span], batches: Iterable[Any]) -> Iterator[pa.RecordBatch]:
    """Judge the rows of one task and send what they became; see `ingest.engines.spark.Judge`.

    Raises:
        ExecutorDiffers: it judges with another model or prompt than the job's.
    """
    parts = parts_of(job.config, job.source, job.anyone)
    scorer = scorer_of(job.config, job.model)
    if scorer.key != job.known_run.scorer:
        raise ExecutorDiffers("model or prompt")
    keeper = OutcomesKeeper(parts.write, parts.blobs, job.known_run, parts.config.fleet.max_message_bytes, parts.bury)
    assembler = Assembler(parts.config.assembly, parts.normalize, parts.join)
    engine = Embedded([Rows(batches, spans)], assembler, parts.config.batching, Stored)
    tally = Audit(scorer, keeper).run(engine, Event())
    counts = {"records": tally.records, "triples": tally.triples, "verdicts": tally.verdicts}
    yield pa.RecordBatch.from_pylist([counts], COUNTED)


@dataclass(slots=True)
class Cover:
    """What the driver adds after each micro-batch: ranges without records, over all that it covered.

    Attributes:
        write: puts messages into the topic of outcomes.
        counts: what was done so far.
        known: partitions of which the topic was told already.
    """

    run: Run
    max_bytes: int
    write: Write
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(("batches", *COUNTS), 0)))
    known: set[Partition] = field(default_factory=set)

    def settled(self, spans: Mapping[TopicPartition, Span], counts: Mapping[str, int]) -> None:
        """See `ingest.engines.spark.Settled`.

        A partition of which nothing was ever read is told of as well, so that the ledger shows it.

        Raises:
            TopicUnwritable: the topic does not take them; the micro-batch is run again.
            OutcomesUnwritable: it takes no message as large as is configured.
        """
        news = [span for span in spans.values() if span.end > span.start or span.place not in self.known]
        if self.write(list(covering(news, self.run, self.max_bytes))):
            raise OutcomesUnwritable(self.max_bytes)
        self.known |= {span.place for span in news}
        self.counts.update(counts, batches=1)


@dataclass(slots=True)
class Judging:
    """Says before each micro-batch who judges it.

    Attributes:
        job: with its run.
        cover: says by the same run what no task saw.
        next_one: the job to go over to; None where there is none.
    """

    job: Job
    cover: Cover
    next_one: Callable[[], Job | None]

    def __call__(self) -> Callable[[Mapping[TopicPartition, Span], Iterable[Any]], Iterator[pa.RecordBatch]]:
        """See `ingest.engines.spark.Stream.run`."""
        if job := self.next_one():
            self.job, self.cover.run = job, job.known_run
        return partial(judge_rows, self.job)


def covering(spans: Iterable[Span], run: Run, max_bytes: int) -> Iterator[Message]:
    """Messages that cover spans as if no record lay in them."""
    for span in spans:
        judged = JudgedRange(*span.place, span.start, span.end, run, gaps=tuple(span.gaps(span.start, span.end)))
        for message in encode(judged, max_bytes, sha256):
            yield Message(message.value, key_of(judged.place))
