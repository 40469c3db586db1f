"""Cases that are kept for the gate, by lot; pure.

The lot of a case is drawn off the database's own salt and the case's conversation: nobody can choose it, it is the same
each time, and the turns of a conversation share it, since they repeat each other.
"""

import hashlib
from collections.abc import Iterable

from auditor.learning.cases import KnownCase, LockedCase, Purpose
from conf.learning import Hygiene
from ingest.qta import QTATriple
from training.choosing.agreed import Agreed


def lock_of(agreed: Agreed, rules: Hygiene, salt: str) -> LockedCase | None:
    """As what the case is locked from now on; None where it may be learned from.

    A case that was drawn below the line stands for as many as it was improbable that it is here.
    """
    case = agreed.case
    if case.inclusion and lot(salt, Purpose.FROZEN, case.triple) < rules.frozen_share:
        return locked(agreed, Purpose.FROZEN, 1 / (case.inclusion * rules.frozen_share))
    if lot(salt, Purpose.GOLD, case.triple) < rules.gold_share:
        return locked(agreed, Purpose.GOLD, 1.0)
    return None


def locked(agreed: Agreed, purpose: Purpose, weight: float) -> LockedCase:
    """The case as it is locked."""
    about = (agreed.case.source, agreed.category, agreed.case.language)
    return LockedCase(agreed.case.triple.id, purpose, agreed.label, weight, *about)


def lot(salt: str, purpose: Purpose, triple: QTATriple) -> float:
    """In [0, 1), as if at random."""
    digest = hashlib.sha256("\0".join((salt, purpose, *group_of(triple))).encode(errors="replace")).digest()
    return int.from_bytes(digest[:8]) / 2**64


def group_of(triple: QTATriple) -> tuple[str, str]:
    """The conversation of a triple; one that is of none is alone."""
    return triple.tenant, triple.conversation_id or triple.id


def groups_of(cases: Iterable[KnownCase]) -> set[tuple[str, str]]:
    """The conversations of some cases."""
    return {group_of(case.triple) for case in cases}
