"""What a report says of its numbers in words: what they are against others, and what made them."""

from auditor.calibration import IDENTITY
from auditor.query_rows import CalibrationRow
from reports.first_page import Compared, MissedEstimate, PolicyLine
from reports.period_words import PeriodWords, span
from reports.wording import WHY_NO_ESTIMATE, word

__all__ = ["against", "band", "calibration", "estimate", "policy", "span", "tenth"]  # what templates call


def against(line: Compared | None, words: PeriodWords) -> str:
    """A number beside that of the period before, and the band of the days before, in a sentence or two."""
    if line is None:
        return "There is nothing to compare with yet."
    before = words.before.capitalize()
    told = f"{before}: {line.before}." if line.before is not None else f"{before} holds nothing."
    if line.low is None or line.high is None or line.median is None:
        return f"{told} Too few days before for a band."
    mean = "" if line.per_day == line.now else f" {tenth(line.per_day)} a day."
    days = f"The {line.days} days before: {tenth(line.low)} to {tenth(line.high)}, median {tenth(line.median)}."
    return f"{told}{mean} {days} {band(line).capitalize()}."


def band(line: Compared) -> str:
    """Where a number stands to its band."""
    if line.low is None:
        return "no band yet"
    return {"above": "above the band", "below": "below the band"}.get(line.outside, "inside the band")


def tenth(value: float) -> str:
    """With one decimal, where there is one, and a narrow space between thousands."""
    return f"{value:,.1f}".removesuffix(".0").replace(",", "\N{NARROW NO-BREAK SPACE}")


def policy(line: PolicyLine) -> str:
    """A policy's name and number; who approved it is told elsewhere."""
    return line.version if line.number is None else f"{line.version} (no. {line.number})"


def calibration(row: CalibrationRow) -> str:
    """What gave a risk, in words."""
    if row.calibration == IDENTITY:
        return "not calibrated" if row.votes else "not calibrated: no reviews yet"
    fitted = f"{row.fitted_at:%Y-%m-%d %H:%M}" if row.fitted_at else "a time that is not known"
    on = f"{row.n_reviews} reviewed exchanges, {row.n_harmful} of them harmful"
    return f"{row.method}, fitted on {fitted} to {on} ({row.calibration[:12]})"


def estimate(missed: MissedEstimate) -> str:
    """What is missed below the line, or why nobody knows."""
    if missed.missed is None or missed.low is None or missed.high is None:
        return word(WHY_NO_ESTIMATE, missed.why_not)
    interval = f"{missed.low:.0f} to {missed.high:.0f}"
    return f"about {missed.missed:.0f} below the line (95 % interval {interval}), {missed.reviewed} reviewed"
