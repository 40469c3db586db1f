"""Our own format, for those who can shape their logs: one JSON object with `"qta": 1`, a question and an answer.

The JSON Schema beside this file is what `schema` gives.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from ingest.exchange import (
    Choice,
    Exchange,
    Identity,
    Image,
    Labels,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    image_from_url,
)
from ingest.formats.envelope import Logged
from ingest.formats.reading import Malformed
from ingest.qta import RefKind, ThinkingKind


class QtaImage(BaseModel):
    """An image as base64, with the media type that it is said to have."""

    data: str
    media_type: str | None = None


class QtaToolCall(BaseModel):
    """One tool call of the turn with what it gave back."""

    name: str
    arguments: Any = ""
    result: Any = None
    call_id: str | None = None
    is_error: bool = False


class QtaRecord(BaseModel):
    """One question-thinking-answer record, version 1."""

    model_config = ConfigDict(extra="allow", title="traceaudit QTA record")

    qta: Literal[1]
    question: str | None
    answer: str | None
    thinking: str | None = None
    thinking_kind: ThinkingKind | None = None
    images: list[str | QtaImage] = Field(
        default=[],
        description="data URLs, objects with base64, links, or, in files only, paths below the file's folder",
    )
    system_prompt: str | None = None
    tool_calls: list[QtaToolCall] = []
    tenant: str | None = None
    application: str | None = None
    user: str | None = Field(default=None, description="only its pseudonym is kept")
    model: str | None = Field(default=None, description="the audited model; its name tells raw thinking from a summary")
    conversation_id: str | None = None
    turn: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="number of this question in its conversation, from 0"
    )
    response_id: str | None = Field(
        default=None, description="unique for each answer; without it, equal records are one"
    )
    occurred_at: AwareDatetime | None = None


def claims(logged: Logged) -> str | None:
    """Why this record is of this format; None when it is not."""
    return "has the key qta" if "qta" in logged.outer else None


def parse(logged: Logged) -> tuple[Exchange, ...]:
    """The record's one exchange.

    Raises:
        Malformed: a field is missing or has a wrong type, or the version is not 1; names the field.
    """
    try:
        row = QtaRecord.model_validate(logged.outer)
    except ValidationError as error:
        raise Malformed(
            ".".join(str(name) for name in error.errors(include_url=False, include_input=False)[0]["loc"])
        ) from None
    return (
        Exchange(
            messages=tuple(asked(row)),
            choices=(Choice(tuple(answered(row))),),
            model=row.model,
            labels=Labels(row.tenant, row.application, row.user, row.conversation_id, row.occurred_at),
            identity=Identity(response_id=row.response_id),
            turn=row.turn,
            warnings=tuple("unknown_field" for _ in row.model_extra or ()),
        ),
    )


def asked(row: QtaRecord) -> Iterator[Message]:
    """What the model was given."""
    if row.system_prompt:
        yield Message(Role.SYSTEM, (Text(row.system_prompt),))
    question: list[Part] = [image_of(image) for image in row.images]
    if row.question:
        question.append(Text(row.question))
    yield Message(Role.USER, tuple(question))


def answered(row: QtaRecord) -> Iterator[Message]:
    """What the model thought, did and said."""
    kind = None if row.thinking_kind is ThinkingKind.ABSENT else row.thinking_kind
    thinking = [Thinking(row.thinking, kind)] if row.thinking or row.thinking_kind is ThinkingKind.REDACTED else []
    calls = [ToolUse(call.name, plain(call.arguments), call.call_id) for call in row.tool_calls]
    yield Message(Role.ASSISTANT, (*thinking, *calls))
    results = (
        ToolResult(plain(call.result), call.call_id, call.is_error)
        for call in row.tool_calls
        if call.result is not None
    )
    yield from (Message(Role.TOOL, (result,)) for result in results)
    if row.answer:
        yield Message(Role.ASSISTANT, (Text(row.answer),))


def plain(value: Any) -> str:
    """`value` as it is when it is text, else its JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def image_of(image: str | QtaImage) -> Image:
    """One entry of `images`."""
    if isinstance(image, str):
        return image_from_url(image)
    is_url = image.data[:5].lower() == "data:"
    return (
        image_from_url(image.data, image.media_type) if is_url else Image(RefKind.BASE64, image.data, image.media_type)
    )


def schema() -> str:
    """The JSON Schema of a record, as the text of the file that ships."""
    return orjson.dumps(QtaRecord.model_json_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
