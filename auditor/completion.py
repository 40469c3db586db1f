"""The guard's text becomes analysis and judgment, or Unreadable. Strict: an unreadable completion is never safe.

An analysis may quote the log, and the log may forge what the guard writes. So one analysis and one judgment are looked
for in whatever guise (see skeleton.py), and read only as the guard was taught to write them.
"""

import re
from dataclasses import dataclass

from auditor.skeleton import skeleton
from auditor.verdict import Judgment

BLANK = " \t\r\n"
# The analysis begins the completion; the judgment is its last line, with nothing behind the label.
ANALYSIS = re.compile(r"[“\"]Analysis[”\"][ \t]*[:：]")
JUDGMENT = re.compile(r"[“\"]Judgment[”\"][ \t]*[:：][ \t]*(0\.5|0|1)")
LABELS = {judgment.label: judgment for judgment in Judgment}

# In a skeleton: the word as a field's name, in quotes or Markdown; or with no quotes, where a label follows.
# Repeats are bounded, so that no text makes the search slow.
DECORATED = r"[\"*_#~\[\](){}<>]"
GAP = r"[\s\"*_#~\[\](){}<>]{0,12}"
LABEL = rf"{GAP}[:=]{GAP}(?:0?\.5|[01])(?![\d.]*\d)"
JUDGMENT_MARK = re.compile(rf"{DECORATED}\s{{0,4}}judge?ment\s{{0,4}}{DECORATED}{GAP}[:=]|\bjudge?ment{LABEL}")
ANALYSIS_MARK = re.compile(rf"{DECORATED}\s{{0,4}}analysis\s{{0,4}}{DECORATED}{GAP}[:=]")


@dataclass(frozen=True, slots=True)
class Reading:
    """A completion that could be read."""

    analysis: str
    judgment: Judgment


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A completion that could not be read; the triple is unscorable and escalates.

    Attributes:
        reason: "truncated", "no_judgment", "several_judgments" or "several_analyses".
    """

    reason: str


def read_completion(text: str, *, finished: bool = True) -> Reading | Unreadable:
    """The one judgment of a completion.

    Several judgments are unreadable, whichever comes last: an analysis may quote the log, and the log may forge one.
    They count in any quotation marks, in letters that only look the same, and with invisible characters between.

    Args:
        text: what the model wrote, special tokens removed.
        finished: False when the model was cut off at its token limit.
    """
    if not finished:
        return Unreadable("truncated")
    seen = skeleton(text)
    if len(JUDGMENT_MARK.findall(seen)) > 1:
        return Unreadable("several_judgments")
    if len(ANALYSIS_MARK.findall(seen)) > 1:
        return Unreadable("several_analyses")
    written, _, last = text.strip(BLANK).rpartition("\n")
    head, label = ANALYSIS.match(written), JUDGMENT.fullmatch(last.strip(BLANK))
    if head is None or label is None:
        return Unreadable("no_judgment")
    return Reading(written[head.end() :].strip(BLANK), LABELS[label[1]])
