"""The guard's text becomes analysis and judgment, or Unreadable. Strict: an unreadable completion is never safe."""

import re
from dataclasses import dataclass

from auditor.verdict import Judgment

ANALYSIS = r"[“\"]Analysis[”\"]\s*[:：]\s*"
JUDGMENT = r"[“\"]Judgment[”\"]\s*[:：]\s*"
# Exactly one analysis, one judgment on a line of its own after it, and nothing behind the label.
COMPLETION = re.compile(rf"\A\s*{ANALYSIS}(?P<analysis>.*?)\s*\n\s*{JUDGMENT}(?P<label>0\.5|0|1)\s*\Z", re.DOTALL)
LABELS = {judgment.label: judgment for judgment in Judgment}


@dataclass(frozen=True, slots=True)
class Reading:
    """A completion that could be read."""

    analysis: str
    judgment: Judgment


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A completion that could not be read; the triple is unscorable and escalates.

    Attributes:
        reason: "truncated", "no_judgment" or "several_judgments".
    """

    reason: str


def read_completion(text: str, *, finished: bool = True) -> Reading | Unreadable:
    """The one judgment of a completion.

    Several judgments are unreadable, whichever comes last: an analysis may quote the log, and the log may forge one.

    Args:
        text: what the model wrote, special tokens removed.
        finished: False when the model was cut off at its token limit.
    """
    if not finished:
        return Unreadable("truncated")
    if len(re.findall(JUDGMENT, text)) > 1:
        return Unreadable("several_judgments")
    match = COMPLETION.match(text)
    if match is None:
        return Unreadable("no_judgment")
    return Reading(match["analysis"], LABELS[match["label"]])
