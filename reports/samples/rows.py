"""A case as a row of a chat export: ShareGPT / LLaMA-Factory, and traceaudit's own QTA JSON."""

from typing import Any

from reports.samples.cases_file import Case, Turn
from reports.samples.pictures import attachments

Json = dict[str, Any]


def sharegpt(case: Case) -> Json:
    """A conversation with all its turns; images are bound to the <image> marks in order."""
    spoken = [message for turn in (case, *case.later) for message in turn_messages(turn)]
    images = [image.as_url for image in attachments(case)]
    spoken[0] = ("human", "<image>" * len(images) + spoken[0][1])
    shared: Json = {"tenant": case.tenant, "application": case.application, "system": case.system}
    return shared | messages_field(case, spoken) | ({"images": images} if images else {})


def turn_messages(turn: Turn) -> list[tuple[str, str]]:
    """Question and answer of one turn; thinking goes in tags before the answer."""
    thought = f"<think>\n{turn.thinking}\n</think>\n\n" if turn.thinking else ""
    return [("human", turn.question), ("gpt", thought + turn.answer)]


def messages_field(case: Case, spoken: list[tuple[str, str]]) -> Json:
    """The conversation under ShareGPT's names, or under OpenAI's."""
    if case.variant != "openai_tags":
        return {"conversations": [{"from": who, "value": text} for who, text in spoken]}
    roles = {"human": "user", "gpt": "assistant"}
    return {"messages": [{"role": roles[who], "content": text} for who, text in spoken]}


def qta(case: Case) -> Json:
    """Our own format; the variant is the kind of thinking."""
    return {
        "qta": 1,
        "tenant": case.tenant,
        "application": case.application,
        "user": case.user,
        "model": "kestrel-coder-2",
        "conversation_id": f"session-{case.digest('conversation', 12)}",
        "response_id": f"kc-{case.digest('response', 20)}",
        "occurred_at": case.occurred_at.isoformat().replace("+00:00", "Z"),
        "system_prompt": case.system,
        "question": case.question,
        "answer": case.answer,
        "thinking_kind": case.variant,
        **({"thinking": case.thinking} if case.thinking else {}),
        **qta_lists(case),
    }


def qta_lists(case: Case) -> Json:
    """Images, as data URL and as base64 by turns, and tool calls; left out where empty."""
    images: list[Json | str] = [
        {"data": image.text, "media_type": image.media_type} if place % 2 else image.as_url
        for place, image in enumerate(attachments(case))
    ]
    tools = [{"name": step.name, "arguments": step.arguments, "result": step.result} for step in case.tools]
    return ({"images": images} if images else {}) | ({"tool_calls": tools} if tools else {})
