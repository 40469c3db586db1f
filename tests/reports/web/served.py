"""The service's whole application on a store with users, as `serve` puts it together, without a socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from auditor.access.store_users import User
from auditor.answering import Owner
from auditor.follow import Health
from auditor.store import Store
from conf.schema import Config, load
from reports.health import app_of
from reports.questions_api import add_questions
from reports.web.app import add_site
from reports.web.entrance import Entrance, entrance_of
from reports.web.site import Site
from tests.auditor.access.people import add, add_token
from tests.reports.web.site import Clock

ASK_SECRET = "what only the owner's commands know"  # noqa: S105 - a made-up one
PROXY_SECRET = "what only the proxy knows"  # noqa: S105 - a made-up one
OURS = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Served:
    """The application, and all that it was put together of."""

    app: FastAPI
    client: TestClient
    store: Store
    entrance: Entrance
    clock: Clock

    def user(self, name: str, *roles: str, **changes: Any) -> User:
        return add(self.store, name, *roles, **changes)

    def session_of(self, user: User) -> dict[str, str]:
        """The headers of somebody who is logged in."""
        return {"Cookie": self.entrance.begin(user, self.clock.now).partition(";")[0]}

    def token_of(self, user: User, *scopes: str) -> dict[str, str]:
        """The headers of a program with a token of the user's."""
        return {"Authorization": f"Bearer {add_token(self.store, user.name, *scopes)}"}


def whole_app(owner: Owner, site: Site) -> FastAPI:
    """All that the service answers."""
    health = Health()
    health.report([])
    app = app_of(health, CollectorRegistry())
    add_questions(app, owner, ASK_SECRET)
    add_site(app, site)
    return app


@contextmanager
def served(store: Store, address: str = "127.0.0.1", **settings: str) -> Iterator[Served]:
    """The application; requests seem to come from `address`."""
    config = load(overrides={"store.path": ":memory:", "report.pdf": "never", **settings})
    with serving_with(store, config, address) as made:
        yield made


@contextmanager
def serving_with(store: Store, config: Config, address: str = "127.0.0.1") -> Iterator[Served]:
    """The same, with that configuration."""
    clock, owner, pages = Clock(), Owner(store), Owner(store, 8)

    def seconds() -> float:
        return clock.now.timestamp()

    entrance = entrance_of(config, {"TRACEAUDIT_PROXY_SECRET": PROXY_SECRET}, seconds)
    app = whole_app(owner, Site(pages, config, clock, list, entrance))
    client = TestClient(
        app, "http://localhost", follow_redirects=False, raise_server_exceptions=False, client=(address, 50_000)
    )
    with client:
        yield Served(app, client, store, entrance, clock)
    for one in (owner, pages):
        one.end(lambda _: None)
