"""What stands in a telemetry's `input` and `output`: whatever shape the traced library had at hand.

A provider's own request and response, messages in anybody's form, a prompt, an object of the application. Formats that
wrap such values hand them over here; what has no known shape is taken as the text that it is.
"""

from dataclasses import replace
from typing import Any

from ingest.exchange import Exchange
from ingest.formats import anthropic_messages, bedrock_converse, gemini, openai_chat, openai_responses
from ingest.formats.anyones_answers import answers
from ingest.formats.anyones_messages import asked, unwrapped
from ingest.formats.envelope import open_envelope
from ingest.formats.otel_events import Conversation
from ingest.formats.reading import FAULTS, as_mapping

PROVIDERS = (bedrock_converse, gemini, openai_responses, anthropic_messages, openai_chat)


def conversation_of(request: Any, response: Any) -> Conversation:
    """Messages and answers of a pair."""
    found = exchange_of(request, response)
    return Conversation(found.messages, found.choices)


def exchange_of(request: Any, response: Any) -> Exchange:
    """The exchange of a pair, as far as it tells: a provider's has the model, an id and guards too."""
    request, response = unwrapped(request), unwrapped(response)
    known = by_provider(request, response)
    if known is None:
        return Exchange(asked(request), answers(response))
    return known if known.messages else replace(known, messages=asked(request))


def by_provider(request: Any, response: Any) -> Exchange | None:
    """The pair as a provider's format reads it; None where none of them knows the response as its own."""
    if not isinstance(response, dict | list) or not response or is_message_list(response):
        return None
    body = request if isinstance(request, dict) else {"messages": request} if isinstance(request, list) else {}
    logged = open_envelope({"request": body, "response": response})
    for known in PROVIDERS:
        try:
            if known.claims(logged):
                exchanges: tuple[Exchange, ...] = known.parse(logged)
                return exchanges[0] if exchanges else None
        except FAULTS:
            continue
    return None


def is_message_list(value: Any) -> bool:
    """Whether a value is a list of messages, which no response is."""
    return isinstance(value, list) and any("role" in as_mapping(item) for item in value)
