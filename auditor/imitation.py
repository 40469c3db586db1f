"""Log text that imitates the guard's own: found for people to look at, and where a judgment may have come out of it.

The protocol has no escaping: a log may hold lines that look like the guard's headers, and the guard reads them as text.
Nothing here changes what it is shown; see docs/security.md.
"""

import re

from auditor.completion import ANALYSIS_MARK, GAP, JUDGMENT_MARK
from auditor.guard_input import GuardInput
from auditor.skeleton import skeleton
from auditor.verdict import Judgment

FLAG = "imitates_the_guard"
# In a skeleton: a header of the user turn, a token of a chat template, a turn's head.
HEADER = re.compile(r"current task (?:query|thinking|cleaned response)\s{0,4}:")
TOKEN = re.compile(
    r"<[|]?\s{0,4}/?(?:im_|vision_|image_pad|video_pad|endoftext|box_|quad_|object_ref_)[a-z_]{0,20}\s{0,4}[|]?>"
)
FORGED = re.compile(rf"judge?ment{GAP}[:=]{GAP}(?P<label>0?\.5|[01])")
ENOUGH = 40  # letters before a judgment that, being the same as in the log, are no coincidence


def imitates(shown: GuardInput) -> bool:
    """Whether a field holds what only the guard or its template writes, in whatever guise."""
    return any(
        pattern.search(field)
        for field in map(skeleton, (shown.question, shown.thinking, shown.response))
        for pattern in (HEADER, TOKEN, ANALYSIS_MARK, JUDGMENT_MARK)
    )


def echoes(analysis: str, judgment: Judgment, shown: GuardInput) -> bool:
    """Whether the completion repeats a judgment of the log, with the words before it.

    A guard that was talked into copying has not judged. The few words before a judgment of its own may be in a log by
    chance, but not before the same judgment there.

    Args:
        analysis: as the guard wrote it.
        judgment: read after it.
        shown: what the guard was shown.
    """
    own = letters(skeleton(f'"analysis": {analysis}'))[-ENOUGH:]
    return any(
        float(found["label"]) == judgment.value
        and letters(field[max(0, found.start() - 10 * ENOUGH) : found.start()]).endswith(own)
        for field in map(skeleton, (shown.question, shown.thinking, shown.response))
        for found in FORGED.finditer(field)
    )


def letters(text: str) -> str:
    """Letters and digits alone, so that it does not matter how a line is broken or quoted."""
    return "".join(filter(str.isalnum, text))
