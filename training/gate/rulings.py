"""A difference against what is borne: passed, failed, or too few cases to tell; and why, in a sentence."""

from dataclasses import dataclass
from math import ceil

from auditor.registry.results import Check, Ruling
from training.gate.paired import Difference


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check asks of a difference.

    Attributes:
        name: of the check.
        measure: what the figure is.
        margin: how much worse the candidate may be, at least 0.
        lower_is_better: whether the figure is of errors.
        few: whether the cases are so few that a loss has to be shown, and cannot be ruled out: it is then not required
            to be.
    """

    name: str
    measure: str
    margin: float
    lower_is_better: bool = False
    few: bool = False


def ruled(asked: Asked, found: Difference) -> Check:
    """The check of a difference: passed where even the worse limit is borne.

    Source: non-inferiority as trials test it, such as ICH E9, section 3.3.2.
    """
    sign = -1 if asked.lower_is_better else 1
    value = sign * found.value
    low, high = sorted((sign * found.low, sign * found.high))
    ruling = ruling_of(value, low, high, asked)
    return Check(
        asked.name,
        ruling,
        reason(asked, found, ruling, n_wanted(found.n, value, low, asked.margin)),
        asked.measure,
        found.candidate,
        found.champion,
        found.low,
        found.high,
        limit=asked.margin if asked.lower_is_better else -asked.margin,
        n=found.n,
        required=not (asked.few and ruling is Ruling.TOO_FEW),
    )


def ruling_of(value: float, low: float, high: float, asked: Asked) -> Ruling:
    """What comes of a gain of `value`, with its limits; a loss is below 0."""
    if low >= -asked.margin:
        return Ruling.PASSED
    if high < 0 or (value < -asked.margin and not asked.few):
        return Ruling.FAILED
    return Ruling.TOO_FEW


def n_wanted(n: int, value: float, low: float, margin: float) -> int | None:
    """About how many cases would show the same gain to be borne; None where more would not."""
    room = value + margin
    return ceil(n * ((value - low) / room) ** 2) if room > 0 else None


def reason(asked: Asked, found: Difference, ruling: Ruling, wanted: int | None) -> str:
    """Why, with the figures."""
    worse = "more" if asked.lower_is_better else "less"
    said = (
        f"{asked.measure} {found.candidate:.3f} beside {found.champion:.3f} on {found.n} cases: "
        f"between {found.low:+.3f} and {found.high:+.3f}"
    )
    borne = f"{asked.margin:.3f} {worse} is borne"
    if ruling is Ruling.PASSED:
        return f"{said}; {borne}"
    if ruling is Ruling.FAILED:
        return f"{said}; only {borne}"
    how_many = f", some {wanted} would" if wanted else ""
    return f"{said}; {borne}, and so few cases do not tell{how_many}"


def not_asked(name: str, measure: str, why: str, *, n: int = 0) -> Check:
    """A check that was not made, and that nothing hangs on."""
    return Check(name, Ruling.NOT_ASKED, why, measure, n=n, required=False)


def too_few(name: str, measure: str, why: str, *, n: int = 0) -> Check:
    """A check that must be made, and cannot."""
    return Check(name, Ruling.TOO_FEW, why, measure, n=n)
