"""Figures in words, the same in the command, the report and the page."""

from auditor.agreement.figures import Figure


def in_words(figure: Figure) -> str:
    """Such as "0.91 (0.86 to 0.95)", "0.8, too few to tell how sure" or "not defined"."""
    if figure.value is None:
        return "not defined"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f} (too few cases for an interval)"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"
