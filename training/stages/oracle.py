"""Which of two judgments of a case is right: the label's or the model's.

Source: arXiv 2511.20994, stage three: an oracle compares the two and rules which of them is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from training.items import Item, Said


class Ruled(StrEnum):
    """What came of a conflict."""

    LABEL_RIGHT = "label_right"  # the model's words become a hard negative
    LABEL_WRONG = "label_wrong"  # to experts
    OPEN = "open"  # nobody could say: to experts


@dataclass(frozen=True, slots=True)
class Conflict:
    """An item that the model judges otherwise than its label, and the model's words."""

    item: Item
    said: Said


class Oracle(Protocol):
    """Rules on conflicts."""

    @property
    def name(self) -> str:
        """Of what rules; part of what a stage's result depends on."""

    def rule(self, conflicts: Sequence[Conflict]) -> list[Ruled]:
        """What comes of each conflict, in order."""


class People:
    """The queue of people as the oracle: every conflict is open until they have reviewed it.

    Once two of them, or an expert, judged such a case, the next run takes their word and asks no oracle.
    """

    name = "people"

    def rule(self, conflicts: Sequence[Conflict]) -> list[Ruled]:
        """See Oracle."""
        return [Ruled.OPEN for _ in conflicts]
