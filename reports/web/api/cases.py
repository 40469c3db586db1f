"""Cases for programs: found by what is known of them, and whole."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from auditor.reviewing.case_history import Happening
from auditor.reviewing.filters import MAX_TEXT_CHARS, STATES, Filters
from auditor.reviewing.search import PAGE, FoundCase, Place
from auditor.reviewing.similar import SimilarCase, in_utc
from auditor.reviewing.whole_case import CaseVerdict, PolicyLine
from auditor.reviews import Review
from auditor.verdict import Category
from reports.web.found import found, like
from reports.web.opened import OpenedCase, opened
from reports.web.visit import Seeing

router = APIRouter(tags=["cases"])

CaseId = Annotated[str, Path(min_length=1, max_length=200, description="id of the triple")]
Risk = Annotated[float | None, Query(ge=0, le=1)]
Name = Annotated[str | None, Query(max_length=300)]
TEXTS = ("system_prompt", "context", "question", "thinking", "answer")
FACTS = (
    *("tenant", "application", "model", "format", "status", "language", "conversation_id", "turn", "occurred_at"),
    *("stored_at", "thinking_kind", "kind_source", "substitute", "warnings", "text_gone_at"),
)


@dataclass(frozen=True, slots=True)
class CasePage:
    """Cases that a search found, the newest first.

    Attributes:
        before: to be given back for what comes behind them; null where nothing does.
        back_to: words were looked for in what was stored since then; null: everywhere, or no words were given.
    """

    cases: Sequence[FoundCase]
    before: str | None
    back_to: datetime | None


@dataclass(frozen=True, slots=True)
class ToldReview:
    """A vote or an expert's decision."""

    reviewer: str
    vote: float
    category: Category | None
    rationale: str | None
    corrected_analysis: str | None
    at: datetime
    kind: str
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """A case as far as who asks may know it.

    Attributes:
        facts: tenant, application, model, when it happened, kind of thinking and such.
        texts: question, thinking, answer, and what came before, as logged.
        tool_calls: in the order in which they happened.
        images: by their hashes; their bytes are at /cases/{id}/images/{sha256} of the pages.
        verdict_hidden: the guard's verdict is not told before who asks has voted.
        line: what the policy did with the verdict.
        outcome: open, unanimous, majority, split or adjudicated.
        cannot_vote: why who asks cannot vote on it; null where that is possible.
    """

    triple_id: str
    facts: Mapping[str, Any]
    texts: Mapping[str, str | None]
    tool_calls: Sequence[Mapping[str, Any]]
    images: Sequence[Mapping[str, Any]]
    verdict_hidden: bool
    verdict: CaseVerdict | None
    line: PolicyLine | None
    earlier_verdicts: Sequence[CaseVerdict]
    outcome: str
    voters: int
    wanted: int
    reviews: Sequence[ToldReview]
    cannot_vote: str | None
    cannot_decide: str | None
    history: Sequence[Happening]


@router.get("/cases")
def cases(  # noqa: PLR0913, PLR0917 - each is a filter of its own
    visit: Seeing,
    tenant: Name = None,
    category: Category | None = None,
    stage: Name = None,
    state: Literal[STATES] | None = None,  # type: ignore[valid-type]
    min_risk: Risk = None,
    max_risk: Risk = None,
    first: date | None = None,
    last: date | None = None,
    text: Annotated[str | None, Query(max_length=MAX_TEXT_CHARS)] = None,
    before: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
) -> CasePage:
    """Judged exchanges, the newest first; `text` is looked for in question, thinking and answer."""
    filters = Filters(tenant, category, stage, min_risk, max_risk, first, last, state, text or None)
    page = found(visit, filters, Place.read(before) if before else None, limit)
    return CasePage(page.cases, str(page.further) if page.further else None, page.back_to)


@router.get("/cases/{triple_id}")
def case(visit: Seeing, triple_id: CaseId) -> CaseAnswer:
    """One case whole; that it is read is noted in the audit trail."""
    return answer_of(triple_id, opened(visit, triple_id, "api"))


@router.get("/cases/{triple_id}/similar")
def similar(visit: Seeing, triple_id: CaseId) -> list[SimilarCase]:
    """Earlier cases like it, with what was decided of them."""
    return like(visit, triple_id)


def answer_of(triple_id: str, known: OpenedCase) -> CaseAnswer:
    """What is told of a case."""
    whole, triple = known.whole, known.whole.triple
    return CaseAnswer(
        triple_id=triple_id,
        facts={name: in_utc(triple[name]) for name in FACTS},
        texts={name: triple[name] for name in TEXTS},
        tool_calls=[dict(one) for one in triple["tool_calls"] or ()],
        images=[dict(one) for one in whole.images],
        verdict_hidden=whole.hidden,
        verdict=whole.verdict,
        line=whole.line,
        earlier_verdicts=whole.earlier,
        outcome=known.outcome,
        voters=known.voters,
        wanted=known.wanted,
        reviews=[told(one) for one in known.told],
        cannot_vote=known.cannot_vote,
        cannot_decide=known.cannot_decide,
        history=known.happened,
    )


def told(review: Review) -> ToldReview:
    """A review without what only those need who measure."""
    said = asdict(review)
    return ToldReview(**{name: said[name] for name in ToldReview.__slots__} | {"vote": review.vote.value})
