"""A verdict for content that was judged before: the same words and images, asked in the same way, are judged once.

Only identical content counts. What is nearly the same may differ in the one word that matters.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson

from auditor.guard_input import GuardInput
from auditor.prompt import hash_text
from auditor.verdict import ScorerKey, Verdict
from ingest.qta import QTATriple

CAPACITY = 10_000  # verdicts kept in memory, analysis and all: tens of megabytes
# Scores of what could not be judged are not reused: it may be judged the next time.


def content_hash(shown: GuardInput, key: ScorerKey) -> str:
    """Hex sha256 of all that the answer depends on: what is shown, and what is asked how."""
    asked = [key.model_id, key.model_revision, key.prompt_hash, key.decoding]
    return hash_text(orjson.dumps([*asked, shown_hash(shown)]).decode())


def shown_hash(shown: GuardInput) -> str:
    """Hex sha256 of what is shown, whoever judges it."""
    texts = [shown.protocol, shown.local, shown.question, shown.thinking, shown.response, shown.image_missing]
    return hash_text(orjson.dumps([*texts, *(image.sha256 for image in shown.images)]).decode())


Recall = Callable[[Sequence[str], ScorerKey], Mapping[str, Verdict]]


def recall_nothing(hashes: Sequence[str], key: ScorerKey) -> Mapping[str, Verdict]:  # noqa: ARG001 - has none
    """Of those who keep no verdicts."""
    return {}


@dataclass(slots=True)
class Memory:
    """Verdicts by content, the latest used of them in memory.

    Attributes:
        recall: verdicts that are kept elsewhere, by content hash.
    """

    recall: Recall = recall_nothing
    capacity: int = CAPACITY
    kept: OrderedDict[str, Verdict] = field(default_factory=OrderedDict)

    def find(self, hashes: Sequence[str], key: ScorerKey) -> dict[str, Verdict]:
        """The verdicts on content of these hashes, as far as there are any."""
        for found in (one for one in hashes if one in self.kept):
            self.kept.move_to_end(found)
        unknown = [one for one in hashes if one not in self.kept]
        self.keep(self.recall(unknown, key).values() if unknown else ())
        return {one: self.kept[one] for one in hashes if one in self.kept}

    def keep(self, verdicts: Iterable[Verdict]) -> None:
        """Take note of verdicts, the unreadable left out: those may be readable the next time."""
        for verdict in verdicts:
            if verdict.content_hash and verdict.judgment:
                self.kept[verdict.content_hash] = verdict
        while len(self.kept) > self.capacity:
            self.kept.popitem(last=False)


def reused(verdict: Verdict, triple: QTATriple, at: datetime) -> Verdict:
    """The verdict on equal content, as the verdict on this triple; it cost nothing."""
    return replace(
        verdict,
        triple_id=triple.id,
        reused_from=verdict.reused_from or verdict.triple_id,
        scored_at=at,
        images_total=len(triple.images),
        prompt_tokens=0,
        output_tokens=0,
        seconds=0.0,
    )
