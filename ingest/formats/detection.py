"""Which format a record is of, told by marks that no other format has; a record without a mark is refused.

In this order, the first that fits:

1.  qta                the key `qta`
2.  otel_genai         the keys `resourceSpans` or `resourceLogs`, unless all that is in them is OpenInference's;
                       attributes gen_ai.… of a span alone
3.  openinference      spans or attributes with openinference.span.kind or llm.input_messages
4.  litellm            the key `call_type` beside hidden_params or another mark of LiteLLM
5.  langfuse           an observation: type GENERATION, SPAN, … beside id and traceId; a trace with observations[];
                       events generation-create, … with a body, alone or in batch
6.  inspect_ai         eval.task beside samples, plan or version; id, epoch, input and messages of a sample alone
7.  claude_code        type and sessionId beside uuid or what else a line of a session has; a list of such lines
8.  openai_agents      object trace or trace.span, alone, in a list, or under data
9.  swe_agent          history[] with thought, action or message_type; trajectory_format mini-swe-agent; step_num,
                       action and response
10. langchain          a constructor of a message (lc 1), a message with type human or ai, a list or a state of them,
                       generations[][], run_type beside inputs
11. bedrock_converse   a response with output.message, whose blocks have no type; a stream with contentBlockDelta
12. gemini             a response with candidates[].content or promptFeedback.blockReason
13. openai_responses   a response with object response or output[] of its items; a stream of its events
14. anthropic_messages a response with type message and role assistant, or type error; a stream of its events
15. openai_chat        a response with object chat.completion or choices[].message; a stream of its chunks; an error
                       body after request.messages
16. sharegpt           conversations[].value, messages[].content[].value, messages beside images, instruction and
                       output

`messages` alone is a request of two APIs and a row of three training formats: it is not claimed by any.
"""

from dataclasses import dataclass

from conf.errors import ConfigError
from ingest.formats import FORMATS, Format
from ingest.formats.envelope import Logged
from ingest.formats.reading import FAULTS


@dataclass(frozen=True, slots=True)
class Detected:
    """A format's name, and the mark by which it was known."""

    format: str
    because: str


def detect(logged: Logged, forced: str = "", because: str = "as configured") -> Detected | None:
    """The record's format; None when nothing in it says so.

    Args:
        logged: the record, opened.
        forced: name of a format that the user says it is; nothing is looked at then.
        because: where the user says so.

    Raises:
        ConfigError: `forced` is no format.
    """
    if forced and forced not in FORMATS:
        raise ConfigError(f"ingest.format = {forced!r}: allowed here: {', '.join(FORMATS)}")
    if forced:
        return Detected(forced, because)
    claims = ((name, claim_of(known, logged)) for name, known in FORMATS.items())
    return next((Detected(name, because) for name, because in claims if because), None)


def claimed(logged: Logged, forced: str = "") -> bool:
    """Whether a format's own marks are in a record: of any, or of the one that the user says it is."""
    formats = [FORMATS[forced]] if forced in FORMATS else FORMATS.values()
    return any(claim_of(known, logged) for known in formats)


def claim_of(known: Format, logged: Logged) -> str | None:
    """The format's claim; a record with its mark, in which it then stumbles, is its own too, and will be malformed."""
    try:
        return known.claims(logged)
    except FAULTS:
        return "its mark, around a wrong shape"
