"""Candidates on the models page in Chromium, with the service as it runs: two people let one serve, and go back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from auditor.access.person import Role
from auditor.registry.folder import Version
from auditor.registry.places import open_registry
from auditor.store import Store
from conf.schema import Config, load
from tests.reports.browser import MARKS
from tests.reports.web.candidates import MADE, add_candidate, add_failed, erase, in_shadow, passing, refused
from tests.reports.web.chromium import DESKTOP, PHONE, logged_in
from tests.reports.web.service import Running, a_night, add_night, add_people, serving, yesterday

pytestmark = MARKS

PEOPLE = {"Elena": [Role.EXPERT], "Paul": [Role.APPROVER], "Pia": [Role.APPROVER]}


@dataclass(frozen=True)
class Site:
    """A service with three candidates: two that the gate let pass, and one that it refused."""

    service: Running
    config: Config
    good: Version
    other: Version
    bad: Version

    @property
    def serving(self) -> str:
        """What the pointer names; empty for the base."""
        pointer = open_registry(self.config).serving()
        return pointer.revision if pointer else ""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    db, night = tmp_path_factory.mktemp("models") / "audit.duckdb", a_night(4, 8)
    config = load((), {"store.path": str(db)})
    with Store.open(str(db)) as store:
        add_night(store, night)
        add_people(store, PEOPLE)
        good = add_candidate(config, store, 1, passing(), tuple(triple.id for triple, _ in night[:3]))
        other, bad = add_candidate(config, store, 2, passing()), add_candidate(config, store, 3, refused())
        add_failed(store)
        in_shadow(store, good, night, yesterday())
        erase(store, night[0][0].id, MADE + timedelta(days=5))
    with serving(db, "--set", "report.pdf=never", "--set", "auditor.model=registry") as running:
        yield Site(running, config, good, other, bad)


def path_of(version: Version) -> str:
    return f"/models/versions/{version.revision}"


def assert_all_can_use(page: Page) -> None:
    """No fault of accessibility, and nothing wider than the screen."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def propose(page: Page, version: Version, why: str) -> None:
    page.goto(path_of(version))
    page.get_by_label("Why it is to serve").fill(why)
    page.get_by_role("button", name="Propose").click()
    expect(page.locator(".done")).to_contain_text("proposed by Elena")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everybody_can_read_what_the_gate_found(browser: Browser, site: Site, size: tuple[int, int]) -> None:
    with logged_in(browser, site.service, "Paul", size) as page:
        for path in ("/models", path_of(site.good), path_of(site.bad)):
            page.goto(path)
            expect(page.locator("h1")).to_contain_text("Model")
            for closed in page.locator("details > summary").all():
                closed.click()
            assert_all_can_use(page)


def test_what_the_gate_refused_cannot_be_proposed_and_the_page_says_why(browser: Browser, site: Site) -> None:
    with logged_in(browser, site.service, "Elena") as page:
        page.goto("/models")
        line = page.get_by_role("row").filter(has_text=site.bad.revision[:12]).first
        expect(line).to_contain_text("refused by Gold set, harm found; Safe, and sounds alarming")
        line.get_by_role("link").click()
        expect(page.get_by_text("It cannot be proposed.")).to_be_visible()
        expect(page.locator(".refuses").first).to_contain_text("only 0.020 less is borne")
        expect(page.get_by_role("button", name="Propose")).to_have_count(0)


def test_one_lets_a_model_serve_that_another_proposed_and_both_go_back(browser: Browser, site: Site) -> None:
    with logged_in(browser, site.service, "Elena") as page:
        page.goto("/models")
        page.get_by_role("region", name="Models of the registry").get_by_role(
            "link", name=site.good.revision[:12]
        ).click()
        expect(page.locator(".alarm")).to_contain_text("1 case erased since")
        propose(page, site.good, "finds more, and flags no more")
        expect(page.get_by_role("button", name="Approve number 1")).to_have_count(0)  # not one's own
    assert site.serving == ""
    with logged_in(browser, site.service, "Paul", PHONE) as page:
        page.goto("/models")
        waiting = page.locator("#promotion-1")
        expect(waiting).to_contain_text("finds more, and flags no more")
        assert_all_can_use(page)
        waiting.get_by_label("Note").press("Enter")  # approves nothing
        waiting.get_by_role("button", name="Approve number 1").click()
        expect(page.locator(".done")).to_contain_text("approved by Paul and serves")
        assert site.serving == site.good.revision
        expect(page.locator("#promotions")).to_contain_text("finds more, and flags no more")
        page.get_by_text("Go back to the base model").click()
        page.get_by_label("Why").fill("flags too much since noon")
        page.get_by_role("button", name="Propose to go back").click()
        expect(page.locator(".done")).to_contain_text("proposed by Paul")
        expect(page.get_by_role("button", name="Approve number 2")).to_have_count(0)
    assert site.serving == site.good.revision
    with logged_in(browser, site.service, "Pia") as page:
        page.goto("/models")
        page.get_by_role("button", name="Approve number 2").click()
        expect(page.locator(".done")).to_contain_text("approved by Pia")
        expect(page.get_by_role("region", name="What is promoted").locator("dd").first).to_have_text("the base model")
        assert_all_can_use(page)
    assert site.serving == ""


def test_it_works_without_script(browser: Browser, site: Site) -> None:
    with logged_in(browser, site.service, "Elena", script=False) as page:
        propose(page, site.other, "to see whether it works")
        waiting = page.locator("article").filter(has_text="to see whether it works")
        waiting.get_by_label("Note").fill("it does")
        waiting.get_by_role("button", name="Take number").click()
        expect(page.locator(".done")).to_contain_text("rejected by Elena")
        expect(page.locator("#promotions")).to_contain_text("it does")
