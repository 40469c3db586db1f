"""The report in a real browser: no error, nothing from a log runs, images stay blurred until asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from auditor.store import Store
from reports.nightly import write_nightly
from tests.reports.browser import MARKS, Visit, visiting
from tests.reports.seed import EDITION, config, judged, picture, seed

PAYLOADS = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    '"><svg onload="document.title=\'owned\'">',
    "</div></article><iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
    "javascript:document.title='owned'",
    "</style><style>body{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202e\u2066<a href=\"javascript:document.title='owned'\">x</a>",
]

pytestmark = MARKS


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    night = [
        judged(n, 0.9, question=text, thinking=text, answer=text, tenant=text, application=text, images=(picture(),))
        for n, text in enumerate(PAYLOADS)
    ]
    with Store.open(":memory:", str(folder / "blobs")) as store:
        seed(store, night, rejected=1)
        return write_nightly(store, config(report__out_dir=f'"{folder}"'), None, EDITION).files[0]


@pytest.fixture(scope="module")
def visit(report_file: Path) -> Iterator[Visit]:
    with visiting() as made:
        made.page.goto(report_file.as_uri())
        made.page.wait_for_timeout(300)  # time for a payload to run, if one could
        yield made


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


def test_the_page_loads_without_a_console_error_and_asks_for_nothing_else(visit: Visit, report_file: Path) -> None:
    assert visit.console == []
    assert [url for url in visit.requests if not url.startswith("data:image/jpeg")] == [report_file.as_uri()]


def test_nothing_from_a_log_runs_or_becomes_an_element(page: Page) -> None:
    assert page.title() == "Nightly audit report 2026-11-22"
    assert page.locator("script, iframe, svg[onload], img[onerror], a[href^=javascript]").count() == 0
    assert page.locator("article").count() == len(PAYLOADS)


def test_a_payload_is_shown_as_the_text_it_is(page: Page) -> None:
    shown = page.locator("article .log").all_inner_texts()
    assert all(text in shown for text in PAYLOADS if not text.startswith("\u202e"))


def test_an_image_is_blurred_until_its_box_is_ticked_with_the_keyboard(page: Page) -> None:
    image, box = page.locator("article img").first, page.locator("article input").first
    assert "blur" in image.evaluate("element => getComputedStyle(element).filter")
    box.focus()
    page.keyboard.press("Space")
    assert image.evaluate("element => getComputedStyle(element).filter") == "none"


def test_the_page_fits_a_phone(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
