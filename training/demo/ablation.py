"""The ablation table of the demo auditor: figures after each stage, over seeds, beside the word model.

Source: the paper's table of stages (arXiv 2511.20994): base, +SFT, +DPO, +OGDPO.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import mean, stdev

from auditor.metrics import Scored, measure

AGENTS = frozenset({"r-judge", "asse-security", "agent-safety-zh"})
GROUPS: Mapping[str, Callable[[str], bool]] = {
    "all": lambda source: True,  # noqa: ARG005 - every source is in it
    "chat": lambda source: source not in AGENTS and not source.startswith("typographic"),
    "agents": lambda source: source in AGENTS,
    "question in an image": lambda source: source.startswith("typographic"),
}
COLUMNS = ("auroc", "f1", "accuracy")

Runs = Mapping[str, Sequence[Sequence[Scored]]]  # by the name of the line: what each seed's checkpoint said


def ablation_table(runs: Runs) -> str:
    """A Markdown table: a line for each stage; for all rows and for each group AUROC, F1 and accuracy.

    A cell is the mean over seeds, with the standard deviation where there are several.
    """
    lines = ["| | rows | AUROC | F1 | accuracy | unreadable |", "|---|---|---|---|---|---|"]
    for group, holds in GROUPS.items():
        for name, seeds in runs.items():
            figures = [measure([row for row in rows if holds(row.source)]) for rows in seeds]
            cells = [spread([getattr(one, column) for one in figures]) for column in COLUMNS]
            unreadable = mean(one.unscorable for one in figures)
            label = f"{group}: {name}" if group != "all" else f"**{name}**"
            lines.append(f"| {label} | {figures[0].rows} | {' | '.join(cells)} | {unreadable:.1f} |")
    return "\n".join(lines)


def spread(values: Sequence[float | None], form: str = "{:.3f}") -> str:
    """Mean and standard deviation of a figure over seeds; a dash where none has it."""
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    return form.format(mean(known)) + (f" ± {form.format(stdev(known))}" if len(known) > 1 else "")
