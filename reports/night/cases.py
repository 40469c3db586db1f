"""The first escalations in full: texts, images, verdict, why, and what is known of them from before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from auditor import queries_cases
from auditor.policies.store import InForce
from auditor.query_rows import ImageRow
from auditor.scope import Row, Scope
from auditor.verdict import Judgment
from reports.cases import Case, CaseDraw, CaseTool, CaseVote, EarlierVerdict, History, Signal, Text
from reports.night.room import Room

MAX_TOOLS = 60  # calls shown of one case
MAX_NAME_CHARS = 200
# Of a row, under the same names in a case.
SAME = (
    *("triple_id", "tenant", "application", "model", "format", "conversation_id", "turn", "response_id", "occurred_at"),
    *("scored_at", "status", "p_safe", "p_potentially_harmful", "p_harmful", "category", "category_source", "stage"),
    *("coverage", "windows", "images_seen", "images_total", "thinking_kind", "kind_source", "substitute", "level"),
    "threshold",
)
TEXTS = ("question", "thinking", "answer", "analysis", "context", "system_prompt")


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has of one case besides its own row."""

    images: Sequence[Row]
    verdicts: Sequence[Row]
    draws: Sequence[Row]
    votes: Sequence[Row]
    before: Row


@dataclass(frozen=True, slots=True)
class Showing:
    """How cases are shown.

    Attributes:
        whole: to the operator; otherwise to one tenant, who is not told what others share.
        max_chars: of each text.
        room: what is left for texts.
    """

    whole: bool
    max_chars: int
    room: Room

    def text(self, text: str | None) -> Text | None:
        """A text, cut."""
        return self.room.take(text, self.max_chars)


def read_cases(
    cursor: duckdb.DuckDBPyConnection,
    scope: Scope,
    ids: Sequence[str],
    policies: Mapping[date, InForce],
    max_chars: int,
) -> tuple[Case, ...]:
    """The cases of these triples, in their order.

    Args:
        cursor: in the report's snapshot, with the views.
        scope: the period.
        ids: of escalated triples.
        policies: of each day.
        max_chars: of each text; less where all of them would take more room than a page has.
    """
    rows, before = queries_cases.cases(cursor, scope, ids), queries_cases.escalated_before(cursor, scope, ids)
    images, verdicts = queries_cases.images(cursor, scope, ids), queries_cases.earlier_verdicts(cursor, scope, ids)
    draws, votes = queries_cases.draws(cursor, scope, ids), queries_cases.votes(cursor, scope, ids)
    showing, cases = Showing(scope.tenant is None, max_chars, Room()), []
    for one in ids:
        known = Known(images.get(one, ()), verdicts.get(one, ()), draws.get(one, ()), votes.get(one, ()), before[one])
        showing.room.next_case()
        cases.append(make_case(rows[one], known, policies[rows[one]["day"]].policy.version, showing))
    return tuple(cases)


def make_case(row: Row, known: Known, policy: str, showing: Showing) -> Case:
    """The case of one escalated triple; each of its texts is cut, and says so."""
    calls, whole = row["tool_calls"], showing.whole
    texts: dict[str, Any] = {name: showing.text(row[name]) for name in TEXTS}
    return Case(
        **{name: row[name] for name in SAME},
        **texts,
        user=row["user_id"],
        source=row["source"] if whole else "",
        partition=row["partition"] if whole else None,
        offset=row["offset"] if whole else None,
        judgment=judgment_name(row["judgment"]),
        risk=row["risk"] if row["usable"] else None,
        why=why(row, policy),
        contributions=dict(row["contributions"] or {}),
        flags=tuple(row["flags"]),
        guard=f"{row['model_id']} {row['model_revision'][:12]} {row['mode']}",
        tools=tuple(make_tool(call, showing) for call in calls[:MAX_TOOLS]),
        tools_left_out=max(0, len(calls) - MAX_TOOLS),
        images=tuple(ImageRow(**image) for image in known.images),
        warnings=tuple(row["warnings"]),
        policy=policy,
        language=row["language"] or "",
        signals=tuple(make_signal(one) for one in row["guards"] or ()),
        history=make_history(known, showing),
    )


def make_tool(call: Mapping[str, Any], showing: Showing) -> CaseTool:
    """One tool call as the database keeps it."""
    arguments = showing.text(call["arguments"]) or Text("")
    result = None if call["result"] is None else showing.text(call["result"]) or Text("")
    return CaseTool(call["name"][:MAX_NAME_CHARS], arguments, result, call["is_error"])


def make_signal(one: Mapping[str, Any]) -> Signal:
    """What another guard said."""
    return Signal(one["guard"], one["stage"], one["verdict"], tuple(one["categories"] or ()), one["score"])


def make_history(known: Known, showing: Showing) -> History:
    """What is known of a case from before."""
    return History(
        verdicts=tuple(make_earlier(row) for row in known.verdicts),
        draws=tuple(make_draw(row, showing) for row in known.draws),
        votes=tuple(make_vote(row, showing) for row in known.votes),
        same_conversation=known.before["same_conversation"],
        same_user=known.before["same_user"],
    )


def make_draw(row: Row, showing: Showing) -> CaseDraw:
    """A night that drew it; a stratum can be named after several tenants, and a report of one does not tell it."""
    return CaseDraw(row["day"], row["reason"], row["stratum"] if showing.whole else "")


def make_earlier(row: Row) -> EarlierVerdict:
    """An earlier verdict on the same triple."""
    values = {name: value for name, value in row.items() if name not in {"triple_id", "judgment"}}
    return EarlierVerdict(**values, judgment=judgment_name(row["judgment"]))


def make_vote(row: Row, showing: Showing) -> CaseVote:
    """What a reviewer said of it."""
    vote = judgment_name(row["vote"])
    return CaseVote(row["at"], row["reviewer"], vote, row["category"], showing.text(row["rationale"]))


def judgment_name(judgment: float | None) -> str:
    """The judgment's name in small letters; "unscorable" where there is none."""
    return "unscorable" if judgment is None else Judgment(judgment).name.lower()


def why(row: Row, policy: str) -> str:
    """The policy's decision as a sentence."""
    if not row["usable"]:
        return f"could not be scored ({row['unscorable_reason'] or 'no_risk'}); such cases always go to a person"
    rule = "" if row["rule"] == "default" else f" for {row['rule']}"
    return f"risk {row['risk']:.3f} is at or above the threshold {row['threshold']:g}{rule} of policy {policy}"
