"""Text that a server's tokenizer cannot take for special tokens.

A chat API takes text and tokenizes it with special tokens on. So each literal of such a token is broken up, by a
character that shows nothing. It only ever adds that character: nothing is taken out of what the guard reads.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from auditor.errors import ModelUnusable
from auditor.guard_input import GuardInput

# Zero width non-joiner: no normalisation form takes it out, and no token of the template holds it.
BREAK = "\u200c"
NEUTRALISED = "special_tokens_neutralised"


@dataclass(frozen=True, slots=True)
class Neutraliser:
    """Breaks up every literal of a token that a tokenizer takes out of text before anything else."""

    literals: re.Pattern[str]

    def __call__(self, text: str) -> str:
        """The text with each literal broken behind its first character; the same text where it has none."""
        while self.literals.search(text):  # again, since literals may overlap
            text = self.literals.sub(lambda found: found[0][0] + BREAK + found[0][1:], text)
        return text

    def shown(self, shown: GuardInput) -> GuardInput:
        """The case with all its texts neutral; an equal one where there was nothing to do."""
        return replace(
            shown,
            question=self(shown.question),
            thinking=self(shown.thinking),
            response=self(shown.response),
            local=self(shown.local),
        )


def neutraliser(literals: Iterable[str]) -> Neutraliser:
    """A neutraliser for these literals.

    Raises:
        ModelUnusable: one of them is a single character, which cannot be broken, or holds the breaking one.
    """
    longest_first = sorted(literals, key=len, reverse=True)
    if any(len(literal) < 2 or BREAK in literal for literal in longest_first):
        raise ModelUnusable("this tokenizer has a special token that cannot be told from text; use another backend")
    return Neutraliser(re.compile("|".join(map(re.escape, longest_first))))
