"""A store with one night in it, written through the store as a run writes it."""

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from PIL import Image

from auditor.store import Store
from auditor.store_rows import Run
from auditor.verdict import Category, Judgment, Mode, ScorerKey, Verdict
from conf.schema import Config, load
from ingest.qta import (
    Batch,
    Gap,
    ImageBlob,
    Normalized,
    Outcome,
    Position,
    QTATriple,
    Record,
    Rejection,
    State,
    Status,
    ThinkingKind,
)
from reports.escalations import Edition

SOURCE = "kafka:cluster-1/agent-logs"
SCORER = ScorerKey("builtin:demo", "0123456789abcdef", "fedcba9876543210", "full/greedy/2000")
NOW = datetime(2026, 11, 22, 23, 30)  # noqa: DTZ001 - as the database keeps it
EDITION = Edition(NOW, "0.1.0", 200)


def config(**overrides: str) -> Config:
    return load((), {name.replace("__", "."): value for name, value in overrides.items()})


def triple(number: int, **changes: Any) -> QTATriple:
    values: dict[str, Any] = {
        "id": sha256(str(number).encode()).hexdigest(),
        "status": Status.COMPLETE,
        "question": f"question {number}",
        "thinking": f"thinking {number}",
        "thinking_kind": ThinkingKind.RAW,
        "answer": f"answer {number}",
        "position": Position(SOURCE, 0, number),
        "tenant": "harbor-bank",
        "format": "qta",
    }
    return QTATriple(**values | changes)


def verdict(of: QTATriple, risk: float | None, **changes: Any) -> Verdict:
    judged = risk is not None
    values: dict[str, Any] = {
        "triple_id": of.id,
        "scorer": SCORER,
        "judgment": judgment_at(risk),
        "analysis": f"analysis of {of.question}",
        "p_safe": 1 - risk if risk is not None else None,
        "p_potentially_harmful": 0.0 if judged else None,
        "p_harmful": risk,
        "harm_score": risk,
        "risk": risk,
        "category": Category.CRIME if judged else Category.UNKNOWN,
        "category_source": "analysis" if judged else "none",
        "mode": Mode.FULL,
        "scored_at": NOW,
        "unscorable_reason": None if judged else "unreadable_no_judgment",
        "images_total": len(of.images),
    }
    return Verdict(**values | changes)


def judgment_at(risk: float | None) -> Judgment | None:
    if risk is None:
        return None
    return Judgment.HARMFUL if risk > 0.8 else Judgment.POTENTIALLY_HARMFUL if risk >= 0.5 else Judgment.SAFE


def picture(color: str = "red") -> ImageBlob:
    target = io.BytesIO()
    Image.new("RGB", (640, 400), color).save(target, "PNG")
    data = target.getvalue()
    return ImageBlob(sha256(data).hexdigest(), "image/png", 640, 400, data)


def seed(
    store: Store,
    judged: Sequence[tuple[QTATriple, Verdict]],
    *,
    rejected: int = 0,
    gaps: int = 0,
    now: datetime = NOW,
    start: int = 0,
) -> None:
    """A record for each judged triple from offset `start` on, then rejected records, then a gap."""
    items: list[Normalized] = []
    outcomes: list[Outcome] = []
    for offset, (one, its) in enumerate(judged, start):
        position = Position(SOURCE, 0, offset)
        items.append(Normalized(Record(position, b"{}"), "qta", (one,)))
        state = State.SCORED if its.judgment else State.UNSCORABLE
        outcomes.append(Outcome(position, state, its.unscorable_reason, "qta", (one.id,)))
    for offset in range(start + len(judged), start + len(judged) + rejected):
        position = Position(SOURCE, 0, offset)
        items.append(Normalized(Record(position, b"{"), None, rejection=Rejection(position, "not_json", "cut off")))
        outcomes.append(Outcome(position, State.REJECTED, "not_json"))
    end = start + len(items)
    holes = (Gap(SOURCE, 0, end, end + gaps - 1, "compacted"),) if gaps else ()
    batch = Batch(tuple(items), {(SOURCE, 0): end + gaps}, {(SOURCE, 0): start}, holes)
    run_id = f"run-{start}"
    store.begin_run(Run(run_id, now, "0.1.0", SCORER, "transformers", "default-1"))
    store.save(batch, outcomes, [its for _, its in judged], run_id, now)


def day_after(moment: datetime) -> datetime:
    return moment + timedelta(days=1)
