"""Texts of a case as one stream: where it may be cut so that a piece reads well, and how far a piece may reach."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

# Where to cut, the best first, with how many characters of the mark stay before the cut.
BOUNDARIES = (("\n[action ", 1), ("\n\n", 2), ("\n", 1), (". ", 2), ("。", 1), (" ", 1))
CUT_WITHIN = 0.2  # a boundary is looked for in this last share of a piece
WORD_CHARS = 40  # a piece begins at a word where one begins within so many characters before

FIRST_GUESS = 3.0  # characters of a token, about; a wrong guess costs a second count
GROWTH = 4.0  # a piece that is much too short is tried at up to so many times its size: what is counted stays linear
ENOUGH = 0.85  # a piece that fills so much of its room is long enough
AIM = 0.95
CLOSE = 0.02  # of its size: nearer to the longest piece that fits is not worth another count


@dataclass(frozen=True, slots=True)
class Stream:
    """Texts one after another.

    Attributes:
        texts: in order.
        whole: all of them as one text.
        borders: where each begins, and where the last one ends.
        count: tokens of a text.
    """

    texts: tuple[str, ...]
    whole: str
    borders: tuple[int, ...]
    count: Callable[[str], int]

    @classmethod
    def of(cls, texts: tuple[str, ...], count: Callable[[str], int]) -> "Stream":
        """The stream of some texts."""
        borders = [0]
        for text in texts:
            borders.append(borders[-1] + len(text))
        return cls(texts, "".join(texts), tuple(borders), count)

    def __len__(self) -> int:
        """Its characters."""
        return len(self.whole)

    def pieces(self, start: int, end: int) -> list[str]:
        """What lies between `start` and `end`, a piece of each text; empty where nothing of it does."""
        return [self.whole[max(a, start) : max(a, min(b, end))] for a, b in pairwise(self.borders)]

    def n_tokens(self, start: int, end: int) -> int:
        """Tokens of these pieces, each counted by itself."""
        return sum(self.count(piece) for piece in self.pieces(start, end) if piece)

    def reach(self, start: int, room: int) -> int:
        """An end for the piece from `start` that takes about `room` tokens and not more; `start` where nothing fits.

        What is counted is at most a few times the piece, however long the stream is.
        """
        fits, exceeds, size = 0, 0, max(1, int(room * FIRST_GUESS))  # in characters; 0 exceeds: not known yet
        while not exceeds or exceeds - fits > max(1, exceeds * CLOSE):
            size = min(size, len(self) - start)
            n = self.n_tokens(start, start + size)
            if n > room:
                exceeds = size
            else:
                fits = size
                if start + size == len(self) or n >= ENOUGH * room:
                    break
            size = next_size(int(size * min(GROWTH, AIM * room / max(n, 1))), fits, exceeds)
        return start + fits

    def cut(self, start: int, end: int) -> int:
        """A good place to cut, at or shortly before `end`."""
        if end >= len(self):
            return len(self)
        low = max(start + 1, end - int((end - start) * CUT_WITHIN))
        found = [border for border in self.borders if low <= border <= end]
        for mark, kept in BOUNDARIES:
            at = self.whole.rfind(mark, low, end)
            found += [at + kept] if at >= 0 else []
            if found:
                return found[0]
        return end

    def word_before(self, start: int, floor: int) -> int:
        """Where the word at `start` begins, if that is near and not before `floor`; else `start`."""
        low = max(floor, start - WORD_CHARS)
        return 1 + max(self.whole.rfind(mark, low, start) for mark in (" ", "\n")) or start


def next_size(guess: int, fits: int, exceeds: int) -> int:
    """The guess, where it lies well between a size that fits and one that does not; else a size that does."""
    if not exceeds:
        return max(guess, fits + 1)
    margin = (exceeds - fits) // 10
    return guess if fits + margin < guess < exceeds - margin else (fits + exceeds) // 2
