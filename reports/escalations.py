"""A period of the database becomes an EscalationReport: every number that is in the HTML is counted here, once.

The database counts (auditor/queries_*.py, on the table of auditor/judged.py); reports/night/ puts each section into the
shape of report.py; render (HTML) and export (JSON, CSV, Parquet) write it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from auditor import queries, queries_counts, queries_records, queries_reports
from auditor.judged import make_judged
from auditor.policies.file import configured_policy
from auditor.policies.policy import Policy
from auditor.policies.store import InForce, policies_by_day
from auditor.query_rows import BackfillRow, CalibrationRow, ScorerRow
from auditor.scope import Scope
from auditor.store_golden import golden_before
from conf.schema import Config
from reports.first_page import Period
from reports.night.agreement import read_agreement
from reports.night.cases import read_cases
from reports.night.changes import Made, Noted, changes, noted
from reports.night.counts import read_counts
from reports.night.coverage import read_coverage
from reports.night.degraded import read_degraded
from reports.night.drift import golden_lines, read_drift
from reports.night.layers import read_layers
from reports.night.missed import read_missed
from reports.night.period import scope_of
from reports.night.policies import policy_lines, thresholds
from reports.night.reviews import read_reviews
from reports.night.trends import compared, now_of, trend
from reports.report import EscalationReport
from reports.sections import FailedDelivery

DEMO_GUARD = "builtin:demo"  # or retrained from it, which is "registry/builtin:demo"
GOLDEN_RUNS = 10
MOST_FAILURES = 100


@dataclass(frozen=True, slots=True)
class Edition:
    """What a report is made with: the moment, the version, and how much text a case may have."""

    made_at: datetime
    version: str
    max_case_chars: int

    @property
    def instant(self) -> datetime:
        """The moment with its zone, UTC where it has none."""
        return self.made_at if self.made_at.tzinfo else self.made_at.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Read:
    """A report that was read, and what is kept of how it was made, for the next one to compare with."""

    report: EscalationReport
    scope: Scope
    edition: Edition
    made_with: Noted


def read_period(
    cursor: duckdb.DuckDBPyConnection, config: Config, period: Period, tenant: str | None, edition: Edition
) -> Read:
    """The report of a period.

    Args:
        cursor: in a snapshot; the tables and views that are made here are gone with it.
        config: its sections policy and report.
        period: what it is about.
        tenant: the only one that it is about; None for all.
        edition: what it is made with.
    """
    scope, configured = scope_of(period, tenant), configured_policy(config.policy)
    policies = policies_by_day(cursor, scope.window, scope.last, configured)
    make_judged(
        cursor, scope.window, scope.last, {day: held.policy for day, held in policies.items()}, tenant, each_day=True
    )
    queries_counts.make_views(cursor, scope)
    return read_sections(cursor, config, Given(scope, period, policies, configured, edition))


@dataclass(frozen=True, slots=True)
class Given:
    """What every section of a report is read by."""

    scope: Scope
    period: Period
    policies: Mapping[date, InForce]
    configured: Policy
    edition: Edition

    @property
    def held(self) -> InForce:
        """The policy of the last day."""
        return self.policies[self.scope.last]


def read_sections(cursor: duckdb.DuckDBPyConnection, config: Config, given: Given) -> Read:
    """All sections, one after the other."""
    scope, period, edition = given.scope, given.period, given.edition
    records = queries_records.records(cursor, scope)
    coverage = read_coverage(cursor, scope, records)
    counts = read_counts(cursor, scope, config.report.max_listed, config.report.max_cases)
    degraded = read_degraded(cursor, scope, coverage)
    lines = trend(scope, queries_counts.days(cursor, scope), records, given.policies)
    now = now_of(counts.verdicts, coverage.totals.records, counts.escalations.unscorable, degraded.exchanges)
    shown = [line.triple_id for line in counts.escalated[: counts.escalations.shown]]
    reviews, open_cases = read_reviews(cursor, scope, given.configured)
    made, last = made_with(cursor, given), queries_reports.last_made(cursor, scope, period.kind)
    golden = golden_before(cursor, scope.last, GOLDEN_RUNS)
    policies = policy_lines(scope, given.policies, own_applications(cursor, scope))
    report = EscalationReport(
        date=period.first,
        made_at=edition.made_at,
        version=edition.version,
        policy=policies[0],
        demo=any(row.model_id.endswith(DEMO_GUARD) for row in made.scorers),
        totals=coverage.totals,
        partitions=coverage.partitions,
        unjudged=coverage.unjudged,
        examples=coverage.examples,
        verdicts=counts.verdicts,
        by_tenant=counts.by.get("tenant", ()),
        by_category=counts.by.get("category", ()),
        by_thinking=counts.by.get("thinking", ()),
        degraded=degraded,
        scorers=tuple(made.scorers),
        calibrations=tuple(made.calibrations),
        backfills=tuple(BackfillRow(**row) for row in queries_reports.backfills(cursor, scope)),
        golden=golden[0] if golden else None,
        escalations=counts.escalations,
        by_stage=counts.by_stage,
        escalated=counts.escalated,
        cases=read_cases(cursor, scope, shown, given.policies, edition.max_case_chars),
        period=period,
        tenant=scope.tenant,
        tenant_coverage=coverage.tenant,
        policies=policies,
        compared=compared(period, lines, now),
        missed=read_missed(cursor, scope),
        changes=changes(made, last),
        reviews=reviews,
        trend=lines,
        by_application=counts.by.get("application", ()),
        by_language=counts.by.get("language", ()),
        by_part=counts.by_part,
        open_cases=open_cases,
        drift=read_drift(cursor, scope, period),
        golden_runs=golden_lines(golden),
        notes=tuple(queries.notes(cursor)),
        layers=read_layers(cursor, scope),
        agreement=read_agreement(cursor, scope),
        failed_deliveries=failures(cursor, given, last["at"] if last else None),
    )
    return Read(report, scope, edition, noted(made, last["details"]["made_with"] if last else None))


def made_with(cursor: duckdb.DuckDBPyConnection, given: Given) -> Made:
    """What the verdicts of the period were made with."""
    scope, held = given.scope, given.held
    return Made(
        given.edition.version,
        held,
        thresholds(held.policy, scope.tenant, own_applications(cursor, scope)),
        [ScorerRow(**row) for row in queries_reports.scorers(cursor, scope)],
        [CalibrationRow(**row) for row in queries_reports.calibrations(cursor, scope)],
    )


def own_applications(cursor: duckdb.DuckDBPyConnection, scope: Scope) -> set[str]:
    """The applications of the tenant that the report is of; none where it is of all."""
    return set() if scope.tenant is None else queries_reports.applications(cursor, scope)


def failures(cursor: duckdb.DuckDBPyConnection, given: Given, since: datetime | None) -> tuple[FailedDelivery, ...]:
    """What could not be delivered since the last report, or since the period began; where it goes is the operator's."""
    if given.scope.tenant is not None:
        return ()
    rows = queries_reports.failed_deliveries(cursor, given.scope, since or given.scope.start, MOST_FAILURES)
    return tuple(FailedDelivery(**row) for row in rows)
