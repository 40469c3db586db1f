"""A what-if as one HTML file that needs nothing else: no script, no font, no address outside it."""

from collections.abc import Iterable
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from auditor.files import write_whole
from reports.errors import ReportNotWritten
from reports.render import content_security_policy, environment
from reports.what_if import words
from reports.what_if.comparison import MAX_SLICES, WhatIf, depth
from reports.what_if.estimates import Estimate
from reports.what_if.plots import plots

STYLES = ("base.css", "front.css", "tables.css", "print.css", "what_if.css")  # of templates/style
TENTHS = 10


def write_page(path: Path, told: WhatIf, changes: Iterable[str], made_at: datetime) -> None:
    """Write the page, whole or not at all.

    Raises:
        ReportNotWritten: the file cannot be written.
    """
    try:
        write_whole(path, page(told, changes, made_at).encode())
    except OSError as error:
        raise ReportNotWritten(f"{path}: {error.strerror or error}") from None


def page(told: WhatIf, changes: Iterable[str], made_at: datetime) -> str:
    """The page.

    Args:
        told: what to show.
        changes: what differs between the policies, a sentence each.
        made_at: when it is made, UTC.
    """
    folder = files("reports") / "templates" / "style"
    style = "".join((folder / name).read_text(encoding="utf-8") for name in STYLES)
    made = environment()
    made.tests["told"] = lambda figure: isinstance(figure, Estimate)
    return made.get_template("what_if.html.j2").render(
        style=style,
        content_security_policy=content_security_policy(style),
        figures=words,
        **values_of(told, changes, made_at),
    )


def values_of(told: WhatIf, changes: Iterable[str], made_at: datetime) -> dict[str, Any]:
    """What the body of the page shows; arguments as of `page`."""
    return {
        "told": told,
        "changes": list(changes),
        "made_at": made_at,
        "plots": list(plots(told)),
        "sentences": list(words.sentences(told)),
        "questions": list(words.questions(told, told.found)),
        "margins": [one for one in told.slices if depth(one.part) == 1],
        "combinations": [one for one in told.slices if depth(one.part) > 1],
        "max_slices": MAX_SLICES,
        "tenths": [point for point in told.points if round(point.threshold * 100) % TENTHS == 0],
    }
