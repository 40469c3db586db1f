"""All that a training may look at, asked of whoever owns the database; bytes of images never travel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.learning.answers import MAX_CASES
from auditor.learning.cases import CasePage, Ground, KnownCase

Ask = Callable[..., Any]
"""Asks one of `auditor.questions.QUESTIONS`: its name, then its arguments; `Asker.ask` is one."""

AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of all cases that somebody reviewed or annotated.

    Attributes:
        cases: in the order of their ids.
        salt: makes the lotteries of this database its own.
        blobs: where images lie.
        at: when it was taken, UTC.
        gone: cases that were erased, or lost texts or images, until it was whole.
    """

    cases: tuple[KnownCase, ...]
    salt: str
    at: datetime
    blobs: str = ""
    gone: frozenset[str] = frozenset()


def take_snapshot(ask: Ask, now: datetime) -> Snapshot:
    """The snapshot as of now; what is erased while it is taken is among the gone."""
    ground: Ground = ask("training.ground", now)
    cases = read_cases(ask)
    return Snapshot(tuple(cases), ground.salt, now, ground.blobs, gone_of(ask, [case.triple.id for case in cases]))


def read_cases(ask: Ask) -> list[KnownCase]:
    """All cases, page by page."""
    found: list[KnownCase] = []
    after: str | None = ""
    while after is not None:
        page: CasePage = ask("training.cases", after, MAX_CASES)
        found += page.cases
        after = page.after
    return found


def gone_of(ask: Ask, ids: Sequence[str]) -> frozenset[str]:
    """Those of these triples that nothing may be learned from any more."""
    parts = [ids[at : at + AT_A_TIME] for at in range(0, len(ids), AT_A_TIME)]
    return frozenset(triple_id for part in parts for triple_id in ask("training.gone", list(part)))
