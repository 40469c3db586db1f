"""Triples in, verdicts out: shown, asked, read; one verdict per triple, in order."""

import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from auditor.backends import find_model, load_backend
from auditor.backends.base import Backend
from auditor.bisect import Bisection, Patience
from auditor.category import read_category
from auditor.diagnoser import Diagnoser
from auditor.diagnosis import Diagnosis
from auditor.guard_input import GuardInput, Protocol, guard_input
from auditor.host import ahead
from auditor.imitation import FLAG, echoes, imitates
from auditor.key import key_of, read_prompts
from auditor.local_policy import LocalPolicies
from auditor.modes import Ask, Asked, Full, draw_of, mode_of
from auditor.opinion import Opinion
from auditor.policies.file import configured_policy
from auditor.prompt import hash_text
from auditor.registry.places import placed
from auditor.reuse import Memory, Recall, content_hash, reused, shown_hash
from auditor.verdict import Category, Mode, ScorerKey, Verdict
from auditor.windows import MOST_TOGETHER, Cut, Cutter, groups
from auditor.worst import worst
from conf.schema import Auditor, Config
from ingest.normalize import unscorable_reason
from ingest.qta import Position, QTATriple, Status, ThinkingKind

BACKEND_FAILED = "backend_failed"
ECHO = "unreadable_echo_of_the_log"


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
class Showing:
    """How a triple becomes what the guard is shown.

    Attributes:
        max_images: images shown of one triple.
        absent_thinking: the protocol for a triple without thinking.
        local: the operator's policies.
    """

    max_images: int = 1
    absent_thinking: Protocol = Protocol.QTA
    local: LocalPolicies = field(default_factory=lambda: LocalPolicies({}))

    def __call__(self, triple: QTATriple) -> GuardInput:
        """What the guard is shown of a triple."""
        return guard_input(triple, self.max_images, self.local.of(triple), self.absent_thinking)


@dataclass(frozen=True, slots=True)
class Scorer:
    """A backend with what its verdicts are filed under.

    Attributes:
        key: what a verdict depends on besides the triple.
        backend_name: for the run's record.
        ask: the way to ask it.
        now: gives the time in UTC.
        show: what it is shown of a triple.
        memory: verdicts on content that was judged before; None judges everything anew.
        audit_seed: what the draw of the audited sample depends on besides the content.
        patience: how a backend that fails is tried again.
        diagnoser: says where the failure lies, of what needs a person; None: nobody asks.
        overlap, max_windows: how what exceeds the context is cut; see Cutter.
    """

    key: ScorerKey
    backend_name: str
    backend: Backend
    ask: Ask
    now: Callable[[], datetime]
    show: Showing = field(default_factory=Showing)
    memory: Memory | None = field(default_factory=Memory)
    audit_seed: str = ""
    patience: Patience = field(default_factory=lambda: Patience(0, time.sleep))
    diagnoser: Diagnoser | None = None
    overlap: float = 0.1
    max_windows: int = 32

    def recalling(self, recall: Recall) -> "Scorer":
        """The same scorer, which also reuses verdicts that are kept elsewhere."""
        return replace(self, memory=self.memory and replace(self.memory, recall=recall))

    def score(self, triples: Sequence[QTATriple]) -> list[Verdict]:
        """One verdict per triple, in order; a triple that cannot be judged gets one without a judgment.

        So does one at which the backend breaks, while it is sound for others: it must not hold those up for ever.

        Raises:
            BackendFailed: the machinery broke; nothing was judged.
        """
        began = time.perf_counter()
        drafts = [self.draft(triple) for triple in triples]
        known = self.known(drafts)
        asked = self.to_ask(drafts, known)
        for draft in Bisection(self.judge, self.check, self.patience).failing(asked) if asked else ():
            draft.opinion = Opinion(Mode.FULL, unscorable=BACKEND_FAILED)
        self.locate(asked)
        seconds, at = time.perf_counter() - began, self.now()
        n_tokens = sum(draft.n_tokens for draft in drafts) or 1
        new = {id(d): d.verdict(self.key, at, seconds * d.n_tokens / n_tokens) for d in drafts if d.opinion}
        made = known | {draft.content_hash: new[id(draft)] for draft in asked}
        if self.memory:
            self.memory.keep(new.values())
        return [new.get(id(d)) or reused(made[d.content_hash], d.triple, at) for d in drafts]

    def draft(self, triple: QTATriple) -> "Draft":
        """A verdict that is to be made; one that needs no asking has its opinion already."""
        shown = self.show(triple)
        reason = unscorable_reason(triple)
        opinion = Opinion(Mode.FULL, unscorable=reason) if reason else None
        return Draft(triple, shown, content_hash(shown, self.key), opinion)

    def known(self, drafts: Sequence["Draft"]) -> dict[str, Verdict]:
        """The verdicts on equal content that there are, by content hash."""
        hashes = [draft.content_hash for draft in drafts if draft.opinion is None]
        return self.memory.find(hashes, self.key) if self.memory and hashes else {}

    def to_ask(self, drafts: Sequence["Draft"], known: Container[str]) -> list["Draft"]:
        """Those to ask the model about: where verdicts are reused, the first of each content that has none."""
        open_drafts = [draft for draft in drafts if draft.opinion is None]
        if self.memory is None:
            return open_drafts
        first = {d.content_hash: d for d in reversed(open_drafts) if d.content_hash not in known}
        return list(reversed(first.values()))

    def judge(self, drafts: Sequence["Draft"]) -> None:
        """Ask the model about each draft.

        Raises:
            BackendFailed, MemoryError: it cannot be asked about them together; another try may begin from the start.
        """
        cut = Cutter(self.backend, self.overlap, self.max_windows)
        for some in groups(ahead(lambda draft: (draft, cut(draft.shown)), drafts, MOST_TOGETHER)):
            opinions = iter(self.ask([case for draft, found in some for case in self.cases(draft, found)]))
            for draft, found in some:
                said = islice(opinions, len(found.windows))
                draft.opinion = worst(found, [doubted(o, w.shown) for o, w in zip(said, found.windows, strict=True)])

    def cases(self, draft: "Draft", cut: Cut) -> list[Asked]:
        """The windows of a draft, as cases of one draw."""
        draw = draw_of(self.audit_seed, shown_hash(draft.shown))
        return [Asked(window.prepared, draw) for window in cut.windows]

    def locate(self, drafts: Sequence["Draft"]) -> None:
        """Find out where the failure lies, of those that need a person."""
        if self.diagnoser:
            due = [draft for draft in drafts if draft.opinion and self.diagnoser.wants(draft.opinion)]
            for draft, diagnosis in zip(due, self.diagnoser([draft.decided_by for draft in due]), strict=True):
                draft.diagnosis = diagnosis

    def check(self) -> None:
        """Ask the model about something harmless.

        Raises:
            BackendFailed, MemoryError: it cannot be asked about anything.
        """
        self.judge([self.draft(HARMLESS)])


def doubted(opinion: Opinion, shown: GuardInput) -> Opinion:
    """`opinion`, or none where its judgment was copied out of the log."""
    if opinion.judgment and opinion.analysis and echoes(opinion.analysis, opinion.judgment, shown):
        return replace(opinion, judgment=None, probabilities=None, unscorable=ECHO)
    return opinion


@dataclass(slots=True)
class Draft:
    """A verdict in the making; without an opinion yet, it is to be asked for, or is that of equal content."""

    triple: QTATriple
    shown: GuardInput
    content_hash: str
    opinion: Opinion | None = None
    diagnosis: Diagnosis | None = None

    @property
    def prompt_tokens(self) -> int:
        """What was asked about the triple, its diagnosis included."""
        asked = self.opinion.prompt_tokens if self.opinion else 0
        return asked + (self.diagnosis.prompt_tokens if self.diagnosis else 0)

    @property
    def decided_by(self) -> GuardInput:
        """What was shown where it was found to be as the opinion says: a window of it, where it has several."""
        return (self.opinion and self.opinion.shown) or self.shown

    @property
    def n_tokens(self) -> int:
        """What the triple cost, for its share of the time."""
        return self.prompt_tokens + (self.opinion.output_tokens if self.opinion else 0)

    def verdict(self, key: ScorerKey, scored_at: datetime, seconds: float) -> Verdict:
        """The finished verdict; without a judgment where the triple could not be judged."""
        said, shown, found = self.opinion or Opinion(Mode.FULL), self.shown, self.diagnosis
        share = said.probabilities
        return Verdict(
            triple_id=self.triple.id,
            scorer=key,
            judgment=said.judgment,
            analysis=said.analysis,
            p_safe=share.p_safe if share else None,
            p_potentially_harmful=share.p_potentially_harmful if share else None,
            p_harmful=share.p_harmful if share else None,
            harm_score=said.harm_score,
            risk=said.harm_score,  # the identity; whoever keeps the verdict knows the calibration
            category=read_category(said.analysis) if said.judgment else Category.UNKNOWN,
            category_source="analysis" if said.judgment and said.analysis else "none",
            mode=said.mode,
            scored_at=scored_at,
            coverage=said.coverage,
            images_seen=said.images_seen,
            images_total=len(self.triple.images),
            unscorable_reason=said.unscorable,
            prompt_tokens=self.prompt_tokens,
            output_tokens=said.output_tokens,
            seconds=seconds,
            protocol=shown.protocol,
            local_policy_hash=hash_text(shown.local) if shown.local else None,
            content_hash=self.content_hash,
            triage_score=said.triage.harm_score if said.triage else None,
            sent_to_full=said.sent,
            inclusion=said.inclusion,
            samples=said.samples,
            windows=said.windows,
            adapted=said.adapted,
            stage=found.stage if found else None,
            contributions=found.contributions if found else {},
            flags=(*((FLAG,) if imitates(shown) else ()), *(found.flags if found else ())),
        )


def build(config: Config, now: Callable[[], datetime]) -> Scorer:
    """The configured scorer, its model loaded; see `build_modes`."""
    scorer = build_modes(config, [config.auditor.mode], now)[config.auditor.mode]
    if not config.auditor.diagnose:
        return scorer
    line = configured_policy(config.policy).lowest_escalate
    return replace(scorer, diagnoser=Diagnoser(scorer.backend, line, scorer.patience))


def build_modes(config: Config, modes: Sequence[str], now: Callable[[], datetime]) -> dict[str, Scorer]:
    """The configured scorer in each of these modes, its model loaded once; they judge, and do not diagnose.

    Raises:
        ModelNotFound, ModelUnusable: the checkpoint is not there, or not one we can run.
        BackendFailed: a server that runs it does not answer.
        MissingExtra: the backend's libraries are not installed.
        ConfigError: a prompt file or the scripted table cannot be read.
    """
    section = placed(config)
    checkpoint = find_model(section)
    if checkpoint and checkpoint.max_new_tokens:
        limit = min(section.max_new_tokens, checkpoint.max_new_tokens)
        section = section.model_copy(update={"max_new_tokens": limit})
    prompts, local = read_prompts(section, checkpoint), LocalPolicies(config.local_policy)
    backend = load_backend(section, checkpoint, prompts)
    sections = {mode: section.model_copy(update={"mode": mode}) for mode in modes}
    return {
        mode: assemble(one, backend, key_of(one, checkpoint, prompts, local), local, now)
        for mode, one in sections.items()
    }


def assemble(
    section: Auditor, backend: Backend, key: ScorerKey, local: LocalPolicies, now: Callable[[], datetime]
) -> Scorer:
    """A scorer of a loaded backend, as its section of the configuration says."""
    full = Full(backend, section.reading == "judgment_first", section.samples, section.sample_temperature)
    return Scorer(
        key,
        section.backend,
        backend,
        mode_of(backend, section.mode, full, section.cascade_low, section.audit_share),
        now,
        Showing(section.max_images, Protocol(section.absent_thinking), local),
        Memory() if section.reuse else None,
        section.audit_seed,
        Patience(section.retries, time.sleep),
        overlap=section.window_overlap,
        max_windows=section.max_windows,
    )
