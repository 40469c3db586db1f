"""What the tests of channels share."""

from pathlib import Path

import pytest

from tests.reports.sending.servers import write_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate and key of 127.0.0.1."""
    return write_certificate(tmp_path_factory.mktemp("certificate"))
