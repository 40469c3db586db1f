"""The job behind `traceaudit report`: reads a period at one instant, and writes it as HTML, JSON, CSV and Parquet."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import duckdb

from auditor import queries, queries_counts
from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.files import new_file, sha256_of
from auditor.retention.files import REPORTS, note_file
from auditor.store import Store
from conf.schema import Config
from reports.errors import NothingToReport, PdfNotMade, ReportNotWritten
from reports.escalations import Edition, Read, read_period
from reports.export import to_json, write_escalations
from reports.night.counts import COLUMNS
from reports.night.period import period_of
from reports.pdf import find_browser, print_pdf
from reports.render import render
from reports.report import EscalationReport
from reports.summary import Summary, summary_of
from reports.thumbnails import hashes, thumbnails

SUFFIXES = ("html", "json", "csv", "parquet")
BATCH_ROWS = 50_000
SLUG = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is to be of.

    Attributes:
        day: UTC, any of the period; None for the last day on which records were stored.
        kind: of the period: "day", "week" or "month".
        tenant: the only one that it is about; None for all.
    """

    day: date | None
    kind: str = "day"
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A report on disk; the HTML file comes first. `notes` say what is not there, and why."""

    report: EscalationReport
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A report as the command `report` tells of it.

    Attributes:
        day: the first of the period.
        kind: "day", "week" or "month".
        name: of the period, as in the names of files.
        files: the HTML file comes first.
        notes: what else is to be said.
    """

    day: date
    kind: str
    name: str
    summary: Summary
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def answer_report(store: Store, config: Config, wanted: Wanted, now: datetime) -> Made:
    """Make and write a report; see `auditor/questions.py`.

    Raises:
        NothingToReport: nothing was read yet, or there is no such tenant.
    """
    edition = edition_of(config, now, version("traceaudit"))
    written = write_nightly(store, config, wanted.day, edition, period=wanted.kind, tenant=wanted.tenant)
    period = written.report.period
    summary = summary_of(written.report)
    return Made(period.first, period.kind, period.name, summary, written.files, written.notes)


def write_nightly(  # noqa: PLR0913 - what a report can be of, with the usual one as default
    store: Store, config: Config, day: date | None, edition: Edition, *, period: str = "day", tenant: str | None = None
) -> Written:
    """Make the report of a period and write its files into `report.out_dir`, over those of an earlier run.

    Args:
        store: what to read; that the report was made is written to its audit trail.
        config: its sections policy and report.
        day: UTC, any of the period; None for the last day on which records were stored. A period without records gives
            a report that says so.
        edition: what the report is made with.
        period: "day", "week" or "month".
        tenant: the only one that it is about; None for all.

    Raises:
        NothingToReport: `day` is None and no record was ever stored, or no exchange is the tenant's.
        ReportNotWritten: the folder cannot be written.
        PdfNotMade: `report.pdf` is "always", and it could not be; all other files are written.
    """
    folder = Path(config.report.out_dir)
    note_file(store, str(folder.absolute()), REPORTS, edition.instant)
    cursor = store.connection.cursor()
    with queries.within_memory(cursor, config.report.max_memory_bytes), queries.snapshot(cursor), writing(folder):
        read = read_chosen(cursor, config, edition, Wanted(day, period, tenant))
        pictures = thumbnails(hashes(read.report), store.blobs.find, config.report.thumbnail_px)
        html = render(read.report, pictures).encode(errors="surrogatepass")
        files = write_files(cursor, folder, read, html)
    files, notes = with_pdf(files, config.report.pdf)
    record_event(store, deed_of(read, files))
    if notes and config.report.pdf == "always":
        raise PdfNotMade(notes[0])
    return Written(read.report, files, notes)


def with_pdf(files: tuple[Path, ...], wanted: str) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The files of a report with its page as PDF, if that is wanted and to be had; and a note of why it is not."""
    if wanted == "never":
        return files, ()
    try:
        return (*files, print_pdf(files[0], find_browser())), ()
    except PdfNotMade as error:
        return files, (str(error),)


def read_report(  # noqa: PLR0913 - see write_nightly
    connection: duckdb.DuckDBPyConnection,
    config: Config,
    day: date | None,
    edition: Edition,
    *,
    period: str = "day",
    tenant: str | None = None,
) -> EscalationReport:
    """The report of a period, all of it read at one instant; nothing is written."""
    with queries.snapshot(connection) as cursor:
        return read_chosen(cursor, config, edition, Wanted(day, period, tenant)).report


def read_chosen(cursor: duckdb.DuckDBPyConnection, config: Config, edition: Edition, wanted: Wanted) -> Read:
    """What is wanted, read in a snapshot."""
    chosen = wanted.day or queries.latest_day(cursor)
    if chosen is None:
        raise NothingToReport("the database holds no records yet; `traceaudit run SOURCE` reads some")
    if wanted.tenant is not None and not queries.has_tenant(cursor, wanted.tenant):
        raise NothingToReport(f"the database holds no exchange of a tenant named {wanted.tenant!r}")
    return read_period(cursor, config, period_of(wanted.kind, chosen), wanted.tenant, edition)


def write_files(cursor: duckdb.DuckDBPyConnection, folder: Path, read: Read, html: bytes) -> tuple[Path, ...]:
    """All files of a report, the escalations streamed from the database, in the order of SUFFIXES."""
    stem = stem_of(read.report)
    page, data, as_csv, as_parquet = (folder / f"{stem}.{suffix}" for suffix in SUFFIXES)
    with ExitStack() as stack:
        files = [stack.enter_context(new_file(path)) for path in (page, data, as_csv, as_parquet)]
        files[0].write(html)
        files[1].write(to_json(read.report))
        batches = queries_counts.stream_escalated(cursor, read.scope, COLUMNS, BATCH_ROWS)
        write_escalations(batches, files[2], files[3])
    return page, data, as_csv, as_parquet


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """A folder that files can be written to.

    Raises:
        ReportNotWritten: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise ReportNotWritten(f"{folder}: {error.strerror or error}") from None


def stem_of(report: EscalationReport) -> str:
    """What the files of a report are named: "audit-2026-11-22", "audit-2026-W47", "audit-2026-11-harbor-bank".

    A tenant whose name is no name of a file has a digest of it behind what can be said.
    """
    if report.tenant is None:
        return f"audit-{report.period.name}"
    plain = SLUG.sub("-", report.tenant)[:60].strip("-.")
    digest = "" if plain == report.tenant else f"-{sha256(report.tenant.encode()).hexdigest()[:8]}"
    return f"audit-{report.period.name}-{plain}{digest}"


def deed_of(read: Read, files: tuple[Path, ...]) -> Deed:
    """What the audit trail tells of a report that was made; the next one of its kind compares itself with it."""
    report = read.report
    period, tenant = report.period, report.tenant
    told = {
        "kind": period.kind,
        "name": period.name,
        "first": str(period.first),
        "last": str(period.last),
        "tenant": tenant,
        "files": {path.name: sha256_of(path) for path in files},
        "exchanges": report.verdicts.triples,
        "escalated": report.escalations.total,
        "made_with": read.made_with,
    }
    subject = f"{period.kind}/{period.name}" + (f"/{tenant}" if tenant is not None else "")
    return Deed("report.made", SYSTEM, subject, told, read.edition.instant)


def edition_of(config: Config, now: datetime, version: str) -> Edition:
    """What a report made now is made with."""
    return Edition(now, version, config.report.max_case_chars)
