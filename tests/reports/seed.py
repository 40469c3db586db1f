"""One night in a store, written through the store as a run writes it."""

import io
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from PIL import Image

from auditor.store import Store
from auditor.store_rows import Run
from auditor.verdict import Category, Judgment, ScorerKey, Verdict
from conf.schema import Config, load
from ingest.qta import Batch, Gap, ImageBlob, Normalized, Outcome, Position, QTATriple, Record, Rejection, State
from reports.escalations import Edition
from tests.factories import make_triple, make_verdict

SOURCE = "kafka:cluster-1/agent-logs"
SCORER = ScorerKey("guard-3b", "0123456789abcdef", "fedcba9876543210", "full/greedy/2000")
NOW = datetime(2026, 11, 22, 23, 30)  # noqa: DTZ001 - as the database keeps it
EDITION = Edition(NOW, "0.1.0", 200)

Judged = tuple[QTATriple, Verdict]


def config(**overrides: str) -> Config:
    values = {"report__pdf": "never"} | overrides  # Chromium takes seconds
    return load((), {name.replace("__", "."): value for name, value in values.items()})


def judged(number: int, risk: float | None, now: datetime = NOW, **changes: Any) -> Judged:
    """A triple with a verdict of that risk; None for one that could not be scored."""
    values = {"id": sha256(str(number).encode()).hexdigest(), "question": f"question {number}", "tenant": "harbor-bank"}
    triple = make_triple(**values | {"position": Position(SOURCE, 0, number)} | changes)
    return triple, make_verdict(triple.id, scorer=SCORER, scored_at=now, images_total=len(triple.images), **odds(risk))


def odds(risk: float | None) -> dict[str, Any]:
    if risk is None:
        nothing = dict.fromkeys(("judgment", "p_safe", "p_potentially_harmful", "p_harmful", "harm_score", "risk"))
        return nothing | {"unscorable_reason": "unreadable_no_judgment", "category": Category.UNKNOWN}
    level = Judgment.HARMFUL if risk > 0.8 else Judgment.POTENTIALLY_HARMFUL if risk >= 0.5 else Judgment.SAFE
    shares = {"p_safe": 1 - risk, "p_potentially_harmful": 0.0, "p_harmful": risk, "harm_score": risk, "risk": risk}
    return shares | {"judgment": level, "category": Category.CRIME, "analysis": f"analysis at {risk}"}


def picture(color: str = "red") -> ImageBlob:
    target = io.BytesIO()
    Image.new("RGB", (640, 400), color).save(target, "PNG")
    data = target.getvalue()
    return ImageBlob(sha256(data).hexdigest(), "image/png", 640, 400, data)


def seed(
    store: Store, night: Sequence[Judged], *, rejected: int = 0, gaps: int = 0, now: datetime = NOW, start: int = 0
) -> None:
    """A record for each judged triple from offset `start` on, then rejected records, then a gap."""
    items = [Normalized(record(start + place), "qta", (triple,)) for place, (triple, _) in enumerate(night)]
    end = start + len(items)
    items += [reject(offset) for offset in range(end, end + rejected)]
    end += rejected
    holes = (Gap(SOURCE, 0, end, end + gaps - 1, "compacted"),) if gaps else ()
    batch = Batch(tuple(items), {(SOURCE, 0): end + gaps}, {(SOURCE, 0): start}, holes)
    run_id = f"run-{start}"
    store.begin_run(Run(run_id, now, "0.1.0", SCORER, "transformers", "default-1"))
    verdicts = [verdict for _, verdict in night]
    store.save(batch, [outcome(item, verdicts) for item in items], verdicts, run_id, now)


def record(offset: int) -> Record:
    return Record(Position(SOURCE, 0, offset), b"{}")


def reject(offset: int) -> Normalized:
    position = Position(SOURCE, 0, offset)
    return Normalized(record(offset), None, rejection=Rejection(position, "not_json", "cut off"))


def outcome(item: Normalized, verdicts: Sequence[Verdict]) -> Outcome:
    if item.rejection:
        return Outcome(item.record.position, State.REJECTED, item.rejection.reason)
    triple_id = item.triples[0].id
    reason = next(verdict.unscorable_reason for verdict in verdicts if verdict.triple_id == triple_id)
    return Outcome(item.record.position, State.UNSCORABLE if reason else State.SCORED, reason, "qta", (triple_id,))
