"""What `traceaudit models` asks of whoever owns the database; see `auditor/questions.py`.

The pointer is written once a decision is committed, so these begin no transaction around it.
"""

from datetime import datetime

from auditor.policies.store import Act
from auditor.registry import promotions
from auditor.registry.places import open_registry
from auditor.registry.promotions import Mended, Promotion
from auditor.store import Store
from conf.schema import Config


def history(store: Store, _: Config) -> list[Promotion]:
    """All that was ever proposed, the oldest first."""
    return promotions.history(store.connection)


def propose(store: Store, config: Config, revision: str, act: Act) -> Promotion:
    """Propose that a version serves."""
    return promotions.propose(store, open_registry(config), revision, act)


def propose_rollback(store: Store, _: Config, act: Act) -> Promotion:
    """Propose to go back to what served before."""
    return promotions.propose_rollback(store, act)


def decide(store: Store, config: Config, number: int, act: Act, approve: bool) -> Promotion:
    """Approve or reject a proposal."""
    return promotions.decide(store, open_registry(config, write=True), number, act, approve=approve)


def roll_back(store: Store, config: Config, act: Act) -> Promotion:
    """Go back to what served before, at once."""
    return promotions.roll_back(store, open_registry(config, write=True), act)


def mend(store: Store, config: Config, now: datetime) -> Mended | None:
    """Let the pointer say what was decided."""
    return promotions.reconcile(store, open_registry(config, write=True), now)
