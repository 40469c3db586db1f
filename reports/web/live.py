"""The report of a day, week or month as it is now, kept until the data change.

Who may vote must not see how others voted on cases that are open. For all of them a report is made once, as anybody
of them may see it; so it shows no vote on an open case at all, not even one's own, and leaves out cases that they are
to judge without knowing what the guard said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version

import duckdb
from fastapi import HTTPException

from auditor import queries
from auditor.access.person import Person, Right
from auditor.access.sight import narrow
from auditor.evidence.events import Deed, record_event
from auditor.policies.file import configured_policy
from auditor.policies.store import in_force
from auditor.sampling.answers import votes_wanted
from auditor.store import Store
from reports.export import to_json
from reports.first_page import Period
from reports.night.period import KINDS, before, period_of
from reports.nightly import Wanted, edition_of, read_chosen
from reports.render import render_part, title_of
from reports.thumbnails import hashes, thumbnails
from reports.web.kept import Kept
from reports.web.marks import mark_of
from reports.web.problems import Ending
from reports.web.site import Site
from reports.web.unseen import for_voters
from reports.web.visit import Visit

CASE_PATH = "/cases/"
WAIT_S = 3.0  # a page waits so long for a report that nobody asked for yet
FIRST_DAY = date(2000, 1, 1)
MOST_TENANTS = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """Which report is wanted, as its reader may see it.

    Attributes:
        period: what it is about.
        tenant: whose exchanges alone it is of; None for all.
        whole: whether the reader sees all tenants.
        blind: whether the reader may vote.
    """

    period: Period
    tenant: str | None
    whole: bool
    blind: bool

    @property
    def reader(self) -> Person:
        """Stands for whoever sees the same."""
        rights = frozenset({Right.SEE, Right.VOTE} if self.blind else {Right.SEE})
        return Person("", rights, None if self.whole else frozenset({self.tenant or ""}))


@dataclass(frozen=True, slots=True)
class LiveReport:
    """A report that was made.

    Attributes:
        html: to be put into a page.
        data: the same as JSON.
        cases: triples that it shows in full.
    """

    title: str
    html: str
    data: bytes
    cases: Sequence[str]


def asked(visit: Visit, store: Store, kind: str, day: str, tenant: str) -> Asked:
    """What a request asks for.

    Args:
        visit: by whom.
        store: what that person may see.
        kind: "day", "week" or "month".
        day: any of the period, as 2026-11-22; empty: the last on which anything was read.
        tenant: empty: all, or for who sees only some, the first of these.

    Raises:
        HTTPException: there is no such report.
    """
    tenants, today = visit.person.tenants, visit.now.date()
    if tenants is not None:
        tenant = tenant or min(tenants, default="")
    if kind not in KINDS or (tenants is not None and tenant not in tenants):
        raise HTTPException(404)
    chosen = day_of(day) if day else latest(store.connection, whole=tenants is None) or today
    if not FIRST_DAY <= chosen <= today:
        raise HTTPException(404)
    return Asked(period_of(kind, chosen), tenant or None, tenants is None, visit.person.may(Right.VOTE))


def day_of(text: str) -> date:
    """A day that was asked for."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise HTTPException(404) from None


def latest(connection: duckdb.DuckDBPyConnection, *, whole: bool) -> date | None:
    """The last UTC day on which anything was read, of what the connection shows."""
    if whole:
        return queries.latest_day(connection)
    ((day,),) = connection.execute("SELECT max(stored_at)::DATE FROM triples").fetchall()
    return day and date.fromisoformat(str(day))


def after(period: Period, today: date) -> Period | None:
    """The period after it; None where that has not begun."""
    following = period_of(period.kind, period.last + timedelta(days=1))
    return following if following.first <= today else None


def earlier(period: Period) -> Period | None:
    """The period before it."""
    return before(period) if period.first > FIRST_DAY + timedelta(days=31) else None


def tenants_of(visit: Visit, store: Store) -> list[str]:
    """The tenants that a person can choose from."""
    if visit.person.tenants is not None:
        return sorted(visit.person.tenants)
    query = "SELECT DISTINCT tenant FROM triples ORDER BY tenant LIMIT ?"
    return [name for (name,) in store.connection.execute(query, [MOST_TENANTS]).fetchall()]


def report(visit: Visit, wanted: Asked, wait_s: float = WAIT_S) -> tuple[Kept[LiveReport] | None, bool]:
    """The report, and whether it is of what is stored now; None while the first is being made.

    Raises:
        NothingToReport: there is no exchange of the tenant.
    """
    site = visit.site
    with visit.writing() as store:
        mark = mark_of(store.connection)
    kept = site.shelf.get(wanted, lambda: make(site, wanted), mark, wait_s)
    return kept, kept is not None and kept.mark == mark


def make(site: Site, wanted: Asked) -> LiveReport:
    """Make it, on a connection that shows what its readers may see."""
    now = site.now()
    with site.owner.connection() as store:
        if store is None:
            raise Ending
        narrow(store, wanted.reader, votes_wanted(store, site.config, now), now, anybody=True)
        edition = edition_of(site.config, now, version("traceaudit"))
        with queries.snapshot(store.connection) as cursor:
            chosen = Wanted(wanted.period.first, wanted.period.kind, wanted.tenant)
            told = read_chosen(cursor, site.config, edition, chosen).report
            if wanted.blind:
                plan = in_force(cursor, now.date(), configured_policy(site.config.policy)).policy.review
                told = for_voters(told, plan.hide_verdict)
        pictures = thumbnails(hashes(told), store.blobs.find, site.config.report.thumbnail_px)
    html = render_part(told, pictures, CASE_PATH)
    return LiveReport(title_of(told), html, to_json(told), [case.triple_id for case in told.cases])


def note_read(visit: Visit, wanted: Asked, cases: Sequence[str], where: str) -> None:
    """Say in the audit trail who read it: it holds cases in full."""
    period, tenant = wanted.period, wanted.tenant
    told = {"kind": period.kind, "name": period.name, "tenant": tenant, "cases": list(cases), "where": where}
    with visit.writing() as store:
        record_event(store, Deed("report.read", visit.person.name, f"{period.kind}/{period.name}", told, visit.now))
