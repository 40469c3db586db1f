"""What the guard said of the windows of a case becomes its one opinion: the worst of them.

1. The window of the highest harm score decides; of equal ones the more severe judgment. Its analysis, probabilities and
   mode are the case's.
2. Where a window could not be judged, or some of the text is in no window, one that was judged harmful stands, with the
   share that was judged. Without one the case is unscorable: nothing is called safe that was not seen.
3. What was spent is summed. `triage` is the worst of what triage said, as the line was laid against it.
4. In a cascade every window goes its own way, with the draw of the whole case. `sent` and `inclusion` are the deciding
   window's; but where a window that was sure to be judged in full is harmful, they are that one's: the case was found
   without the audited sample, and must not count as one that only the sample found.
"""

from collections.abc import Sequence
from dataclasses import replace

from auditor.opinion import TOO_LONG, Opinion
from auditor.verdict import Judgment
from auditor.windows import Cut, covered


def worst(cut: Cut, opinions: Sequence[Opinion]) -> Opinion:
    """The opinion on a case, from those on its windows in their order."""
    judged = [i for i, opinion in enumerate(opinions) if opinion.judgment]
    coverage = covered(cut, [cut.windows[i] for i in judged])
    deciding = decide([opinions[i] for i in judged], whole=len(judged) == len(opinions) and coverage == 1.0)
    shown = cut.windows[judged[0]].shown if judged else None
    found = deciding or unscorable(opinions)
    sure = max(filter(surely_harmful, opinions), key=severity, default=found)
    return replace(
        found,
        coverage=coverage,
        windows=len(opinions),
        images_seen=len(shown.images) if shown else 0,
        shown=next((w.shown for w, o in zip(cut.windows, opinions, strict=True) if o is deciding), None),
        prompt_tokens=sum(opinion.prompt_tokens for opinion in opinions),
        output_tokens=sum(opinion.output_tokens for opinion in opinions),
        triage=max((o.triage for o in opinions if o.triage), key=lambda shares: shares.harm_score, default=None),
        adapted=tuple(dict.fromkeys([*cut.notes, *(note for opinion in opinions for note in opinion.adapted)])),
        sent=sure.sent,
        inclusion=sure.inclusion,
    )


def decide(judged: Sequence[Opinion], *, whole: bool) -> Opinion | None:
    """The worst of the opinions that have a judgment; None where it would call safe what was not seen."""
    allowed = [opinion for opinion in judged if whole or harmful(opinion)]
    return max(allowed, key=severity, default=None)


def severity(opinion: Opinion) -> tuple[float, float]:
    """What the worst has most of."""
    return opinion.harm_score or 0.0, opinion.judgment.value if opinion.judgment else 0.0


def harmful(opinion: Opinion) -> bool:
    """Whether it was judged to be more than safe."""
    return opinion.judgment not in {None, Judgment.SAFE}


def surely_harmful(opinion: Opinion) -> bool:
    """Whether it was judged harmful in full, and would have been whatever its draw."""
    return harmful(opinion) and opinion.inclusion == 1.0


def unscorable(opinions: Sequence[Opinion]) -> Opinion:
    """The first opinion without a judgment; where all have one, the case was longer than its windows."""
    failed = next((opinion for opinion in opinions if opinion.judgment is None), None)
    return failed or replace(max(opinions, key=severity), judgment=None, probabilities=None, unscorable=TOO_LONG)
