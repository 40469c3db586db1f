"""What each job does, given the period that it is about."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from threading import Event

from auditor.evidence.store_checkpoints import sign_checkpoint
from auditor.sampling.store import draw
from auditor.store import Store
from conf.cli import named
from conf.schema import Config
from reports.errors import NothingToReport
from reports.nightly import Written
from reports.schedule.making import make_report
from reports.schedule.plan import Period
from reports.schedule.runner import Result, Work
from reports.sending.queue import Made, queue_report, tenants_of


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What jobs are given by the command that they run in.

    Attributes:
        words: options for a process of our own, with the same configuration.
        beside: whether something else answers others about the database; else whoever starts a process does, so that
            it can ask.
        bell: is set when something is due at once.
        stop: is set when what takes long is to end.
    """

    config: Config
    words: tuple[str, ...] = ()
    beside: bool = False
    bell: Event = field(default_factory=Event)
    stop: Event = field(default_factory=Event)


def works_of(around: Surroundings, names: list[str]) -> dict[str, Work]:
    """What these jobs do."""
    from reports.schedule import JOBS

    return {name: partial(named(JOBS[name]), around) for name in names}


def report(around: Surroundings, store: Store, period: Period, now: datetime) -> Result:
    """Draw the night's sample, then make the report of all and one for each tenant that has deliveries of its own.

    The reports are files by the time that this returns; that they are to be sent is kept with the end of the run.
    """
    config = around.config
    if period.job == "nightly":
        draw(store, config, period.first, now)
    made = [made_of(period, "", make_report(store, config, period, None, now))]
    unknown = []
    for tenant in tenants_of(config.delivery, period.job):
        try:
            made.append(made_of(period, tenant, make_report(store, config, period, tenant, now)))
        except NothingToReport:  # a tenant that logged nothing yet
            unknown.append(tenant)
    detail = f"{made[0].escalated} of {made[0].exchanges} exchanges need a person; reports made: {len(made)}"
    detail += f"; without any exchange: {len(unknown)} tenants" if unknown else ""
    return Result(detail, lambda kept: queue_all(kept, config, made, now))


def queue_all(store: Store, config: Config, made: list[Made], now: datetime) -> None:
    """Have all of these sent to those that want them."""
    for one in made:
        queue_report(store, config.delivery, one, now)


def made_of(period: Period, tenant: str, written: Written) -> Made:
    """The few numbers of a report that a message has room for."""
    found = written.report
    counts = found.escalations
    return Made(
        kind=period.job,
        period=period.name,
        tenant=tenant,
        first=period.first,
        last=period.last,
        exchanges=found.verdicts.triples,
        escalated=counts.total,
        urgent=counts.urgent,
        unscorable=counts.unscorable,
        difference=(found.tenant_coverage or found.totals).difference,
        files=written.files,
    )


def checkpoint(around: Surroundings, store: Store, _: Period, now: datetime) -> Result:
    """Sign where the audit trail stands."""
    signed = sign_checkpoint(store, around.config, now)
    return Result(f"signed up to event {signed.seq}" if signed else "nothing to sign")
