"""What all tests share: a fixed time, a real broker, and the rule that CI skips nothing it could run."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from conf.kafka.broker import missing_tools

if TYPE_CHECKING:
    from tests.broker import Broker
    from tests.registry import RunningRegistry

# The only reasons for which CI may skip a test; each is something that a machine can honestly lack.
ALLOWED_SKIPS = (
    "no NVIDIA GPU",
    "shared samples are not beside this checkout",
)


# As a worker needs one: what makes pseudonyms of users.
os.environ.setdefault("TRACEAUDIT_USER_KEY", "a key for tests, known to all")


def in_ci() -> bool:
    """Whether this run must not skip what the machine could run."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI a skipped test fails, unless its reason is in ALLOWED_SKIPS."""
    report = yield
    if in_ci() and report.skipped and not hasattr(report, "wasxfail"):  # type: ignore[attr-defined]
        forbid_skip(report, item)  # type: ignore[arg-type]
    return report


def forbid_skip(report: pytest.TestReport, item: pytest.Item) -> None:
    """Turn the report of a skipped test into a failure that quotes the reason."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(allowed in reason for allowed in ALLOWED_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} is skipped in CI, where nothing that can run may be: {reason}"


@pytest.fixture
def now() -> datetime:
    """The time that tests pass where code takes `now`."""
    return datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Broker"]:
    """One running broker for the whole session: use topics of your own, and leave it running."""
    if missing := missing_tools():
        pytest.skip(f"a broker needs {' and '.join(missing)}")
    from tests.broker import Broker

    running = Broker(tmp_path_factory.mktemp("kafka"))
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator["RunningRegistry"]:
    """One running schema registry for the whole session: use subjects of your own, and leave it running."""
    if missing := missing_tools():
        pytest.skip(f"a registry needs {' and '.join(missing)}")
    from tests.registry import RunningRegistry

    running = RunningRegistry(tmp_path_factory.mktemp("registry"))
    running.start()
    yield running
    running.kill()
