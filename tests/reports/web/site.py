"""The service's application on a store, for tests: whoever a test says is logged in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from fastapi.testclient import TestClient

from auditor.access.person import Person
from auditor.answering import Owner
from auditor.store import Store
from conf.schema import Config
from reports.web.app import add_site
from reports.web.site import Site
from tests.reports.seed import config

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # the morning after tests.reports.seed.NOW


class Clock:
    """Says what a test wants."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Somebody:
    """Who is logged in: `somebody.person = …`."""

    def __init__(self, person: Person | None = None) -> None:
        self.person = person

    def __call__(self, _: object) -> Person | None:
        return self.person


@contextmanager
def browsing(
    store: Store,
    somebody: Somebody,
    clock: Clock | None = None,
    configured: Config | None = None,
    ring: Callable[[], None] = lambda: None,
) -> Iterator[TestClient]:
    """A client of the pages on a store."""
    app, owner = FastAPI(openapi_url=None), Owner(store, 8)
    add_site(app, Site(owner, configured or config(), clock or Clock(), list, ring=ring), somebody)
    headers = {"Sec-Fetch-Site": "same-origin"}
    with TestClient(
        app, "http://localhost", follow_redirects=False, raise_server_exceptions=False, headers=headers
    ) as client:
        yield client
    owner.end(lambda _: None)
