"""The data card of a training: what it learns from and what it does not, as Markdown for a person; pure.

It has counts, names and hashes, and no text of a log.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from auditor.learning.cases import Purpose
from conf.learning import Hygiene
from training.choosing.choose import REASONS, Chosen
from training.choosing.votes_of import named
from training.items import Bucket, Item
from training.votes import MACHINES, PEOPLE

BUCKETS = {
    Bucket.UNANIMOUS: "nobody dissents: learned by imitation (SFT)",
    Bucket.MAJORITY: "somebody dissents, or the guard: learned by preference (DPO), if a text is to be rejected",
    Bucket.SPLIT: "voters were at odds and people decided: learned by preference in the last stage (OGDPO)",
    Bucket.BASE: "labelled rows, mixed in so that nothing is forgotten",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card says besides the items.

    Attributes:
        at: when the snapshot was taken, UTC.
        data_hash: hex sha256 over the items.
        code_version: of traceaudit.
        base_rows: where base rows come from, such as a file's name, to the hex sha256 of it.
        n_locked: cases that were locked for this training.
    """

    at: datetime
    data_hash: str
    code_version: str
    base_rows: Mapping[str, str]
    n_locked: int = 0


def data_card(chosen: Chosen, rules: Hygiene, facts: Facts) -> str:
    """The card."""
    return "\n".join(lines_of(chosen, rules, facts)) + "\n"


def lines_of(chosen: Chosen, rules: Hygiene, facts: Facts) -> Iterator[str]:
    """Its lines, section by section."""
    reviewed = chosen.reviewed
    yield "# Data card"
    yield ""
    counted = f"{len(reviewed)} reviewed cases and {len(chosen.items) - len(reviewed)} base rows"
    yield f"{counted}, as of {facts.at:%Y-%m-%d %H:%M} UTC."
    yield f"Data sha256 `{facts.data_hash}`, traceaudit {facts.code_version}."
    yield ""
    yield "Each reviewed case has the same judgment of two different people, and nobody whose word counts against it."
    yield from buckets(chosen.items)
    yield from table("Label", chosen.items, lambda item: item.label.label)
    yield from table("Source", chosen.items, lambda item: item.source or "unknown")
    yield from table("Category", chosen.items, lambda item: item.category or "unknown")
    yield from table("Language", chosen.items, lambda item: item.language or "unknown")
    yield from voters(reviewed)
    yield from caps(chosen)
    yield from left_out(chosen)
    yield from locked(chosen, facts)
    yield from settings(rules, facts)


def buckets(items: Iterable[Item]) -> Iterator[str]:
    """How far the votes agree."""
    counts = Counter(item.bucket for item in items)
    pairs = Counter(item.bucket for item in items if item.rejected)
    yield from heading("Votes", "bucket", "items", "with a text to reject", "what it is")
    for bucket, what in BUCKETS.items():
        yield row(bucket.value, counts[bucket], pairs[bucket], what)


def table(title: str, items: Iterable[Item], of: Callable[[Item], str]) -> Iterator[str]:
    """Items by one thing, reviewed ones beside base rows."""
    reviewed, base = Counter[str](), Counter[str]()
    for item in items:
        (base if item.bucket is Bucket.BASE else reviewed)[of(item)] += 1
    yield from heading(title, title.lower(), "reviewed", "base")
    for name in sorted({*reviewed, *base}, key=lambda name: (-reviewed[name] - base[name], name)):
        yield row(name, reviewed[name], base[name])


def voters(items: Iterable[Item]) -> Iterator[str]:
    """Who said what they are, and how often that is the label."""
    asked, right = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for item in items:
        for vote in item.votes:
            kind = vote.voter.kind
            name = named(vote.voter) if kind in MACHINES else vote.voter.name
            asked[kind.value, name] += 1
            right[kind.value, name] += vote.judgment is item.label
    yield from heading("Voters", "voter", "kind", "items", "gave the label")
    people = {kind.value for kind in PEOPLE}
    for one in sorted(asked, key=lambda one: (one[0] not in people, one)):
        yield row(one[1], one[0], asked[one], right[one])


def caps(chosen: Chosen) -> Iterator[str]:
    """How much may rest on one person, pair or source, and which of that was reached."""
    yield from heading("Caps", "cap", "items at most", "left out for it")
    for kind, limit in chosen.limits.items():
        yield row(kind, limit.most, chosen.reasons.get(limit.reason, 0))


def left_out(chosen: Chosen) -> Iterator[str]:
    """What is not learned from, and why."""
    yield from heading("Left out", "reason", "cases", "what it means")
    for reason, n in chosen.reasons.items():
        yield row(reason, n, REASONS[reason])


def locked(chosen: Chosen, facts: Facts) -> Iterator[str]:
    """What is kept for the gate."""
    counts = Counter(one.purpose for one in chosen.locked)
    told = " and ".join(f"{counts[purpose]} {purpose.value}" for purpose in Purpose)
    yield ""
    yield "## Locked"
    yield ""
    yield f"{facts.n_locked} cases were locked for the gate now ({told}): no guard is ever trained on them."
    yield f"{len(chosen.experts_wanted)} cases were put before people, since what is said of them cannot be right."


def settings(rules: Hygiene, facts: Facts) -> Iterator[str]:
    """The rules, and the base rows."""
    yield from heading("Rules", "rule", "value")
    for name, value in rules.model_dump().items():
        yield row(name, value)
    if facts.base_rows:
        yield from heading("Base rows", "file", "sha256")
        for name, digest in facts.base_rows.items():
            yield row(name, digest)


def heading(title: str, *columns: str) -> Iterator[str]:
    """A title and the head of a table."""
    yield ""
    yield f"## {title}"
    yield ""
    yield row(*columns)
    yield "|" + "---|" * len(columns)


def row(*cells: object) -> str:
    """A row of a table; names from a log or a person cannot end a cell."""
    return "| " + " | ".join(clean(str(cell)) for cell in cells) + " |"


def clean(text: str) -> str:
    """A name in one line of Markdown, as text alone."""
    flat = " ".join(text.split())
    return "".join(f"\\{char}" if char in "|`<[*\\" else char for char in flat)
