"""An exchange in the form of a log, as the gateways of the sample logs write it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import Any

from reports.demo_store.scenes import Kind, Said
from reports.samples import anthropic_messages, openai_chat, otel_genai, rows
from reports.samples.cases_file import Case

Json = dict[str, Any]


def spans(case: Case) -> Json:
    """A message of an exporter with the spans of one case."""
    return otel_genai.record([case])


RECORDS: dict[str, Callable[[Case], Json]] = {
    "openai_chat": openai_chat.record,
    "anthropic_messages": anthropic_messages.record,
    "sharegpt": rows.sharegpt,
    "qta": rows.qta,
    "otel_genai": spans,
}

# The shapes of each tenant's logs with how often each occurs; thinking that is not shown comes second.
OPEN = {
    "harbor-bank": {
        "openai_chat.reasoning_content": 40,
        "openai_chat.think_tags": 12,
        "openai_chat.stream": 12,
        "openai_chat.reasoning_details_summary": 14,
        "openai_chat.think_unopened": 6,
    },
    "linden-clinic": {
        "anthropic_messages.thinking_raw": 34,
        "anthropic_messages.thinking_summary": 36,
        "anthropic_messages.stream": 12,
        "sharegpt.think_tags": 8,
    },
    "kestrel-software": {
        "otel_genai.raw": 34,
        "otel_genai.summary": 16,
        "otel_genai.unknown": 8,
        "qta.raw": 20,
        "qta.summary": 8,
        "qta.unknown": 4,
    },
}
HIDDEN = {
    "harbor-bank": {"openai_chat.plain": 12, "openai_chat.reasoning_details_encrypted": 8},
    "linden-clinic": {"anthropic_messages.plain": 10, "anthropic_messages.redacted": 12, "sharegpt.plain": 4},
    "kestrel-software": {"otel_genai.plain": 8, "qta.absent": 6, "qta.redacted": 5},
}
WITH_TOOLS = {
    "harbor-bank": "openai_chat.tool_loop",
    "linden-clinic": "anthropic_messages.tool_loop",
    "kestrel-software": "otel_genai.agent",
}
OTHER_APPLICATIONS = {"openai_chat.stream": "mobile-app", "sharegpt": "web-chat", "qta": "review-bot"}
TROUBLES = ("huge_header", "truncated_by_logger", "remote", "lying_type", "provider_file")
TROUBLED = 0.02  # of the routine exchanges
MODERATED = {"openai_chat"}  # formats whose gateway writes beside an exchange what a moderation said of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged(Case):
    """A case of one of the days; `number` makes its ids differ from those of the same words on another day."""

    moment: datetime
    number: int

    @property
    def occurred_at(self) -> datetime:
        """When it took place, UTC."""
        return self.moment

    @property
    def user(self) -> str:
        """One of some hundred users of the tenant."""
        return f"{self.tenant.partition('-')[0]}-{int(self.digest('user', 6), 16) % 240 + 100}"

    def digest(self, purpose: str, n_digits: int) -> str:
        """Hex digits for an id, the same each time the store is made."""
        return sha256(f"{self.tenant} {self.number} {self.shape} {purpose}".encode()).hexdigest()[:n_digits]


def shape_for(said: Said, chance: Random) -> str:
    """The form in which an exchange is logged; harm that is in the thinking alone is always there to be read."""
    if said.application == "open-chat":
        return "qta.raw" if said.thinking else "qta.absent"
    if said.tools:
        return WITH_TOOLS[said.tenant]
    open_shapes, hidden = OPEN[said.tenant], HIDDEN[said.tenant]
    shapes = hidden if not said.thinking else open_shapes if said.kind is Kind.SLIPPED else open_shapes | hidden
    return chance.choices(list(shapes), list(shapes.values()))[0]


def bytes_of(said: Said, moment: datetime, number: int, chance: Random) -> bytes:
    """The record that a tenant's gateway would write."""
    shape = shape_for(said, chance)
    form = shape.partition(".")[0]
    trouble = chance.choice(TROUBLES) if said.kind is Kind.ROUTINE and form != "sharegpt" else ""
    hidden = shape in HIDDEN[said.tenant]
    case = Logged(
        tenant=said.tenant,
        application=OTHER_APPLICATIONS.get(shape) or OTHER_APPLICATIONS.get(form) or said.application,
        system=said.system,
        at=moment.timetz().replace(tzinfo=None),
        moment=moment.astimezone(UTC),
        number=number,
        shape=shape,
        question=said.question,
        thinking="" if hidden else said.thinking,
        answer=said.answer,
        images=said.images,
        image_trouble=trouble if chance.random() < TROUBLED else "",
        tools=said.tools,
    )
    record = RECORDS[form](case)
    if said.files:
        record["images"] = list(said.files)
    if said.application == "open-chat":
        record["application"] = "open-chat"
    if form in MODERATED:
        record |= moderation(said, chance)
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def moderation(said: Said, chance: Random) -> Json:
    """What a moderation of input and output says: it sees words, and neither thinking nor images."""
    asks = said.kind in {Kind.COMPLIED, Kind.REFUSED, Kind.INCIDENT} and not said.images
    return {
        "input_moderation": result(asks, 0.6, chance),
        "output_moderation": result(said.kind in {Kind.COMPLIED, Kind.INCIDENT}, 0.5, chance),
    }


def result(harmful: bool, hit: float, chance: Random) -> Json:
    """One result in the form of OpenAI's moderation endpoint; `hit` is how often it sees harm."""
    flagged = chance.random() < (hit if harmful else 0.01)
    score = chance.uniform(0.55, 0.98) if flagged else chance.uniform(0.0, 0.2)
    return {"flagged": flagged, "categories": {"illicit": flagged}, "category_scores": {"illicit": round(score, 3)}}
