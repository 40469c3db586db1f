"""Charts as inline SVG, drawn by matplotlib, for pages that fetch nothing, run nothing and allow no style from within.

The page's own policy (see `render.content_security_policy`) blocks style attributes and style sheets in the SVG, so
what matplotlib writes there becomes plain attributes. Text stays text, in the font of the page: it can be searched, and
read aloud. The same numbers give the same bytes.

To be read without colour, series differ by line style and marker as well, and are named beside their lines
(`label_end`) where there is room. matplotlib is imported when the first chart is drawn.
"""

import io
import re
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # reads only what matplotlib has just written

from ingest.visible import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, SOFT, LINE = "#1b1f24", "#545d68", "#d5d9de"
PX_PER_INCH, POINTS_PER_INCH = 96, 72
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
REFERENCE = re.compile(r"url\(#([^)]+)\)|^#(.+)$")
DRAWING = threading.Lock()  # matplotlib's settings are the process's own


@dataclass(frozen=True, slots=True)
class Look:
    """How one series is drawn. Colours are of Okabe and Ito's set, dark enough on white, unlike in grey too."""

    color: str
    dashes: str | tuple[float, tuple[float, ...]]
    marker: str
    hatch: str


LOOKS = (
    Look("#0b4f86", "solid", "o", ""),
    Look("#c04a00", (0, (6, 2)), "s", "////"),
    Look("#00735a", (0, (1.5, 1.5)), "^", "...."),
    Look("#a4447a", (0, (6, 2, 1.5, 2)), "D", "xxxx"),
    Look("#4d5763", (0, (3, 3)), "v", "\\\\\\\\"),
    Look("#8a6100", (0, (8, 2, 1.5, 2, 1.5, 2)), "P", "----"),
)

SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "traceaudit",
    "text.parse_math": False,  # a dollar sign in a tenant's name is a dollar sign
    "font.family": ["DejaVu Sans"],  # ships with matplotlib: places are measured alike on every machine
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def figure_svg(  # noqa: PLR0913 - a chart is its size, its name and its words
    draw: Callable[["Axes"], None], *, name: str, title: str, description: str, width: int = 440, height: int = 280
) -> str:
    """One chart as an `<svg>` element to be put into a page, unescaped: whatever `draw` writes in it is escaped here.

    Args:
        draw: draws into the axes that it is given; `axes.figure` is the figure.
        name: of this chart in its page; letters, digits and hyphens. Ids in the SVG begin with it.
        title: what is shown; what a screen reader says first.
        description: what there is to see, in a sentence with the figures that matter.
        width: CSS pixels at full size; it shrinks with the page. 440 is read on a phone without zooming.
        height: CSS pixels at full size.
    """
    root = ET.fromstring(clean(drawn(draw, width, height)))  # noqa: S314 - see the import
    for element in root.iter():
        plain(element)
    renamed(root, name)
    for useless in [child for child in root if child.tag in {"metadata", "title"}]:
        root.remove(useless)
    root.attrib = {
        "class": "chart",
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-text",
        "viewBox": root.attrib["viewBox"],
        "width": str(width),
        "height": str(height),
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
    }
    root.insert(0, words("desc", f"{name}-text", description))
    root.insert(0, words("title", f"{name}-title", title))
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def label_end(axes: "Axes", at: tuple[float, float], text: str, look: Look, *, shift: tuple[float, float]) -> None:
    """Name a series beside a point of its line, in its colour; `shift` is in points from there."""
    side = "left" if shift[0] >= 0 else "right"
    axes.annotate(text, at, xytext=shift, textcoords="offset points", color=look.color, ha=side, va="center")


def drawn(draw: Callable[["Axes"], None], width: int, height: int) -> str:
    """What matplotlib writes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    written = io.StringIO()
    with DRAWING, warnings.catch_warnings(), mpl.rc_context(SETTINGS):  # type: ignore[arg-type] # literals there
        warnings.filterwarnings("ignore", "Glyph ")  # the page's fonts have it, or show that they do not
        figure = Figure(figsize=(width / PX_PER_INCH, height / PX_PER_INCH), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", metadata=nothing, dpi=POINTS_PER_INCH)
    return written.getvalue()


def plain(element: ET.Element) -> None:
    """Without namespaces, style sheets and style attributes: what these say becomes attributes."""
    element.tag = element.tag.rpartition("}")[2]
    for child in [one for one in element if one.tag.endswith("}style")]:
        element.remove(child)
    told = dict(element.attrib)
    element.attrib = {key.rpartition("}")[2]: value for key, value in told.items() if key != "style"}
    for declaration in filter(None, map(str.strip, told.get("style", "").split(";"))):
        key, _, value = declaration.partition(":")
        if key != "font-family":  # it is the page's
            element.attrib[key.strip()] = value.strip()


def renamed(root: ET.Element, name: str) -> None:
    """Ids that something refers to get names of this chart, in their order; the others go."""
    used = {one for element in root.iter() for value in element.attrib.values() for one in references(value)}
    names: dict[str, str] = {}
    for element in root.iter():
        told = element.attrib.pop("id", None)
        if told in used:
            element.attrib["id"] = names.setdefault(str(told), f"{name}-{len(names)}")
    for element in root.iter():
        for key, value in element.attrib.items():
            for one in references(value):
                element.attrib[key] = element.attrib[key].replace(f"#{one}", f"#{names.get(one, one)}")


def references(value: str) -> list[str]:
    """The ids that an attribute refers to."""
    return [first or second for first, second in REFERENCE.findall(value)]


def words(tag: str, name: str, text: str) -> ET.Element:
    """An element that holds text alone."""
    element = ET.Element(tag, {"id": name})
    element.text = clean(text)
    return element


def clean(text: str) -> str:
    """With hidden characters made visible, and nothing that XML cannot hold."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", visible(text))
