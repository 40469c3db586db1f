"""Agreement drawn: a point with its interval for each line, people with each other above people with the guard.

The two differ by marker and line as well as by colour. The numbers are in a table beside it.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from auditor.agreement.comparison import Comparison
from auditor.agreement.figures import Figure
from reports.charts import LOOKS, Look, figure_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES = 20
MOST_NAME = 26  # characters
SIDES = ("people with each other", "people with the guard")
HEAD, LINE = 70, 42  # pixels


def drawn(lines: Sequence[Comparison], name: str, title: str, name_of: Callable[[str], str]) -> str:
    """AC1 of each line as a chart; "" where none has a figure.

    Args:
        lines: the first of them are drawn.
        name: of the chart, in its page.
        title: what is shown.
        name_of: what a line is called.
    """
    shown = [(name_of(line.name), ac1(line)) for line in lines if any(one.value is not None for one in ac1(line))]
    shown = shown[:MOST_LINES]
    if not shown:
        return ""

    def draw(axes: "Axes") -> None:
        for side, look in enumerate(LOOKS[:2]):
            for place, (_, figures) in enumerate(shown):
                point(axes, place + (0.17 if side else -0.17), figures[side], look)
        for label, look in zip(SIDES, LOOKS, strict=False):
            axes.plot([], [], color=look.color, linestyle=look.dashes, marker=look.marker, label=label)
        axes.set_yticks(range(len(shown)), [shortened(label) for label, _ in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_xlim(min(0.0, lowest(shown)) - 0.03, 1.03)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("AC1: 0 is chance, 1 full agreement")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=1, borderaxespad=0.2)

    told = "; ".join(f"{label}: {words(figures[0])} and {words(figures[1])}" for label, figures in shown)
    height = HEAD + 30 + LINE * len(shown)
    return figure_svg(draw, name=name, title=title, description=f"{SIDES[0]} and {SIDES[1]}: {told}", height=height)


def ac1(line: Comparison) -> tuple[Figure, Figure]:
    """Of people, and of people with the guard."""
    return line.people.harmful.figures["ac1"], line.guard.harmful.figures["ac1"]


def point(axes: "Axes", height: float, figure: Figure, look: Look) -> None:
    """A figure with its interval; a hollow marker where there is none."""
    if figure.value is None:
        return
    face = "#ffffff"
    if figure.low is not None and figure.high is not None:
        axes.plot([figure.low, figure.high], [height] * 2, color=look.color, linestyle=look.dashes)
        face = look.color
    axes.plot([figure.value], [height], look.marker, color=look.color, markerfacecolor=face, markersize=6.5)


def lowest(shown: Sequence[tuple[str, tuple[Figure, Figure]]]) -> float:
    """The least number that is drawn."""
    figures = [figure for _, both in shown for figure in both]
    return min(one for figure in figures for one in (figure.value, figure.low) if one is not None)


def shortened(text: str) -> str:
    """A name that leaves room for the chart."""
    return text if len(text) <= MOST_NAME else f"{text[: MOST_NAME - 1]}…"


def words(figure: Figure) -> str:
    """A figure in a sentence."""
    if figure.value is None:
        return "not defined"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f} without an interval"
    return f"{figure.value:.2f}, {figure.low:.2f} to {figure.high:.2f}"
