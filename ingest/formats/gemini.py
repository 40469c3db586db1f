"""Gemini generateContent: request and response of the Gemini API and of Vertex AI, and dumps of SDK objects.

Source: python-genai types.py; Gemini API "Thinking", "Thought signatures", "Safety settings".
"""

import re
from collections.abc import Iterator
from typing import Any

from ingest.exchange import Choice, Exchange, Labels, Message, Role
from ingest.formats.endpoint import model_called
from ingest.formats.envelope import Logged, identity_of, labels_of
from ingest.formats.gemini_parts import content_messages, contents_in, messages_in
from ingest.formats.gemini_stream import assembled
from ingest.formats.guards import beside, highest, number, several, words
from ingest.formats.reading import Json, as_list, as_mapping, either, first_text, instant, mapping, objects
from ingest.qta import GuardSignal, Status

# The filters that take an answer away; any other finish but STOP leaves it unfinished. Older SDKs dump numbers.
FILTERS = re.compile(r"SAFETY|RECITATION|BLOCKLIST|PROHIBITED_CONTENT|SPII|MODEL_ARMOR|\A[34678]\Z")
WHOLE = {"STOP", "1", "FINISH_REASON_UNSPECIFIED", "0"}
LIKELY = {"MEDIUM", "HIGH", "3", "4"}
CANDIDATE_MARKS = ("content", "finishReason", "finish_reason")


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    bodies = [inner(body, "response") for body in (logged.response, *logged.events[:20])]
    if any(has_mark(item) for body in bodies for item in as_list(body.get("candidates"))):
        return "response.candidates[].content"
    if any(either(as_mapping(either(body, "promptFeedback")), "blockReason") for body in bodies):
        return "response.promptFeedback.blockReason"
    asked = request_of(logged).get("contents") is not None
    if asked and any(body.get("error") or either(body, "usageMetadata") for body in bodies):
        return "request.contents"
    return None


def has_mark(candidate: Any) -> bool:
    """Whether a candidate is one of this API."""
    return isinstance(candidate, dict) and any(candidate.get(name) is not None for name in CANDIDATE_MARKS)


def inner(body: Json, name: str) -> Json:
    """`body`, out of the object of the same name that Code Assist puts around it."""
    found = body.get(name)
    return found if isinstance(found, dict) and "candidates" not in body and "contents" not in body else body


def request_of(logged: Logged) -> Json:
    """The request body."""
    return inner(logged.request, "request")


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The one exchange of the pair; a lone response has no question."""
    request = request_of(logged)
    streamed = bool(logged.events)
    responses = [inner(body, "response") for body in logged.events or (logged.response,)]
    response = assembled(responses) if streamed else responses[0]
    choices = tuple(choices_of(response, streamed=streamed))
    return (
        Exchange(
            messages=asked(request, response),
            choices=choices,
            status=Status.COMPLETE if choices else without_candidates(response),
            model=first_text(either(response, "modelVersion"), request.get("model"), model_called(logged)),
            labels=labels(logged, response),
            identity=identity_of(logged, {"id": either(response, "responseId")}),
            warnings=("hidden_reasoning_tokens",) if thought_tokens(response) else (),
            guards=(*prompt_signals(response), *beside(logged, logged.response)),
        ),
    )


def asked(request: Json, response: Json) -> tuple[Message, ...]:
    """The system instruction and the contents; where the SDK ran the tools, its history has their steps too."""
    config = as_mapping(request.get("config"))
    system = either(request, "systemInstruction") or either(config, "systemInstruction")
    instructions = (Message(Role.SYSTEM, message.parts) for message in messages_in(system))
    history = as_list(either(response, "automaticFunctionCallingHistory"))
    return (*instructions, *messages_in(history or request.get("contents")))


def choices_of(response: Json, *, streamed: bool) -> Iterator[Choice]:
    """The candidates. A stream that ends without a finish was cut off."""
    usage = either(response, "usageMetadata")
    hides = usage is None or thought_tokens(response) > 0
    for place, candidate in enumerate(objects(response.get("candidates"), "candidates")):
        content = mapping(candidate.get("content"), "candidates[].content")
        contents = [{**each, "role": "model"} for each in contents_in(content or None)]
        yield Choice(
            messages=tuple(message for each in contents for message in content_messages(each, hides=hides)),
            status=status_of(finish_of(candidate), streamed=streamed),
            index=int(candidate.get("index") or place),
            guards=tuple(candidate_signals(candidate)),
        )


def finish_of(candidate: Json) -> str:
    """The finish reason, without the name of its enumeration; empty where there is none."""
    return enum_name(either(candidate, "finishReason"))


def enum_name(value: Any) -> str:
    """The name of a member of an enumeration, or its number."""
    return "" if value is None else str(value).rpartition(".")[2]


def status_of(finish: str, *, streamed: bool) -> Status:
    """Whether an answer is whole."""
    if not finish:
        return Status.INCOMPLETE if streamed else Status.COMPLETE
    if finish in WHOLE:
        return Status.COMPLETE
    return Status.BLOCKED if FILTERS.search(finish) else Status.INCOMPLETE


def without_candidates(response: Json) -> Status:
    """Why there is no answer: the prompt was refused, the provider failed, or nothing came."""
    if either(as_mapping(either(response, "promptFeedback")), "blockReason"):
        return Status.BLOCKED
    return Status.ERROR if response.get("error") else Status.INCOMPLETE


def thought_tokens(response: Json) -> float:
    """Tokens spent on thinking."""
    return number(either(as_mapping(either(response, "usageMetadata")), "thoughtsTokenCount")) or 0


def prompt_signals(response: Json) -> Iterator[GuardSignal]:
    """What the filters said of the prompt."""
    feedback = as_mapping(either(response, "promptFeedback"))
    if reason := enum_name(either(feedback, "blockReason")):
        yield GuardSignal("gemini.block_reason", "input", "blocked", words([reason]))
    yield from rating_signals(feedback, "input")


def candidate_signals(candidate: Json) -> Iterator[GuardSignal]:
    """What the filters said of an answer."""
    finish = finish_of(candidate)
    if FILTERS.search(finish):
        yield GuardSignal("gemini.finish_reason", "output", "blocked", words([finish]))
    yield from rating_signals(candidate, "output")


def rating_signals(body: Json, stage: str) -> Iterator[GuardSignal]:
    """The safety ratings: blocked, or found likely; the score is the highest probability."""
    ratings = several(either(body, "safetyRatings"))
    if not ratings:
        return
    blocked = [rating for rating in ratings if rating.get("blocked") is True]
    likely = [rating for rating in ratings if enum_name(rating.get("probability")) in LIKELY]
    verdict = "blocked" if blocked else "flagged" if likely else "passed"
    found = (enum_name(rating.get("category")) for rating in blocked or likely)
    score = highest(either(rating, "probabilityScore") for rating in ratings)
    yield GuardSignal("gemini.safety_ratings", stage, verdict, words(found), score)


def labels(logged: Logged, response: Json) -> Labels:
    """The envelope's labels; where it has no time, that of the response."""
    found = labels_of(logged)
    return Labels(
        tenant=found.tenant,
        application=found.application,
        user=found.user,
        conversation_id=found.conversation_id,
        occurred_at=instant(either(response, "createTime")) or found.occurred_at,
    )
