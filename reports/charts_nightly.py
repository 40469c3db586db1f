"""The charts of a report, by name: each is drawn from fields of the report, and its numbers are in a table beside it.

Series differ by line style and marker, and are named at their ends, so that grey and every kind of eye will do.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from reports.charts import LOOKS, SOFT, Look, figure_svg
from reports.first_page import Compared
from reports.period_words import period_words
from reports.report import EscalationReport
from reports.sections import AgeLine, DayLine, Drift, DriftLine, GoldenLine

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_DRIFT = 6  # lines of the table of drift that have a picture
MIN_DAYS = 2  # below it there is no line to draw
MOST_NAME = 40  # characters of a name in a chart
NAMES_APART = 0.09  # names of lines keep this distance, as a share of the height of the chart


def charts(report: EscalationReport) -> dict[str, str]:
    """The charts that there are numbers for, as SVG: name -> element."""
    words = period_words(report.period)
    made: dict[str, str] = {}
    days = days_of(report)
    if len(days) >= MIN_DAYS:
        made["escalations"] = escalations(days, compared(report, "escalated"), words.this)
        made["trend-levels"] = trend_levels(days)
        made["trend-volume"] = trend_volume(days)
    if report.open_cases.drawn or report.open_cases.not_drawn:
        made["ages"] = ages(report.open_cases.ages)
    made |= drifts(report.drift, words.this)
    runs = [line for line in reversed(report.golden_runs) if line.same_cases]
    if len(runs) >= MIN_DAYS:
        made["golden"] = golden(runs)
    return made


def days_of(report: EscalationReport) -> Sequence[DayLine]:
    """The trend from the first day on which there was anything: before it was no quiet time, but no audit."""
    found = (at for at, line in enumerate(report.trend) if line.read or line.exchanges or line.in_period)
    return report.trend[next(found, 0) :]


def compared(report: EscalationReport, name: str) -> Compared | None:
    """A number of the report beside those before it; None where it has none of that name."""
    return next((line for line in report.compared if line.name == name), None)


def escalations(days: Sequence[DayLine], against: Compared | None, this: str) -> str:
    """Escalations a day, over the band of the days before."""
    look = LOOKS[0]

    def draw(axes: "Axes") -> None:
        if against and against.low is not None and against.high is not None and against.median is not None:
            ends = [-0.5, len(days) - 0.5]
            axes.fill_between(ends, against.low, against.high, facecolor="#e3e7ec", edgecolor=SOFT, linewidth=0.6)
            axes.plot(ends, [against.median] * 2, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
        values = [line.escalated for line in days]
        axes.plot(range(len(days)), values, color=look.color, linewidth=1.6)
        mine = [at for at, line in enumerate(days) if line.in_period]
        axes.plot(mine, [values[at] for at in mine], "o", color=look.color, markersize=6)
        name = f"{this} {values[-1]}" if len(mine) == 1 else this
        axes.annotate(name, (mine[-1], values[mine[-1]]), xytext=(7, 0), textcoords="offset points", va="center")
        from_zero(axes, values)
        by_day(axes, days, room=0.2)

    return figure_svg(
        draw,
        name="escalations",
        title="Exchanges a day that need a person",
        description=f"{span_of(days, 'escalated')} {told_band(against)}",
        width=400,
        height=190,
    )


def told_band(against: Compared | None) -> str:
    """The band as a sentence."""
    if against is None or against.low is None or against.high is None:
        return "There are too few days before for a band."
    return f"The grey band holds 8 in 10 of the {against.days} days before: {against.low:g} to {against.high:g}."


def span_of(days: Sequence[DayLine], name: str) -> str:
    """First and last day, least and most, as a sentence."""
    values = [getattr(line, name) for line in days]
    return (
        f"From {days[0].day} to {days[-1].day} between {min(values)} and {max(values)} a day; {values[-1]} on the last."
    )


def trend_levels(days: Sequence[DayLine]) -> str:
    """What needs a person, and what could not be scored."""
    series = {
        "need a person": [line.escalated for line in days],
        "urgent": [line.urgent for line in days],
        "not scored": [line.unscorable for line in days],
    }
    text = f"Escalated: {span_of(days, 'escalated')} Urgent: {span_of(days, 'urgent')}"
    return lines(days, series, name="trend-levels", title="Exchanges a day by level", description=text)


def trend_volume(days: Sequence[DayLine]) -> str:
    """How much was read and judged, and how much of it on less than the whole."""
    series = {
        "read": [line.read for line in days],
        "judged": [line.exchanges for line in days],
        "on less": [line.degraded for line in days],
    }
    text = f"Records read: {span_of(days, 'read')} Exchanges judged on less than the whole: {span_of(days, 'degraded')}"
    title = "Records read, exchanges judged, and those judged on less than the whole, a day"
    return lines(days, series, name="trend-volume", title=title, description=text)


def lines(
    days: Sequence[DayLine], series: Mapping[str, Sequence[int]], *, name: str, title: str, description: str
) -> str:
    """Some numbers of each day, as lines that are named at their ends."""

    def draw(axes: "Axes") -> None:
        for (_, values), look in zip(series.items(), LOOKS, strict=False):
            axes.plot(range(len(days)), values, color=look.color, linestyle=look.dashes, marker=look.marker, ms=3.5)
        from_zero(axes, [value for values in series.values() for value in values])
        ends = {label: values[-1] for label, values in series.items()}
        name_ends(axes, len(days) - 1, ends)
        by_day(axes, days, room=0.32)

    return figure_svg(draw, name=name, title=title, description=description, width=480, height=240)


def name_ends(axes: "Axes", x: float, ends: Mapping[str, float]) -> None:
    """Name lines where they end, and keep the names apart."""
    low, high = axes.get_ylim()
    looks: dict[str, Look] = dict(zip(ends, LOOKS, strict=False))
    apart = (high - low) * NAMES_APART
    floor = low + apart / 2
    for label, value in sorted(ends.items(), key=lambda pair: pair[1]):
        height = max(value, floor)
        axes.annotate(
            label,
            (x, value),
            xytext=(x * 1.0 + 0.03 * max(x, 1), height),
            textcoords="data",
            color=looks[label].color,
            va="center",
        )
        floor = height + apart


def from_zero(axes: "Axes", values: Sequence[float]) -> None:
    """Counts begin at 0, and have room above."""
    _, high = axes.get_ylim()
    axes.set_ylim(0, max(high, max(values, default=0) * 1.12, 1))
    axes.locator_params(axis="y", integer=True, nbins=5)


def by_day(axes: "Axes", days: Sequence[DayLine], room: float) -> None:
    """Some of the days below the chart, and room for names at its right: a share of its width."""
    step = max(7, len(days) // 5)
    places = list(range(len(days) - 1, -1, -step))[::-1]
    axes.set_xticks(places, [short(days[at].day) for at in places])
    axes.set_xlim(-0.5, (len(days) - 1) * (1 + room) + 0.5)
    axes.grid(visible=False, axis="x")


def short(day: date) -> str:
    """Such as "3 Nov"."""
    return f"{day.day} {day:%b}"


def ages(table: Sequence[AgeLine]) -> str:
    """Open cases by age, as bars."""

    def draw(axes: "Axes") -> None:
        places = range(len(table))
        drawn, others = [line.drawn for line in table], [line.not_drawn for line in table]
        widest = max([*drawn, *others, 1])
        for shift, values, look in ((-0.2, drawn, LOOKS[0]), (0.2, others, LOOKS[1])):
            heights = [place + shift for place in places]
            axes.barh(heights, values, 0.36, facecolor="#ffffff", edgecolor=look.color, hatch=look.hatch, linewidth=1.2)
            for height, value in zip(heights, values, strict=True):
                axes.annotate(f"{value}", (value, height), xytext=(4, 0), textcoords="offset points", va="center")
        axes.set_yticks(list(places), [age_name(line) for line in table])
        axes.set_xlim(0, widest * 1.15)
        axes.locator_params(axis="x", integer=True, nbins=5)
        axes.grid(visible=False, axis="y")
        axes.invert_yaxis()

    told = "; ".join(f"{age_name(line)}: {line.drawn} drawn, {line.not_drawn} not drawn" for line in table)
    return figure_svg(draw, name="ages", title="Open cases by age", description=told, width=480, height=240)


def age_name(line: AgeLine) -> str:
    """Such as "2 to 7 days"."""
    if line.high is None:
        return f"{line.low} days or more"
    if line.low == line.high:
        return f"{line.low} {'day' if line.low == 1 else 'days'}"
    return f"{line.low} to {line.high} days"


def drifts(drift: Drift, this: str) -> dict[str, str]:
    """Distributions of the harm score, before and now, of the lines that moved most."""
    told = enumerate(drifts_drawn(drift), start=1)
    return {f"drift-{at}": drift_chart(line, drift.edges, f"drift-{at}", this) for at, line in told}


def drifts_drawn(drift: Drift) -> list[DriftLine]:
    """The lines of the table of drift that have a picture."""
    return [line for line in drift.lines if line.now and line.before][:MAX_DRIFT]


def drift_chart(line: DriftLine, edges: Sequence[float], name: str, this: str) -> str:
    """Two distributions as steps; shares of the exchanges."""

    def draw(axes: "Axes") -> None:
        for values, look, label in ((line.before, LOOKS[4], "before"), (line.now, LOOKS[0], this)):
            shares = [100 * share for share in values]
            axes.stairs(shares, list(edges), color=look.color, linestyle=look.dashes, lw=1.8, label=label)
        axes.legend(loc="upper center")
        axes.set_ylim(0, None)
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel("harm score")
        axes.set_ylabel("% of exchanges")

    who = drift_name(line)
    index = "no index" if line.psi is None else f"index {line.psi:.3f}"
    return figure_svg(
        draw,
        name=name,
        title=f"Harm scores of {who}",
        description=f"{line.n} exchanges against {line.n_before} of the 28 days before; {index}.",
        width=300,
        height=180,
    )


def drift_name(line: DriftLine) -> str:
    """Whose scores they are."""
    if line.tenant is None:
        return "all exchanges"
    return f"{line.tenant[:MOST_NAME]}, {(line.model or 'model not in the log')[:MOST_NAME]}"


def golden(runs: Sequence[GoldenLine]) -> str:
    """Agreement and false-positive rate of the runs over the same golden set."""

    def draw(axes: "Axes") -> None:
        ends: dict[str, float] = {}
        picks: dict[str, Callable[[GoldenLine], float | None]] = {
            "agreement": lambda line: line.agreement,
            "false positives": lambda line: line.false_positive_rate,
        }
        for (label, pick), look in zip(picks.items(), LOOKS, strict=False):
            points = [(at, value) for at, run in enumerate(runs) if (value := pick(run)) is not None]
            if points:
                axes.plot(*zip(*points, strict=True), color=look.color, linestyle=look.dashes, marker=look.marker)
                ends[label] = points[-1][1]
        axes.set_ylim(0, 1.05)
        name_ends(axes, len(runs) - 1, ends)
        step = max(1, len(runs) // 4)
        places = list(range(len(runs) - 1, -1, -step))[::-1]
        axes.set_xticks(places, [short(runs[at].at.date()) for at in places])
        axes.set_xlim(-0.3, (len(runs) - 1) * 1.35 + 0.3)
        axes.grid(visible=False, axis="x")

    last = runs[-1]
    moved = sum(before.model_revision != after.model_revision for before, after in pairwise(runs))
    text = f"{len(runs)} runs, the last on {last.at:%Y-%m-%d}; the guard changed {moved} times between them."
    return figure_svg(
        draw, name="golden", title="Golden set: agreement and false-positive rate", description=text, width=480
    )
