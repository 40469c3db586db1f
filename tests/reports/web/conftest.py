"""What all tests of the pages share."""

from collections.abc import Iterator

import pytest

from auditor.access import passwords
from tests.auditor.access.people import CHEAP


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are hashed with little work; tests/auditor/access looks at how much it is else."""
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    passwords.of_nobody.cache_clear()
    yield
    passwords.of_nobody.cache_clear()
