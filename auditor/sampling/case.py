"""A drawn case for one reviewer, as JSON and as text for a terminal; pure.

What the guard said is left out where the policy hides it, unless asked for: who knows it tends to agree with it, and
the sample below the line is there to tell where it is wrong. Text of a log stands behind a bar, so that it cannot pass
for ours, and what hides or commands in it is made visible.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.sampling.queries import Due
from ingest.visible import visible

Row = Mapping[str, Any]

TEXTS = ("system_prompt", "context", "question", "thinking", "answer")
TITLES = {"system_prompt": "System prompt", "context": "Before it", "thinking": "Thinking"}
VERDICT = ("judgment", "risk", "category", "stage", "unscorable_reason", "coverage", "analysis", "model_id")
BAR = "  | "


def case_json(due: Due, triple: Row, images: Sequence[Row], *, show_verdict: bool) -> dict[str, Any]:
    """The case whole, for programs."""
    case = {
        "triple_id": due.triple_id,
        "date": str(due.day),
        "reason": due.reason,
        "votes": due.votes,
        **{name: triple[name] for name in ("tenant", "application", "model", "thinking_kind", "language", "status")},
        **{name: triple[name] for name in TEXTS},
        "tool_calls": [dict(call) for call in triple["tool_calls"]],
        "images": [dict(image) for image in images],
    }
    if show_verdict:
        verdict = {name: triple[name] for name in VERDICT}
        case["verdict"] = verdict | {"level": due.level, "stratum": due.stratum, "inclusion": due.inclusion}
    return case


def case_lines(due: Due, triple: Row, images: Sequence[Row], limit: int, *, show_verdict: bool) -> Iterator[str]:
    """The case for people.

    Args:
        due: the case.
        triple: the row of its triple, with the verdict by which it was drawn.
        images: the rows of its images.
        limit: characters of each text.
        show_verdict: whether what the guard said is told.
    """
    yield f"{due.triple_id}  {due.reason}, of {due.day}"
    facts = (("tenant", "tenant"), ("application", "application"), ("model", "model"), ("language", "language"))
    yield ", ".join(f"{title} {one_line(triple[name])}" for title, name in facts if triple[name])
    for name in TEXTS:
        if triple[name]:
            title = TITLES.get(name, name.capitalize())
            yield f"\n{title} ({triple['thinking_kind']})" if name == "thinking" else f"\n{title}"
            yield from barred(triple[name], limit)
    if not triple["thinking"]:
        yield f"\nNo thinking on record ({triple['thinking_kind']})"
    for call in triple["tool_calls"]:
        yield f"\nTool {one_line(call['name'])}{', failed' if call['is_error'] else ''}"
        yield from barred(call["arguments"] or "", limit)
        yield from barred(f"→ {call['result'] or ''}", limit)
    yield from map(image_line, images)
    yield ""
    yield from verdict_lines(due, triple, limit) if show_verdict else ("The guard's verdict is not shown.",)


def verdict_lines(due: Due, triple: Row, limit: int) -> Iterator[str]:
    """What the guard said."""
    if triple["judgment"] is None:
        yield f"The guard could not judge it: {triple['unscorable_reason'] or 'no risk'}"
    else:
        risk = "" if due.risk is None else f", risk {due.risk:.4f}"
        yield f"The guard says {triple['judgment']:g}{risk}, level {due.level}, category {triple['category']}"
    if triple["analysis"]:
        yield from barred(triple["analysis"], limit)


def image_line(image: Row) -> str:
    """An image, or why there is none."""
    if image["reason"]:
        return f"\nImage missing: {image['reason']}"
    return f"\nImage {image['media_type']}, {image['width']} x {image['height']}, sha256 {image['sha256']}"


def barred(text: str, limit: int) -> Iterator[str]:
    """The beginning of a text of a log, line by line behind the bar."""
    for line in visible(text[:limit]).replace("\t", "    ").split("\n"):
        yield BAR + line
    if len(text) > limit:
        yield f"  … {len(text) - limit:,} characters more; --whole shows all"


def one_line(text: str) -> str:
    """A short text of a log within a line of ours."""
    return visible(text).replace("\n", " ").replace("\t", " ")
