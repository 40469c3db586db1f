"""The plots of a what-if page: what thresholds come to, with intervals, and whether the risk means what it says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.charts import INK, LOOKS, SOFT, Look, figure_svg
from reports.what_if import words
from reports.what_if.comparison import WhatIf
from reports.what_if.estimates import Estimate, Figure, TooFew
from reports.what_if.finders import Point
from reports.what_if.outcome import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE_RANGE = 30.0  # a curve over more than this factor is drawn on a logarithmic scale


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart with what stands below it."""

    title: str
    svg: str
    caption: str


def plots(told: WhatIf) -> Iterator[Plot]:
    """Those that can be drawn from what is known."""
    yield alerts(told)
    for make in (missed, cost, precision_recall, reliability):
        made = make(told)
        if made:
            yield made


def alerts(told: WhatIf) -> Plot:
    """Alerts a day against the threshold."""
    cases = told.proposed.review.cases_per_day

    def draw(axes: "Axes") -> None:
        values = [point.outcome.alerts for point in told.points]
        axes.plot(thresholds(told.points), values, color=LOOKS[0].color)
        scale(axes, values)
        axes.axhline(cases, color=LOOKS[1].color, linestyle=LOOKS[1].dashes, linewidth=1.2)
        named(axes, f"{cases} cases a day", (0, cases), (3, 4), color=LOOKS[1].color)
        marks(axes, told)
        label(axes, "alerts a day")

    fits = told.found.capacity
    says = f"At a threshold of {fits.threshold:g} they are the {cases} a day that reviewers can decide." if fits else ""
    title = "Alerts against the threshold"
    text = f"Alerts a day fall from {ends(told, lambda one: one.alerts)}. {says}"
    return Plot(
        title, figure_svg(draw, name="alerts", title=title, description=text), f"Counted, not estimated. {says}"
    )


def missed(told: WhatIf) -> Plot | None:
    """Harmful exchanges that nobody sees, against the threshold."""
    known = with_figure(told.points, lambda one: one.missed)
    bounded = [(one, one.outcome.missed) for one in told.points if isinstance(one.outcome.missed, TooFew)]
    limits = [(one.threshold, figure.at_most) for one, figure in bounded if figure.at_most is not None]
    if not known and not limits:
        return None

    def draw(axes: "Axes") -> None:
        band(axes, known, 1)
        if limits:
            axes.plot(*zip(*limits, strict=True), color=SOFT, linestyle=LOOKS[4].dashes, linewidth=1)
            axes.annotate("at most", limits[len(limits) // 2], xytext=(0, 5), textcoords="offset points", color=SOFT)
        axes.set_ylim(bottom=0)
        marks(axes, told)
        label(axes, "missed a day")

    title, text = "Missed against the threshold", "Harmful exchanges a day below the threshold, with 95 % interval. "
    caption = "The band is the 95 % interval. Where it is dashed, too few harmful ones were found to give a number."
    return Plot(title, figure_svg(draw, name="missed", title=title, description=text + values(known)), caption)


def cost(told: WhatIf) -> Plot | None:
    """What mistakes cost, against the threshold."""
    known = with_figure(told.points, lambda one: one.cost)
    unit, cheapest = told.proposed.costs.unit, told.found.cheapest
    if not known or cheapest is None or not isinstance(cheapest.outcome.cost, Estimate):
        return None
    least = (cheapest.threshold, cheapest.outcome.cost.value)

    def draw(axes: "Axes") -> None:
        band(axes, known, 2)
        axes.plot(*least, color=INK, marker="*", markersize=10, linestyle="none")
        named(axes, f"least at {least[0]:g}", least, (0, -16), color=INK, side="center")
        scale(axes, [])
        marks(axes, told)
        label(axes, f"{unit} a day")

    costs = told.proposed.costs
    caption = f"A false alarm counts {costs.false_alarm:g} {unit}, a miss {costs.miss:g}. {near(told)}"
    title, text = "Cost against the threshold", f"It is least at {least[0]:g}: {words.number(least[1])} {unit} a day. "
    return Plot(title, figure_svg(draw, name="cost", title=title, description=text), caption)


def precision_recall(told: WhatIf) -> Plot | None:
    """Precision against recall, over all thresholds."""
    pairs = [(one, one.outcome.recall, one.outcome.precision) for one in told.points]
    known = [
        (one.threshold, recall.value, precision.value)
        for one, recall, precision in pairs
        if isinstance(recall, Estimate) and isinstance(precision, Estimate)
    ]
    if not known:
        return None

    def draw(axes: "Axes") -> None:
        axes.plot([x for _, x, _ in known], [y for *_, y in known], color=LOOKS[0].color)
        for threshold, x, y in known:
            if round(threshold * 100) % 10 == 0 and threshold < 1:
                axes.plot(x, y, color=LOOKS[0].color, marker="o", markersize=3.5)
                named(axes, f"{threshold:g}", (x, y), (-3, -9), color=SOFT, side="right")
        pair = (("in force", told.whole.current, LOOKS[4]), ("proposed", told.whole.proposed, LOOKS[1]))
        for name, one, look in pair:
            if isinstance(one.recall, Estimate) and isinstance(one.precision, Estimate):
                cross(axes, one.recall, one.precision, look, name)
        axes.set_xlim(0, 1.02)
        axes.set_ylim(0, min(1.02, 1.4 * max(y for *_, y in known)))
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper right", handlelength=1)
        axes.set_xlabel("recall: share of the harmful that is raised")
        axes.set_ylabel("precision: share of alerts that is harmful")

    caption = "Numbers beside the curve are thresholds; crosses are 95 % intervals of the two policies."
    text = "; ".join(f"at {t:g} recall {words.percent(x)}, precision {words.percent(y)}" for t, x, y in known[9::20])
    title = "Precision and recall"
    return Plot(title, figure_svg(draw, name="precision-recall", title=title, description=text), caption)


def reliability(told: WhatIf) -> Plot | None:
    """What the risk says against what reviewers said."""
    known = [(one.risk, one.harmful) for one in told.reliability if isinstance(one.harmful, Estimate)]
    if not known:
        return None

    def draw(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=SOFT, linestyle=LOOKS[4].dashes, linewidth=1)
        axes.annotate("as the risk says", (0.03, 0.06), color=SOFT, rotation=32, rotation_mode="anchor")
        axes.plot([x for x, _ in known], [one.value for _, one in known], color=LOOKS[3].color, linewidth=1)
        for risk, one in known:
            bars = [[one.value - one.low], [one.high - one.value]]
            axes.errorbar(risk, one.value, yerr=bars, color=LOOKS[3].color, marker=LOOKS[3].marker, capsize=2.5)
        axes.set_xlim(0, 1.02)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("risk")
        axes.set_ylabel("share that reviewers call harmful")

    left = len(told.reliability) - len(known)
    caption = "Each point is a band of risk, with its 95 % interval, weighted to all that was judged."
    caption += f" {left} bands have too few reviews to be shown." if left else ""
    text = "; ".join(f"at risk {risk:.2f} {words.percent(one.value)} are harmful" for risk, one in known)
    title = "Does the risk mean what it says?"
    return Plot(title, figure_svg(draw, name="reliability", title=title, description=text), caption)


def thresholds(points: Sequence[Point]) -> list[float]:
    """The x axis."""
    return [point.threshold for point in points]


def with_figure(points: Sequence[Point], of: Callable[[Outcome], Figure]) -> list[tuple[float, Estimate]]:
    """The points at which a figure is told."""
    pairs = ((point.threshold, of(point.outcome)) for point in points)
    return [(threshold, figure) for threshold, figure in pairs if isinstance(figure, Estimate)]


def band(axes: "Axes", known: Sequence[tuple[float, Estimate]], look: int) -> None:
    """A curve with its intervals."""
    x = [threshold for threshold, _ in known]
    low, high = [one.low for _, one in known], [one.high for _, one in known]
    color = LOOKS[look].color
    axes.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)
    for edge in (low, high):
        axes.plot(x, edge, color=color, linewidth=0.6)
    axes.plot(x, [one.value for _, one in known], color=color)


def cross(axes: "Axes", x: Estimate, y: Estimate, look: Look, name: str) -> None:
    """A point with its intervals in both directions."""
    across, up = ([[one.value - one.low], [one.high - one.value]] for one in (x, y))
    axes.plot(x.value, y.value, color=look.color, marker=look.marker, linestyle="none", label=name)
    axes.errorbar(x.value, y.value, xerr=across, yerr=up, color=look.color, capsize=2.5, elinewidth=1.2)


def named(  # noqa: PLR0913 - words have a place, a colour and a side
    axes: "Axes", text: str, at: tuple[float, float], shift: tuple[float, float], *, color: str, side: str = "left"
) -> None:
    """Words beside a point; `shift` is in points of type."""
    axes.annotate(text, at, xytext=shift, textcoords="offset points", color=color, ha=side)


def scale(axes: "Axes", numbers: Sequence[float]) -> None:
    """A logarithmic scale where the numbers are far apart."""
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}" if value < 1000 else words.number(value))
    positive = [number for number in numbers if number > 0]
    if positive and max(positive) > WIDE_RANGE * min(positive):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}" if value < 1000 else words.number(value))
    else:
        axes.set_ylim(bottom=0)


def marks(axes: "Axes", told: WhatIf) -> None:
    """Upright lines at the thresholds of the two policies, where each has one for everything."""
    pair = [("in force", told.now, LOOKS[4], "right"), ("proposed", told.then, LOOKS[1], "left")]
    if told.now and told.then and told.now.threshold == told.then.threshold:
        pair = pair[:1]
    elif told.now and told.then and told.now.threshold > told.then.threshold:
        pair = [(name, point, look, "left" if side == "right" else "right") for name, point, look, side in pair]
    for name, point, look, side in pair:
        if point:
            axes.axvline(point.threshold, color=look.color, linestyle=look.dashes, linewidth=1.1)
            shift = -3 if side == "right" else 3
            axes.annotate(f"{name} {point.threshold:g}", (point.threshold, 1), xycoords=("data", "axes fraction"),
                xytext=(shift, -8), textcoords="offset points", ha=side, color=look.color)  # fmt: skip


def label(axes: "Axes", what: str) -> None:
    """The words at the axes."""
    axes.set_xlim(0, 1.01)
    axes.set_xlabel("threshold on risk, one for everything")
    axes.set_ylabel(what)


def ends(told: WhatIf, of: Callable[[Outcome], float]) -> str:
    """The first and the last value of a curve."""
    first, last = told.points[0], told.points[-1]
    return (
        f"{words.number(of(first.outcome))} at {first.threshold:g} to {words.number(of(last.outcome))} at "
        f"{last.threshold:g}"
    )


def values(known: Sequence[tuple[float, Estimate]]) -> str:
    """Some values of a curve in words."""
    return "; ".join(f"at {threshold:g} {words.rate(one)}" for threshold, one in known[9::20])


def near(told: WhatIf) -> str:
    """Which lines cannot be told apart by cost."""
    pair = told.found.as_cheap
    if not pair or pair[0] == pair[1]:
        return ""
    return f"From {pair[0]:g} to {pair[1]:g} reviews cannot tell which is cheaper."
