"""What a reviewer says of a case, and whether that is enough; pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.reviews import MAX_REVIEWER_CHARS, is_text
from auditor.verdict import Category, Judgment

MAX_TEXT_CHARS = 20_000
MAX_KEY_CHARS = 200


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote that is to be cast, or an expert's decision.

    Attributes:
        triple_id: the whole id.
        category, rationale: needed where the vote is 0.5 or 1; the rationale also where an expert decides.
        corrected_analysis: what the guard should have said.
        key: of the request, made up by whoever sends it: a request that comes twice is one vote.
    """

    triple_id: str
    vote: Judgment
    category: Category | None = None
    rationale: str | None = None
    corrected_analysis: str | None = None
    key: str | None = None


def lacks(ballot: Ballot, reviewer: str, *, decides: bool = False) -> str | None:
    """The first thing that is missing or too long, in words; None where all is well."""
    return next(problems(ballot, reviewer, decides=decides), None)


def problems(ballot: Ballot, reviewer: str, *, decides: bool) -> Iterator[str]:
    """All of them."""
    if not is_text(reviewer, MAX_REVIEWER_CHARS):
        yield f"say who votes, in at most {MAX_REVIEWER_CHARS} characters"
    says_why = bool((ballot.rationale or "").strip())
    if ballot.vote is not Judgment.SAFE and not (says_why and ballot.category):
        yield f"a vote of {ballot.vote.label} needs a category and a rationale"
    if ballot.category is Category.UNKNOWN:
        yield f"{Category.UNKNOWN} is no category that a reviewer can give"
    if decides and not says_why:
        yield "a decision needs a rationale"
    if any(len(text or "") > MAX_TEXT_CHARS for text in (ballot.rationale, ballot.corrected_analysis)):
        yield f"write at most {MAX_TEXT_CHARS:,} characters"
    if len(ballot.key or "") > MAX_KEY_CHARS:
        yield f"a key has at most {MAX_KEY_CHARS} characters"
