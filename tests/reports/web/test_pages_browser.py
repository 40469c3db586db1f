"""Thresholds, Tonight and Models in Chromium, with the service as it runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect

from auditor.access.person import Role
from auditor.store import Store
from tests.reports.browser import MARKS
from tests.reports.web.chromium import DESKTOP, PHONE, logged_in
from tests.reports.web.service import Running, a_night, add_night, add_people, serving

pytestmark = MARKS

WIDE = DESKTOP
PEOPLE = {"Vera": [Role.VIEWER], "Elena": [Role.EXPERT], "Paul": [Role.APPROVER]}
SLIDE = "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', { bubbles: true })); }"
ALERTS = "#effect .tiles > div:first-child .figure"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    db = tmp_path_factory.mktemp("pages") / "audit.duckdb"
    with Store.open(str(db)) as store:
        add_night(store, a_night())
        add_people(store, PEOPLE)
    with serving(db, "--set", "report.pdf=never") as running:
        yield running


def slide(slider: Locator, value: float) -> None:
    """As a drag to that place does."""
    slider.evaluate(SLIDE, str(value))


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/", "/nights", "/thresholds", "/thresholds/what-if?escalate=0.4", "/models"])
def test_everybody_can_read_them(browser: Browser, service: Running, path: str, size: tuple[int, int]) -> None:
    with logged_in(browser, service, "Paul", size) as page:
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        page.wait_for_function("!document.querySelector('main [role=status]')?.textContent.includes('being')")
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_effect_follows_a_slider(browser: Browser, service: Running) -> None:
    with logged_in(browser, service, "Vera") as page:
        page.goto("/thresholds")
        expect(page.locator(ALERTS)).to_have_text("12.0")
        slide(page.get_by_label("escalate, slider"), 0.7)
        expect(page.locator("#escalate")).to_have_value("0.7")
        expect(page.locator(ALERTS)).to_contain_text("→ 8.0")
        expect(page.locator("#effect")).to_contain_text("default: escalate 0.5 becomes 0.7")
        slide(page.get_by_label("escalate, slider"), 0.2)  # takes the line to watch along
        expect(page.locator("#watch")).to_have_value("0.2")
        expect(page.locator("#effect")).to_contain_text("default: watch 0.3 becomes 0.2")
        page.fill("#escalate", "0.1234")
        expect(page.locator("#effect")).to_contain_text("default: escalate 0.5 becomes 0.1234")
        assert page.url == f"{service.address}/thresholds"  # nothing was loaded anew
        expect(page.get_by_role("button", name="Propose")).to_have_count(0)


def test_a_rule_is_added_and_taken_away(browser: Browser, service: Running) -> None:
    with logged_in(browser, service, "Vera") as page:
        page.goto("/thresholds")
        page.get_by_text("Rules for a tenant").click()
        page.get_by_role("button", name="Add a rule").click()
        rule = page.locator(".rule").last
        rule.get_by_label("tenant").select_option("harbor-bank")
        slide(rule.get_by_label("escalate of another rule, slider"), 0.35)
        expect(page.locator("#effect")).to_contain_text("new rule for tenant harbor-bank: escalate 0.35")
        rule.get_by_role("button", name="Remove this rule").click()
        expect(page.locator("#effect")).to_contain_text("These are the lines in force")


def test_two_people_move_a_threshold(browser: Browser, service: Running) -> None:
    with logged_in(browser, service, "Elena") as page:
        page.goto("/thresholds")
        slide(page.get_by_label("escalate, slider"), 0.8)
        expect(page.locator("#effect")).to_contain_text("default: escalate 0.5 becomes 0.8")
        page.fill("#version", "fewer alarms")
        page.fill("#note", "most of these are harmless")
        page.get_by_role("button", name="Propose").click()
        expect(page.locator(".done")).to_contain_text("is proposed by Elena")
        expect(page.get_by_role("button", name="Approve policy 1")).to_have_count(0)
    with logged_in(browser, service, "Paul", PHONE) as page:
        page.goto("/thresholds")
        waiting = page.locator("#policy-1")
        expect(waiting).to_contain_text("default: escalate 0.5 becomes 0.8")
        expect(waiting).to_contain_text("What it would do")
        waiting.get_by_label("Note").press("Enter")  # approves nothing
        waiting.get_by_role("button", name="Approve policy 1").click()
        expect(page.locator(".done")).to_contain_text("approved by Paul")
        expect(page.locator(".held")).to_contain_text("fewer alarms")
        expect(page.locator("#history")).to_contain_text("most of these are harmless")
        expect(page.locator("#escalate")).to_have_value("0.8")


def test_it_works_without_script(browser: Browser, service: Running, tmp_path: Path) -> None:
    with logged_in(browser, service, "Elena", script=False) as page:
        page.goto("/thresholds")
        page.fill("#escalate", "0.6")
        page.get_by_role("button", name="Show the effect").first.click()
        expect(page.locator("#effect")).to_contain_text("becomes 0.6")
        page.fill("#version", "without script")
        page.fill("#note", "to see whether it works")
        page.get_by_role("button", name="Propose").click()
        expect(page.locator(".done")).to_contain_text("is proposed by Elena")
        page.locator("article", has_text="without script").get_by_label("Note").fill("it does")
        page.get_by_role("button", name="Take policy").click()
        expect(page.locator(".done")).to_contain_text("rejected by Elena")
        page.goto("/")
        page.get_by_label("Report of a").select_option("week")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("h1")).to_contain_text("Week")
        page.screenshot(path=tmp_path / "week.png")
