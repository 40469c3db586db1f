"""Makes the report of a period, of all or of one tenant."""

from datetime import datetime
from importlib.metadata import version

from auditor.store import Store
from conf.schema import Config
from reports.nightly import Written, edition_of, write_nightly
from reports.schedule.plan import Period

KINDS = {"nightly": "day", "weekly": "week", "monthly": "month"}


def make_report(store: Store, config: Config, period: Period, tenant: str | None, now: datetime) -> Written:
    """The report and its files, over those of an earlier run.

    Raises:
        NothingToReport: no exchange is the tenant's.
        ReportNotWritten: the folder cannot be written.
    """
    edition = edition_of(config, now, version("traceaudit"))
    return write_nightly(store, config, period.first, edition, period=KINDS[period.job], tenant=tenant)
