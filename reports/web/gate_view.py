"""What a gate found, as the page shows it: checks by their names, and intervals as a picture; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.registry.results import Check, GateResult, Ruling
from reports.wording import CATEGORIES, word

NAMES = {
    "gold": "Gold set",
    "gold_recall": "Gold set, harm found",
    "gold_order": "Gold set, order of the scores",
    "gold_false_alarms": "Gold set, false alarms",
    "frozen_sample": "Frozen sample below the line",
    "over_refusal": "Safe, and sounds alarming",
    "canaries": "Canaries",
    "injections": "Canaries that talk to the auditor",
    "calibration": "Whether scores can be believed",
    "triggers": "Planted triggers",
    "latency": "Time a case takes",
}
KINDS = {"category": "Category", "language": "Language"}
RULINGS = {
    Ruling.PASSED: "passed",
    Ruling.FAILED: "failed",
    Ruling.TOO_FEW: "too few cases",
    Ruling.NOT_ASKED: "not asked",
}
WIDTH, EDGE = 160, 6  # of the picture


@dataclass(frozen=True, slots=True)
class Picture:
    """An interval on a line, in units of the picture, from left to right.

    Attributes:
        low, high: its ends.
        at: the difference itself.
        zero: where both are the same.
        limit: what it is held against.
        worse: from where to where nothing is borne; None where no side is worse.
    """

    low: float
    high: float
    at: float
    zero: float
    limit: float | None
    worse: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Row:
    """A check as a row of the table.

    Attributes:
        name: in words.
        ruling: in words.
        figures: of candidate and champion, written; a dash where there is none.
        difference: candidate less champion, written; empty where there is none.
        interval: its limits, written; empty where there are none.
        limit: what it is held against, written; empty where there is nothing.
        picture: the same as a picture; None where there is no interval.
    """

    check: Check
    name: str
    ruling: str
    figures: tuple[str, str]
    difference: str
    interval: str
    limit: str
    picture: Picture | None


def rows_of(gate: GateResult) -> list[Row]:
    """All checks: those that refuse first, each kind in the order in which they were made."""
    return [row_of(one) for one in sorted(gate.checks, key=lambda one: not one.refuses)]


def row_of(check: Check) -> Row:
    """One check."""
    apart = None if check.candidate is None or check.champion is None else check.candidate - check.champion
    known = check.low is not None and check.high is not None
    return Row(
        check,
        name_of(check.name),
        RULINGS[check.ruling],
        (written(check.candidate), written(check.champion)),
        "" if apart is None else signed(apart),
        f"{signed(check.low)} to {signed(check.high)}" if check.low is not None and check.high is not None else "",
        "" if check.limit is None else signed(check.limit) if known else written(check.limit),
        picture_of(check),
    )


def name_of(name: str) -> str:
    """A check by its name, as people read it; as it is where we have no words for it."""
    kind, _, value = name.partition(":")
    if value and kind in KINDS:
        return f"{KINDS[kind]}: {word(CATEGORIES, value) if kind == 'category' else value}"
    return NAMES.get(name, name)


def picture_of(check: Check) -> Picture | None:
    """The interval of a difference; None where there is none."""
    low, high, limit = check.low, check.high, check.limit
    if low is None or high is None:
        return None
    middle = (low + high) / 2
    at = middle if check.candidate is None or check.champion is None else check.candidate - check.champion
    marks = [low, high, at, 0.0, *([limit] if limit is not None else [])]
    first, last = min(marks), max(marks)
    room = (last - first) or 1.0

    def x(value: float) -> float:
        return round(EDGE + (WIDTH - 2 * EDGE) * (value - first) / room, 1)

    edge = None if limit is None else x(limit)
    return Picture(x(low), x(high), x(at), x(0.0), edge, worse_side(limit, edge))


def worse_side(limit: float | None, edge: float | None) -> tuple[float, float] | None:
    """Where a difference is not borne: below a limit that is a loss, above one that is a rise."""
    if limit is None or edge is None or limit == 0:
        return None
    return (0.0, edge) if limit < 0 else (edge, float(WIDTH))


def written(value: float | None) -> str:
    """A figure: three decimals, and three digits where it is smaller."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    return f"{value:.3g}" if 0 < abs(value) < 0.01 else f"{value:.3f}"


def signed(value: float) -> str:
    """A difference, with its sign."""
    if value == 0:
        return "0"
    return f"{'+' if value > 0 else '−'}{written(abs(value))}"


def refusing(checks: Iterable[Check]) -> Sequence[str]:
    """The names of those that refuse, as people read them."""
    return [name_of(one.name) for one in checks if one.refuses]
