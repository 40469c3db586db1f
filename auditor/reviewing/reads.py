"""Who read what: noted before the content is given, in the audit trail. What a search was for is not in it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from auditor.access.person import Person
from auditor.access.sight import may_see
from auditor.errors import NoSuchCase
from auditor.evidence.events import Deed, record_event
from auditor.store import Store
from auditor.verdict_rows import utc

A_MOMENT = timedelta(minutes=15)
NOTED = """
    SELECT 1 FROM events WHERE kind = $kind AND subject = $id AND actor = $name AND "at" >= $since LIMIT 1
"""
READ, SEARCHED, REPORT_READ = "case.read", "cases.searched", "report.read"


def note_read(store: Store, person: Person, triple_id: str, where: str, now: datetime) -> None:
    """Note that a person opens a case.

    Args:
        store: a connection that is not narrowed.
        person: who reads.
        triple_id: the case.
        where: "page", "api", or what else gives the content.
        now: the moment.

    Raises:
        NoSuchCase: there is no such case in this person's sight.
    """
    with store.transaction():
        if not may_see(store, person, triple_id):
            raise NoSuchCase
        record_event(store, read_deed(person.name, triple_id, where, now))


def note_image(store: Store, person: Person, triple_id: str, now: datetime) -> None:
    """Note that a person looks at an image of a case, unless the case was noted a moment ago: it is shown with it."""
    values = {"kind": READ, "id": triple_id, "name": person.name.strip(), "since": utc(now - A_MOMENT)}
    if not store.connection.execute(NOTED, values).fetchone():
        note_read(store, person, triple_id, "image", now)


def read_deed(name: str, triple_id: str, where: str, now: datetime) -> Deed:
    """What the trail says of a case that is read."""
    return Deed(READ, name.strip(), triple_id, {"where": where}, now)


def note_search(store: Store, person: Person, filters: Iterable[str], n_cases: int, now: datetime) -> None:
    """Note that a person is shown the beginnings of cases that a search found; `filters` are the names of those set."""
    details = {"filters": sorted(filters), "cases": n_cases}
    record_event(store, Deed(SEARCHED, person.name, "cases", details, now))


def note_report_read(store: Store, person: Person, period: str, tenant: str | None, now: datetime) -> None:
    """Note that a person reads the report of a period, with the cases in it."""
    record_event(store, Deed(REPORT_READ, person.name, period, {"tenant": tenant}, now))
