"""A case as OpenAI Chat Completions: request and response, as a gateway logs them."""

import json
from collections.abc import Callable
from typing import Any

from reports.samples.cases_file import Case
from reports.samples.pictures import attachments, encode

Json = dict[str, Any]


def record(case: Case) -> Json:
    """The envelope of the gateway: who asked, the request as sent, the response as received."""
    return {
        "tenant": case.tenant,
        "application": case.application,
        "request": request(case),
        "response": SHAPES[case.variant](case),
    }


def request(case: Case) -> Json:
    """The request; a tool loop carries its earlier steps in the messages."""
    return {
        "model": MODELS.get(case.variant, "gpt-4o-mini-2024-07-18"),
        "messages": [
            {"role": "system", "content": case.system},
            {"role": "user", "content": user_content(case)},
            *tool_messages(case),
        ],
        "user": case.user,
        **({"stream": True} if case.variant == "stream" else {}),
        **({"n": 2} if case.second_answer else {}),
    }


def user_content(case: Case) -> str | list[Json]:
    """Plain text, or a list of parts when there are images."""
    images = [{"type": "image_url", "image_url": {"url": image.as_url}} for image in attachments(case)]
    return [{"type": "text", "text": case.question}, *images] if images else case.question


def tool_messages(case: Case) -> list[Json]:
    """For each tool step the assistant's call, with the thinking before it, and what came back."""
    messages: list[Json] = []
    for place, step in enumerate(case.tools):
        call_id = f"call_{case.digest(f'call {place}', 24)}"
        call = {
            "id": call_id,
            "type": "function",
            "function": {"name": step.name, "arguments": json.dumps(step.arguments)},
        }
        thought = {"reasoning_content": case.thinking} if not place and case.thinking else {}
        messages.append({"role": "assistant", "content": None, **thought, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": call_id, "content": step.result})
    return messages


def completion(case: Case, *messages: Json, finish_reason: str = "stop", **usage: Any) -> Json:
    """A `chat.completion` with one choice for each message."""
    choices = [
        {"index": index, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}
        for index, message in enumerate(messages)
    ]
    return {
        **head(case, "chat.completion"),
        "choices": choices,
        "usage": {"total_tokens": 40 + len(case.answer) // 4, **usage},
    }


def head(case: Case, kind: str) -> Json:
    """What responses and chunks begin with."""
    return {
        "id": f"chatcmpl-{case.digest('response', 29)}",
        "object": kind,
        "created": int(case.occurred_at.timestamp()),
        "model": MODELS.get(case.variant, "gpt-4o-mini-2024-07-18"),
    }


def plain(case: Case) -> Json:
    """An answer and nothing else."""
    return completion(case, {"content": case.answer})


def reasoning_content(case: Case) -> Json:
    """The field of DeepSeek."""
    return completion(case, {"content": case.answer, "reasoning_content": case.thinking})


def reasoning(case: Case) -> Json:
    """The field of vLLM."""
    return completion(case, {"content": case.answer, "reasoning": case.thinking})


def reasoning_details(detail: Callable[[Case], Json]) -> Callable[[Case], Json]:
    """OpenRouter's list, with one entry made by `detail`."""

    def shape(case: Case) -> Json:
        repeated = {"reasoning": case.thinking} if case.thinking else {}
        return completion(case, {"content": case.answer, **repeated, "reasoning_details": [detail(case)]})

    return shape


def text_detail(case: Case) -> Json:
    """Readable thinking."""
    return {"type": "reasoning.text", "text": case.thinking, "format": "unknown", "index": 0}


def summary_detail(case: Case) -> Json:
    """Written by the provider in place of the thinking."""
    return {"type": "reasoning.summary", "summary": case.thinking, "format": "openai-responses-v1", "index": 0}


def encrypted_detail(case: Case) -> Json:
    """Ciphertext: there was thinking, and nobody but the provider can read it."""
    return {"type": "reasoning.encrypted", "data": ciphertext(case), "format": "openai-responses-v1", "index": 0}


def ciphertext(case: Case) -> str:
    """Base64 that means nothing, as long as a real one."""
    return encode(bytes.fromhex(case.digest("ciphertext a", 64) + case.digest("ciphertext b", 64)))


def think_tags(case: Case) -> Json:
    """A server without a reasoning parser: thinking and answer in one text."""
    return completion(case, {"content": f"<think>\n{case.thinking}\n</think>\n\n{case.answer}"})


def think_unopened(case: Case) -> Json:
    """The prompt template wrote the opening tag, so the text lacks it."""
    return completion(case, {"content": f"{case.thinking}\n</think>\n\n{case.answer}"})


def think_unclosed(case: Case) -> Json:
    """The token limit fell into the thinking: there is no answer."""
    return completion(case, {"content": f"<think>\n{case.thinking}"}, finish_reason="length")


def tool_loop(case: Case) -> Json:
    """The last response of a loop; calls and thinking are in the request."""
    return completion(case, {"content": case.answer})


def two_choices(case: Case) -> Json:
    """Two answers to one question: two triples."""
    return completion(case, {"content": case.answer}, {"content": case.second_answer})


def hidden_reasoning(case: Case) -> Json:
    """Thinking that is billed and not shown."""
    return completion(case, {"content": case.answer}, completion_tokens_details={"reasoning_tokens": 192})


def blocked(case: Case) -> Json:
    """The provider's own filter stopped the answer."""
    return completion(case, {"content": None}, finish_reason="content_filter")


def error(_case: Case) -> Json:
    """The provider did not answer."""
    return {
        "error": {"message": "The server is overloaded, please try again later.", "type": "server_error", "code": "503"}
    }


def stream(case: Case) -> str:
    """Server-sent events, as they came over the wire."""
    pieces = [
        {"role": "assistant", "content": ""},
        *deltas("reasoning_content", case.thinking),
        *deltas("content", case.answer),
    ]
    events = [chunk(case, piece, None) for piece in pieces] + [chunk(case, {}, "stop")]
    return "".join(f"data: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events) + "data: [DONE]\n\n"


def deltas(name: str, text: str, size: int = 60) -> list[Json]:
    """`text` in pieces of a few words."""
    return [{name: text[start : start + size]} for start in range(0, len(text), size)]


def chunk(case: Case, delta: Json, finish_reason: str | None) -> Json:
    """One event of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {**head(case, "chat.completion.chunk"), "choices": [choice]}


MODELS = {
    "reasoning_content": "deepseek-reasoner",
    "reasoning": "Qwen/Qwen3-VL-8B-Thinking",
    "reasoning_details_text": "z-ai/glm-4.6",
    "reasoning_details_summary": "openai/o4-mini",
    "reasoning_details_encrypted": "openai/o3",
    "think_tags": "deepseek-r1-distill-llama-70b",
    "think_unopened": "deepseek-r1-distill-llama-70b",
    "think_unclosed": "deepseek-r1-distill-llama-70b",
    "tool_loop": "deepseek-reasoner",
    "stream": "deepseek-reasoner",
    "hidden_reasoning": "o4-mini-2025-04-16",
}

SHAPES: dict[str, Callable[[Case], Json | str]] = {
    "plain": plain,
    "reasoning_content": reasoning_content,
    "reasoning": reasoning,
    "reasoning_details_text": reasoning_details(text_detail),
    "reasoning_details_summary": reasoning_details(summary_detail),
    "reasoning_details_encrypted": reasoning_details(encrypted_detail),
    "think_tags": think_tags,
    "think_unopened": think_unopened,
    "think_unclosed": think_unclosed,
    "tool_loop": tool_loop,
    "two_choices": two_choices,
    "hidden_reasoning": hidden_reasoning,
    "blocked": blocked,
    "error": error,
    "stream": stream,
}
