"""The golden set on a schedule."""

from datetime import datetime

from auditor.store import Store
from reports.schedule.children import in_child, told
from reports.schedule.jobs import Surroundings
from reports.schedule.plan import Period
from reports.schedule.runner import Result


def golden(around: Surroundings, store: Store, _: Period, __: datetime) -> Result:
    """Try the guard on the golden set; alarms are in the database, and in the next report."""
    run = told(in_child(around, store, ["golden", "--json"]))[-1]
    return Result(f"{run['figures']['n']} cases, {len(run['alarms'])} alarms")
