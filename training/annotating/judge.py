"""What a judge promises."""

from collections.abc import Sequence
from typing import Protocol

from auditor.completion import Reading, Unreadable, read_completion
from auditor.guard_input import GuardInput
from auditor.imitation import echoes
from ingest.qta import QTATriple
from training.items import Said, Voter

ECHO = "echo_of_the_log"
REFUSED = "refused"
TOO_LONG = "too_long"


class Judge(Protocol):
    """Says what the guard should say of cases. Broken machinery raises BackendFailed, and the call may be repeated."""

    @property
    def voter(self) -> Voter:
        """Who it is: its name, the version of its model, the hash of its prompt."""

    def annotate(self, triples: Sequence[QTATriple]) -> list[Said | Unreadable]:
        """What it says of each triple, in order; Unreadable where that cannot be read, or the case cannot be judged.

        Args:
            triples: with the bytes of their images.
        """

    def close(self) -> None:
        """Let go of what it holds."""


def read_said(text: str, shown: GuardInput, *, finished: bool) -> Said | Unreadable:
    """What a completion says, read as strictly as the guard's: one analysis, one judgment, and no echo of the log."""
    read = read_completion(text, finished=finished)
    if not isinstance(read, Reading):
        return read
    if not read.analysis:
        return Unreadable("no_analysis")
    return Unreadable(ECHO) if echoes(read.analysis, read.judgment, shown) else Said(read.analysis, read.judgment)
