"""The nightly job: reads one day from the database, at one instant, and writes it as HTML, JSON, CSV and Parquet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from auditor import queries
from auditor.blobs import write_whole
from auditor.policies.file import configured_policy
from auditor.policies.store import in_force
from auditor.store import Store
from auditor.store_golden import last_golden
from conf.schema import Config
from reports.errors import NothingToReport, ReportNotWritten
from reports.escalations import Edition, Evidence, Night, find_escalations, make_report
from reports.export import to_csv, to_json, to_parquet
from reports.render import render
from reports.report import EscalationReport
from reports.thumbnails import hashes, thumbnails

EXAMPLES = 20  # records named in the report for each reason why they have no verdict

EXPORTS = {"json": to_json, "csv": to_csv, "parquet": to_parquet}


@dataclass(frozen=True, slots=True)
class Written:
    """A report on disk; the HTML file comes first."""

    report: EscalationReport
    files: tuple[Path, ...]


def write_nightly(store: Store, config: Config, day: date | None, edition: Edition) -> Written:
    """Make the report of a day and write its files into `report.out_dir`, over those of an earlier run.

    Args:
        store: what to read.
        config: its sections policy and report.
        day: UTC; None for the last day on which records were stored. A day without records gives a report that says so.
        edition: what the report is made with.

    Raises:
        NothingToReport: `day` is None and no record was ever stored.
        ReportNotWritten: the folder cannot be written.
    """
    report = read_report(store.connection.cursor(), config, day, edition)
    pictures = thumbnails(hashes(report), store.blobs.find, config.report.thumbnail_px)
    contents = {"html": render(report, pictures).encode()} | {name: make(report) for name, make in EXPORTS.items()}
    return Written(report, write_files(Path(config.report.out_dir), f"audit-{report.date}", contents))


def read_report(
    connection: duckdb.DuckDBPyConnection, config: Config, day: date | None, edition: Edition
) -> EscalationReport:
    """The report of a day, all of it read at one instant."""
    configured = configured_policy(config.policy)
    with queries.snapshot(connection) as cursor:
        night = read_night(cursor, day)
        policy = in_force(cursor, night.day, configured).policy
        found = find_escalations(night.verdicts, policy)
        shown = [item.verdict.triple_id for item in found[: config.report.max_cases]]
        evidence = Evidence(queries.cases(cursor, night.day, shown), queries.images(cursor, shown))
    return make_report(night, policy, found, evidence, edition)


def read_night(connection: duckdb.DuckDBPyConnection, day: date | None) -> Night:
    """All rows of a day but the texts."""
    chosen = day or queries.latest_day(connection)
    if chosen is None:
        raise NothingToReport("the database holds no records yet; `traceaudit run SOURCE` reads some")
    return Night(
        day=chosen,
        coverage=queries.coverage(connection, chosen),
        unjudged=queries.unjudged(connection, chosen),
        examples=queries.unjudged_examples(connection, chosen, EXAMPLES),
        verdicts=queries.verdicts(connection, chosen),
        scorers=queries.scorers(connection, chosen),
        calibrations=queries.calibrations(connection, chosen),
        image_failures=queries.image_failures(connection, chosen),
        backfills=queries.backfills(connection, chosen),
        golden=last_golden(connection, chosen),
    )


def write_files(folder: Path, stem: str, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Each content under the stem and its suffix, whole or not at all."""
    paths = {folder / f"{stem}.{suffix}": data for suffix, data in contents.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, data in paths.items():
            write_whole(path, data)
    except OSError as error:
        raise ReportNotWritten(f"{folder}: {error.strerror or error}") from None
    return tuple(paths)


def edition_of(config: Config, now: datetime, version: str) -> Edition:
    """What a report made now is made with."""
    return Edition(now, version, config.report.max_case_chars)
