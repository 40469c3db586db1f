"""What the page says of its numbers: periods, comparisons, alarms, the summary, and texts that stand in styles."""

from dataclasses import replace
from datetime import date

import pytest

from reports.alarms import alarms, balanced
from reports.charts_nightly import charts
from reports.first_page import Compared, MissedEstimate, Period
from reports.period_words import heading, period_words, span
from reports.render import about, css_string, render
from reports.report import CoverageTotals
from reports.sentences import against, estimate, tenth
from reports.summary import lines, print_summary, summary_of
from tests.reports.full_report import IMAGE, at_first, full_report, golden, monthly, of_tenant, weekly
from tests.reports.test_browser import PAYLOADS

GOLDEN = replace(golden(""), alarms=())
DAY = period_words(Period("day", date(2026, 11, 22), date(2026, 11, 22), "2026-11-22"))


@pytest.mark.parametrize(
    ("kind", "first", "last", "told"),
    [
        ("day", date(2026, 11, 22), date(2026, 11, 22), "Sunday, 22 November 2026"),
        ("week", date(2026, 11, 16), date(2026, 11, 22), "Week 47 of 2026: 16 to 22 November 2026"),
        ("week", date(2026, 12, 28), date(2027, 1, 3), "Week 53 of 2026: 28 December 2026 to 3 January 2027"),
        ("week", date(2026, 11, 30), date(2026, 12, 6), "Week 49 of 2026: 30 November to 6 December 2026"),
        ("month", date(2026, 11, 1), date(2026, 11, 30), "November 2026"),
    ],
)
def test_a_period_has_a_heading(kind: str, first: date, last: date, told: str) -> None:
    assert heading(Period(kind, first, last, "")) == told


def test_a_span_of_one_day_is_that_day() -> None:
    assert span(date(2026, 11, 3), date(2026, 11, 3)) == "3 November 2026"


def test_a_number_is_told_beside_those_before_it() -> None:
    line = Compared("escalated", 312, 312, 241, 28, 236, 190, 280, "above")
    told = "The day before: 241. The 28 days before: 190 to 280, median 236. Above the band."
    assert against(line, DAY) == told
    alone = Compared("escalated", 3, 3, None, 2, None, None, None, "")
    assert against(alone, DAY) == "The day before holds nothing. Too few days before for a band."
    assert against(None, DAY) == "There is nothing to compare with yet."


def test_an_estimate_is_told_or_why_there_is_none() -> None:
    assert estimate(full_report().missed) == "about 121 below the line (95 % interval 38 to 290), 320 reviewed"
    assert estimate(MissedEstimate("too_few")).startswith("Too few")


def test_what_is_wrong_is_said_first() -> None:
    told = [alarm.section for alarm in alarms(full_report())]
    assert told == ["deliveries", "golden", "reviews", "trends", "drift"]
    assert [alarm.section for alarm in alarms(at_first())] == ["golden"]
    assert alarms(replace(at_first(), golden=GOLDEN)) == ()
    totals = CoverageTotals(3, 2, 100, 90, {}, 0, 0, 0, 10)
    broken = replace(full_report(), totals=totals)
    assert not balanced(broken)
    assert alarms(broken)[0].text == "Coverage: 2 source partitions are not accounted for"


def test_a_week_is_called_a_week_everywhere() -> None:
    html = " ".join(render(weekly(full_report()), {}).split())
    assert '<h1 id="front-heading">Week 47 of 2026: 16 to 22 November 2026</h1>' in html
    assert "The week before: 241." in html
    assert "this day" not in html
    assert "the day before" not in html.lower()


def test_a_month_is_called_a_month() -> None:
    html = render(monthly(full_report()), {})
    assert "Monthly audit report" in html
    assert "The month before: 241." in html


def test_the_report_of_one_tenant_reconciles_its_own_exchanges() -> None:
    html = " ".join(render(of_tenant(full_report(), "harbor-bank"), {}).split())
    assert "tenant <bdi>harbor-bank</bdi>" in html
    assert "All exchanges of this tenant are accounted for." in html
    assert "agent-logs, partition" not in html.replace("topic agent-logs, partition 0", "")


def test_charts_are_there_where_there_are_numbers() -> None:
    drawn = {"escalations", "trend-levels", "trend-volume", "ages", "drift-1", "drift-2", "drift-3", "golden"}
    assert set(charts(full_report())) == drawn
    assert charts(at_first()) == {}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_leaves_its_place(payload: str) -> None:
    html = render(full_report(payload), {})
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "<iframe" not in html
    assert html.count("</style>") == 1
    assert "\u202e" not in html


def test_a_text_in_the_style_cannot_end_it() -> None:
    assert css_string('a"b') == '"a\\22 b"'
    assert "<" not in css_string("</style>")
    assert "\\" not in css_string("Nightly audit report 2026-11-22").strip('"')


def test_estimates_are_whole_unless_they_are_small() -> None:
    assert [about(value) for value in (0.04, 8.72, 121.4)] == ["0", "8.7", "121"]
    assert tenth(1200.25) == "1\N{NARROW NO-BREAK SPACE}200.2"


def test_the_summary_tells_the_first_page(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(summary_of(full_report("evil\x1b[31m\ttab")), ())
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "2026-11-22: 312 of 9240 exchanges need a person"
    assert "\x1b" not in "".join(told)
    names = [line.partition("\t")[0] for line in told[1:]]
    assert list(dict.fromkeys(n for n in names if n)) == [
        "need a person",
        "coverage",
        "not scored",
        "missed",
        "reviews",
        "changed",
        "look into",
    ]
    assert dict(lines(full_report()))["coverage"] == "reconciles to zero: 9552 records"


def test_the_page_stays_below_5_mb_and_says_what_it_leaves_out() -> None:
    thumbnails = {IMAGE: f"data:image/jpeg;base64,{'A' * 20_000}"}
    heavy = full_report("x" * 6000, cases=200)
    html = render(heavy, thumbnails)
    assert 3_000_000 < len(html.encode()) < 5_000_000
    full = html.count("<article")
    assert f"The texts of {200 - full} more are in the JSON" in html
    assert f"{full} of 312 are shown in full below." in " ".join(html.split())
    assert html.count('href="#case-') >= full


def test_one_case_of_any_size_is_shown_in_part() -> None:
    case = full_report().cases[0]
    wild = replace(case, tools=case.tools * 500, images=case.images * 500)
    html = render(replace(full_report(), cases=(wild,)), {IMAGE: f"data:image/jpeg;base64,{'A' * 20_000}"})
    assert len(html) < 1_000_000
    assert "488 more tool calls are in the JSON" in html
    assert "994 more images are in the JSON" in html
