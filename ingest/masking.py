"""Personal data out of a triple before it goes anywhere: each find becomes its kind in brackets, <EMAIL_ADDRESS>.

Which kinds are masked is a rule, one for each tenant that has its own. The triple's id is made before, from the log's
own names or a hash of the unmasked text, so that ids are the same whatever is masked. What finds personal data is an
argument; see `ingest.recognizers`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from ingest.errors import MaskingFailed
from ingest.qta import QTATriple, ToolCall

# Text that was JSON once has \n in it as two characters, and the n would be taken as part of the word behind it.
ESCAPES = re.compile(r"\\[nrtbf\"/\\]")
CACHED_TEXTS = 256  # system prompts and earlier turns come again with each triple of a conversation
MAX_CACHED_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Find:
    """Characters [start, end) of a text that are personal data.

    Attributes:
        entity: its kind, such as EMAIL_ADDRESS.
        score: how sure that is, in (0, 1].
    """

    start: int
    end: int
    entity: str
    score: float


Finder = Callable[[str], Sequence[Find]]
"""What finds personal data in a text.

Raises:
    TimeoutError: the text took too long to look through.
"""

Mask = Callable[[str], str]
"""A text with its personal data replaced.

Raises:
    TooSlowToMask: the text took too long to look through.
    MaskingFailed: what looks for personal data broke.
"""


class TooSlowToMask(Exception):
    """A text that took too long to look through; its record is rejected, and nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Masks:
    """What is masked for whom.

    Attributes:
        active: whether anything is masked for anybody; then raw bytes go nowhere either.
        default: for tenants without a rule of their own.
        tenants: None for a tenant that is left as it is, which only its own rule can say.
        kinds: all that is put in the place of personal data, for anybody.
        alias: stands for an identifier that holds personal data; the same for the same one.
    """

    active: bool = False
    default: Mask | None = None
    tenants: Mapping[str, Mask | None] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    alias: Callable[[str], str] = str

    def of(self, tenant: str) -> Mask | None:
        """The mask for a tenant's texts; None where they stay as they are."""
        return self.tenants.get(tenant, self.default)


def mask_of(finder: Finder) -> Mask:
    """The mask that replaces what `finder` finds."""

    def mask(text: str) -> str:
        return replaced(text, found_in(text, finder)) if text else text

    remembered = lru_cache(CACHED_TEXTS)(mask)
    return lambda text: remembered(text) if len(text) <= MAX_CACHED_CHARS else mask(text)


def found_in(text: str, finder: Finder) -> Sequence[Find]:
    """What is found in a text.

    The boundary that keeps a text from going on unmasked: whatever breaks in a recogniser stops the run. The message
    is the error's type, never its text, which may quote the log.
    """
    try:
        return finder(unescaped(text))
    except TimeoutError:
        raise TooSlowToMask from None
    except Exception as error:  # noqa: BLE001 - see above
        raise MaskingFailed(type(error).__name__) from None


def unescaped(text: str) -> str:
    """The text with blanks for escape sequences, each character at its place."""
    return ESCAPES.sub("  ", text) if "\\" in text else text


def replaced(text: str, finds: Iterable[Find]) -> str:
    """The text with each find replaced by its kind; finds that overlap become one, of the surest kind."""
    pieces, at = [], 0
    for find in merged(finds):
        pieces += [text[at : find.start], f"<{find.entity}>"]
        at = find.end
    return "".join([*pieces, text[at:]])


def merged(finds: Iterable[Find]) -> list[Find]:
    """Finds that do not overlap, in order, covering all that `finds` cover."""
    result: list[Find] = []
    for find in sorted(finds, key=lambda find: (find.start, -find.end)):
        if result and find.start < result[-1].end:
            before = result[-1]
            surest = max(before, find, key=lambda one: (one.score, one.end - one.start))
            result[-1] = replace(surest, start=before.start, end=max(before.end, find.end))
        else:
            result.append(find)
    return result


def masked(triple: QTATriple, mask: Mask, alias: Callable[[str], str]) -> QTATriple:
    """A triple with every text of it masked, but for `context`, which is masked before it is cut to length.

    Ids of conversations and responses stay apart from each other: one that holds personal data gets an alias.
    """

    def text(value: str | None) -> str | None:
        return mask(value) if value else value

    def name(value: str | None) -> str | None:
        return alias(value) if value and mask(value) != value else value

    return replace(
        triple,
        question=text(triple.question),
        thinking=text(triple.thinking),
        answer=text(triple.answer),
        system_prompt=text(triple.system_prompt),
        tool_calls=tuple(masked_call(call, mask, alias) for call in triple.tool_calls),
        tenant=mask(triple.tenant),
        application=text(triple.application),
        model=text(triple.model),
        conversation_id=name(triple.conversation_id),
        response_id=name(triple.response_id),
        trace_id=name(triple.trace_id),
        span_id=name(triple.span_id),
        warnings=tuple(map(mask, triple.warnings)),
        guards=tuple(
            replace(signal, guard=mask(signal.guard), categories=tuple(map(mask, signal.categories)))
            for signal in triple.guards
        ),
    )


def masked_call(call: ToolCall, mask: Mask, alias: Callable[[str], str]) -> ToolCall:
    """A tool call with its texts masked."""
    call_id = call.call_id
    return ToolCall(
        mask(call.name),
        mask(call.arguments),
        mask(call.result) if call.result else call.result,
        alias(call_id) if call_id and mask(call_id) != call_id else call_id,
        call.is_error,
    )
