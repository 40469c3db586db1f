"""Models of the registry, for the page and for programs: where each comes from, what a gate found, what became of it.

The registry on disk says what there is, the database who proposed and approved what.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException

from auditor.access.person import Person, Right, same_person
from auditor.errors import AccessDenied, ModelNotFound, ModelUnusable, PromotionRefused
from auditor.learning.store_runs import TrainingRun, training_runs
from auditor.policies.store import Act
from auditor.registry import promotions as all_of
from auditor.registry.folder import Broken, Registry, Version
from auditor.registry.manifest import Manifest, StageDone
from auditor.registry.places import open_registry
from auditor.registry.promotions import (
    Kind,
    Promotion,
    check_approval,
    check_gate,
    difference,
    history,
    standing,
    way_back,
)
from auditor.registry.results import Check, GateResult, Ruling
from auditor.registry.serving import Serving
from auditor.registry.shadow import Shadow, shadow_of
from auditor.reviewing.blind import hides_verdict
from auditor.reviewing.store_votes import case_votes
from auditor.store import Store
from conf.errors import TraceauditError
from reports.web.kept import Kept
from reports.web.marks import mark_of
from reports.web.problems import Ending
from reports.web.visit import Visit

MOST_RUNS = 200
CHAMPION_WAIT_S = 3.0  # the base may be gigabytes that are hashed once


class State(StrEnum):
    """What a version is at the moment."""

    SERVING = "serving"
    PROPOSED = "proposed"
    READY = "ready"  # the gate let it pass beside what serves now
    STALE = "stale"  # the gate let it pass beside what does not serve any more
    REFUSED = "refused"
    UNTRIED = "untried"
    SERVED = "served"  # before


@dataclass(frozen=True, slots=True)
class Held:
    """What there is.

    Attributes:
        pointer: what those who judge with the registry look at; None before anything was promoted.
        champion: revision of what serves, be it the base; empty where that cannot be told.
        versions: the latest first.
        broken: folders of the registry that hold no model that could serve.
        promotions: all that was ever proposed, the latest first.
        runs: the latest trainings, the last one first.
        trouble: why something of this is not known, or the pointer is not what was decided, in words; mostly empty.
        back: the revision that a rollback goes to, empty for the base; None where there is nothing to go back to.
    """

    pointer: Serving | None
    champion: str
    versions: Sequence[Version]
    broken: Sequence[Broken]
    promotions: Sequence[Promotion]
    runs: Sequence[TrainingRun]
    trouble: str
    back: str | None

    @property
    def waiting(self) -> list[Promotion]:
        """What nobody has decided."""
        return [one for one in self.promotions if one.is_open]

    @property
    def decided(self) -> list[Promotion]:
        """What somebody has, the latest decision first."""
        found = [(one.decided_at, one) for one in self.promotions if one.decided_at]
        return [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)]

    @property
    def is_going_back(self) -> bool:
        """Whether a rollback waits for a decision."""
        return any(one.kind is Kind.ROLLBACK for one in self.waiting)

    def version(self, revision: str) -> Version | None:
        """The one of that revision; None where there is none."""
        return next((one for one in self.versions if one.revision == revision), None)

    def run_of(self, manifest: Manifest) -> TrainingRun | None:
        """The training that made it, where it is one of the latest."""
        return next((one for one in self.runs if one.begun.run_id == manifest.run_id), None)

    def proposal_of(self, revision: str) -> Promotion | None:
        """That it serves, and waits for a decision."""
        waiting = (one for one in self.waiting if one.kind is Kind.PROMOTION)
        return next((one for one in waiting if one.revision == revision), None)


@dataclass(frozen=True, slots=True)
class Line:
    """A version in short.

    Attributes:
        model_id: as verdicts name it.
        items: that it was trained on.
        stages: names of those that it went through.
        state: see `State`.
        why_not: why it cannot be proposed, in words; empty: it can.
        refused_by: names of the checks that refuse it.
        checked: how many checks the gate made, without those that it could not; None where none looked.
        erased_since: cases that it was trained on, and that were erased after; None where the training is not known.
    """

    revision: str
    model_id: str
    made_at: datetime
    base_model: str
    base_revision: str
    items: int
    stages: Sequence[str]
    state: State
    why_not: str
    refused_by: Sequence[str]
    checked: int | None
    erased_since: int | None


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is known of a version.

    Attributes:
        line: in short.
        data_hash: hex sha256 over the items that it was trained on.
        counts: items by bucket, and what was left out by reason; empty where the training is not known.
        recipe: all knobs of the training, a part with a dot to its value.
        card: the data card, Markdown.
        files: name to hex sha256.
        gate: what it found; None where none looked.
        shadow: what it said of stored triples beside the model that serves; None where it was never asked.
        promotions: what was proposed of it, the latest first.
    """

    line: Line
    run_id: str
    trained_by: str | None
    data_hash: str
    code_version: str
    stages: Sequence[StageDone]
    metrics: Mapping[str, float | None]
    counts: Mapping[str, int]
    recipe: Mapping[str, Any]
    card: str
    files: Mapping[str, str]
    gate: GateResult | None
    shadow: Shadow | None
    promotions: Sequence[Promotion] = field(default_factory=tuple)

    @property
    def refusing(self) -> list[Check]:
        """The checks that refuse it."""
        return [one for one in self.gate.checks if one.refuses] if self.gate else []


def held(visit: Visit, store: Store) -> Held:
    """What there is; what cannot be read is told as trouble, and the rest is there."""
    registry, promotions = open_registry(visit.config), history(store.connection)
    pointer, trouble = pointer_of(registry)
    decided = standing(promotions)
    if decided and not trouble and difference(registry, decided):
        trouble = (
            f"number {decided.number} was decided, and the registry does not say so yet; "
            "`traceaudit models mend` writes it, and so does the service when it starts"
        )
    champion, unknown = champion_of(visit, registry, pointer)
    runs = training_runs(store, MOST_RUNS)
    versions = registry.versions()[::-1]
    return Held(
        pointer, champion, versions, registry.broken(), promotions[::-1], runs, trouble or unknown, back(promotions)
    )


def pointer_of(registry: Registry) -> tuple[Serving | None, str]:
    """What the registry points at, and why that cannot be told."""
    try:
        return registry.serving(), ""
    except ModelUnusable as error:
        return None, str(error)


def champion_of(visit: Visit, registry: Registry, pointer: Serving | None) -> tuple[str, str]:
    """The revision that serves, and why that cannot be told; the base is hashed once."""
    if pointer and pointer.revision:
        return pointer.revision, ""
    try:
        kept = visit.site.shelf.get("base model", registry.champion, pointer and pointer.number, CHAMPION_WAIT_S)
    except TraceauditError as error:
        return "", str(error)
    return (kept.value, "") if kept else ("", "the base model is being looked at; look again in a moment")


def back(promotions: Iterable[Promotion]) -> str | None:
    """Where a rollback goes to."""
    try:
        return way_back(promotions)[1]
    except PromotionRefused:
        return None


def line_of(known: Held, version: Version) -> Line:
    """A version in short."""
    manifest, run, why_not = version.manifest, known.run_of(version.manifest), why_not_propose(known, version)
    gate = manifest.gate
    return Line(
        revision=version.revision,
        model_id=version.model_id,
        made_at=manifest.made_at,
        base_model=manifest.base_model,
        base_revision=manifest.base_revision,
        items=manifest.n_items,
        stages=[one.name for one in manifest.stages],
        state=state_of(known, version, why_not),
        why_not=why_not,
        refused_by=[one.name for one in gate.checks if one.refuses] if gate else [],
        checked=sum(one.ruling is not Ruling.NOT_ASKED for one in gate.checks) if gate else None,
        erased_since=run.erased_since if run else None,
    )


def whole_of(known: Held, version: Version, shadow: Shadow | None) -> Whole:
    """All that is known of a version."""
    manifest, run = version.manifest, known.run_of(version.manifest)
    return Whole(
        line=line_of(known, version),
        run_id=manifest.run_id,
        trained_by=run.begun.by if run else None,
        data_hash=manifest.data_hash,
        code_version=manifest.code_version,
        stages=manifest.stages,
        metrics=manifest.metrics,
        counts=run.begun.counts if run else {},
        recipe=flat(manifest.recipe),
        card=version.card or (run.begun.card if run else ""),
        files=manifest.files,
        gate=manifest.gate,
        shadow=shadow,
        promotions=[one for one in known.promotions if one.revision == version.revision],
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """One version with what is known around it.

    Attributes:
        kept: what it said in the shadow, as it was counted; None while it is being counted for the first time.
        shadow: the same as this person may see it.
    """

    there: Held
    version: Version
    kept: Kept[Shadow | None] | None
    shadow: Shadow | None

    @property
    def whole(self) -> Whole:
        """All that is told of it."""
        return whole_of(self.there, self.version, self.shadow)


def opened(visit: Visit, revision: str, wait_s: float) -> Opened:
    """The version that a visit asks for.

    Raises:
        HTTPException: 404, there is none.
    """
    try:
        with visit.writing() as store:
            there = held(visit, store)
            one = found(there, revision)
            kept = shadow_kept(visit, store, one.revision, wait_s)
            return Opened(there, one, kept, told_to(visit, store, kept.value if kept else None))
    except ModelNotFound:
        raise HTTPException(HTTPStatus.NOT_FOUND) from None


def shadow_kept(visit: Visit, store: Store, revision: str, wait_s: float) -> Kept[Shadow | None] | None:
    """What a version said in the shadow; None while it is being counted for the first time."""

    def count() -> Shadow | None:
        with visit.site.owner.connection() as own:
            if own is None:
                raise Ending
            return shadow_of(own, visit.config, revision, visit.site.now())

    mark = (*mark_of(store.connection), visit.now.date())
    return visit.site.shelf.get(("shadow", revision), count, mark, wait_s)


def told_to(visit: Visit, store: Store, shadow: Shadow | None) -> Shadow | None:
    """The same without the cases that this person is to judge without knowing what a guard said."""
    if shadow is None or not visit.person.may(Right.VOTE):
        return shadow
    movers = (one for one in shadow.moves.movers if not is_hidden(visit, store, one.triple_id))
    return replace(shadow, moves=replace(shadow.moves, movers=tuple(movers)))


def is_hidden(visit: Visit, store: Store, triple_id: str) -> bool:
    """Whether what a guard said of a case is kept from this person."""
    return hides_verdict(case_votes(store, visit.config, triple_id, visit.now), visit.person)


def why_not_propose(known: Held, version: Version) -> str:
    """Why nobody can propose a version, in words; empty where somebody can."""
    name = version.revision[:12]
    if known.champion == version.revision:
        return f"{name} serves already"
    if twin := known.proposal_of(version.revision):
        return f"{name} is proposed already: number {twin.number}"
    if not known.champion:
        return f"what serves now cannot be told: {known.trouble}"
    try:
        check_gate(version, known.champion)
    except PromotionRefused as error:
        return str(error)
    return ""


def state_of(known: Held, version: Version, why_not: str) -> State:
    """What a version is at the moment."""
    gate = version.manifest.gate
    if known.champion == version.revision:
        return State.SERVING
    if known.proposal_of(version.revision):
        return State.PROPOSED
    if gate is None:
        return State.UNTRIED
    if not gate.passed:
        return State.REFUSED
    if not why_not:
        return State.READY
    return State.SERVED if version.revision in once_served(known) else State.STALE


def once_served(known: Held) -> set[str]:
    """Revisions that were ever promoted."""
    return {one.revision for one in known.promotions if one.kind is Kind.PROMOTION and one.serving}


def found(known: Held, revision: str) -> Version:
    """The version of a whole revision, or of how one begins.

    Raises:
        ModelNotFound: there is none, or more than one.
    """
    named = [one for one in known.versions if revision and one.revision.startswith(revision)]
    if len(named) != 1:
        raise ModelNotFound(f"{'several models begin' if named else 'no model of the registry begins'} so")
    return named[0]


def refusal(person: Person, proposal: Promotion) -> str:
    """Why a person may not approve a proposal; empty where nothing speaks against it."""
    if not person.may(Right.APPROVE):
        return "it takes the right to approve to decide this"
    try:
        check_approval(person.name, proposal)
    except PromotionRefused as error:
        return str(error)
    return ""


def may_decide(person: Person, known: Sequence[Promotion], number: int, *, approve: bool) -> None:
    """Refuse who may not decide a proposal; who made it may take it back.

    Raises:
        AccessDenied: it takes another right.
    """
    if person.may(Right.APPROVE):
        return
    made = next((one for one in known if one.number == number), None)
    if approve or made is None or not same_person(made.proposed_by, person.name):
        raise AccessDenied(person.name, Right.APPROVE)


def decide(visit: Visit, number: int, note: str, *, approve: bool) -> Promotion:
    """Keep a decision; what is approved serves once this returns.

    Raises:
        AccessDenied: this person may not decide it.
        PromotionRefused: see `auditor.registry.promotions.decide`.
    """
    with visit.writing() as store:
        may_decide(visit.person, history(store.connection), number, approve=approve)
        all_of.proposal(store, number)
        registry = open_registry(visit.config, write=approve)
        return all_of.decide(store, registry, number, Act(visit.person.name, visit.now, note), approve=approve)


def flat(told: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """What is in parts, each value under its whole name: {"lora": {"rank": 8}} is {"lora.rank": 8}."""
    values: dict[str, Any] = {}
    for name, value in told.items():
        values |= flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return values
