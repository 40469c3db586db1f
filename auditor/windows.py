"""A case that exceeds the guard's context becomes overlapping windows that each fit; nothing is cut silently.

Thinking and response, tool steps included, are one stream that is cut in order, at steps, paragraphs or lines where
there are some. Each window has the question and the images beside its piece:

1. A question that takes at most half of the room stands whole in every window.
2. A longer one beside a short rest (a document with a short answer) is cut itself, the rest whole in every window.
3. Otherwise its head stands as the question of every window, and the question from there on gets windows of its own.

Images that leave too little room for text are left out, the last first, and the verdict counts them. Every character is
in a window, unless there would be more windows than allowed: then the covered share says so. The windows are made one
after another, so that of a text without end no more is read than the windows hold.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, TypeVar

from auditor.backends.base import Backend
from auditor.guard_input import GuardInput
from auditor.stream import Stream

NO_ROOM = "images_without_room"

MARGIN = 16  # tokens: pieces do not count as much together as each by itself
LEAST_ROOM = 64  # tokens for text, without which there are no windows
TEXT_SHARE = 0.25  # of the context beside the prompt's frame, that images leave to a text that needs so much
HEAD_SHARE = 0.25  # of the room, for the head of a question that is too long
CHARS_PER_TOKEN = 16  # a text with more for each token of the context is taken for too long without being counted
MOST_TOGETHER = 128  # windows prepared before they are asked about: each holds its images' pixels
ATTEMPTS = 8  # at a window that is longer in its prompt than by itself


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of a case, counted through question, thinking and response."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """What the guard is shown at a time: a whole case, or a part of one.

    Attributes:
        prepared: as the backend takes it.
        spans: what of the case it shows.
    """

    shown: GuardInput
    prepared: Any
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """The windows of a case, at least one.

    Attributes:
        n_chars: of the whole case.
        notes: what had to be left out, such as "images_without_room".
    """

    windows: tuple[Window, ...]
    n_chars: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """The frame of all windows of a case.

    Attributes:
        shown: the case, with the images that have room.
        n_tokens: for text.
    """

    shown: GuardInput
    n_tokens: int


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts cases to what a backend takes.

    Attributes:
        overlap: share of a window that the next one repeats, in [0, 0.5].
        max_windows: of one case.
    """

    backend: Backend
    overlap: float = 0.1
    max_windows: int = 32

    def __call__(self, shown: GuardInput) -> Cut:
        """The windows of a case; a single one that does not fit where there is no room for any."""
        n_chars = len(shown.question) + len(shown.thinking) + len(shown.response)
        whole = (Span(0, n_chars),)
        if n_chars <= CHARS_PER_TOKEN * self.backend.max_tokens:
            prepared = self.backend.prepare(shown)
            if prepared.n_tokens <= self.backend.max_tokens:
                return Cut((Window(shown, prepared, whole),), n_chars)
        room = self.room(shown)
        windows = tuple(islice(self.windows(room), self.max_windows)) if room else ()
        if not room or not windows:
            return Cut((Window(shown, self.backend.prepare(shown), whole),), n_chars)
        return Cut(windows, n_chars, (NO_ROOM,) if len(room.shown.images) < len(shown.images) else ())

    def room(self, shown: GuardInput) -> Room | None:
        """The frame with as many of the images as leave room for text; None where not even text has any."""
        texts = self.text_tokens(shown)
        bare = self.left_by(replace(shown, images=()))
        needed = max(LEAST_ROOM, min(texts, int(bare * TEXT_SHARE)))
        for n in range(len(shown.images), -1, -1):
            missing = shown.image_missing or (n == 0 and bool(shown.images))
            fewer = replace(shown, images=shown.images[:n], image_missing=missing)
            if (left := self.left_by(fewer)) >= needed:
                return Room(fewer, left)
        return None

    def left_by(self, shown: GuardInput) -> int:
        """Tokens that the frame of a case leaves for its text."""
        frame = replace(shown, question="", thinking="", response="")
        return self.backend.max_tokens - int(self.backend.prepare(frame).n_tokens) - MARGIN

    def text_tokens(self, shown: GuardInput) -> int:
        """Tokens of a case's texts; the whole context where they are too long to be counted."""
        stream = self.stream(shown.question, shown.thinking, shown.response)
        return self.tokens_of(stream, self.backend.max_tokens)

    def tokens_of(self, stream: Stream, limit: int) -> int:
        """Tokens of a stream, `limit` where they are more."""
        return limit if len(stream) > CHARS_PER_TOKEN * limit else min(limit, stream.n_tokens(0, len(stream)))

    def stream(self, *texts: str) -> Stream:
        """Texts as the backend counts them."""
        return Stream.of(texts, self.backend.count_text)

    def windows(self, room: Room) -> Iterator[Window]:
        """The windows of a case that is too long, made one at a time; see the module."""
        shown, half = room.shown, room.n_tokens // 2
        asked, rest = self.stream(shown.question), self.stream(shown.thinking, shown.response)
        question = self.tokens_of(asked, half + 1)
        beside = self.tokens_of(rest, half + 1)
        if question <= half:
            return self.along_rest(room, asked, rest, len(asked), room.n_tokens - question)
        if beside <= half:
            return self.along_question(room, asked, 0, room.n_tokens - beside, len(rest))
        head = asked.cut(0, asked.reach(0, int(room.n_tokens * HEAD_SHARE)))
        left = room.n_tokens - asked.n_tokens(0, head)
        alone = Room(replace(shown, thinking="", response=""), room.n_tokens)
        again = asked.word_before(head - int(head * self.overlap), 0)
        return chain(
            self.along_rest(room, asked, rest, head, left),
            self.along_question(alone, asked, again, room.n_tokens, 0),
        )

    def along_rest(self, room: Room, asked: Stream, rest: Stream, head: int, n_tokens: int) -> Iterator[Window]:
        """Windows along thinking and response, each with the first `head` characters of the question."""
        question = asked.whole[:head]

        def show(start: int, end: int) -> tuple[GuardInput, tuple[Span, ...]]:
            thinking, response = rest.pieces(start, end)
            part = replace(room.shown, question=question, thinking=thinking, response=response)
            return part, (Span(0, head), Span(len(asked) + start, len(asked) + end))

        return self.along(rest, 0, n_tokens, show)

    def along_question(self, room: Room, asked: Stream, start: int, n_tokens: int, n_rest: int) -> Iterator[Window]:
        """Windows along the question from `start`, each with the `n_rest` characters that follow on all of it."""

        def show(start: int, end: int) -> tuple[GuardInput, tuple[Span, ...]]:
            part = replace(room.shown, question=asked.whole[start:end])
            return part, (Span(start, end), Span(len(asked), len(asked) + n_rest))

        return self.along(asked, start, n_tokens, show)

    def along(self, stream: Stream, start: int, n_tokens: int, show: "Show") -> Iterator[Window]:
        """Overlapping windows from `start` to the end of a stream; they stop short where one cannot be made."""
        reached = start
        while reached < len(stream):
            found = self.window(stream, start, n_tokens, show)
            if found and found[1] > reached:
                window, end = found
                yield window
                reached, start = end, stream.word_before(end - int((end - start) * self.overlap), start + 1)
            elif start < reached:
                start = reached
            else:
                return

    def window(self, stream: Stream, start: int, n_tokens: int, show: "Show") -> tuple[Window, int] | None:
        """The longest window from `start` that fits when it is prepared, and where it ends."""
        for _ in range(ATTEMPTS):
            end = stream.cut(start, stream.reach(start, n_tokens))
            if end == start:
                return None
            shown, spans = show(start, end)
            prepared = self.backend.prepare(shown)
            excess = prepared.n_tokens - self.backend.max_tokens
            if excess <= 0:
                return Window(shown, prepared, spans), end
            n_tokens -= excess + MARGIN
        return None


Item = TypeVar("Item")
Show = Callable[[int, int], tuple[GuardInput, tuple[Span, ...]]]


def covered(cut: Cut, windows: Sequence[Window]) -> float:
    """Share of a case's characters that are in some of its windows, in [0, 1]."""
    reached = total = 0
    for span in sorted((span for window in windows for span in window.spans), key=lambda span: span.start):
        total += max(0, span.end - max(span.start, reached))
        reached = max(reached, span.end)
    return total / cut.n_chars if cut.n_chars else float(bool(windows))


def groups(cuts: Iterable[tuple[Item, Cut]]) -> Iterator[list[tuple[Item, Cut]]]:
    """Cuts to be asked about together, not many more windows at a time than a batch has cases."""
    group: list[tuple[Item, Cut]] = []
    n_windows = 0
    for item, cut in cuts:
        group.append((item, cut))
        n_windows += len(cut.windows)
        if n_windows >= MOST_TOGETHER:
            yield group
            group, n_windows = [], 0
    if group:
        yield group
