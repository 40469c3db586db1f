"""What the guards of OpenAI, Azure and OpenRouter said, as GuardSignals.

Logs carry their word in several places: a finish reason, filter results beside an answer or a prompt, an error instead
of an answer, the result of the moderation endpoint beside the pair. All of it is welcome and none of it required, so
that a strange shape is passed over. Categories are the guard's own words; a value that does not read like one is left
out, since it may be text of the log.

Source: openai-python types/moderation.py, types/chat; Azure OpenAI "Content filtering"; OpenRouter "Errors".
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ingest.exchange import Message, Refusal
from ingest.formats.envelope import Logged
from ingest.formats.reading import Json, as_list, as_mapping
from ingest.qta import GuardSignal

WORD = re.compile(r"[A-Za-z][\w./&-]*(?: [\w./&-]+){0,3}\Z")
MAX_WORD_CHARS = 48
HARMLESS = {"safe", "none", ""}

# Codes and types of errors that say that a prompt was refused, not that a provider broke.
BLOCKED_CODES = {
    "content_filter",
    "content_policy_violation",
    "content_policy",
    "moderation",
    "moderation_blocked",
    "data_inspection_failed",  # Qwen
    "invalid_prompt",
    "ResponsibleAIPolicyViolation",  # Azure
}
BLOCKED_FINISHES = {"content_filter", "sensitive"}  # the second is Z.ai's

MODERATION = re.compile(r"moderation", re.IGNORECASE)
# What a guard looked at, by the name of its field. "moderation_response" may be the endpoint's answer on either side.
SIDES = {
    "input": re.compile(r"input|prompt|request", re.IGNORECASE),
    "output": re.compile(r"output|completion|answer|^response", re.IGNORECASE),
}


def words(values: Iterable[Any]) -> tuple[str, ...]:
    """Those of `values` that read like the name of a category, each once."""
    named = (value for value in values if isinstance(value, str) and len(value) <= MAX_WORD_CHARS and WORD.match(value))
    return tuple(dict.fromkeys(named))


def number(value: Any) -> float | None:
    """`value` when it is a number."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def highest(values: Iterable[Any]) -> float | None:
    """The highest of those of `values` that are numbers."""
    return max((found for value in values if (found := number(value)) is not None), default=None)


def finish_signals(finish: Any) -> tuple[GuardSignal, ...]:
    """What a finish reason says, where a filter cut the answer off."""
    return (GuardSignal("openai.finish_reason", "output", "blocked"),) if finish in BLOCKED_FINISHES else ()


def refusal_signals(messages: Iterable[Message]) -> tuple[GuardSignal, ...]:
    """The provider's refusal, where it has a field of its own."""
    refused = any(isinstance(part, Refusal) for message in messages for part in message.parts)
    return (GuardSignal("openai.refusal", "output", "refused"),) if refused else ()


def azure_signals(results: Any, stage: str) -> tuple[GuardSignal, ...]:
    """What Azure's filters say.

    Args:
        results: `content_filter_results`: one object, or several, as the chunks of a stream have them.
        stage: what they looked at.
    """
    checks = [check for result in several(results) for check in checks_in(result)]
    if not checks:
        return ()
    if any(name == "error" for name, _ in checks):
        return (GuardSignal("azure.content_filter", stage, "failed"),)
    filtered = [name for name, check in checks if any(one.get("filtered") is True for one in several(check))]
    found = [name for name, check in checks if any(is_found(one) for one in several(check))]
    verdict = "blocked" if filtered else "flagged" if found else "passed"
    return (GuardSignal("azure.content_filter", stage, verdict, words(filtered or found)),)


def checks_in(result: Json) -> Iterator[tuple[str, Any]]:
    """The filters in a result, by name; some servers put the result once more inside itself."""
    inner = result.get("content_filter_results", result.get("content_filter_result"))
    for name, check in as_mapping(inner if isinstance(inner, dict) else result).items():
        if isinstance(check, dict | list):
            yield name, check


def is_found(check: Json) -> bool:
    """Whether a filter found something, be it too little to cut it off."""
    severity = check.get("severity")
    return check.get("detected") is True or (isinstance(severity, str) and severity.lower() not in HARMLESS)


def several(value: Any) -> list[Json]:
    """One object or a list of them, as a list."""
    return [value] if isinstance(value, dict) else [item for item in as_list(value) if isinstance(item, dict)]


def prompt_signals(response: Json) -> tuple[GuardSignal, ...]:
    """What Azure's filters say of the prompt, and OpenAI's moderation of either side."""
    prompt = (as_mapping(item).get("content_filter_results") for item in as_list(response.get("prompt_filter_results")))
    return (*azure_signals([item for item in prompt if item], "input"), *moderation_signals(response))


def error_signals(error: Any) -> tuple[GuardSignal, ...]:
    """What an error says, where it is a guard's."""
    body = as_mapping(error)
    inner, metadata = as_mapping(body.get("innererror")), as_mapping(body.get("metadata"))
    signals = [*azure_signals(inner.get("content_filter_result"), "input")]
    if reasons := as_list(metadata.get("reasons")):
        signals.append(GuardSignal("openrouter.moderation", "input", "blocked", words(reasons)))
    elif codes := blocked_codes(body):
        signals.append(GuardSignal("openai.error", "input", "blocked", words(codes)))
    return tuple(signals)


def blocked_codes(error: Json) -> list[str]:
    """The codes of an error that say that a guard refused."""
    codes = (error.get("code"), error.get("type"), as_mapping(error.get("innererror")).get("code"))
    return [code for code in codes if isinstance(code, str) and code in BLOCKED_CODES]


def moderation_signals(*places: Json) -> tuple[GuardSignal, ...]:
    """What OpenAI's moderation says in the fields of `places` that are named after it."""
    fields = ((name, value) for place in places for name, value in place.items() if MODERATION.search(name))
    return tuple(signal for name, value in fields for signal in moderation_in(value, stage_of(name)))


def beside(logged: Logged, response: Json) -> tuple[GuardSignal, ...]:
    """What a gateway's moderation says, in fields beside the pair."""
    return () if logged.outer is response or logged.outer is logged.response else moderation_signals(logged.outer)


def moderation_in(value: Any, stage: str) -> Iterator[GuardSignal]:
    """The verdicts in a moderation: one result, the endpoint's answer, or one of these for each side."""
    for body in several(value):
        if isinstance(body.get("flagged"), bool):
            yield moderation_signal(body, stage)
        elif body.get("type") == "error":
            yield GuardSignal("openai.moderation", stage, "failed")
        elif as_list(body.get("results")):
            yield from moderation_in(body["results"], stage)
        else:
            sides = ((value, stage_of(name)) for name, value in body.items())
            yield from (signal for value, side in sides if side != "unknown" for signal in flat_moderation(value, side))


def flat_moderation(value: Any, stage: str) -> Iterator[GuardSignal]:
    """The verdicts of one side, which has no sides of its own."""
    for body in several(value):
        yield from moderation_in({name: body[name] for name in body if stage_of(name) == "unknown"}, stage)


def moderation_signal(result: Json, stage: str) -> GuardSignal:
    """One result of the moderation endpoint."""
    found = (name for name, is_so in as_mapping(result.get("categories")).items() if is_so is True)
    score = highest(as_mapping(result.get("category_scores")).values())
    return GuardSignal("openai.moderation", stage, "flagged" if result["flagged"] else "passed", words(found), score)


def stage_of(name: str) -> str:
    """What a guard looked at, told from the name of its field."""
    return next((side for side, pattern in SIDES.items() if pattern.search(name)), "unknown")
