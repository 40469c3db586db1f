"""One log format per file, and the table of them.

A format has two pure functions: `claims(logged)` says why a record is of this format, or None; `parse(logged)` maps
its fields to exchanges. One whose interactions may be spread over records has two more: `fragments(logged)` takes a
record apart by interaction, `join(payloads)` maps what belongs to one interaction to exchanges.
`exchange.py` holds the types they give, `reading.py` and `envelope.py` what they share.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.exchange import Exchange
from ingest.formats import (
    anthropic_messages,
    bedrock_converse,
    claude_code,
    gemini,
    inspect_ai,
    langchain,
    langfuse,
    litellm,
    openai_agents,
    openai_chat,
    openai_responses,
    openinference,
    otel_genai,
    qta,
    sharegpt,
    swe_agent,
)
from ingest.formats.envelope import Logged
from ingest.qta import Fragment


@dataclass(frozen=True, slots=True)
class Format:
    """What a format's file offers.

    Attributes:
        claims: the mark by which a record is known to be of this format, in words; None when it is not.
        parse: its exchanges; none when it holds no model turn. Raises Malformed, or whatever a wrong shape raises.
        fragments: what it holds of each interaction, each key once; none where it needs no other record, and then
            `parse` has the whole of it. Raises as `parse` does.
        join: the exchanges of one interaction, from the payloads of its fragments in the order in which they were read.
    """

    claims: Callable[[Logged], str | None]
    parse: Callable[[Logged], tuple[Exchange, ...]]
    fragments: Callable[[Logged], tuple[Fragment, ...]] | None = None
    join: Callable[[Sequence[Any]], tuple[Exchange, ...]] | None = None


# In the order of detection: see detection.py.
FORMATS = {
    "qta": Format(qta.claims, qta.parse),
    "otel_genai": Format(otel_genai.claims, otel_genai.parse, otel_genai.fragments, otel_genai.join),
    "openinference": Format(openinference.claims, openinference.parse, openinference.fragments, openinference.join),
    "litellm": Format(litellm.claims, litellm.parse),
    "langfuse": Format(langfuse.claims, langfuse.parse, langfuse.fragments, langfuse.join),
    "inspect_ai": Format(inspect_ai.claims, inspect_ai.parse),
    "claude_code": Format(claude_code.claims, claude_code.parse, claude_code.fragments, claude_code.join),
    "openai_agents": Format(openai_agents.claims, openai_agents.parse, openai_agents.fragments, openai_agents.join),
    "swe_agent": Format(swe_agent.claims, swe_agent.parse),
    "langchain": Format(langchain.claims, langchain.parse),
    "bedrock_converse": Format(bedrock_converse.claims, bedrock_converse.parse),
    "gemini": Format(gemini.claims, gemini.parse),
    "openai_responses": Format(openai_responses.claims, openai_responses.parse),
    "anthropic_messages": Format(anthropic_messages.claims, anthropic_messages.parse),
    "openai_chat": Format(openai_chat.claims, openai_chat.parse),
    "sharegpt": Format(sharegpt.claims, sharegpt.parse),
}
