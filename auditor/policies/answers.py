"""What `traceaudit policy` asks of whoever owns the database; see `auditor/questions.py`.

A proposal and a decision read what there is before they write: both in one transaction, so that of two that come at a
time the second sees the first.
"""

from datetime import date

from auditor.policies import store as versions
from auditor.policies.file import configured_policy
from auditor.policies.store import Act, InForce, Version
from auditor.store import Store
from conf.schema import Config


def in_force(store: Store, config: Config, day: date) -> InForce:
    """The policy of a UTC day."""
    return versions.in_force(store.connection, day, configured_policy(config.policy))


def history(store: Store, _: Config) -> list[Version]:
    """Every policy that was ever proposed, the oldest first."""
    return versions.history(store.connection)


def propose(store: Store, _: Config, text: str, name: str, wanted_from: date, act: Act) -> Version:
    """Keep a policy for somebody else to approve."""
    with store.transaction():
        return versions.propose(store, text, name, wanted_from, act)


def decide(store: Store, config: Config, number: int, act: Act, approve: bool) -> Version:
    """Approve or reject a proposal."""
    with store.transaction():
        return versions.decide(store, number, act, configured_policy(config.policy), approve=approve)
