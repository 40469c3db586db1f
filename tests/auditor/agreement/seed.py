"""A store with cases that people voted on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import cycle

from auditor.reviews import Review
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.store_rows import triple_columns
from auditor.verdict import Category, Judgment, ScorerKey
from auditor.verdict_rows import verdict_columns
from tests.factories import KEY, make_run, make_triple, make_unscorable, make_verdict

AT = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday; its week began on 2 March


def seed(store: Store) -> None:
    """A run, for verdicts to be of."""
    store.begin_run(make_run())


def case(store: Store, triple_id: str, guard: float | None = 0, **changes: object) -> None:
    """A triple with a verdict of that judgment, or none that could be read; `category` is the verdict's."""
    category = changes.pop("category", Category.UNKNOWN)
    with store.transaction():
        store.insert_columns("triples", triple_columns([make_triple(id=triple_id, **{"tenant": "a"} | changes)], AT))
    judge(store, triple_id, guard, category=category)


def judge(store: Store, triple_id: str, guard: float | None, scorer: ScorerKey = KEY, **changes: object) -> None:
    """One more verdict."""
    if guard is None:
        verdict = make_unscorable(triple_id)
    else:
        verdict = make_verdict(triple_id, judgment=Judgment(guard), scorer=scorer, **changes)
    store.insert_columns("verdicts", verdict_columns([verdict], "run1"))


def cases(store: Store, guards: Mapping[str, float], tenants: Sequence[str] = ("a",)) -> None:
    """Many cases with these judgments at once, the tenants taking turns."""
    turns = zip(guards, cycle(tenants), strict=False)
    triples = [make_triple(id=name, tenant=tenant) for name, tenant in turns]
    verdicts = [make_verdict(name, judgment=Judgment(guard)) for name, guard in guards.items()]
    with store.transaction():
        store.insert_columns("triples", triple_columns(triples, AT))
        store.insert_columns("verdicts", verdict_columns(verdicts, "run1"))


def vote(store: Store, triple_id: str, votes: Mapping[str, float], at: datetime = AT) -> None:
    """Votes of people, given at that time."""
    add_reviews(store, said(triple_id, votes, at), at + timedelta(minutes=1))


def said(triple_id: str, votes: Mapping[str, float], at: datetime = AT) -> list[Review]:
    """These votes, not kept yet."""
    return [
        Review(triple_id, name, Judgment(level), Category.OTHER if level else None, "so" if level else None, at)
        for name, level in votes.items()
    ]


def draw(store: Store, triple_id: str, reason: str, scorer: ScorerKey = KEY) -> None:
    """The case was drawn, by that verdict."""
    row = {
        "day": date(2026, 3, 1),
        "triple_id": triple_id,
        "reason": reason,
        "stratum": reason,
        "inclusion": 1.0,
        "level": "none",
        "risk": 0.1,
        "policy_number": 0,
        "model_revision": scorer.model_revision,
        "prompt_hash": scorer.prompt_hash,
        "decoding": scorer.decoding,
        "drawn_at": AT.replace(tzinfo=None),
    }
    store.insert("draws", [row])
