"""Makes a report of a period, of all or of one tenant."""

from datetime import datetime
from importlib.metadata import version

from auditor.store import Store
from conf.schema import Config
from reports.errors import ReportNotWritten
from reports.nightly import Written, edition_of, write_nightly
from reports.schedule.plan import Period


def make_report(store: Store, config: Config, period: Period, tenant: str | None, now: datetime) -> Written:
    """The report's files, over those of an earlier run.

    Raises:
        ReportNotWritten: the folder cannot be written.
    """
    if tenant or period.first != period.last:
        raise ReportNotWritten(f"{period.job} reports of {tenant or 'all'} are not made yet")
    return write_nightly(store, config, period.first, edition_of(config, now, version("traceaudit")))
