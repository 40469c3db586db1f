"""What reviewers said of triples: one vote a line of a file, and what the votes on a triple come to."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from auditor.verdict import Category, Judgment

MAX_REVIEWER_CHARS = 200
LEVELS = [judgment.value for judgment in Judgment]
CATEGORIES = [category.value for category in Category]


@dataclass(frozen=True, slots=True)
class Review:
    """The vote of one reviewer on one triple.

    Attributes:
        at: when it was given, in UTC.
    """

    triple_id: str
    reviewer: str
    vote: Judgment
    category: Category | None
    rationale: str | None
    at: datetime

    @property
    def id(self) -> str:
        """Hex sha256 of all of it: the same vote told twice is one."""
        return hashlib.sha256(orjson.dumps([*self.as_json().values()])).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """One line of `traceaudit review export`."""
        vote = self.vote.value
        return {
            "triple_id": self.triple_id,
            "reviewer": self.reviewer,
            "vote": int(vote) if vote == int(vote) else vote,
            "category": self.category,
            "rationale": self.rationale,
            "at": self.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no vote; `reason` says why without quoting it."""

    number: int
    reason: str

    def as_json(self) -> dict[str, Any]:
        """As `traceaudit review import --json` lists it."""
        return {"line": self.number, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Truths:
    """What reviewed triples are, by majority.

    Attributes:
        harmful: triple id to whether 0.5 and 1 have the majority over 0.
        tied: triples without one.
    """

    harmful: dict[str, bool]
    tied: frozenset[str]


def read_reviews(lines: Iterable[bytes]) -> tuple[list[tuple[int, Review]], list[BadLine]]:
    """The votes with the numbers of their lines, and the lines that are none; empty lines are passed over."""
    found, bad = [], []
    for number, line in enumerate(lines, 1):
        if line.strip():
            read = read_review(line)
            if isinstance(read, str):
                bad.append(BadLine(number, read))
            else:
                found.append((number, read))
    return found, bad


def read_review(line: bytes) -> Review | str:
    """The vote that a line holds, or why it holds none."""
    told = object_of(line)
    if told is None:
        return "not a JSON object"
    vote, at, category = told.get("vote"), time_of(told.get("at")), told.get("category") or None
    wrong = {
        "triple_id is not a text": not is_text(told.get("triple_id"), math.inf),
        f"reviewer is not a text of at most {MAX_REVIEWER_CHARS} characters": not is_text(
            told.get("reviewer"), MAX_REVIEWER_CHARS
        ),
        "vote is not 0, 0.5 or 1": isinstance(vote, bool) or vote not in LEVELS,
        "category is not one of the guard's": category is not None and category not in CATEGORIES,
        "rationale is not a text": not isinstance(told.get("rationale"), str | None),
        "at is not a time such as 2026-03-02T14:05:00Z": at is None,
    }
    if reasons := [reason for reason, is_so in wrong.items() if is_so]:
        return reasons[0]
    assert at  # noqa: S101 - for the type checker: it is among the reasons
    rationale, category = told.get("rationale") or None, Category(category) if category else None
    return Review(told["triple_id"], told["reviewer"].strip(), Judgment(vote), category, rationale, at)


def object_of(line: bytes) -> dict[str, Any] | None:
    """The JSON object that a line holds, or None."""
    try:
        told = orjson.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def is_text(value: object, most: float) -> bool:
    """Whether it is a text that says something, in at most so many characters."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= most


def time_of(value: object) -> datetime | None:
    """An ISO time, in UTC where it names no zone; None where it is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at and (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def majority(reviews: Iterable[Review]) -> Truths:
    """What each triple is by the last vote of each of its reviewers; 0.5 and 1 are harmful."""
    last: dict[tuple[str, str], Review] = {}
    for review in sorted(reviews, key=lambda one: (one.at, one.id)):
        last[review.triple_id, review.reviewer] = review
    balance: Counter[str] = Counter()
    for review in last.values():
        balance[review.triple_id] += -1 if review.vote is Judgment.SAFE else 1
    tied = frozenset(triple_id for triple_id, lead in balance.items() if lead == 0)
    return Truths({triple_id: lead > 0 for triple_id, lead in balance.items() if lead}, tied)
