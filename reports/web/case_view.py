"""A case as the page shows it: texts, cut where they are very long, and what the verdict says in sentences; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.reviewing.whole_case import CaseVerdict, PolicyLine, WholeCase
from reports.cases import Signal, Text

MAX_CHARS = 20_000  # of a text, unless all of it is asked for
MAX_WHOLE_CHARS = 1_000_000
MAX_TOOLS = 200
JUDGMENTS = {0.0: "safe", 0.5: "potentially_harmful", 1.0: "harmful"}


@dataclass(frozen=True, slots=True)
class ShownTool:
    """A tool call; `result` is None where the log has none."""

    name: str
    arguments: Text
    result: Text | None
    is_error: bool


@dataclass(frozen=True, slots=True)
class CaseView:
    """What the page shows.

    Attributes:
        texts: question, thinking, answer, context and system_prompt; None where there is none.
        tools: in the order in which they were called.
        tools_left_out: calls that are not shown.
        is_cut: whether anything is left out that can be asked for.
        signals: what other guards said of the case in the log.
        judgment: of the guard's verdict in a word; "" without one.
        why: what the policy did with it, in a sentence; "" without one.
    """

    texts: Mapping[str, Text | None]
    tools: Sequence[ShownTool]
    tools_left_out: int
    is_cut: bool
    signals: Sequence[Signal]
    judgment: str
    why: str


def shown_case(whole: WholeCase, *, whole_texts: bool) -> CaseView:
    """A case as it is shown."""
    most, triple = MAX_WHOLE_CHARS if whole_texts else MAX_CHARS, whole.triple
    texts = {name: cut(triple[name], most) for name in ("question", "thinking", "answer", "context", "system_prompt")}
    calls = triple["tool_calls"] or ()
    tools = tuple(tool_of(call, most) for call in calls[:MAX_TOOLS])
    parts = [*texts.values(), *(part for tool in tools for part in (tool.arguments, tool.result))]
    return CaseView(
        texts=texts,
        tools=tools,
        tools_left_out=max(0, len(calls) - MAX_TOOLS),
        is_cut=any(part and part.left_out for part in parts),
        signals=() if whole.hidden else tuple(signals(triple["guards"] or ())),
        judgment=judgment(whole.verdict),
        why=why(whole.verdict, whole.line),
    )


def cut(text: str | None, most: int) -> Text | None:
    """The beginning of a text; None where there is none."""
    return Text(text[:most], max(0, len(text) - most)) if text else None


def tool_of(call: Mapping[str, Any], most: int) -> ShownTool:
    """A tool call as the database keeps it."""
    result = None if call["result"] is None else cut(call["result"], most) or Text("")
    return ShownTool(call["name"], cut(call["arguments"], most) or Text(""), result, bool(call["is_error"]))


def signals(guards: Sequence[Mapping[str, Any]]) -> Iterator[Signal]:
    """What other guards said; hidden with the verdict, since it sways as much."""
    for one in guards:
        yield Signal(one["guard"], one["stage"], one["verdict"], tuple(one["categories"] or ()), one["score"])


def judgment(verdict: CaseVerdict | None) -> str:
    """The judgment in a word."""
    if verdict is None:
        return ""
    return "unscorable" if verdict.judgment is None else JUDGMENTS[verdict.judgment]


def why(verdict: CaseVerdict | None, line: PolicyLine | None) -> str:
    """What the policy did with a verdict, with the numbers that were compared."""
    if verdict is None or line is None:
        return ""
    if verdict.judgment is None or verdict.risk is None:
        reason = (verdict.unscorable_reason or "no risk").replace("_", " ")
        return f"the guard could not judge it ({reason}); such cases always go to a person"
    rule = "the default" if line.source == "default" else f"the rule for {line.source}"
    where = f"({rule} of policy {line.policy})"
    if line.level == "urgent":
        return f"its risk {verdict.risk:.3f} is at or above the urgent line {line.urgent:g} {where}"
    if line.level == "escalate":
        return f"its risk {verdict.risk:.3f} is at or above the line for escalating {line.escalate:g} {where}"
    return f"its risk {verdict.risk:.3f} is below the line for escalating {line.escalate:g} {where}"
