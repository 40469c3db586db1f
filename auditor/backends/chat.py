"""A case as messages of a chat, and what the answers of a chat API say."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from auditor.backends.base import Completion
from auditor.errors import BackendFailed
from auditor.guard_input import IMAGE_MISSING, GuardInput, Protocol, render_fields

Message = Mapping[str, Any]
N_LIKELIEST = 20  # the most tokens that servers of this kind list


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """One prompt as messages.

    Attributes:
        messages: the system's and the user's.
        n_tokens: of the prompt that the server has to make of them.
        adapted: how the case's text had to be changed.
    """

    messages: tuple[Message, ...]
    n_tokens: int
    protocol: Protocol
    adapted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One request, and the length of the prompt that it has to become.

    Attributes:
        body: without the model's name.
    """

    body: Mapping[str, Any]
    n_tokens: int


def as_messages(shown: GuardInput, system_prompt: str, images: Sequence[Image.Image]) -> tuple[Message, ...]:
    """What the template makes the guard's prompt of: local policy, images and fields in the user's one message."""
    fields = (IMAGE_MISSING if shown.image_missing else "") + render_fields(shown)
    local = [{"type": "text", "text": shown.local}] if shown.local else []
    pictures = [{"type": "image_url", "image_url": {"url": as_url(image)}} for image in images]
    content = [*local, *pictures, {"type": "text", "text": fields}]
    return {"role": "system", "content": system_prompt}, {"role": "user", "content": content}


def as_url(image: Image.Image) -> str:
    """An image as a data URL that holds the very same pixels."""
    png = io.BytesIO()
    image.save(png, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()


def label_question(prompt: ChatPrompt, own: str, n_own: int, tokens: Sequence[int]) -> Question:
    """Asks for the probabilities of the one token behind the beginning of the guard's own message.

    The temperature is 1, which leaves the probabilities as they are on servers that apply it to them.

    Args:
        prompt: of the case.
        own: the beginning, special tokens neutralised.
        n_own: its tokens.
        tokens: whose probabilities are wanted; a server that does not know `logprob_token_ids` lists the likeliest.
    """
    body = {
        "messages": [*prompt.messages, {"role": "assistant", "content": own}],
        "continue_final_message": True,
        "add_generation_prompt": False,
        "max_tokens": 1,
        "temperature": 1.0,
        "logprobs": True,
        "top_logprobs": N_LIKELIEST,
        "logprob_token_ids": list(tokens),
    }
    return Question(body, prompt.n_tokens + n_own)


def read_answer(answer: Any, n_tokens: int) -> Completion:
    """What the guard wrote, as an answer tells it.

    Raises:
        KeyError, TypeError, IndexError: the answer has another shape.
    """
    choice = answer["choices"][0]
    finished = choice["finish_reason"] == "stop"
    n_output = answer["usage"]["completion_tokens"] - finished  # the end of the turn is counted there
    return Completion(choice["message"]["content"] or "", finished, n_tokens, max(0, n_output))


def read_listed(answer: Any) -> dict[str, float]:
    """The log-probabilities that an answer lists for the one token that was asked for, by the token's text."""
    (place, *_) = answer["choices"][0]["logprobs"]["content"]
    return {one["token"]: float(one["logprob"]) for one in place["top_logprobs"]}


def read_shares(answer: Any, literals: Mapping[int, str]) -> dict[int, float]:
    """Log-probabilities of some tokens at the place that was asked for.

    A token that is not among those listed is given the last one's, which it has at most. That moves the share of a
    listed one, of probability p, by at most last / (p + last), where `last` is at most 1 / N_LIKELIEST.

    Args:
        answer: to a label question.
        literals: of the wanted tokens, by id.

    Raises:
        BackendFailed: none of them is listed.
        KeyError, TypeError, ValueError: the answer has another shape.
    """
    listed = read_listed(answer)
    found = {token: listed[literal] for token, literal in literals.items() if literal in listed}
    if not found:
        raise BackendFailed("the server's model gives no label where the judgment stands; does it serve the guard?")
    last = min(listed.values())
    return {token: found.get(token, last) for token in literals}
