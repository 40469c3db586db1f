"""A store with conversations whose every part carries a mark, and what the files of a database hold of marks."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from auditor.reviews import Review
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Category, Judgment, Verdict
from ingest.qta import Batch, Normalized, Outcome, Position, QTATriple, Record, Rejection, State, ToolCall
from tests.factories import NOW, make_image, make_run, make_triple, make_verdict

SOURCE = "kafka:c/chat"
PARTS = ("question", "thinking", "answer", "arguments", "result", "prompt", "analysis", "rationale", "image", "letter")


def mark(conversation: str, part: str) -> str:
    """What is planted in a part of a conversation; twelve letters are in nothing else."""
    return f"MARK-{conversation}-{part}-QXZJKVWPQXZJ"


def triple(conversation: str, turn: int, offset: int, tenant: str = "north") -> QTATriple:
    """A turn of a conversation, marked."""
    said = {part: f"{mark(conversation, part)} said in turn {turn}" for part in PARTS}
    return make_triple(
        id=f"{conversation}-{turn}" if tenant == "north" else f"{conversation}-{tenant}-{turn}",
        tenant=tenant,
        user=f"user-of-{conversation}",
        conversation_id=f"conversation-{conversation}",
        turn=turn,
        question=said["question"],
        thinking=said["thinking"],
        answer=said["answer"],
        system_prompt=said["prompt"],
        context=f"user: {mark(conversation, 'question')}" if turn else "",
        tool_calls=(ToolCall("search", said["arguments"], said["result"]),),
        images=(make_image(said["image"].encode()), make_image(b"shown in all")),
        position=Position(SOURCE, 0, offset),
        occurred_at=NOW,
    )


def verdict(one: QTATriple) -> Verdict:
    """A verdict that quotes it."""
    quoted = mark(one.id.partition("-")[0], "analysis")
    return make_verdict(one.id, analysis=f"The answer says {quoted}.", risk=0.9, judgment=Judgment.HARMFUL)


def fill(store: Store, conversations: Sequence[str], tenant: str = "north", now: datetime = NOW, start: int = 0) -> int:
    """Two turns of each conversation, reviewed, and a record of each that could not be read; gives the next offset."""
    items: list[Normalized] = []
    for name in conversations:
        for turn in (0, 1):
            offset = start + len(items)
            one = triple(name, turn, offset, tenant)
            items.append(Normalized(Record(Position(SOURCE, 0, offset), b"{}"), "qta", (one,)))
        at = Position(SOURCE, 0, start + len(items))
        value = f'{{"conversation": "conversation-{name}", "text": "{mark(name, "letter")}'.encode()
        items.append(Normalized(Record(at, value), None, rejection=Rejection(at, "not_json", "cut off")))
    triples = [one for item in items for one in item.triples]
    end = start + len(items)
    batch = Batch(tuple(items), {(SOURCE, 0): end}, {(SOURCE, 0): 0} if start == 0 else {})
    outcomes = [outcome_of(item) for item in items]
    store.begin_run(make_run())
    store.save(batch, outcomes, [verdict(one) for one in triples], "run1", now)
    votes = [vote(one, now) for one in triples if one.turn == 0]
    add_reviews(store, votes, now)
    return end


def outcome_of(item: Normalized) -> Outcome:
    """What became of a record."""
    ids = tuple(one.id for one in item.triples)
    state = State.SCORED if ids else State.REJECTED
    return Outcome(item.record.position, state, None if ids else "not_json", item.format, ids)


def vote(one: QTATriple, now: datetime) -> Review:
    """A vote whose rationale quotes the case."""
    why = f"since {mark(one.id.partition('-')[0], 'rationale')}"
    return Review(one.id, "Ada", Judgment.HARMFUL, Category.CRIME, why, now)


def files_with(marks: Iterable[str], *places: Path) -> list[str]:
    """The files below these places that hold one of the marks, or whose name does."""
    wanted = [one.encode() for one in marks]
    files = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place]) if file.is_file()]
    return sorted(str(file) for file in files if any(one in file.read_bytes() for one in wanted))
