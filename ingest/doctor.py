"""The dry run: which format each record is, which state it would get, what each field became. Writes nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ingest.normalize import unscorable_reason
from ingest.qta import ImageBlob, ImageFailure, Normalized, Outcome, QTATriple, State

MOST_WHYS = 100


@dataclass(frozen=True, slots=True)
class Examined:
    """One record with the outcome that it would have."""

    item: Normalized
    outcome: Outcome

    def as_json(self) -> dict[str, Any]:
        """The line of `traceaudit doctor --json`."""
        return {
            "position": self.item.record.position._asdict(),
            "format": self.item.format,
            "because": self.item.because or None,
            "state": self.outcome.state.value,
            "reason": self.outcome.reason,
            "detail": self.item.rejection.detail if self.item.rejection else None,
            "triples": [triple_as_json(triple) for triple in self.item.triples],
        }


def examine(items: Iterable[Normalized]) -> Iterator[Examined]:
    """Each record with its outcome, were the store empty and every triple that can be judged readable for the guard."""
    seen: set[str] = set()
    for item in items:
        yield Examined(item, outcome_of(item, seen))
        seen.update(triple.id for triple in item.triples)


def outcome_of(item: Normalized, seen: set[str]) -> Outcome:
    """The state that a record would get after those whose triples are `seen`."""
    position, ids = item.record.position, (*(triple.id for triple in item.triples), *item.part_of)
    if item.rejection:
        return Outcome(position, State.REJECTED, item.rejection.reason, item.format, ids)
    if not item.triples:
        return Outcome(position, State.EMPTY, item.empty_reason, item.format, ids)
    new = [triple for triple in item.triples if triple.id not in seen]
    if not new:
        return Outcome(position, State.DUPLICATE, None, item.format, ids)
    reason = next((found for triple in new if (found := unscorable_reason(triple))), None)
    return Outcome(position, State.UNSCORABLE if reason else State.SCORED, reason, item.format, ids)


def triple_as_json(triple: QTATriple) -> dict[str, Any]:
    """What the doctor shows of a triple."""
    return {
        "id": triple.id,
        "status": triple.status.value,
        "question": triple.question,
        "thinking": triple.thinking,
        "thinking_kind": triple.thinking_kind.value,
        "kind_source": triple.kind_source.value,
        "substitute": triple.substitute.value,
        "answer": triple.answer,
        "images": [image_as_json(image) for image in triple.images],
        "tool_calls": [asdict(call) for call in triple.tool_calls],
        "conversation_id": triple.conversation_id,
        "turn": triple.turn,
        "model": triple.model,
        "tenant": triple.tenant,
        "warnings": list(triple.warnings),
        "guards": [asdict(signal) for signal in triple.guards],
    }


def image_as_json(image: ImageBlob | ImageFailure) -> dict[str, Any]:
    """What the doctor shows of an image: what it is, or why there is none."""
    reference = {"ref_kind": image.ref_kind.value, "origin": image.origin.value}
    if isinstance(image, ImageFailure):
        return reference | {"failure": image.reason.value}
    size = {"width": image.width, "height": image.height}
    return reference | {"sha256": image.sha256, "media_type": image.media_type} | size


@dataclass(slots=True)
class Summary:
    """What a source holds, counted; its size does not grow with the source.

    Attributes:
        marks: by which the formats are known.
        whys: (reason, detail) -> records that were not scored; the first MOST_WHYS of them are told apart.
        fields: (field, what became of it) -> triples, such as ("thinking", "raw").
        masked: what masking puts in the place of personal data, where it is on.
    """

    records: int = 0
    triples: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    whys: Counter[tuple[str, str]] = field(default_factory=Counter)
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)
    masked: Sequence[str] = ()

    def add(self, examined: Examined) -> None:
        """Count one record."""
        self.records += 1
        self.triples += len(examined.item.triples)
        self.formats[examined.outcome.format or "none"] += 1
        if examined.item.because:
            self.marks[examined.item.because] += 1
        self.states[examined.outcome.state.value, examined.outcome.reason or ""] += 1
        if reason := examined.outcome.reason:
            rejection = examined.item.rejection
            why = (reason, rejection.detail if rejection else "")
            self.whys[why if why in self.whys or len(self.whys) < MOST_WHYS else (reason, "")] += 1
        for triple in examined.item.triples:
            self.fields.update(facts(triple, self.masked))

    def share(self, what: str, *values: str) -> float:
        """How much of the triples has one of `values` as what became of a field."""
        return sum(self.fields[what, value] for value in values) / self.triples if self.triples else 0.0


def facts(triple: QTATriple, masked: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """What became of each field of a triple, in words to be counted."""
    yield "status", triple.status.value
    yield "question", "present" if triple.question else "none"
    yield "thinking", triple.thinking_kind.value
    yield "kind known by", triple.kind_source.value
    yield "answer", "present" if triple.answer else "none"
    if triple.tool_calls:
        yield "tool calls", "present"
    for image in triple.images:
        yield "images", image.reason.value if isinstance(image, ImageFailure) else image.media_type
    for warning in triple.warnings:
        yield "not understood", warning
    for signal in triple.guards:
        yield "other guards", signal.verdict
    if masked:
        said = repr(triple)
        yield from (("masked", kind) for kind in masked if f"<{kind}>" in said)
