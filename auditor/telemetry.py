"""What a process did and how it stands, for Prometheus: counts of states, reasons and seconds, never content.

Labels are names of topics, states and reasons of closed lists; no tenant, no id, no path of a file.

traceaudit_…              of what
records, triples, …       `Telemetry`: counted as batches are kept, in each process for itself
lag_records               `Lags`: asked of the sources when somebody looks
next_offset, missing, …   `Standing`: asked of the database when somebody looks
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter

from auditor.errors import PortTaken
from auditor.ledger import LedgerLine
from auditor.pipeline import Audit, Judge, Keeper, Tally
from auditor.store_sink import Waiting
from auditor.verdict import ScorerKey, Verdict
from ingest.errors import MissingExtra
from ingest.qta import Batch, ImageFailure, Outcome, Position, QTATriple
from ingest.source import HasHighWaters, Partition

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
except ImportError as error:
    raise MissingExtra("metrics", "serve") from error

LOOPBACK = "127.0.0.1"
SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


class Telemetry:
    """Counters of one process.

    Attributes:
        registry: what is shown of them.
        positions: the next offset of each partition, as of the batches kept.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.positions: dict[Partition, int] = {}
        self.waiting: set[Position] = set()
        self.records = self.counter("records", "Records that ended in a state", "source", "state")
        self.triples = self.counter("triples", "Triples in the records, also those seen before", "source", "status")
        self.verdicts = self.counter("verdicts", "New verdicts; unscorable has no judgment", "judgment")
        self.images = self.counter("images", "Images that the triples show, had or not", "source")
        self.failures = self.counter("image_failures", "Images that could not be had", "source", "reason")
        self.letters = self.counter("dead_letters", "Records that could not be read", "source", "reason")
        self.gaps = self.counter("gap_offsets", "Offsets that hold no record", "source", "reason")
        self.swaps = self.counter("model_swaps", "Models of the registry taken up, or refused", "result")
        self.tokens = self.counter("tokens", "Tokens that the guard read and wrote", "kind")
        self.seconds = Histogram(
            "traceaudit_batch_seconds",
            "Time that a batch took: to judge it, to keep it",
            ["step"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.held = self.gauge("held_records", "Records read that wait for the rest of their interactions")
        self.model = self.gauge("model_revision", "1 for the revision that judges, of the registry", "revision")
        self.success = self.gauge("last_success_timestamp_seconds", "When the last batch was kept; 0 before the first")

    def counter(self, name: str, what: str, *labels: str) -> Counter:
        """A counter of ours."""
        return Counter(f"traceaudit_{name}", what, labels, registry=self.registry)

    def gauge(self, name: str, what: str, *labels: str) -> Gauge:
        """A gauge of ours."""
        return Gauge(f"traceaudit_{name}", what, labels, registry=self.registry)

    def kept(self, batch: Batch, outcomes: Sequence[Outcome], verdicts: Sequence[Verdict]) -> None:
        """Count a batch that is kept."""
        for outcome in outcomes:
            self.records.labels(shown(outcome.position.source), outcome.state.value).inc()
        for item in batch.items:
            source = shown(item.record.position.source)
            if item.rejection:
                self.letters.labels(source, item.rejection.reason).inc()
            for triple in item.triples:
                self.count_triple(source, triple)
        for gap in batch.gaps:
            self.gaps.labels(shown(gap.source), gap.reason).inc(gap.last - gap.first + 1)
        for verdict in verdicts:
            self.count_verdict(verdict)
        self.waiting -= {item.record.position for item in batch.items}
        self.waiting |= set(batch.held)
        self.held.set(len(self.waiting))
        self.positions.update(batch.positions)
        self.success.set_to_current_time()

    def count_triple(self, source: str, triple: QTATriple) -> None:
        """Count one triple and its images."""
        self.triples.labels(source, triple.status.value).inc()
        self.images.labels(source).inc(len(triple.images))
        for image in triple.images:
            if isinstance(image, ImageFailure):
                self.failures.labels(source, image.reason.value).inc()

    def count_verdict(self, verdict: Verdict) -> None:
        """Count one new verdict and its cost."""
        self.verdicts.labels(verdict.judgment.label if verdict.judgment else "unscorable").inc()
        self.tokens.labels("prompt").inc(verdict.prompt_tokens)
        self.tokens.labels("output").inc(verdict.output_tokens)

    def measured(self, judge: Judge, keeper: Keeper, show: Callable[[Tally], None]) -> Audit:
        """An audit that is counted."""
        return Audit(*self.both(judge, keeper), show)

    def both(self, judge: Judge, keeper: Keeper) -> tuple[Judge, Keeper]:
        """The same two, counted."""
        return MeasuredJudge(judge, self), MeasuredKeeper(keeper, self)

    def judges(self, revision: str) -> None:
        """A model of the registry was taken up."""
        self.swaps.labels("done").inc()
        self.model.clear()
        self.model.labels(revision).set(1)

    def refused(self) -> None:
        """One was not."""
        self.swaps.labels("refused").inc()

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long a step of a batch takes, if it ends well."""
        began = time.perf_counter()
        yield
        self.seconds.labels(step).observe(time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class MeasuredJudge:
    """A judge whose time is noted; a Judge."""

    judge: Judge
    telemetry: Telemetry

    @property
    def key(self) -> ScorerKey:
        """See Judge."""
        return self.judge.key

    def score(self, triples: Sequence[QTATriple]) -> Sequence[Verdict]:
        """See Judge."""
        with self.telemetry.timed("judge"):
            return self.judge.score(triples)


@dataclass(frozen=True, slots=True)
class MeasuredKeeper:
    """A keeper of which it is counted what it kept; a Keeper."""

    keeper: Keeper
    telemetry: Telemetry

    def judged(self, ids: Sequence[str], scorer: ScorerKey) -> set[str]:
        """See Keeper."""
        return self.keeper.judged(ids, scorer)

    def keep(self, batch: Batch, verdicts: Sequence[Verdict]) -> Sequence[Outcome]:
        """See Keeper."""
        with self.telemetry.timed("keep"):
            outcomes = self.keeper.keep(batch, verdicts)
        self.telemetry.kept(batch, outcomes, verdicts)
        return outcomes


class Lags:
    """How far sources are behind what there is to read; a collector.

    Args:
        positions: the next offset of each partition, as kept.
    """

    def __init__(self, sources: Iterable[object], positions: Mapping[Partition, int]) -> None:
        self.sources = [source for source in sources if isinstance(source, HasHighWaters)]
        self.positions = positions

    def collect(self) -> Iterator[Metric]:
        """See `CollectorRegistry`; partitions of which nothing was read yet are left out."""
        family = GaugeMetricFamily(
            "traceaudit_lag_records", "Offsets not kept yet, up to the end of the topic", labels=["source", "partition"]
        )
        for source in self.sources:
            for (name, partition), end in source.high_waters().items():
                at = self.positions.get((name, partition))
                if at is not None:
                    family.add_metric([shown(name), str(partition)], max(0, end - at))
        yield family


class Standing:
    """How the database stands, for the process that owns it; a collector.

    Args:
        ledger: asks it; called from the thread that serves the metrics.
    """

    def __init__(self, ledger: Callable[[], Sequence[LedgerLine]]) -> None:
        self.ledger = ledger

    def collect(self) -> Iterator[Metric]:
        """See `CollectorRegistry`; files are left out, since their names are nobody's business."""
        lines = self.ledger()
        each = {
            "next_offset": ("Next offset of a source partition to store", attrgetter("end")),
            "missing_offsets": (
                "Offsets that did not come from the workers while later ones did",
                attrgetter("missing"),
            ),
        }
        for name, (what, value) in each.items():
            family = GaugeMetricFamily(f"traceaudit_{name}", what, labels=["source", "partition"])
            for line in lines:
                if line.source.startswith("kafka:"):
                    family.add_metric([shown(line.source), str(line.partition)], value(line))
            yield family
        unbalanced = sum(not line.balanced for line in lines)
        yield GaugeMetricFamily("traceaudit_unbalanced_partitions", "Ledger lines that do not add up", unbalanced)


class SinkStanding:
    """How the sink of a fleet stands; a collector.

    Args:
        waiting: asks the database what waits; called from the thread that serves the metrics.
        alarms: reason to how often, as the sink counts them.
    """

    def __init__(self, waiting: Callable[[], Waiting], alarms: Mapping[str, int]) -> None:
        self.waiting = waiting
        self.alarms = alarms

    def collect(self) -> Iterator[Metric]:
        """See `CollectorRegistry`."""
        held_up = self.waiting()
        yield GaugeMetricFamily(
            "traceaudit_waiting_ranges", "Judged ranges that wait for missing offsets", held_up.n_ranges
        )
        yield GaugeMetricFamily("traceaudit_waiting_bytes", "Bytes of their messages", held_up.n_bytes)
        alarms = CounterMetricFamily("traceaudit_sink_alarms", "What only a person can bring back", labels=["reason"])
        for reason, n in tuple(self.alarms.items()):
            alarms.add_metric([reason], n)
        yield alarms


def shown(source: str) -> str:
    """What a label says of a source: the topic's name; of files and standard input only the kind."""
    kind, _, rest = source.partition(":")
    return rest.partition("/")[2] if kind == "kafka" else kind


@contextmanager
def serving(
    port: int, sources: Iterable[object], ledger: Callable[[], Sequence[LedgerLine]] | None
) -> Iterator[Telemetry]:
    """Metrics on loopback, in a thread of their own, while the context lasts.

    Args:
        port: to listen on; 0 takes a free one.
        sources: whose lag is shown, where they know it.
        ledger: asks the database how it stands, from that thread; None for those who have none.

    Raises:
        PortTaken: another process listens there.
    """
    telemetry = Telemetry()
    telemetry.registry.register(Lags(sources, telemetry.positions))
    if ledger:
        telemetry.registry.register(Standing(ledger))
    try:
        server, thread = start_http_server(port, LOOPBACK, telemetry.registry)
    except OSError as error:
        raise PortTaken(f"{LOOPBACK}:{port}", error.strerror or "cannot be listened on") from None
    print(f"metrics at http://{LOOPBACK}:{server.server_port}/metrics", file=sys.stderr)
    try:
        yield telemetry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
