"""What figures of agreement mean, in words that need no statistics."""

from auditor.agreement.figures import Figure

PER = 100


def same(figure: Figure, whom: str) -> str:
    """Of the share of votes that agree; `whom` is such as "two people"."""
    if figure.value is None:
        return f"There are not enough cases to tell how often {whom} say the same."
    return f"On {of_hundred(figure.value)} of 100 cases {whom} say the same: harmful, or not.{sure(figure)}"


def both_harmful(figure: Figure, other: str) -> str:
    """Of the share of shared votes among those for harmful; `other` is such as "another person"."""
    if figure.value is None:
        return "Nobody has called a case harmful yet."
    told = f"Where one says harmful, {other} does too on {of_hundred(figure.value)} of 100 such cases."
    return told + sure(figure)


def figure(told: Figure) -> str:
    """A figure with its interval, in a table."""
    if told.value is None:
        return "too few"
    if told.low is None or told.high is None:
        return f"{told.value:.2f} (too few to tell how sure)"
    return f"{told.value:.2f} ({told.low:.2f} to {told.high:.2f})"


def sure(figure: Figure) -> str:
    """How sure that is."""
    if figure.low is None or figure.high is None:
        return " There are too few cases to say how sure that is."
    low, high = of_hundred(figure.low), of_hundred(figure.high)
    return f" It may be {low} to {high}." if low != high else ""


def ahead(figure: Figure) -> str:
    """Whether people agree more with each other than with the guard."""
    if figure.value is None or figure.low is None or figure.high is None:
        return "There are too few cases to tell whether people agree more with each other or with the guard."
    by = f"{abs(figure.value):.2f} (AC1; {span(figure)})"
    if figure.low > 0:
        return f"People agree more with each other than with the guard, by {by}."
    if figure.high < 0:
        return f"People agree more with the guard than with each other, by {by}: see whether its verdict sways them."
    return f"It cannot be told whether people agree more with each other or with the guard: the difference is {by}."


def span(figure: Figure) -> str:
    """The interval of a difference, without its sign."""
    low, high = figure.low or 0, figure.high or 0
    if low < 0 < high:
        return f"from {-low:.2f} less to {high:.2f} more"
    ends = sorted(map(abs, (low, high)))
    return f"{ends[0]:.2f} to {ends[1]:.2f}"


def of_hundred(value: float) -> str:
    """A share as a number of hundred; with a decimal near the upper end, and never 100 for less."""
    told = f"{PER * value:.1f}" if 0.99 < value < 1 else f"{PER * value:.0f}"
    return "99.9" if told == "100.0" else told
