"""EscalationReport -> one HTML file that needs nothing else: no script, no font, no address outside it.

Whatever a log holds is shown as text: Jinja escapes it, `visible` shows what hides, and the page's own policy
(Content-Security-Policy) lets nothing run and nothing be fetched. Images are blurred by style until a box is ticked.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ingest.visible import visible
from reports import sentences, wording
from reports.agreement import sentences as agree
from reports.alarms import alarms, balanced
from reports.charts_nightly import age_name, charts, compared, days_of, drift_name, drifts_drawn
from reports.period_words import heading, period_words
from reports.report import EscalationReport
from reports.sentences import tenth

SECTIONS = {  # a template of templates/sections -> its heading, in the order of the page
    "front": "First page",
    "escalations": "Need a person",
    "trends": "Trends",
    "slices": "By tenant, category and more",
    "coverage": "Coverage",
    "not_judged": "Read and not judged",
    "degraded": "Judged on less than the whole exchange",
    "layers": "Three layers side by side",
    "below_the_line": "Missed below the line",
    "reviews": "Review work and open cases",
    "drift": "Drift and golden set",
    "deliveries": "Failed deliveries",
    "changes": "What changed",
    "made_with": "What made this report",
    "cases": "Cases in full",
    "methods": "Words and methods",
}
STYLES = ("base", "front", "tables", "cases", "print")  # of templates/style

# The page stays below 5 MB, whatever is in the logs: cases are shown in full until they make up this much of it.
MAX_CASES_BYTES = 4_000_000
MAX_LINES = 40  # lines of most tables in HTML; the JSON has all
MAX_PARTITIONS = 40  # lines of the coverage table in HTML; the JSON has all
MOST_RUNNING = 80  # characters of a name in the head or foot of a printed page
FEW = 10  # estimates below it are told with a decimal


def render(report: EscalationReport, thumbnails: Mapping[str, str]) -> str:
    """The page.

    Args:
        report: what to show.
        thumbnails: sha256 of an image -> data URI of its thumbnail; an image that is not in it is named only.
    """
    title = title_of(report)
    style = f"{style_sheet()}\n{running_lines(report, title)}"
    made = environment()
    return made.get_template("report.html.j2").render(
        title=title,
        style=style,
        content_security_policy=content_security_policy(style),
        **values_of(made, report, thumbnails),
    )


def render_part(report: EscalationReport, thumbnails: Mapping[str, str], case_path: str) -> str:
    """What the page says, without what stands around it, for a page of the service.

    Args:
        report: what to show.
        thumbnails: as of `render`.
        case_path: the address of a case, but for its id; the report links to it.
    """
    made = environment()
    made.globals["case_path"] = case_path
    return made.get_template("web/report_part.html.j2").render(**values_of(made, report, thumbnails))


def title_of(report: EscalationReport) -> str:
    """Such as "Nightly report 2026-11-22"."""
    return f"{period_words(report.period).report} {report.period.name}"


def values_of(made: Environment, report: EscalationReport, thumbnails: Mapping[str, str]) -> dict[str, Any]:
    """What the sections name."""
    drawn = drifts_drawn(report.drift)
    shown = articles(made, report, thumbnails)
    return {
        "report": report,
        "agree": agree,
        "heading": heading(report.period),
        "said": period_words(report.period),
        "tell": sentences,
        "words": wording,
        "sections": SECTIONS,
        "alarms": alarms(report),
        "balanced": balanced(report),
        "beside": {"escalated": compared(report, "escalated")},
        "unjudged_records": sum(row.records for row in report.unjudged),
        "days": days_of(report),
        "charts": charts(report),
        "drift_drawn": drawn,
        "drift_names": [drift_name(line) for line in drawn],
        "articles": shown,
        "case_numbers": {case.triple_id: number for number, case in enumerate(report.cases[: len(shown)], start=1)},
        "max_lines": MAX_LINES,
        "max_partitions": MAX_PARTITIONS,
        "place": place,
        "source_name": source_name,
        "age_name": age_name,
    }


@dataclass(frozen=True, slots=True)
class Most:
    """How much of one case is shown; the rest is in the JSON."""

    images: int = 6
    tools: int = 12


def articles(environment: Environment, report: EscalationReport, thumbnails: Mapping[str, str]) -> list[Markup]:
    """The cases in full, as many as the page can bear; at least the first."""
    part = environment.get_template("parts/cases.html.j2").module
    made: list[Markup] = []
    left = MAX_CASES_BYTES
    for number, case in enumerate(report.cases, start=1):
        article = part.case_article(case, number, thumbnails, wording, place, Most())  # type: ignore[attr-defined]
        left -= len(article.encode())
        if left < 0 and made:
            break
        made.append(article)
    return made


def running_lines(report: EscalationReport, title: str) -> str:
    """The head and foot of each printed page, as a style: what is read, of whom, and when it was made."""
    whose = "all tenants" if report.tenant is None else f"tenant {report.tenant[:MOST_RUNNING]}"
    policy = report.policy.version[:MOST_RUNNING]
    made = f"made {moment(report.made_at)} UTC by traceaudit {report.version}, policy {policy}"
    return (
        f"@page {{ @top-left {{ content: {css_string(title)} }} @top-right {{ content: {css_string(whose)} }} "
        f"@bottom-left {{ content: {css_string(made)} }} }}"
    )


def css_string(text: str) -> str:
    """A text as a string of CSS, in which nothing of it can end the string or the style sheet."""
    shown = "".join(
        char if char.isascii() and (char.isalnum() or char in " -.:,") else f"\\{ord(char):x} "
        for char in visible(text)
    )
    return f'"{shown}"'


def style_sheet() -> str:
    """The styles of the page, in the order in which they override each other."""
    folder = files("reports.templates").joinpath("style")
    return "\n".join(folder.joinpath(f"{name}.css").read_text(encoding="utf-8") for name in STYLES)


def environment() -> Environment:
    """Jinja with escaping on, and a missing name as an error."""
    made = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["case_path"] = ""
    made.filters |= {
        "visible": visible,
        "stage": wording.stage,
        "word": lambda code, table: wording.word(table, code),
        "number": number,
        "tenth": tenth,
        "about": about,
        "moment": moment,
        "one": one,
    }
    return made


def content_security_policy(style: str) -> str:
    """Only our own style sheet, known by its hash, and images inside the file."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def number(value: int) -> str:
    """With a narrow space between thousands."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def about(value: float) -> str:
    """An estimate: whole, and with a decimal where it is small."""
    return tenth(value if abs(value) < FEW else round(value))


def moment(value: datetime | None) -> str:
    """Such as "2026-11-22 07:02:55"; "not in the log" for None."""
    return f"{value:%Y-%m-%d %H:%M:%S}" if value else "not in the log"


class Placed(Protocol):
    """Anything with a position."""

    @property
    def source(self) -> str:
        """As in a Position."""

    @property
    def partition(self) -> int | None:
        """0 for files."""

    @property
    def offset(self) -> int | None:
        """The record's number."""


def place(item: Placed) -> str:
    """Where something was read, in words."""
    if item.source.startswith("kafka:"):
        return f"topic {source_name(item.source)}, partition {item.partition}, offset {item.offset}"
    return f"{source_name(item.source)}, record {item.offset}"


def source_name(source: str) -> str:
    """A topic's name, or the last three parts of a file's path: the JSON has all of it."""
    scheme, _, rest = source.partition(":")
    parts = rest.split("/")
    if scheme == "kafka":
        return parts[-1]
    return "/".join(["…", *parts[-3:]]) if scheme == "file" and len(parts) > 4 else rest


def one(count: int, singular: str, plural: str) -> str:
    """The form of a word that fits the count."""
    return singular if count == 1 else plural
