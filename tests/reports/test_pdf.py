"""The PDF of a report: printed where there is Chromium, told plainly where there is not, and nothing ever hangs."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.store import Store
from conf.schema import Config
from reports.errors import PdfNotMade
from reports.nightly import write_nightly
from reports.pdf import NOT_FOUND, find_browser, print_pdf
from reports.render import render
from tests.reports.browser import MARKS
from tests.reports.full_report import full_report
from tests.reports.seed import EDITION, config, judged, seed

Made = Callable[[str], Path]


@pytest.fixture
def browser(tmp_path: Path) -> Made:
    """Makes a program that stands in for Chromium."""

    def made(script: str) -> Path:
        program = tmp_path / "browser"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return made


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    file.write_text("<p>hello")
    return file


def settings(folder: Path, pdf: str) -> Config:
    return config(report__out_dir=f'"{folder}"', report__pdf=pdf)


def test_without_chromium_all_other_files_are_there_and_a_line_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with Store.open(":memory:", str(tmp_path / "blobs")) as store:
        seed(store, [judged(0, 0.9)])
        written = write_nightly(store, settings(tmp_path / "out", "auto"), None, EDITION)
        assert written.notes == (NOT_FOUND,)
        with pytest.raises(PdfNotMade, match="apt install chromium"):
            write_nightly(store, settings(tmp_path / "always", "always"), None, EDITION)
    assert [file.suffix for file in written.files] == [".html", ".json", ".csv", ".parquet"]
    assert len(list((tmp_path / "always").iterdir())) == 4


def test_the_first_chromium_on_the_path_is_taken(tmp_path: Path, browser: Made) -> None:
    assert find_browser(str(tmp_path)) is None
    browser("true").rename(tmp_path / "google-chrome")
    assert find_browser(str(tmp_path)) == str(tmp_path / "google-chrome")


def test_a_browser_that_hangs_is_killed_with_all_that_it_started(page: Path, browser: Made, tmp_path: Path) -> None:
    program = browser(f"(sleep 2; touch {tmp_path}/alive) & sleep 60")
    with pytest.raises(PdfNotMade, match=r"took more than 0\.3 s"):
        print_pdf(page, str(program), timeout_s=0.3)
    assert not page.with_suffix(".pdf").exists()


@pytest.mark.parametrize(("script", "told"), [("exit 3", "code 3"), ("true", "left none")])
def test_a_browser_that_fails_leaves_the_earlier_pdf(page: Path, browser: Made, script: str, told: str) -> None:
    page.with_suffix(".pdf").write_bytes(b"%PDF-earlier")
    with pytest.raises(PdfNotMade, match=told):
        print_pdf(page, str(browser(script)))
    assert page.with_suffix(".pdf").read_bytes() == b"%PDF-earlier"


def test_nothing_of_our_environment_reaches_the_browser(
    page: Path, browser: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEAUDIT_USER_KEY", "secret")
    with pytest.raises(PdfNotMade):
        print_pdf(page, str(browser(f"env > {tmp_path}/seen")))
    seen = (tmp_path / "seen").read_text()
    assert "secret" not in seen
    assert f"HOME={tmp_path.home()}\n" not in seen


class TestWithChromium:
    pytestmark = MARKS

    def test_the_report_is_printed_with_page_numbers_and_its_first_page_alone_on_a_sheet(self, tmp_path: Path) -> None:
        page = tmp_path / "report.html"
        page.write_text(render(full_report(), {}), encoding="utf-8")
        printed = print_pdf(page, find_browser())
        data = printed.read_bytes()
        assert data.startswith(b"%PDF-")
        assert len(re.findall(rb"/Type\s*/Page\b", data)) > 5
        assert b"/Outlines" in data
        assert b"/StructTreeRoot" in data
        assert {file.name for file in tmp_path.iterdir()} == {"report.html", "report.pdf"}
