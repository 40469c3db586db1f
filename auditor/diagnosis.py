"""Where the failure of a case lies, from its harm scores with parts of it removed.

A part is removed by the words that the protocol has for an absent one, and an image without a word of it. Each case is
scored whole, empty, without each of its parts, and with each of them alone. What a part contributes is the mean of what
it adds first (it alone, less nothing) and what it adds last (the whole, less the whole without it). The last alone
would find nothing where two parts are each enough, the first nothing where it takes both.

Source: the two ends of the Shapley value's sum over orders; its middle was measured to name the planted part no more
often (docs/ml-engineers.md), and costs 16 scores in place of 10 for a case of four parts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from auditor.guard_input import GuardInput, Part, Protocol

LEAST = 0.1  # a largest contribution below it names no part
SHARE = 0.5  # of the largest contribution; parts from it on are named
UNCLEAR = "unclear"

Parts = frozenset[Part]


class Flag(StrEnum):
    """What a person should know of a case besides its score."""

    HARMFUL_THINKING = "harmful_thinking_clean_answer"  # question and answer alone lie below the line
    NEEDS_IMAGE = "needs_image"  # all but the image lies below the line
    NOT_DIAGNOSED = "not_diagnosed"  # the backend failed at it, or a variant did not fit


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Where the failure of one case lies.

    Attributes:
        stage: parts joined by "+", in the order image, question, thinking, answer; UNCLEAR where no part contributes
            enough; None where it could not be told.
        contributions: of each part that the case has, in [-1, 1].
        prompt_tokens: that it cost.
    """

    stage: str | None
    contributions: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    prompt_tokens: int = 0


NOT_DIAGNOSED = Diagnosis(None, flags=(Flag.NOT_DIAGNOSED.value,))


def parts_of(shown: GuardInput) -> tuple[Part, ...]:
    """The parts that a case has, in the order in which they are named."""
    there = {
        Part.IMAGE: bool(shown.images),
        Part.QUESTION: bool(shown.question),
        Part.THINKING: bool(shown.thinking) and shown.protocol is Protocol.QTA,
        Part.ANSWER: bool(shown.response),
    }
    return tuple(part for part in Part if there[part])


def only(shown: GuardInput, kept: Parts) -> GuardInput:
    """The case with no other parts than `kept`; policy, protocol, and what was missing before stay."""
    return replace(
        shown,
        images=shown.images if Part.IMAGE in kept else (),
        question=shown.question if Part.QUESTION in kept else "",
        thinking=shown.thinking if Part.THINKING in kept else "",
        response=shown.response if Part.ANSWER in kept else "",
    )


def variants(shown: GuardInput) -> dict[Parts, GuardInput]:
    """The cases to score, by the parts that they keep; `diagnose` takes the harm score of each."""
    return {kept: only(shown, kept) for kept in subsets(parts_of(shown))}


def subsets(parts: tuple[Part, ...]) -> Iterator[Parts]:
    """All parts, none, each alone, and all but each; may repeat itself."""
    whole = frozenset(parts)
    yield from (whole, frozenset())
    for part in parts:
        yield from (frozenset({part}), whole - {part})


def diagnose(shown: GuardInput, scores: Mapping[Parts, float], line: float) -> Diagnosis:
    """Where the failure of a case lies.

    Args:
        shown: the case.
        scores: harm score of each of its `variants`, all read in the same way.
        line: harm score from which a case needs a person.
    """
    shares = contributions(parts_of(shown), scores)
    stage = named(shares)
    return Diagnosis(
        stage="+".join(stage) or UNCLEAR,
        contributions={part.value: share for part, share in shares.items()},
        flags=tuple(flag.value for flag in flags_of(stage, frozenset(shares), scores, line)),
    )


def contributions(parts: tuple[Part, ...], scores: Mapping[Parts, float]) -> dict[Part, float]:
    """The mean of what each part adds first and last."""
    whole, nothing = frozenset(parts), frozenset[Part]()
    return {
        part: (scores[frozenset({part})] - scores[nothing] + scores[whole] - scores[whole - {part}]) / 2
        for part in parts
    }


def named(shares: Mapping[Part, float]) -> tuple[Part, ...]:
    """The parts with at least SHARE of the largest contribution; none where that is below LEAST."""
    largest = max(shares.values(), default=0.0)
    return tuple(part for part, share in shares.items() if share >= SHARE * largest) if largest >= LEAST else ()


def flags_of(stage: tuple[Part, ...], whole: Parts, scores: Mapping[Parts, float], line: float) -> tuple[Flag, ...]:
    """The flags of a case: it reaches the line, and does not without the one part, which is named."""
    decided_by = {Flag.HARMFUL_THINKING: Part.THINKING, Flag.NEEDS_IMAGE: Part.IMAGE}
    return tuple(
        flag for flag, part in decided_by.items() if part in stage and scores[whole] >= line > scores[whole - {part}]
    )
