"""Coming in with a real browser, which says itself where a form comes from."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from auditor.access.store_users import find_user
from auditor.store import Store
from reports.health import answering
from tests.auditor.access.people import PASSWORD
from tests.reports.browser import MARKS, visiting
from tests.reports.web.served import Served, served

pytestmark = MARKS

FOREIGN = """
    <form method="post" action="{address}/account/sessions/end"><button>win a prize</button></form>
    <img src="{address}/account"><iframe src="{address}/account"></iframe>
    <script>fetch("{address}/account/sessions/end", {{method: "POST", credentials: "include"}}).catch(() => 0)</script>
"""


@pytest.fixture
def site() -> Iterator[Served]:
    with Store.open(":memory:") as store, served(store) as made:
        made.user("Ada", "reviewer", "admin")
        yield made


@pytest.fixture
def address(site: Served) -> Iterator[str]:
    with answering(site.app, "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


def log_in(page: Page, address: str, after: str = "/account") -> None:
    page.goto(address + after)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(address + after)


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]}).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


@pytest.mark.parametrize("width", [390, 1200])
def test_people_come_in_change_their_password_and_go(address: str, width: int) -> None:
    with visiting(width) as visit:
        page = visit.page
        page.goto(f"{address}/account")
        assert faults(page) == []
        log_in(page, address)
        assert faults(page) == []
        page.get_by_label("Password until now").fill(PASSWORD)
        page.get_by_label("New password", exact=True).fill("another lamp entirely")
        page.get_by_label("New password, once more").fill("another lamp entirely")
        page.get_by_role("button", name="Change the password").click()
        expect(page.get_by_role("heading", name="Your account")).to_be_visible()
        page.get_by_role("button", name="Make it").click()
        expect(page.get_by_text("shown only now")).to_be_visible()
        page.get_by_role("button", name="Log out", exact=True).click()
        page.wait_for_url(f"{address}/login")
        page.goto(f"{address}/account")
        expect(page.get_by_label("Password")).to_be_visible()
        assert [one for one in visit.console if "Content Security" in one or "Error" in one] == []


@pytest.mark.parametrize("width", [390, 1200])
def test_an_administrator_adds_somebody(site: Served, address: str, width: int) -> None:
    with visiting(width) as visit:
        page = visit.page
        log_in(page, address, "/users")
        assert faults(page) == []
        page.get_by_label("Name").fill("Bob")
        page.get_by_label("expert").check()
        page.get_by_label("Sees these tenants").fill("*")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_role("link", name="Bob").click()
        assert faults(page) == []
        page.get_by_label("Disabled").check()
        page.get_by_role("button", name="Keep").click()
        expect(page.get_by_text("may not come in.")).to_be_visible()
        bob = find_user(site.store.connection, "bob")
        assert bob
        assert (bob.roles, bob.disabled, bob.password_hash) == (("viewer", "expert"), True, None)


def test_a_foreign_page_changes_nothing_and_shows_nothing(site: Served, address: str) -> None:
    class Foreign(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(FOREIGN.format(address=address).encode())

        def log_message(self, *_: object) -> None:
            pass

    def epoch() -> int:
        user = find_user(site.store.connection, "ada")
        assert user
        return user.epoch

    with ThreadingHTTPServer(("127.0.0.1", 0), Foreign) as foreign, visiting() as visit:
        Thread(target=foreign.serve_forever, daemon=True).start()
        page, before = visit.page, epoch()
        log_in(page, address)
        for host in ("127.0.0.1", "localhost"):  # the same site by another port, and another site
            page.goto(f"http://{host}:{foreign.server_address[1]}/")
            page.wait_for_load_state("networkidle")
            assert "Your account" not in "".join(frame.content() for frame in page.frames)
            page.get_by_role("button", name="win a prize").click()
            page.wait_for_url(f"{address}/account/sessions/end")
            expect(page.get_by_role("alert")).to_contain_text("not sent by a page of this service")
        assert epoch() == before
        page.goto(f"{address}/account")
        expect(page.get_by_role("heading", name="Your account")).to_be_visible()
        foreign.shutdown()
