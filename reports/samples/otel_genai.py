"""Cases as OpenTelemetry GenAI spans in OTLP JSON: one message of the exporter can hold the spans of several cases."""

import json
from typing import Any

from reports.samples.cases_file import Case
from reports.samples.pictures import Attachment, attachments

Json = dict[str, Any]

MODELS = {
    "raw": ("deepseek-reasoner", "deepseek"),
    "agent": ("deepseek-reasoner", "deepseek"),
    "summary": ("claude-sonnet-4-5-20250929", "anthropic"),
    "unknown": ("kestrel-coder-2", "kestrel"),
    "plain": ("gpt-4o-mini-2024-07-18", "openai"),
    "content_off": ("gpt-4o-mini-2024-07-18", "openai"),
}


def record(cases: list[Case]) -> Json:
    """One ExportTraceServiceRequest with the spans of all `cases`."""
    resource = {"service.namespace": cases[0].tenant, "service.name": cases[0].application}
    spans = [span for case in cases for span in spans_of(case)]
    scope_spans = {"scope": {"name": "opentelemetry.instrumentation.genai", "version": "1.2.0"}, "spans": spans}
    return {"resourceSpans": [{"resource": {"attributes": attributes(resource)}, "scopeSpans": [scope_spans]}]}


def spans_of(case: Case) -> list[Json]:
    """The chat span; an agent adds the tool's span and one of its own that repeats the chat."""
    chat = span(case, "chat", chat_attributes(case))
    if case.variant != "agent":
        return [chat]
    tools = [
        span(case, "execute_tool", {"gen_ai.tool.name": step.name, "gen_ai.tool.call.result": step.result})
        for step in case.tools
    ]
    agent = span(case, "invoke_agent", chat_attributes(case) | {"gen_ai.agent.name": case.application})
    parent = {"parentSpanId": agent["spanId"]}
    return [chat | parent, *(tool | parent for tool in tools), agent]


def span(case: Case, operation: str, values: Json) -> Json:
    """A span of the case's trace."""
    start_ns = int(case.occurred_at.timestamp()) * 10**9
    return {
        "traceId": case.digest("trace", 32),
        "spanId": case.digest(f"span {operation}", 16),
        "name": f"{operation} {MODELS[case.variant][0]}",
        "kind": 3 if operation == "chat" else 1,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 1_800_000_000),
        "attributes": attributes({"gen_ai.operation.name": operation} | values),
        "status": {},
    }


def attributes(values: Json) -> list[Json]:
    """Attributes as OTLP wraps them; text alone occurs here."""
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def chat_attributes(case: Case) -> Json:
    """The attributes of a chat span; without the messages where content capture is off."""
    model, provider = MODELS[case.variant]
    known = {
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "gen_ai.response.model": model,
        "gen_ai.response.id": f"resp-{case.digest('response', 24)}",
        "gen_ai.conversation.id": f"conv-{case.digest('conversation', 16)}",
        "enduser.id": case.user,
    }
    return known if case.variant == "content_off" else known | message_attributes(case)


def message_attributes(case: Case) -> Json:
    """System instructions, input and output as JSON text, as spans carry them."""
    system = [{"type": "text", "content": case.system}]
    return {
        "gen_ai.system_instructions": json.dumps(system),
        "gen_ai.input.messages": json.dumps(input_messages(case), ensure_ascii=False),
        "gen_ai.output.messages": json.dumps(output_messages(case), ensure_ascii=False),
    }


def input_messages(case: Case) -> list[Json]:
    """The question with its images, then the tool steps."""
    question = {"type": "text", "content": case.question}
    messages: list[Json] = [{"role": "user", "parts": [question, *(image_part(image) for image in attachments(case))]}]
    for place, step in enumerate(case.tools):
        call_id = f"call_{case.digest(f'call {place}', 24)}"
        call = {"type": "tool_call", "id": call_id, "name": step.name, "arguments": step.arguments}
        result = {"type": "tool_call_response", "id": call_id, "response": step.result}
        messages += [{"role": "assistant", "parts": [call]}, {"role": "tool", "parts": [result]}]
    return messages


def output_messages(case: Case) -> list[Json]:
    """One choice: thinking where there is some, then the answer."""
    thought = [{"type": "reasoning", "content": case.thinking}] if case.thinking else []
    parts = [*thought, {"type": "text", "content": case.answer}]
    return [{"role": "assistant", "parts": parts, "finish_reason": "stop"}]


def image_part(image: Attachment) -> Json:
    """A blob with the bytes, or the id of a file that the provider keeps."""
    if image.file_id:
        return {"type": "file", "modality": "image", "mime_type": image.media_type, "file_id": image.file_id}
    return {"type": "blob", "modality": "image", "mime_type": image.media_type, "content": image.text}
