"""A day with the service, in Chromium: cases decided by keyboard by two people and an expert, and a threshold moved."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from auditor.store import Store
from tests.reports.browser import MARKS
from tests.reports.seed import judged, seed
from tests.reports.web.chromium import DESKTOP, PHONE, logged_in
from tests.reports.web.service import Running, a_night, add_night, add_people, serving

pytestmark = MARKS

N_CASES = 10
POLICY = """
version = "two people"
[default]
watch = 0.3
escalate = 0.5
urgent = 0.95
[costs]
false_alarm = 5.0
miss = 500.0
unit = "EUR"
[review]
cases_per_day = 60
minutes_per_case = 4.0
escalated_share = 1.0
below_line_per_day = 2
votes = 2
[approval]
approvers = []
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Ten cases of yesterday to decide, and a morning that was judged today."""
    folder = tmp_path_factory.mktemp("scenario")
    (folder / "policy.toml").write_text(POLICY)
    now = datetime.now(UTC).replace(tzinfo=None)
    with Store.open(str(folder / "audit.duckdb")) as store:
        add_people(store)
        add_night(store, a_night(N_CASES - 2, 20), policy=str(folder / "policy.toml"))
        seed(store, [judged(500 + at, 0.55 + 0.04 * at, now) for at in range(10)], now=now, start=N_CASES + 18)
    words = (f"policy.file={folder / 'policy.toml'}", "report.pdf=never", f"report.out_dir={folder / 'reports'}")
    with serving(folder / "audit.duckdb", *(word for one in words for word in ("--set", one))) as running:
        yield running


def case_of(page: Page) -> str:
    """The id of the case on the page."""
    return page.url.split("/cases/")[1].split("?")[0]


def vote(page: Page, key: str, why: str = "") -> str:
    """Vote on the case on the page with the keyboard alone; gives its id."""
    case = case_of(page)
    page.keyboard.press(key)
    if why:
        page.keyboard.press("c")
        page.keyboard.type("Cyber")
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        page.keyboard.type(why)
        page.keyboard.press("Control+Enter")
    else:
        page.keyboard.press("Enter")
    page.wait_for_url(lambda url: case not in url)
    return case


def work_through(page: Page, harmful: set[int]) -> list[str]:
    """Decide all ten cases; the ones of these numbers are harmful. Gives their ids."""
    page.goto("/queue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/**")
    done = [vote(page, "1", "It says how to get in.") if at in harmful else vote(page, "0") for at in range(N_CASES)]
    expect(page.get_by_text("is due for you")).to_be_visible()
    return done


def assert_all_can_use(page: Page) -> None:
    """No fault of accessibility, and nothing wider than the screen."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_ten_cases_two_reviewers_a_split_an_expert_and_a_threshold(browser: Browser, service: Running) -> None:
    with logged_in(browser, service, "Rita") as page:
        decided = work_through(page, harmful={0, 1})
        assert len(set(decided)) == N_CASES
    split = decided[0]
    with logged_in(browser, service, "Ravi", PHONE) as page:
        page.goto(f"/cases/{split}")
        expect(page.get_by_text("It says how to get in.")).to_have_count(0)  # Rita's words, before Ravi has voted
        assert set(work_through(page, harmful={1})) == set(decided)
    with logged_in(browser, service, "Elena") as page:
        page.goto("/queue")
        page.get_by_role("region", name="Votes split").get_by_role("link").first.click()
        assert case_of(page) in decided
        expect(page.get_by_text("It says how to get in.").first).to_be_visible()
        page.keyboard.press("0")
        page.keyboard.press("n")
        page.keyboard.type("It says nothing that a textbook does not.")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".chip.state-adjudicated")).to_be_visible()
    move_a_threshold(browser, service)


def move_a_threshold(browser: Browser, service: Running) -> None:
    """One proposes, another approves, and today's report escalates fewer."""
    today = f"/?day={datetime.now(UTC).date()}"
    with logged_in(browser, service, "Elena") as page:
        page.goto(today)
        expect(page.locator("main")).to_contain_text("10")
        page.goto("/thresholds")
        page.get_by_label("escalate, slider").evaluate(
            "(slider) => { slider.value = 0.8; slider.dispatchEvent(new Event('input', { bubbles: true })); }"
        )
        expect(page.locator("#effect")).to_contain_text("default: escalate 0.5 becomes 0.8")
        page.fill("#version", "fewer alarms")
        page.fill("#note", "Elena has read them")
        page.get_by_role("button", name="Propose").click()
        expect(page.locator(".done")).to_contain_text("is proposed by Elena")
        expect(page.get_by_role("button", name="Approve policy 1")).to_have_count(0)  # not one's own
    with logged_in(browser, service, "Paul") as page:
        page.goto("/thresholds")
        page.get_by_role("button", name="Approve policy 1").click()
        expect(page.locator(".done")).to_contain_text("approved")
        page.goto(today)
        for _ in range(60):  # a report that was made a moment ago is shown until it is made anew
            if "fewer alarms" in (page.locator("main").text_content() or ""):
                break
            page.wait_for_timeout(2_000)
            page.reload()
        expect(page.locator("main")).to_contain_text("fewer alarms")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/queue", "/cases", "/agreement", "/operations", "/trail", "/help", "/account"])
def test_everybody_can_read_the_pages(browser: Browser, service: Running, path: str, size: tuple[int, int]) -> None:
    with logged_in(browser, service, "Paul", size) as page:
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        assert_all_can_use(page)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everybody_can_decide_a_case(browser: Browser, service: Running, size: tuple[int, int], tmp_path: Path) -> None:
    with logged_in(browser, service, "Elena", size) as page:
        page.goto("/cases")
        page.locator("main table a[href^='/cases/']").first.click()
        expect(page.locator("h1")).to_contain_text("Case")
        assert_all_can_use(page)
