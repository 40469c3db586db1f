"""Metrics as Prometheus reads them: right numbers, no content in a label, and a dashboard that names what there is."""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from auditor.errors import PortTaken
from auditor.pipeline import StoreKeeper
from auditor.store import MEMORY, Store
from auditor.store_sink import waiting
from auditor.telemetry import Lags, SinkStanding, Standing, Telemetry, serving, shown
from auditor.workers import Workers
from ingest.qta import Gap, Held, ImageFailure, ImageReason, Normalized, Position, Record, RefKind, Rejection
from ingest.source import Partition
from tests.factories import NOW, CountingJudge, make_batch, make_image, make_run, make_triple

SOURCE = "kafka:cluster/logs"
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(MEMORY, str(tmp_path / "blobs")) as opened:
        opened.begin_run(make_run("run1"))
        yield opened


class Topic:
    """A source that knows its end."""

    def high_waters(self) -> dict[Partition, int]:
        return {(SOURCE, 0): 25, (SOURCE, 1): 7}


def samples(registry: CollectorRegistry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by its name and labels."""
    text = generate_latest(registry).decode()
    return {
        (sample.name.removeprefix("traceaudit_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def item(offset: int, *triples: object, rejection: bool = False) -> Normalized:
    position = Position(SOURCE, 0, offset)
    bad = Rejection(position, "not_json") if rejection else None
    return Normalized(Record(position, b"secret"), "qta", triples, rejection=bad)  # type: ignore[arg-type]


def counted(store: Store) -> Telemetry:
    """One batch: a scored record with two images, one of them lost, a rejected one, a gap, a held one."""
    failure = ImageFailure(ImageReason.NOT_FETCHED_POLICY, RefKind.HTTPS)
    triple = make_triple(images=(make_image(), failure), tenant="secret", position=Position(SOURCE, 0, 0))
    batch = make_batch(
        item(0, triple),
        item(1, rejection=True),
        positions={(SOURCE, 0): 20},
        gaps=(Gap(SOURCE, 0, 2, 18, "retention"),),
        held={Position(SOURCE, 0, 19): Held()},
    )
    telemetry = Telemetry()
    audit = telemetry.measured(CountingJudge(), StoreKeeper(store, "run1", lambda: NOW), lambda _: None)
    audit.handle(batch)
    return telemetry


def test_a_batch_is_counted_by_state_and_reason(store: Store) -> None:
    found = samples(counted(store).registry)
    assert found["records_total", (("source", "logs"), ("state", "scored"))] == 1
    assert found["records_total", (("source", "logs"), ("state", "rejected"))] == 1
    assert found["dead_letters_total", (("reason", "not_json"), ("source", "logs"))] == 1
    assert found["triples_total", (("source", "logs"), ("status", "complete"))] == 1
    assert found["images_total", (("source", "logs"),)] == 2
    assert found["image_failures_total", (("reason", "not_fetched_policy"), ("source", "logs"))] == 1
    assert found["gap_offsets_total", (("reason", "retention"), ("source", "logs"))] == 17
    assert found["verdicts_total", (("judgment", "0"),)] == 1
    assert found["held_records", ()] == 1
    assert found["batch_seconds_count", (("step", "judge"),)] == found["batch_seconds_count", (("step", "keep"),)] == 1
    assert found["last_success_timestamp_seconds", ()] > 0


def test_a_held_record_that_settles_is_held_no_more(store: Store) -> None:
    telemetry = counted(store)
    telemetry.kept(make_batch(item(19)), [], [])
    assert samples(telemetry.registry)["held_records", ()] == 0


def test_lag_is_what_the_topic_has_beyond_what_is_kept_and_unknown_partitions_are_left_out(store: Store) -> None:
    telemetry = counted(store)
    telemetry.registry.register(Lags([Topic(), object()], telemetry.positions))
    lags = {labels: value for (name, labels), value in samples(telemetry.registry).items() if name == "lag_records"}
    assert lags == {(("partition", "0"), ("source", "logs")): 5}


def test_no_label_holds_a_tenant_a_path_or_content(store: Store) -> None:
    text = generate_latest(counted(store).registry).decode()
    assert "secret" not in text
    assert (shown("file:/home/me/secret.jsonl"), shown("stdin:1"), shown(SOURCE)) == ("file", "stdin", "logs")


def test_metrics_are_served_on_loopback_with_the_ledger_of_the_moment(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    with store.aside() as reading, serving(0, [], reading.ledger) as telemetry:
        url = capsys.readouterr().err.split()[-1]
        assert url.startswith("http://127.0.0.1:")
        counted(store)
        telemetry.held.set(3)
        with urllib.request.urlopen(url) as response:  # noqa: S310 - our own, on loopback
            text = response.read().decode()
        assert 'traceaudit_next_offset{partition="0",source="logs"} 20.0' in text
        assert "traceaudit_unbalanced_partitions 0.0" in text
        port = int(url.split(":")[2].split("/")[0])
        with pytest.raises(PortTaken, match=str(port)), serving(port, [], None):
            pass
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url)  # noqa: S310 - our own, on loopback


def everything(store: Store) -> CollectorRegistry:
    """The registry of a service, which has all that a run or a worker has."""
    telemetry = counted(store)
    standing = SinkStanding(lambda: waiting(store), {"unreadable_message": 1})
    for collector in (Lags([Topic()], telemetry.positions), Standing(store.ledger), standing):
        telemetry.registry.register(collector)
    Workers([], 0, telemetry.registry)
    return telemetry.registry


def test_each_query_of_the_dashboard_names_metrics_and_labels_that_there_are(store: Store) -> None:
    found = samples(everything(store))
    names = {name for name, _ in found}
    labels = {label for _, pairs in found for label, _ in pairs}
    panels = json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    used = {name for query in queries for name in re.findall(r"traceaudit_(\w+)", query)}
    assert used - names == set()
    by = {label for query in queries for found in re.findall(r"by \(([^)]*)\)", query) for label in found.split(", ")}
    assert by - labels == set()


def test_the_docs_list_each_metric(store: Store) -> None:
    text = generate_latest(everything(store)).decode()
    made = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    listed = set(
        re.findall(r"^\| `(traceaudit_\w+)` \|", (DOCS / "fleet.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {name for name in made if not name.endswith("_created")} == listed
