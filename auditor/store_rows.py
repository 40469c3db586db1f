"""What is stored, as rows whose keys are the columns of the tables in migrations/."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from auditor.verdict import ScorerKey
from auditor.verdict_rows import scorer_columns, utc
from ingest.dead_letters import letters_of
from ingest.qta import Batch, Gap, Held, ImageBlob, ImageFailure, Normalized, Outcome, Position, QTATriple

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One `traceaudit run`, or another command that judges: what is in force while it makes verdicts.

    Attributes:
        version: of traceaudit.
        kind: "backfill" where stored triples are judged once more: no traffic of the day on which that is done.
    """

    run_id: str
    started_at: datetime
    version: str
    scorer: ScorerKey
    backend: str
    policy_version: str
    kind: Literal["live", "backfill"] = "live"


def run_row(run: Run) -> Row:
    """The row of `runs`."""
    return {
        "run_id": run.run_id,
        "started_at": utc(run.started_at),
        "version": run.version,
        **scorer_columns(run.scorer),
        "backend": run.backend,
        "policy_version": run.policy_version,
        "kind": run.kind,
    }


def outcome_rows(
    outcomes: Iterable[Outcome], run_id: str, now: datetime, read_at: Mapping[Position, datetime] = {}
) -> list[Row]:
    """The rows of `outcomes`; `read_at` has those that were held."""
    return [
        {
            **place(outcome.position),
            "state": outcome.state,
            "reason": outcome.reason,
            "format": outcome.format,
            "triple_ids": list(outcome.triple_ids),
            "run_id": run_id,
            "stored_at": utc(now),
            "read_at": read_at.get(outcome.position),
        }
        for outcome in outcomes
    ]


def held_rows(held: Mapping[Position, Held], now: datetime, read_at: Mapping[Position, datetime]) -> list[Row]:
    """The rows of `held`; `read_at` has those that were held before."""
    return [
        {
            **place(position),
            "closed": list(one.closed),
            "triple_ids": list(one.triple_ids),
            "read_at": read_at.get(position, utc(now)),
        }
        for position, one in held.items()
    ]


def triple_row(triple: QTATriple, now: datetime) -> Row:
    """The row of `triples`."""
    return {
        "id": triple.id,
        "tenant": triple.tenant,
        "application": triple.application,
        "user_id": triple.user,
        "model": triple.model,
        "format": triple.format,
        "status": triple.status,
        "conversation_id": triple.conversation_id,
        "turn": triple.turn,
        "response_id": triple.response_id,
        "occurred_at": triple.occurred_at and utc(triple.occurred_at),
        "system_prompt": triple.system_prompt,
        "context": triple.context,
        "question": triple.question,
        "thinking": triple.thinking,
        "thinking_kind": triple.thinking_kind,
        "kind_source": triple.kind_source,
        "substitute": triple.substitute,
        "answer": triple.answer,
        "tool_calls": [
            {
                "name": call.name,
                "arguments": call.arguments,
                "result": call.result,
                "call_id": call.call_id,
                "is_error": call.is_error,
            }
            for call in triple.tool_calls
        ],
        "warnings": list(triple.warnings),
        "guards": [
            {
                "guard": signal.guard,
                "stage": signal.stage,
                "verdict": signal.verdict,
                "categories": list(signal.categories),
                "score": signal.score,
            }
            for signal in triple.guards
        ],
        **place(triple.position),
        "stored_at": utc(now),
    }


def image_rows(triple: QTATriple) -> Iterator[Row]:
    """The rows of `images` of one triple, numbered in the order shown."""
    for number, image in enumerate(triple.images):
        yield {"triple_id": triple.id, "place": number, **image_columns(image)}


def image_columns(image: ImageBlob | ImageFailure) -> Row:
    """What is known of an image: its content, or why there is none."""
    common = {"ref_kind": image.ref_kind, "origin": image.origin}
    if isinstance(image, ImageFailure):
        return common | {"reason": image.reason}
    size = {"width": image.width, "height": image.height, "n_bytes": image.n_bytes}
    return common | {"sha256": image.sha256, "media_type": image.media_type} | size


def position_rows(batch: Batch, now: datetime) -> list[Row]:
    """The rows of `positions`; first_offset matters for partitions that are new to the store only."""
    return [
        {
            "source": source,
            "partition": partition,
            "first_offset": batch.starts.get((source, partition), next_offset),
            "next_offset": next_offset,
            "updated_at": utc(now),
        }
        for (source, partition), next_offset in batch.positions.items()
    ]


def gap_rows(gaps: Iterable[Gap], now: datetime) -> list[Row]:
    """The rows of `gaps`."""
    return [
        {
            "source": gap.source,
            "partition": gap.partition,
            "first_offset": gap.first,
            "last_offset": gap.last,
            "reason": gap.reason,
            "stored_at": utc(now),
        }
        for gap in gaps
    ]


def dead_letter_rows(items: Sequence[Normalized], now: datetime) -> list[Row]:
    """The rows of `dead_letters`: the records that were rejected, byte for byte."""
    return [
        {
            **place(letter.record.position),
            "format": letter.format,
            "stage": letter.stage,
            "reason": letter.reason,
            "detail": letter.detail,
            "value": None if letter.record.withheld else letter.record.value,
            "key": letter.record.key,
            "headers": [{"name": name, "value": value} for name, value in letter.record.headers],
            "timestamp_ms": letter.record.timestamp_ms,
            "sha256": letter.sha256,
            "n_bytes": letter.n_bytes,
            "stored_at": utc(now),
        }
        for letter in letters_of(items)
    ]


def place(position: Position) -> Row:
    """The columns of a position."""
    return {"source": position.source, "partition": position.partition, "offset": position.offset}
