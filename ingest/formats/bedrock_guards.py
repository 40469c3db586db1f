"""What Amazon Bedrock's guardrails said of a call: the trace of their assessments, and the reason why it stopped.

An assessment quotes what it found in `match`; only the types of what it found are kept.

Source: botocore data/bedrock-runtime, `GuardrailTraceAssessment`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from ingest.formats.guards import highest, several, words
from ingest.formats.reading import Json, as_mapping, either
from ingest.qta import GuardSignal

NAMES = ("type", "name")
STOPS = {"guardrail_intervened": "bedrock.guardrail", "content_filtered": "bedrock.content_filter"}


def trace_signals(trace: Any) -> Iterator[GuardSignal]:
    """What the guardrail said of input and output, where the trace was switched on."""
    guardrail = as_mapping(as_mapping(trace).get("guardrail"))
    for field, stage in (("inputAssessment", "input"), ("outputAssessments", "output")):
        held = as_mapping(either(guardrail, field)).values()
        assessments = [assessment for value in held for assessment in several(value)]
        if assessments:
            yield assessed(assessments, stage)


def assessed(assessments: Iterable[Json], stage: str) -> GuardSignal:
    """One signal for all policies of one side."""
    found = [finding for assessment in assessments for finding in findings_in(assessment)]
    actions = {str(finding.get("action")).upper() for finding in found}
    verdict = "blocked" if "BLOCKED" in actions else "masked" if "ANONYMIZED" in actions else None
    detected = [finding for finding in found if finding.get("detected") is not False]
    named = (finding.get(name) for finding in detected for name in NAMES)
    score = highest(finding.get("score") for finding in found)
    return GuardSignal(
        "bedrock.guardrail", stage, verdict or ("flagged" if detected else "passed"), words(named), score
    )


def findings_in(assessment: Json) -> Iterator[Json]:
    """What the policies found: the objects in the lists of each policy."""
    for name, policy in assessment.items():
        if name.lower().endswith("policy"):
            for listed in as_mapping(policy).values():
                yield from several(listed)


def stop_signals(reason: str | None, traced: Iterable[GuardSignal]) -> tuple[GuardSignal, ...]:
    """What the stop reason says, unless the trace says it better."""
    if reason not in STOPS or any(signal.verdict == "blocked" for signal in traced):
        return ()
    return (GuardSignal(STOPS[reason], "unknown", "blocked"),)


def invoke_signals(response: Json) -> tuple[GuardSignal, ...]:
    """What InvokeModel adds to the body of the model's own API."""
    if response.get("amazon-bedrock-guardrailAction") != "INTERVENED":
        return ()
    traced = tuple(trace_signals(response.get("amazon-bedrock-trace")))
    return traced or (GuardSignal("bedrock.guardrail", "unknown", "blocked"),)
