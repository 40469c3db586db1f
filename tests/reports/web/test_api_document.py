"""The API, asked whatever its own description allows and more, on a store with data: it never breaks.

Schemathesis makes the requests from the document at /api/openapi.json, always the same ones. Pages are asked in the
same way, from a description that is made for this alone.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from auditor.access.person import Role
from auditor.access.store_users import User
from auditor.store import Store
from tests.reports.seed import judged, seed
from tests.reports.web.requests import OF_COMMANDS
from tests.reports.web.served import OURS, Served, served

NIGHT = [judged(n, risk) for n, risk in enumerate((0.95, 0.7, 0.2, 0.05, None))]
EXAMPLES = 6  # of each way to ask, as it is described, and as many that are not as described
SOME = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
STRICT = [content_type_conformance, response_schema_conformance]


@pytest.fixture
def site() -> Iterator[Served]:
    with Store.open(":memory:") as store:
        seed(store, NIGHT, rejected=1, gaps=1)
        with served(store) as made:
            yield made


@pytest.fixture
def root(site: Served) -> User:
    """Somebody who may do everything."""
    return site.user("Root", *Role)


def headers_of(site: Served, user: User) -> dict[str, str]:
    """Whatever was asked before: a session that is good."""
    (epoch,) = site.store.connection.execute("SELECT epoch FROM users WHERE id = ?", [user.id]).fetchall()[0]
    session = site.entrance.sessions.begin(user.id, epoch, site.clock.now)
    return {"Cookie": site.entrance.set_cookie(session).partition(";")[0], "Host": "localhost", **OURS}


def schema_of(app: FastAPI, document: dict[str, Any]) -> Any:
    """The document as Schemathesis has it; it makes up no tokens, since all would be refused."""
    generation = GenerationConfig(with_security_parameters=False)
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    schema.config = ProjectConfig(generation=generation)
    schema.app = app
    return schema


def is_no_fault(context: Any, response: Any, case: Case[Any]) -> bool | None:
    """No 5xx, but for "come again", which says when."""
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in response.headers:
        return None
    return not_a_server_error(context, response, case)


@dataclass
class Asking:
    """Asks for everything that a document describes.

    Attributes:
        statuses: what each way to ask came to.
    """

    site: Served
    user: User
    checks: list[Any]
    statuses: dict[str, set[int]] = field(default_factory=dict)

    def all_of(self, schema: Any) -> None:
        for found in schema.get_all_operations():
            operation = found.ok()
            SOME(given(case=operation.as_strategy(GenerationMode.POSITIVE))(self.ask))()
            with suppress(Unsatisfiable):  # where there is nothing that could be wrong
                SOME(given(case=operation.as_strategy(GenerationMode.NEGATIVE))(self.ask))()

    def ask(self, case: Case[Any]) -> None:
        answer = case.call(headers=headers_of(self.site, self.user))
        self.statuses.setdefault(f"{case.method.upper()} {case.operation.path}", set()).add(answer.status_code)
        case.validate_response(answer, checks=self.checks)


def test_no_request_breaks_the_api(site: Served, root: User) -> None:
    document = site.client.get("/api/openapi.json", headers=headers_of(site, root)).json()
    asking = Asking(site, root, [is_no_fault, *STRICT])
    asking.all_of(schema_of(site.app, document))
    assert len(asking.statuses) > 3
    assert [name for name, found in asking.statuses.items() if found <= {401, 403}] == []  # all was let in


def test_no_request_breaks_a_page(site: Served, root: User) -> None:
    pages = [one for one in site.app.routes if isinstance(one, APIRoute) and not one.include_in_schema]
    for one in pages:
        one.include_in_schema = one.path not in OF_COMMANDS
    document = get_openapi(title="pages", version="1", routes=pages)
    asking = Asking(site, root, [is_no_fault])
    asking.all_of(schema_of(site.app, document))
    assert len(asking.statuses) > 3


def test_the_document_is_for_who_may_see_and_tells_how_to_come_in(site: Served, root: User) -> None:
    site.client.cookies.clear()
    assert site.client.get("/api/openapi.json").status_code == 401
    document = site.client.get("/api/openapi.json", headers=headers_of(site, root)).json()
    assert document["info"]["title"] == "traceaudit"
    assert "/api/v1/ledger" in document["paths"]
    others = {path for path in document["paths"] if not path.startswith("/api/v1/")}
    assert others == {"/livez", "/readyz", "/metrics"}
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
