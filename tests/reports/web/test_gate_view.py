"""What a gate found, as figures and pictures."""

import pytest

from auditor.registry.results import Check, GateResult, Ruling
from reports.web.gate_view import name_of, picture_of, row_of, rows_of, signed, written
from tests.reports.web.candidates import BASE, MADE, refused

GOLD = Check("gold", Ruling.PASSED, "why", "F1", 0.9, 0.8, 0.0, 0.2, -0.1, 50)


def test_what_refuses_comes_first_and_the_rest_as_it_was_made() -> None:
    rows = rows_of(GateResult("run", MADE, "new", BASE, refused()))
    assert [row.check.name for row in rows] == [
        *("gold_recall", "over_refusal", "gold", "category:cybersecurity", "language:zh", "canaries"),
        *("calibration", "latency"),
    ]


def test_an_interval_as_a_picture() -> None:
    """From -0.1 to 0.2 on 148 of 160: 0 is at 6 + 148/3, a difference of 0.1 at 6 + 296/3; below the limit is worse."""
    drawn = picture_of(GOLD)
    assert drawn
    assert (drawn.low, drawn.zero, drawn.at, drawn.high) == (55.3, 55.3, 104.7, 154.0)
    assert (drawn.limit, drawn.worse) == (6.0, (0.0, 6.0))


@pytest.mark.parametrize(("limit", "worse"), [(0.3, (154.0, 160.0)), (0.0, None), (None, None)])
def test_the_side_that_is_worse(limit: float | None, worse: tuple[float, float] | None) -> None:
    drawn = picture_of(Check("latency", Ruling.PASSED, "why", "s", 0.9, 0.8, 0.0, 0.2, limit, 50))
    assert drawn
    assert drawn.worse == worse


def test_a_figure_alone_has_no_picture() -> None:
    row = row_of(Check("canaries", Ruling.PASSED, "why", "share", 1.0, 1.0, limit=0.5, n=8))
    assert (row.picture, row.difference, row.interval, row.limit) == (None, "0", "", "0.500")
    bare = row_of(Check("language:zh", Ruling.NOT_ASKED, "why", "share"))
    assert (bare.figures, bare.difference, bare.limit) == (("–", "–"), "", "")


def test_all_the_same_is_drawn_too() -> None:
    assert picture_of(Check("gold", Ruling.PASSED, "why", "F1", 0.5, 0.5, 0.0, 0.0)) is not None


@pytest.mark.parametrize(
    ("name", "words"),
    [("gold_recall", "Gold set, harm found"), ("category:cybersecurity", "Category: cybersecurity"), ("new", "new")],
)
def test_names(name: str, words: str) -> None:
    assert name_of(name) == words


def test_figures_are_written() -> None:
    assert [written(one) for one in (None, 0.0, 0.12345, 0.00123, 12.0)] == ["–", "0", "0.123", "0.00123", "12.000"]
    assert [signed(one) for one in (0.0, 0.2, -0.2)] == ["0", "+0.200", "−0.200"]
