"""What reviewers said of triples, and votes as lines of a file; pure."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from auditor.verdict import Category, Judgment


class Kind(StrEnum):
    """What a review is."""

    VOTE = "vote"
    ADJUDICATION = "adjudication"  # an expert's decision where votes split


MAX_REVIEWER_CHARS = 200
LEVELS = [judgment.value for judgment in Judgment]
CATEGORIES = [category.value for category in Category]
KINDS = [kind.value for kind in Kind]


@dataclass(frozen=True, slots=True)
class Review:
    """The vote of one reviewer on one triple, or an expert's decision.

    Attributes:
        at: when it was given, in UTC.
        corrected_analysis: what the guard should have said.
        verdict_hidden: whether the guard's verdict was kept from the reviewer; None where that is not known.
        seconds: from when the reviewer was given the case; None where that is not known.
        withdrawn: taken back by its reviewer; it counts no more.
    """

    triple_id: str
    reviewer: str
    vote: Judgment
    category: Category | None
    rationale: str | None
    at: datetime
    kind: Kind = Kind.VOTE
    corrected_analysis: str | None = None
    verdict_hidden: bool | None = None
    seconds: float | None = None
    withdrawn: bool = False

    @property
    def decides(self) -> bool:
        """Whether it is an expert's decision."""
        return self.kind is Kind.ADJUDICATION

    def is_by(self, name: str) -> bool:
        """Whether a person gave it, whatever the case of the name."""
        return self.reviewer.strip().casefold() == name.strip().casefold()

    @property
    def id(self) -> str:
        """Hex sha256 of what it says: the same vote told twice is one."""
        further: list[str] = [self.kind] if self.decides else []
        further += [self.corrected_analysis] if self.corrected_analysis else []
        return hashlib.sha256(orjson.dumps([*self.said().values(), *further])).hexdigest()

    def said(self) -> dict[str, Any]:
        """What every vote says."""
        vote = self.vote.value
        return {
            "triple_id": self.triple_id,
            "reviewer": self.reviewer,
            "vote": int(vote) if vote == int(vote) else vote,
            "category": self.category,
            "rationale": self.rationale,
            "at": self.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }

    def as_json(self) -> dict[str, Any]:
        """One line of `traceaudit review export`."""
        names = ("kind", "corrected_analysis", "verdict_hidden", "seconds", "withdrawn")
        return self.said() | {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no vote; `reason` says why without quoting it."""

    number: int
    reason: str

    def as_json(self) -> dict[str, Any]:
        """As `traceaudit review import --json` lists it."""
        return {"line": self.number, "reason": self.reason}


def read_reviews(lines: Iterable[bytes]) -> tuple[list[tuple[int, Review]], list[BadLine]]:
    """The votes with the numbers of their lines, and the lines that are none.

    Empty lines are passed over, and so are votes that were taken back before they were exported.
    """
    found, bad = [], []
    for number, line in enumerate(lines, 1):
        if line.strip() and not was_withdrawn(line):
            read = read_review(line)
            if isinstance(read, str):
                bad.append(BadLine(number, read))
            else:
                found.append((number, read))
    return found, bad


def was_withdrawn(line: bytes) -> bool:
    """Whether the line is a vote that was taken back."""
    told = object_of(line)
    return told is not None and told.get("withdrawn") is True


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
        "kind is not vote or adjudication": told.get("kind", Kind.VOTE) not in KINDS,
        "corrected_analysis is not a text": not isinstance(told.get("corrected_analysis"), str | None),
        "verdict_hidden is not true or false": not isinstance(told.get("verdict_hidden"), bool | None),
        "seconds is not a number of 0 or more": not is_duration(told.get("seconds")),
    }
    if reasons := [reason for reason, is_so in wrong.items() if is_so]:
        return reasons[0]
    assert at  # noqa: S101 - for the type checker: it is among the reasons
    return Review(
        triple_id=told["triple_id"],
        reviewer=told["reviewer"].strip(),
        vote=Judgment(vote),
        category=Category(category) if category else None,
        rationale=told.get("rationale") or None,
        at=at,
        kind=Kind(told.get("kind", Kind.VOTE)),
        corrected_analysis=told.get("corrected_analysis") or None,
        verdict_hidden=told.get("verdict_hidden"),
        seconds=told.get("seconds"),
    )


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


def is_duration(value: object) -> bool:
    """Whether it is a number of seconds, or nothing."""
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def time_of(value: object) -> datetime | None:
    """An ISO time, in UTC where it names no zone; None where it is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at and (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
