"""EscalationReport -> one HTML file that needs nothing else: no script, no font, no address outside it.

Whatever a log holds is shown as text: Jinja escapes it, `visible` shows what hides, and the page's own policy
(Content-Security-Policy) lets nothing run and nothing be fetched. Images are blurred by style until a box is ticked.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from importlib.resources import files
from typing import Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined

from ingest.visible import visible
from reports import wording
from reports.report import EscalationReport

SECTIONS = (  # each a template of templates/sections, in the order of the page
    "escalations",
    "coverage",
    "not_judged",
    "verdicts",
    "degraded",
    "cases",
    "made_with",
    "words",
)
STYLES = ("base",)  # of templates/style

MAX_PARTITIONS = 40  # lines of the coverage table in HTML; the JSON has all


def render(report: EscalationReport, thumbnails: Mapping[str, str]) -> str:
    """The page.

    Args:
        report: what to show.
        thumbnails: sha256 of an image -> data URI of its thumbnail; an image that is not in it is named only.
    """
    style = style_sheet()
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            thumbnails=thumbnails,
            sections=SECTIONS,
            style=style,
            content_security_policy=content_security_policy(style),
            words=wording,
            max_partitions=MAX_PARTITIONS,
            place=place,
            source_name=source_name,
        )
    )


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
    made.filters |= {
        "visible": visible,
        "stage": wording.stage,
        "word": lambda code, table: wording.word(table, code),
        "number": lambda value: f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"),
        "day": day,
        "moment": moment,
        "one": one,
    }
    return made


def content_security_policy(style: str) -> str:
    """Only our own style sheet, known by its hash, and images inside the file."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def day(value: date) -> str:
    """Such as "Sunday, 22 November 2026"."""
    return f"{value:%A}, {value.day} {value:%B %Y}"


def moment(value: datetime | None) -> str:
    """Such as "2026-11-22 07:02:55"; "not in the log" for None."""
    return f"{value:%Y-%m-%d %H:%M:%S}" if value else "not in the log"


class Placed(Protocol):
    """Anything with a position."""

    @property
    def source(self) -> str:
        """As in a Position."""

    @property
    def partition(self) -> int:
        """0 for files."""

    @property
    def offset(self) -> int:
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
