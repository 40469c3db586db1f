from dataclasses import replace

import pytest

from auditor.guard_input import GuardInput
from auditor.labels import LabelProbabilities
from auditor.opinion import Opinion
from auditor.verdict import Judgment, Mode, Sent
from auditor.windows import Cut, Span, Window
from auditor.worst import worst
from tests.factories import make_image

SAFE, MAYBE, HARMFUL = Judgment


def opinion(judgment: Judgment, harm: float, **changes: object) -> Opinion:
    whole = Opinion(Mode.FULL, judgment, LabelProbabilities(1 - harm, 0.0, harm), analysis=f"{harm}", sent=Sent.MODE)
    return replace(whole, prompt_tokens=10, output_tokens=2, **changes)  # type: ignore[arg-type]


FAILED = Opinion(Mode.FULL, unscorable="unreadable_truncated", analysis="and so on", prompt_tokens=10, output_tokens=9)


def windows(n: int, n_chars: int | None = None, notes: tuple[str, ...] = ()) -> Cut:
    """`n` windows of 10 characters each, the next from the eighth of the one before."""
    made = [Window(GuardInput("q", f"{k}", "", (make_image(),)), None, (Span(8 * k, 8 * k + 10),)) for k in range(n)]
    return Cut(tuple(made), n_chars or 8 * n + 2, notes)


def test_the_highest_harm_score_decides_with_all_that_goes_with_it() -> None:
    said = [opinion(SAFE, 0.1), opinion(HARMFUL, 0.9), opinion(MAYBE, 0.6)]
    found = worst(windows(3), said)
    assert (found.judgment, found.harm_score, found.analysis) == (HARMFUL, 0.9, "0.9")
    assert found.shown == windows(3).windows[1].shown
    assert (found.windows, found.coverage, found.images_seen) == (3, 1.0, 1)
    assert (found.prompt_tokens, found.output_tokens) == (30, 6)


def test_of_equal_scores_the_more_severe_judgment_decides() -> None:
    assert worst(windows(3), [opinion(j, 0.5) for j in (SAFE, HARMFUL, MAYBE)]).judgment is HARMFUL


def test_a_window_that_failed_makes_safe_ones_unscorable_with_its_reason() -> None:
    found = worst(windows(3), [opinion(SAFE, 0.1), FAILED, opinion(SAFE, 0.9)])
    assert (found.judgment, found.harm_score, found.unscorable) == (None, None, "unreadable_truncated")
    assert found.analysis == "and so on"
    assert found.coverage == pytest.approx(20 / 26)
    assert found.prompt_tokens == 30
    assert found.shown is None


@pytest.mark.parametrize("judgment", [MAYBE, HARMFUL])
def test_a_harmful_window_stands_beside_one_that_failed_with_the_share_that_was_judged(judgment: Judgment) -> None:
    found = worst(windows(3), [opinion(SAFE, 0.7), FAILED, opinion(judgment, 0.6)])
    assert (found.judgment, found.harm_score, found.unscorable) == (judgment, 0.6, None)
    assert found.coverage == pytest.approx(20 / 26)


def test_safe_windows_of_a_case_that_goes_on_beyond_them_are_unscorable() -> None:
    found = worst(windows(2, n_chars=36), [opinion(SAFE, 0.1), opinion(SAFE, 0.2)])
    assert (found.judgment, found.harm_score, found.unscorable) == (None, None, "prompt_too_long")
    assert found.coverage == 0.5
    assert worst(windows(2, n_chars=36), [opinion(SAFE, 0.1), opinion(HARMFUL, 0.9)]).judgment is HARMFUL


def test_where_all_failed_nothing_was_seen() -> None:
    found = worst(windows(2), [FAILED, FAILED])
    assert (found.judgment, found.coverage, found.images_seen, found.windows) == (None, 0.0, 0, 2)


def test_notes_of_all_windows_are_kept_once() -> None:
    said = [opinion(SAFE, 0.1, adapted=("special_tokens_neutralised",))] * 2
    found = worst(windows(2, notes=("images_without_room",)), said)
    assert found.adapted == ("images_without_room", "special_tokens_neutralised")


def left(harm: float) -> Opinion:
    """As a cascade leaves a window below its line that was not drawn."""
    return opinion(SAFE, harm, mode=Mode.TRIAGE, sent=None, inclusion=0.1, triage=LabelProbabilities(1 - harm, 0, harm))


def sent(why: Sent, judgment: Judgment, harm: float, triage: float) -> Opinion:
    """As a cascade sends a window to the full judgment."""
    inclusion = 0.1 if why is Sent.AUDIT_SAMPLE else 1.0
    return opinion(judgment, harm, sent=why, inclusion=inclusion, triage=LabelProbabilities(1 - triage, 0, triage))


def test_in_a_cascade_the_score_of_triage_is_the_highest_whichever_window_decides() -> None:
    found = worst(windows(2), [sent(Sent.ABOVE_LOW_LINE, SAFE, 0.01, triage=0.5), left(0.04)])
    assert (found.mode, found.harm_score, found.sent, found.inclusion) == (Mode.TRIAGE, 0.04, None, 0.1)
    assert found.triage
    assert found.triage.harm_score == 0.5


def test_what_only_the_audited_sample_found_has_its_probability() -> None:
    said = [sent(Sent.ABOVE_LOW_LINE, SAFE, 0.1, triage=0.5), sent(Sent.AUDIT_SAMPLE, HARMFUL, 0.9, triage=0.01)]
    found = worst(windows(2), said)
    assert (found.judgment, found.sent, found.inclusion) == (HARMFUL, Sent.AUDIT_SAMPLE, 0.1)


def test_what_was_sure_to_be_found_does_not_count_as_found_by_the_sample() -> None:
    said = [sent(Sent.ABOVE_LOW_LINE, HARMFUL, 0.8, triage=0.5), sent(Sent.AUDIT_SAMPLE, HARMFUL, 0.9, triage=0.01)]
    found = worst(windows(2), said)
    assert (found.harm_score, found.sent, found.inclusion) == (0.9, Sent.ABOVE_LOW_LINE, 1.0)
