"""Cases as a snapshot has them, reviews and annotations on them, each field changeable by name."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.learning.cases import Annotation, GuardSaid, KnownCase
from auditor.reviews import Kind, Review
from auditor.verdict import Category, Judgment
from conf.learning import Hygiene
from conf.schema import load
from tests.factories import make_triple
from training.choosing.snapshot import Snapshot

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SAFE, HALF, HARMFUL = Judgment
WORDS = ("harbor", "lantern", "copper", "willow", "thunder", "pebble", "saffron", "meadow", "glacier", "ribbon", "elm")


def sentence(number: int, n_words: int = 24) -> str:
    """A text that shares no three words in a row with that of another number."""
    return " ".join(f"{WORDS[(number * 7 + at * 5) % len(WORDS)]}{number}x{at}" for at in range(n_words))


def vote(reviewer: str, judgment: Judgment = HARMFUL, minutes: int = 0, **changes: Any) -> Review:
    whole: dict[str, Any] = {
        "triple_id": "t1",
        "reviewer": reviewer,
        "vote": judgment,
        "category": Category.CRIME,
        "rationale": "since",
        "at": AT + timedelta(minutes=minutes),
    }
    return Review(**whole | changes)


def decision(expert: str, judgment: Judgment = HARMFUL, minutes: int = 60, **changes: Any) -> Review:
    return vote(expert, judgment, minutes, kind=Kind.ADJUDICATION, **changes)


def annotation(judge: str, judgment: Judgment | None = HARMFUL, **changes: Any) -> Annotation:
    text = f"{judge} finds it {judgment.label}" if judgment else ""
    reason = None if judgment else "no_judgment"
    whole: dict[str, Any] = {"triple_id": "t1", "judge": judge, "version": "v1", "prompt_hash": "p1"}
    return Annotation(**whole | {"judgment": judgment, "analysis": text, "reason": reason, "at": AT} | changes)


def guard_said(judgment: Judgment, analysis: str = "the guard explains") -> GuardSaid:
    return GuardSaid("r1", "p1", judgment, analysis, "data_privacy", AT)


def case(number: int, reviews: Sequence[Review] = (), **changes: Any) -> KnownCase:
    """A case of its own words; changes whose names are of a triple go there."""
    of_triple = {name: changes.pop(name) for name in list(changes) if name in {"images", "tenant", "conversation_id"}}
    texts = {"question": sentence(number), "thinking": "none", "answer": sentence(number + 5000)}
    texts |= {name: changes.pop(name) for name in list(texts) if name in changes}
    triple = make_triple(**{"id": f"t{number:04}", **texts, **of_triple})
    whole: dict[str, Any] = {"language": "en", "reviews": tuple(reviews), "guard": guard_said(HARMFUL)}
    return KnownCase(triple, **whole | changes)


def agreed(
    number: int, judgment: Judgment = HARMFUL, people: Sequence[str] = ("Ada", "Bo"), **changes: Any
) -> KnownCase:
    """A case on which these people agree."""
    return case(number, [vote(name, judgment) for name in people], **{"guard": guard_said(judgment)} | changes)


def mixed(n: int, start: int = 0, **changes: Any) -> list[KnownCase]:
    """Agreed cases, safe and harmful in turn."""
    return [agreed(start + at, (SAFE, HARMFUL)[at % 2], **changes) for at in range(n)]


def rules(**changes: Any) -> Hygiene:
    """Rules under which nothing is locked and little is asked for, but for changes."""
    easy = {"min_items": 2, "gold_share": 0.0, "frozen_share": 0.0}
    return Hygiene.model_validate(load().hygiene.model_dump() | easy | changes)


def snapshot(cases: Sequence[KnownCase], **changes: Any) -> Snapshot:
    whole: dict[str, Any] = {"cases": tuple(cases), "salt": "salt", "at": AT}
    return Snapshot(**whole | changes)
