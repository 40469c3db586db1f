"""What is stored: columns of the tables in migrations/, or, where there are few, rows whose keys are those."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from auditor.language import language_of
from auditor.verdict import ScorerKey
from auditor.verdict_rows import Columns, attributes, utc
from ingest.dead_letters import letters_of
from ingest.qta import Batch, Gap, Held, ImageBlob, ImageFailure, Normalized, Outcome, Position, QTATriple

Row = dict[str, Any]

PLACE = Position._fields
AS_THEY_ARE = (  # of a triple, under the same names in `triples`
    *("id", "tenant", "application", "model", "format", "status", "conversation_id", "turn", "response_id"),
    *("system_prompt", "context", "question", "thinking", "thinking_kind", "kind_source", "substitute", "answer"),
    *("warnings", "trace_id", "span_id"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One `traceaudit run`, or another command that judges: what is in force while it makes verdicts.

    Attributes:
        version: of traceaudit.
        kind: "backfill" where stored triples are judged once more: no traffic of the day on which that is done.
            "shadow" where a candidate does so beside the guard that serves: no report counts it.
        note: what readers of a report are to know of it, such as that its records are made up.
    """

    run_id: str
    started_at: datetime
    version: str
    scorer: ScorerKey
    backend: str
    policy_version: str
    kind: Literal["live", "backfill", "shadow"] = "live"
    note: str | None = None


def run_row(run: Run) -> Row:
    """The row of `runs`."""
    return {
        "run_id": run.run_id,
        "started_at": utc(run.started_at),
        "version": run.version,
        **asdict(run.scorer),
        "backend": run.backend,
        "policy_version": run.policy_version,
        "kind": run.kind,
        "note": run.note,
    }


def outcome_columns(
    outcomes: Sequence[Outcome], run_id: str, now: datetime, read_at: Mapping[Position, datetime] = {}
) -> Columns:
    """The columns of `outcomes`; `read_at` has those that were held."""
    places = [outcome.position for outcome in outcomes]
    return {
        **attributes(places, PLACE),
        **attributes(outcomes, ("state", "reason", "format", "triple_ids")),
        "run_id": [run_id] * len(outcomes),
        "stored_at": [utc(now)] * len(outcomes),
        "read_at": [read_at.get(position) for position in places],
    }


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


def triple_columns(triples: Sequence[QTATriple], now: datetime) -> Columns:
    """The columns of `triples`."""
    return {
        **attributes(triples, AS_THEY_ARE),
        **attributes([triple.position for triple in triples], PLACE),
        "user_id": [triple.user for triple in triples],
        "occurred_at": [triple.occurred_at and utc(triple.occurred_at) for triple in triples],
        "tool_calls": [list(map(asdict, triple.tool_calls)) for triple in triples],
        "guards": [list(map(asdict, triple.guards)) for triple in triples],
        "language": [language_of(triple.question, triple.answer) for triple in triples],
        "stored_at": [utc(now)] * len(triples),
        "text_gone_at": [None] * len(triples),
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
    return position._asdict()
