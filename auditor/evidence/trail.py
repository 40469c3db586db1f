"""A part of the audit trail that proves what it says, without telling what is nobody's business."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from auditor.evidence.checkpoints import Checkpoint, checkpoint_of
from auditor.evidence.digest import CHUNK, Proof
from auditor.evidence.events import Event, chained


@dataclass(frozen=True, slots=True)
class Segment:
    """Events one after another, up to one that a checkpoint signs.

    Attributes:
        previous: the hash of the event before the first one.
        links: the hash of what each event says.
        checkpoint: of the last one.
    """

    first: int
    previous: str
    links: tuple[str, ...]
    checkpoint: Checkpoint

    def hashes(self) -> dict[int, str]:
        """The number of each event, and the hash of what it says, when the chain ends where the checkpoint is."""
        head = self.previous
        for seq, said in enumerate(self.links, self.first):
            head = chained(seq, head, said)
        holds = bool(self.links) and self.first + len(self.links) - 1 == self.checkpoint.seq
        return dict(enumerate(self.links, self.first)) if holds and head == self.checkpoint.hash else {}


@dataclass(frozen=True, slots=True)
class Trail:
    """What trail.json says.

    Attributes:
        segments: of the chain.
        events: those that are told in full, by number.
        proofs: that batches have leaves: table, batch, and the proof of each leaf.
    """

    segments: tuple[Segment, ...]
    events: Mapping[int, Event]
    proofs: Mapping[tuple[str, int, str], Proof]

    def as_json(self) -> dict[str, Any]:
        """As trail.json has it: a chunk of leaves is told once, however many rows it proves."""
        chunks: dict[tuple[str, int], dict[str, Any]] = {}
        for (table, batch, _), proof in self.proofs.items():
            of_batch = chunks.setdefault((table, batch), {"table": table, "batch": batch, "chunks": {}})
            of_batch["hashes"] = list(proof.chunks)
            of_batch["chunks"][str(proof.place)] = proof.chunk
        return {
            "segments": [{**asdict(one), "checkpoint": one.checkpoint.as_json()} for one in self.segments],
            "events": [self.events[seq].as_json() for seq in sorted(self.events)],
            "proofs": [chunks[key] for key in sorted(chunks)],
        }


def trail_of(told: Any) -> Trail | None:
    """What `as_json` said; None where it is none."""
    try:
        segments = tuple(segment_of(one) for one in told["segments"])
        events = {one["seq"]: event_of(one) for one in told["events"]}
        proofs = dict(pair for one in told["proofs"] for pair in proofs_of(one))
        return Trail(segments, events, proofs)
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def segment_of(told: Mapping[str, Any]) -> Segment:
    """A segment as it is told."""
    checkpoint = checkpoint_of(told["checkpoint"])
    if checkpoint is None:
        raise ValueError("no checkpoint")
    return Segment(int(told["first"]), str(told["previous"]), tuple(map(str, told["links"])), checkpoint)


def event_of(told: Mapping[str, Any]) -> Event:
    """An event as it is told."""
    names = ("actor", "kind", "subject", "details", "previous")
    return Event(int(told["seq"]), datetime.fromisoformat(told["at"]), *(str(told[name]) for name in names))


def proofs_of(told: Mapping[str, Any]) -> Iterable[tuple[tuple[str, int, str], Proof]]:
    """The proof of each leaf of the chunks that are told."""
    hashes = tuple(map(str, told["hashes"]))
    for place, chunk in told["chunks"].items():
        proof = Proof(str(chunk), int(place), hashes)
        for at in range(0, min(len(chunk), 2 * 32 * CHUNK), 2 * 32):
            yield (str(told["table"]), int(told["batch"]), chunk[at : at + 64]), proof


def segments_for(wanted: Iterable[int], checkpoints: Sequence[Checkpoint]) -> list[tuple[int, Checkpoint]]:
    """From which event to which checkpoint the chain is needed, so that it has all of `wanted`; no event twice."""
    ends: dict[int, tuple[int, Checkpoint]] = {}
    for seq in sorted(wanted):
        checkpoint = next(one for one in checkpoints if one.seq >= seq)
        ends.setdefault(checkpoint.seq, (seq, checkpoint))
    return [ends[seq] for seq in sorted(ends)]
