"""What LiteLLM's guardrails said, as its StandardLoggingPayload has it.

Source: BerriAI/litellm types/utils.py, `StandardLoggingGuardrailInformation`.
"""

from collections.abc import Iterator
from typing import Any

from ingest.formats.guards import highest, several, words
from ingest.formats.reading import Json, as_list, as_mapping, text
from ingest.qta import GuardSignal

# The words of older versions stand beside those of newer ones.
VERDICTS = {
    "success": "passed",
    "guardrail_intervened": "blocked",
    "blocked": "blocked",
    "guardrail_flagged": "flagged",
    "guardrail_failed_to_respond": "failed",
    "failure": "failed",
}
STAGES = {
    "pre_call": "input",
    "during_call": "input",
    "pre_mcp_call": "input",
    "during_mcp_call": "input",
    "post_call": "output",
}
SCORES = ("confidence_score", "risk_score", "score")


def guardrail_signals(payload: Json) -> tuple[GuardSignal, ...]:
    """One signal for each guardrail that ran."""
    metadata = as_mapping(payload.get("metadata"))
    held = payload.get("guardrail_information") or metadata.get("standard_logging_guardrail_information")
    return tuple(signal for information in several(held) for signal in signals_of(information))


def signals_of(information: Json) -> Iterator[GuardSignal]:
    """What one guardrail said; nothing where it did not run."""
    verdict = VERDICTS.get(str(information.get("guardrail_status")))
    if verdict is None:
        return
    masked = [name for name, count in as_mapping(information.get("masked_entity_count")).items() if count]
    if masked and verdict == "passed":
        verdict = "masked"
    named = words([information.get("guardrail_name"), information.get("guardrail_provider")])
    guard = f"litellm.{named[0] if named else 'guardrail'}"
    found = words([*masked, *detected(information.get("guardrail_response"))])
    score = highest(information.get(name) for name in SCORES)
    yield GuardSignal(guard, stage_of(information.get("guardrail_mode")), verdict, found, score)


def detected(response: Any) -> Iterator[str | None]:
    """The types of entities that Presidio found, and the categories that OpenAI's moderation did."""
    for finding in several(response):
        yield text(finding.get("entity_type"))
        for result in (finding, *several(finding.get("results"))):
            yield from (name for name, is_so in as_mapping(result.get("categories")).items() if is_so is True)


def stage_of(mode: Any) -> str:
    """What a guardrail looked at; unknown where it ran on both sides."""
    stages = {STAGES.get(str(each).rpartition(".")[2], "unknown") for each in as_list(mode) or [mode]}
    return stages.pop() if len(stages) == 1 else "unknown"
