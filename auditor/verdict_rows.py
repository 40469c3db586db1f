"""A verdict as a row of the table `verdicts`, and back."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from auditor.guard_input import Protocol
from auditor.verdict import Category, Judgment, Mode, ScorerKey, Sent, Verdict

KEY = tuple(field.name for field in fields(ScorerKey))
COLUMNS = (*(field.name for field in fields(Verdict) if field.name != "scorer"), *KEY)


def verdict_row(verdict: Verdict, run_id: str) -> dict[str, Any]:
    """The row of `verdicts`."""
    return {
        "triple_id": verdict.triple_id,
        **scorer_columns(verdict.scorer),
        "mode": verdict.mode,
        "judgment": verdict.judgment and verdict.judgment.value,
        "p_safe": verdict.p_safe,
        "p_potentially_harmful": verdict.p_potentially_harmful,
        "p_harmful": verdict.p_harmful,
        "harm_score": verdict.harm_score,
        "risk": verdict.risk,
        "category": verdict.category,
        "category_source": verdict.category_source,
        "analysis": verdict.analysis,
        "stage": verdict.stage,
        "coverage": verdict.coverage,
        "images_seen": verdict.images_seen,
        "images_total": verdict.images_total,
        "unscorable_reason": verdict.unscorable_reason,
        "prompt_tokens": verdict.prompt_tokens,
        "output_tokens": verdict.output_tokens,
        "seconds": verdict.seconds,
        "protocol": verdict.protocol,
        "local_policy_hash": verdict.local_policy_hash,
        "content_hash": verdict.content_hash,
        "reused_from": verdict.reused_from,
        "triage_score": verdict.triage_score,
        "sent_to_full": verdict.sent_to_full,
        "inclusion": verdict.inclusion,
        "samples": verdict.samples,
        "windows": verdict.windows,
        "calibration": verdict.calibration,
        "contributions": dict(verdict.contributions),
        "flags": list(verdict.flags),
        "adapted": list(verdict.adapted),
        "run_id": run_id,
        "scored_at": utc(verdict.scored_at),
    }


def verdict_of(row: Mapping[str, Any]) -> Verdict:
    """The verdict that a row holds; `row` has at least COLUMNS."""
    plain = {name: row[name] for name in COLUMNS if name not in KEY}
    return Verdict(
        **plain
        | {
            "scorer": ScorerKey(**{name: row[name] for name in KEY}),
            "judgment": None if row["judgment"] is None else Judgment(row["judgment"]),
            "category": Category(row["category"]),
            "mode": Mode(row["mode"]),
            "scored_at": row["scored_at"].replace(tzinfo=UTC),
            "protocol": Protocol(row["protocol"]),
            "sent_to_full": row["sent_to_full"] and Sent(row["sent_to_full"]),
            "contributions": dict(row["contributions"] or {}),
            "flags": tuple(row["flags"] or ()),
            "adapted": tuple(row["adapted"] or ()),
        }
    )


def scorer_columns(key: ScorerKey) -> Mapping[str, str]:
    """The columns of a scorer's key."""
    return {
        "model_id": key.model_id,
        "model_revision": key.model_revision,
        "prompt_hash": key.prompt_hash,
        "decoding": key.decoding,
    }


@lru_cache(maxsize=4096)
def utc(time: datetime) -> datetime:
    """`time` in UTC, without a zone, as the tables hold it; kept, since a batch's rows share most of their times."""
    return time.astimezone(UTC).replace(tzinfo=None)
