"""What `traceaudit review agreement` asks of whoever owns the database; see `auditor/questions.py`."""

from datetime import date

from auditor.agreement.comparison import Bootstrap
from auditor.agreement.found import Found, find
from auditor.agreement.queries import Chosen, standing_votes
from auditor.queries import snapshot
from auditor.store import Store
from conf.schema import Config


def agreement(store: Store, _: Config, since: date | None, tenant: str | None, most: int, replicates: int) -> Found:
    """How far reviewers agree with each other, and with the guard."""
    with snapshot(store.connection) as cursor:
        votes = standing_votes(cursor, Chosen(since, tenant))
    return find(votes, since, tenant, most, Bootstrap(replicates))
