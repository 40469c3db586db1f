"""Small whole objects of the types that flow, each field changeable by name."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from auditor.store_rows import Run
from auditor.verdict import Category, Judgment, Mode, ScorerKey, Verdict
from ingest.qta import (
    Batch,
    ImageBlob,
    Normalized,
    Position,
    QTATriple,
    Record,
    Rejection,
    Status,
    ThinkingKind,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = ScorerKey("scripted", "r1", "p1", "full/greedy/2000")


def make_position(offset: int = 0, source: str = "file:/logs/a.jsonl", partition: int = 0) -> Position:
    return Position(source, partition, offset)


def make_record(value: bytes = b"{}", offset: int = 0, source: str = "kafka:c/topic", **changes: Any) -> Record:
    """A record of a stream; `folder` makes it one of a file."""
    return Record(make_position(offset, source), value, **changes)


def make_triple(**changes: Any) -> QTATriple:
    whole: dict[str, Any] = {
        "id": "t1",
        "status": Status.COMPLETE,
        "question": "What is tide?",
        "thinking": "The moon pulls.",
        "thinking_kind": ThinkingKind.RAW,
        "answer": "The sea rising and falling.",
        "position": make_position(),
        "format": "qta",
    }
    return QTATriple(**whole | changes)


def make_image(data: bytes = b"png bytes", **changes: Any) -> ImageBlob:
    sha256 = hashlib.sha256(data).hexdigest()
    whole: dict[str, Any] = {"sha256": sha256, "media_type": "image/png", "width": 2, "height": 3, "data": data}
    return ImageBlob(**whole | changes)


def make_verdict(triple_id: str = "t1", **changes: Any) -> Verdict:
    whole: dict[str, Any] = {
        "triple_id": triple_id,
        "scorer": KEY,
        "judgment": Judgment.SAFE,
        "analysis": "Nothing harmful.",
        "p_safe": 0.99,
        "p_potentially_harmful": 0.005,
        "p_harmful": 0.005,
        "harm_score": 0.01,
        "risk": 0.01,
        "category": Category.UNKNOWN,
        "category_source": "none",
        "mode": Mode.FULL,
        "scored_at": NOW,
    }
    return Verdict(**whole | changes)


def make_unscorable(triple_id: str = "t1", reason: str = "unreadable") -> Verdict:
    nothing = dict.fromkeys(("judgment", "p_safe", "p_potentially_harmful", "p_harmful", "harm_score", "risk"))
    return make_verdict(triple_id, **nothing, analysis="", unscorable_reason=reason)


def make_run(run_id: str = "run1") -> Run:
    return Run(run_id, NOW, "0.1.0", KEY, "scripted", "default-1")


def make_item(offset: int = 0, *triples: QTATriple, source: str = "file:/logs/a.jsonl") -> Normalized:
    return Normalized(Record(make_position(offset, source), b"{}"), "qta", triples)


def make_rejected(offset: int = 0, value: bytes = b"\xff") -> Normalized:
    position = make_position(offset)
    return Normalized(Record(position, value), None, rejection=Rejection(position, "not_json", "byte 0"))


def make_batch(*items: Normalized, **changes: Any) -> Batch:
    """A batch that follows on whatever the items' first offsets follow on; new partitions start at their first item."""
    positions, starts = {}, {}
    for item in items:
        at = item.record.position
        positions[at.source, at.partition] = at.offset + 1
        if at.offset == 0:
            starts[at.source, at.partition] = 0
    return Batch(**{"items": items, "positions": positions, "starts": starts} | changes)


class CountingJudge:
    """Finds everything safe, but for the ids it is told of, and remembers what it was asked."""

    key = KEY

    def __init__(self, unscorable: Sequence[str] = ()) -> None:
        self.unscorable = set(unscorable)
        self.asked: list[str] = []

    def score(self, triples: Sequence[QTATriple]) -> list[Verdict]:
        self.asked += [triple.id for triple in triples]
        return [make_unscorable(t.id) if t.id in self.unscorable else make_verdict(t.id) for t in triples]
