"""A report that is made while others write is of one instant."""

from datetime import UTC, timedelta
from pathlib import Path
from threading import Event, Thread

from auditor.store import Store
from reports.nightly import write_nightly
from reports.report import EscalationReport
from tests.reports.seed import EDITION, NOW, config, judged, seed


def test_all_numbers_are_of_one_instant_while_a_thread_writes(tmp_path: Path) -> None:
    """Each batch adds an escalation, a harmless exchange and a rejected record: the report has whole batches alone."""
    stop, written = Event(), 0

    def write_on(store: Store) -> None:
        nonlocal written
        while not stop.is_set():
            night = [judged(written * 3, 0.9, NOW), judged(written * 3 + 1, 0.1, NOW)]
            seed(store, night, rejected=1, now=NOW.replace(tzinfo=UTC), start=written * 3)
            written += 1

    with Store.open(":memory:", str(tmp_path / "blobs")) as store:
        seed(store, [judged(-1, 0.2, NOW - timedelta(days=1))], now=NOW - timedelta(days=1), start=0)
        store.connection.execute("DELETE FROM outcomes; DELETE FROM positions")
        writer = Thread(target=write_on, args=(store,))
        writer.start()
        try:
            with store.aside() as beside:
                for _ in range(4):
                    settings = config(report__out_dir=f'"{tmp_path}"')
                    report = write_nightly(beside, settings, NOW.date(), EDITION).report
                    check(report)
        finally:
            stop.set()
            writer.join()
    assert written > 4


def check(report: EscalationReport) -> None:
    batches = report.escalations.total
    assert report.totals.difference == report.totals.unbalanced == 0
    assert report.verdicts.triples == 2 * batches
    assert (report.totals.records, report.totals.states["rejected"]) == (3 * batches, batches)
    assert sum(row.verdicts for row in report.scorers) == report.trend[-1].exchanges == 2 * batches
    assert report.trend[-1].read == 3 * batches
    assert sum(line.exchanges for line in report.layers.lines) == 2 * batches
    assert report.open_cases.not_drawn == batches
