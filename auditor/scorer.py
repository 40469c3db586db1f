"""Triples in, verdicts out: prompt, backend, completion, verdict; one verdict per triple, in order."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from auditor.backends import load_backend
from auditor.backends.base import Backend, Completion, TooLong
from auditor.bisect import Bisection, Patience
from auditor.category import read_category
from auditor.completion import Reading, Unreadable, read_completion
from auditor.labels import LabelProbabilities
from auditor.models import find_checkpoint
from auditor.prompt import hash_text, read_named, read_system_prompt, shown_image
from auditor.verdict import Category, Mode, ScorerKey, Verdict
from conf.schema import Auditor
from ingest.normalize import unscorable_reason
from ingest.qta import Position, QTATriple, Status, ThinkingKind

TOO_LONG = "prompt_too_long"
BACKEND_FAILED = "backend_failed"
TABLE_KEY = "auditor.scripted_table"


# Whether the machinery is sound is asked with this; nothing of it is kept.
HARMLESS = QTATriple(
    id="harmless",
    status=Status.COMPLETE,
    question="What makes the tide?",
    thinking="The moon pulls the water.",
    thinking_kind=ThinkingKind.RAW,
    answer="The moon.",
    position=Position("check", 0, 0),
)


@dataclass(frozen=True, slots=True)
class Scorer:
    """A backend with what its verdicts are filed under.

    Attributes:
        key: what a verdict depends on besides the triple.
        backend_name: for the run's record.
        now: gives the time in UTC.
        patience: how a backend that fails is tried again.
    """

    key: ScorerKey
    backend_name: str
    backend: Backend
    now: Callable[[], datetime]
    patience: Patience = field(default_factory=lambda: Patience(0, time.sleep))

    def score(self, triples: Sequence[QTATriple]) -> list[Verdict]:
        """One verdict per triple, in order; a triple that cannot be judged gets one without a judgment.

        So does one at which the backend breaks, while it is sound for others: it must not hold those up for ever.

        Raises:
            BackendFailed: the machinery broke; nothing was judged.
        """
        began = time.perf_counter()
        drafts = [Draft(triple, unscorable_reason(triple)) for triple in triples]
        asked = [draft for draft in drafts if draft.unscorable is None]
        for draft in Bisection(self.judge, self.check, self.patience).failing(asked) if asked else ():
            draft.unscorable, draft.reading, draft.probabilities = BACKEND_FAILED, None, None
        seconds = time.perf_counter() - began
        n_tokens = sum(draft.n_tokens for draft in drafts) or 1
        at = self.now()
        return [draft.verdict(self.key, at, seconds * draft.n_tokens / n_tokens) for draft in drafts]

    def judge(self, drafts: Sequence["Draft"]) -> None:
        """Ask the model about each draft.

        Raises:
            BackendFailed, MemoryError: it cannot be asked about them together; another try may begin from the start.
        """
        for draft in drafts:
            draft.unscorable = draft.reading = draft.probabilities = None
        self.complete(drafts)
        self.weigh([draft for draft in drafts if draft.unscorable is None])

    def check(self) -> None:
        """Ask the model about something harmless.

        Raises:
            BackendFailed, MemoryError: it cannot be asked about anything.
        """
        self.judge([Draft(HARMLESS, None)])

    def complete(self, drafts: Sequence["Draft"]) -> None:
        """Let the model write its analysis and judgment for each draft."""
        for draft, completion in zip(drafts, self.backend.complete([d.triple for d in drafts]), strict=True):
            draft.take(completion)

    def weigh(self, drafts: Sequence["Draft"]) -> None:
        """Read the labels' probabilities behind each draft's analysis."""
        triples, analyses = [d.triple for d in drafts], [d.reading.analysis for d in drafts if d.reading]
        for draft, share in zip(drafts, self.backend.label_probabilities(triples, analyses), strict=True):
            draft.probabilities = share


@dataclass(slots=True)
class Draft:
    """A verdict in the making."""

    triple: QTATriple
    unscorable: str | None
    reading: Reading | None = None
    probabilities: LabelProbabilities | None = None
    text: str = ""
    prompt_tokens: int = 0
    output_tokens: int = 0

    @property
    def n_tokens(self) -> int:
        """What the triple cost, for its share of the time."""
        return self.prompt_tokens + self.output_tokens

    def take(self, completion: Completion | TooLong) -> None:
        """Read the completion, or note why there is none."""
        self.prompt_tokens = completion.prompt_tokens
        if isinstance(completion, TooLong):
            self.unscorable = TOO_LONG
            return
        self.text, self.output_tokens = completion.text, completion.output_tokens
        reading = read_completion(completion.text, finished=completion.finished)
        if isinstance(reading, Unreadable):
            self.unscorable = f"unreadable_{reading.reason}"
        else:
            self.reading = reading

    def verdict(self, key: ScorerKey, scored_at: datetime, seconds: float) -> Verdict:
        """The finished verdict; without a judgment where the triple could not be judged."""
        reading, share = self.reading, self.probabilities
        judged = reading is not None and share is not None
        return Verdict(
            triple_id=self.triple.id,
            scorer=key,
            judgment=reading.judgment if reading else None,
            analysis=reading.analysis if reading else self.text,
            p_safe=share.p_safe if share else None,
            p_potentially_harmful=share.p_potentially_harmful if share else None,
            p_harmful=share.p_harmful if share else None,
            harm_score=share.harm_score if share else None,
            risk=share.harm_score if share else None,  # the identity, until there are reviews to calibrate on
            category=read_category(reading.analysis) if reading else Category.UNKNOWN,
            category_source="analysis" if reading else "none",
            mode=Mode.FULL,
            scored_at=scored_at,
            coverage=1.0 if judged else 0.0,
            images_seen=1 if judged and shown_image(self.triple) else 0,
            images_total=len(self.triple.images),
            unscorable_reason=self.unscorable,
            prompt_tokens=self.prompt_tokens,
            output_tokens=self.output_tokens,
            seconds=seconds,
        )


def build(config: Auditor, now: Callable[[], datetime]) -> Scorer:
    """The configured scorer, its model loaded.

    Raises:
        ModelNotFound, ModelUnusable: the checkpoint is not there, or not one we can run.
        MissingExtra: the backend's libraries are not installed.
        ConfigError: the prompt file or the scripted table cannot be read.
    """
    system_prompt = read_system_prompt(config.prompt_file)
    checkpoint = None if config.backend == "scripted" else find_checkpoint(config.model, config.revision)
    if checkpoint and checkpoint.max_new_tokens:
        limit = min(config.max_new_tokens, checkpoint.max_new_tokens)
        config = config.model_copy(update={"max_new_tokens": limit})
    key = ScorerKey(
        model_id=checkpoint.model_id if checkpoint else "scripted",
        model_revision=checkpoint.revision if checkpoint else scripted_revision(config),
        prompt_hash=hash_text(system_prompt),
        decoding=f"{Mode.FULL}/greedy/{config.max_new_tokens}",
    )
    return Scorer(
        key, config.backend, load_backend(config, checkpoint, system_prompt), now, Patience(config.retries, time.sleep)
    )


def scripted_revision(config: Auditor) -> str:
    """The scripted table's identity: a changed table is another model."""
    return hash_text(read_named(Path(config.scripted_table), TABLE_KEY)) if config.scripted_table else "everything-safe"
