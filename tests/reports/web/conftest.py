"""What all tests of the pages share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from auditor.access import passwords
from tests.auditor.access.people import CHEAP

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are hashed with little work; tests/auditor/access looks at how much it is else."""
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    passwords.of_nobody.cache_clear()
    yield
    passwords.of_nobody.cache_clear()


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium, for the tests of a file."""
    from playwright.sync_api import sync_playwright

    from tests.reports.browser import CHROMIUM, FLAGS

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()
