"""The page of a full report in a real browser: what it says, that it can be read by all, and that it prints."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from reports.render import render
from reports.report import EscalationReport
from reports.thumbnails import thumbnail
from tests.reports.browser import MARKS, Visit, visiting
from tests.reports.full_report import IMAGE, at_first, full_report, monthly, of_tenant, weekly
from tests.reports.seed import picture
from tests.reports.test_browser import PAYLOADS

pytestmark = MARKS

A4_WIDTH, A4_HEIGHT = 688, 1003  # CSS pixels inside the margins of print.css: 210 - 28 mm and 297 - 31 mm, rounded down
LONG = "a name that goes on and on " * 12
KINDS: Mapping[str, EscalationReport] = {
    "night": full_report(),
    "week": weekly(full_report()),
    "month": monthly(full_report()),
    "tenant": of_tenant(full_report(), "harbor-bank"),
    "first": at_first(),
    "payloads": full_report(" ".join(PAYLOADS)),
    "long": full_report(LONG),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, images = tmp_path_factory.mktemp("page"), {IMAGE: thumbnail(picture().data, 320)}
    made = {kind: folder / f"{kind}.html" for kind in KINDS}
    for kind, file in made.items():
        file.write_text(render(KINDS[kind], images), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def visit() -> Iterator[Visit]:
    with visiting(1280, 900) as made:
        yield made


@pytest.mark.parametrize("kind", ["night", "tenant", "first", "payloads"])
def test_nothing_is_wrong_for_those_who_do_not_see_it(visit: Visit, files: Mapping[str, Path], kind: str) -> None:
    visit.page.goto(files[kind].as_uri())
    found = Axe().run(visit.page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found] == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_console_stays_empty_and_nothing_runs_or_is_fetched(
    visit: Visit, files: Mapping[str, Path], kind: str
) -> None:
    visit.requests.clear()
    visit.page.goto(files[kind].as_uri())
    visit.page.wait_for_timeout(200)
    assert visit.console == []
    assert {url.partition(",")[0] for url in visit.requests} <= {files[kind].as_uri(), "data:image/jpeg;base64"}
    assert visit.page.title().split()[1:3] == ["audit", "report"]
    assert visit.page.locator("script, iframe, [onload], [onerror], a[href^=javascript]").count() == 0


@pytest.mark.parametrize("kind", ["night", "payloads", "long"])
def test_the_page_is_never_wider_than_the_screen(visit: Visit, files: Mapping[str, Path], kind: str) -> None:
    visit.page.goto(files[kind].as_uri())
    for width in (320, 390, 768, 1280, 1440):
        visit.page.set_viewport_size({"width": width, "height": 900})
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_page_fits_one_sheet(visit: Visit, files: Mapping[str, Path], kind: str) -> None:
    visit.page.set_viewport_size({"width": A4_WIDTH, "height": A4_HEIGHT})
    visit.page.goto(files[kind].as_uri())
    visit.page.emulate_media(media="print")
    box = visit.page.locator("#front").bounding_box()
    visit.page.emulate_media(media="screen")
    assert box
    assert box["height"] <= A4_HEIGHT


def test_in_print_images_are_small_grey_and_blurred_and_their_hash_is_told(
    visit: Visit, files: Mapping[str, Path]
) -> None:
    visit.page.goto(files["night"].as_uri())
    visit.page.emulate_media(media="print")
    image = visit.page.locator("article img").first
    style = image.evaluate("element => getComputedStyle(element).filter")
    assert ("grayscale(1)" in style, "blur" in style) == (True, True)
    assert visit.page.locator("article figcaption").first.inner_text().endswith(IMAGE[:16])
    assert visit.page.locator("details table").first.is_visible()
    visit.page.emulate_media(media="screen")


def test_every_link_leads_somewhere_in_the_page(visit: Visit, files: Mapping[str, Path]) -> None:
    visit.page.goto(files["night"].as_uri())
    script = "[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"
    links = visit.page.evaluate(script)
    assert len(links) > 30
    assert [link for link in links if not link.startswith("#")] == []
    assert [link for link in links if visit.page.locator(f'[id="{link[1:]}"]').count() != 1] == []


def test_urgent_is_told_by_a_word_and_a_shape(visit: Visit, files: Mapping[str, Path]) -> None:
    visit.page.goto(files["night"].as_uri())
    first = visit.page.locator("#escalations tbody tr").first
    assert "urgent" in first.inner_text()
    assert first.locator("use").get_attribute("href") == "#mark-urgent"
