"""People at the pages, in Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from tests.reports.web.service import PASSWORD, Running

DESKTOP, PHONE = (1280, 900), (390, 844)


@contextmanager
def logged_in(
    browser: Browser, service: Running, name: str, size: tuple[int, int] = DESKTOP, *, script: bool = True
) -> Iterator[Page]:
    """A page of somebody who has logged in; what it complains of in its console fails the test."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, base_url=service.address, java_script_enabled=script
    )
    page, console = context.new_page(), list[str]()
    page.on("console", lambda message: console.append(message.text))
    page.on("pageerror", lambda error: console.append(str(error)))
    page.goto("/login?next=/help")  # a page that does not load itself anew
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    yield page
    assert console == []
    context.close()
