"""What-if from the database: all of it read at one instant, no verdict judged anew or rewritten."""

from dataclasses import dataclass
from datetime import date, timedelta

from auditor import queries
from auditor.judged import make_judged
from auditor.policies.file import configured_policy
from auditor.policies.store import InForce, policies_by_day
from auditor.queries_what_if import bins, drawn, judged_days, reread
from auditor.store import Store
from conf.schema import Config
from reports.errors import NothingToReport
from reports.what_if.index import index_of
from reports.what_if.outcome import Material, sample_of

DAYS = 28  # of a period that nobody names


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read.

    Attributes:
        current: the policy in force on the last day.
        period: UTC days, both included.
    """

    material: Material
    current: InForce
    period: tuple[date, date]


def load(store: Store, config: Config, first: date | None, last: date | None, tenant: str | None = None) -> Loaded:
    """All that what-if needs of a period.

    Args:
        store: what to read.
        config: its section policy.
        first: UTC day; None for the 28 days up to `last`, or as many as there are.
        last: UTC day, included; None for the last with a verdict.
        tenant: only this one's exchanges; None for all.

    Raises:
        NothingToReport: nothing was judged in the period.
    """
    with queries.snapshot(store.connection.cursor()) as cursor:
        period = period_of(judged_days(cursor), first, last)
        by_day = policies_by_day(cursor, *period, configured_policy(config.policy))
        make_judged(cursor, *period, {day: one.policy for day, one in by_day.items()}, tenant)
        with reread(cursor):
            counted, sampled = bins(cursor), drawn(cursor, *period)
    if not counted.slices:
        raise NothingToReport(f"nothing was judged from {period[0]} to {period[1]}")
    index = index_of(counted)
    days = (period[1] - period[0]).days + 1
    material = Material(index, sample_of(sampled, index), days, sampled.days, len(sampled.reason))
    return Loaded(material, by_day[period[1]], period)


def period_of(judged: tuple[date, date] | None, first: date | None, last: date | None) -> tuple[date, date]:
    """The days to look at.

    Raises:
        NothingToReport: nothing was ever judged, or the first day is after the last.
    """
    if judged is None:
        raise NothingToReport("the database holds no verdicts yet; `traceaudit run SOURCE` makes some")
    end = last or judged[1]
    start = first or max(judged[0], end - timedelta(days=DAYS - 1))
    if start > end:
        raise NothingToReport(f"nothing lies between {start} and {end}")
    return start, end
