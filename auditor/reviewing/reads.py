"""Who read what of a case: noted before the content is given, in the audit trail."""

from datetime import datetime

from auditor.access.person import Person
from auditor.access.sight import may_see
from auditor.errors import VoteRefused
from auditor.evidence.events import Deed, record_event
from auditor.store import Store

READ = "case.read"


def note_read(store: Store, person: Person, triple_id: str, where: str, now: datetime) -> None:
    """Note that a person opens a case.

    Args:
        store: a connection that is not narrowed.
        person: who reads.
        triple_id: the case.
        where: "page", "api", or what else gives the content.
        now: the moment.

    Raises:
        VoteRefused: there is no such case in this person's sight.
    """
    with store.transaction():
        if not may_see(store, person, triple_id):
            raise VoteRefused("there is no such case")
        record_event(store, read_deed(person.name, triple_id, where, now))


def read_deed(name: str, triple_id: str, where: str, now: datetime) -> Deed:
    """What the trail says of a case that is read."""
    return Deed(READ, name.strip(), triple_id, {"where": where}, now)
