"""Every figure of agreement as a line of a table that a spreadsheet opens."""

import csv
import io
from collections.abc import Iterator, Mapping

from auditor.agreement.comparison import Both
from auditor.agreement.figures import Figure
from auditor.agreement.found import Found
from reports.export import cell

COLUMNS = ("about", "name", "between", "scale", "cases", "figure", "value", "low", "high", "why_not")

Line = tuple[object, ...]


def as_csv(found: Found) -> str:
    """All of them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in line] for line in lines(found))
    return text.getvalue()


def lines(found: Found) -> Iterator[Line]:
    """All cases, then each part of them, reviewers and pairs."""
    for about, line in [("all", found.whole), *((part.by, line) for part in found.parts for line in part.lines)]:
        yield from both(about, line.name, {"people": line.people, "people and guard": line.guard})
        yield (about, line.name, "people less people and guard", "harmful", None, *figure("ac1", line.apart))
    for one in found.reviewers:
        sides = {"reviewer and others": one.others, "reviewer and guard": one.guard, "others alone": one.without}
        yield from both("reviewer", one.name, sides)
    for pair in found.pairs:
        yield from both("pair", f"{pair.one} and {pair.other}", {"the two": pair.agreement})


def both(about: str, name: str, sides: Mapping[str, Both]) -> Iterator[Line]:
    """The figures on either scale."""
    for between, told in sides.items():
        for scale, measured in (("harmful", told.harmful), ("levels", told.levels)):
            for title, one in measured.figures.items():
                yield (about, name, between, scale, measured.cases, *figure(title, one))


def figure(name: str, one: Figure) -> Line:
    """The cells of a figure."""
    return name, one.value, one.low, one.high, one.why_not
