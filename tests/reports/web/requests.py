"""A request for each route of the service, made from what the route asks for, so that a new one is tested by itself.

What a route needs that cannot be guessed from its type stands in VALUES: a route without it is a failure of the tests.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from auditor.access.person import OF_ALL_TENANTS, RIGHTS, Right, Role
from auditor.answering import Owner
from auditor.questions import PATH
from auditor.reviews import Review
from auditor.store import Store
from auditor.verdict import Judgment
from conf.schema import load
from reports.web.origin import SAFE
from reports.web.site import Site
from tests.reports.web.served import whole_app
from tests.reports.web.site import NOW, Clock

# Who asks need not be known: nothing that is anybody's is answered.
OPEN = {"/livez", "/readyz", "/metrics", "/login", "/login/link", "/logout", "/static/{name}"}
OF_COMMANDS = {PATH + "{name}"}  # have a secret of their own; see test_guard.py

# What people do about themselves; these name no case, and are of no tenant.
OF_ONESELF = {"/account/password", "/account/sessions/end", "/account/tokens", "/account/tokens/revoke"}

# Give the next one of those that a person sees; see test_routes.py.
OF_ANY_CASE = {"/api/v1/queue/next", "/queue/next"}

# By the name of the parameter, or by route and name; a triple is that of the case that the test is about.
TRIPLE, REVIEW = "the id of a triple", "the id of a vote on it"
SIMPLE = {bool: True, int: 1, float: 0.5, datetime: "2026-11-22T00:00:00Z", date: "2026-11-22"}
VALUES: dict[str, Any] = {
    "triple_id": TRIPLE,
    "review_id": REVIEW,
    "token_id": "0123456789ab",
    "sha256": "0" * 64,
}


@dataclass(frozen=True)
class Asked:
    """One way to ask one route."""

    method: str
    route: APIRoute = field(repr=False)

    @property
    def path(self) -> str:
        return self.route.path

    @property
    def right(self) -> Right:
        """What the route needs."""
        (found,) = rights_of(self.route.dependant)
        return found

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def request(self, triple_id: str) -> dict[str, Any]:
        """Arguments of `client.request`: what the route asks for, about that triple."""
        whole = {one.alias: self.value_of(one, triple_id) for one in self.route.dependant.path_params}
        wanted = [one for one in self.params("query_params") if one.field_info.is_required()]
        query = {one.alias: self.value_of(one, triple_id) for one in wanted}
        made: dict[str, Any] = {"method": self.method, "url": self.path.format(**whole), "params": query}
        body = self.params("body_params")
        values = {one.alias: self.value_of(one, triple_id) for one in body}
        if any(type(one.field_info).__name__ in {"Form", "File"} for one in body):
            return made | {"data": {name: value for name, value in values.items() if value is not None}}
        if len(body) == 1 and not getattr(body[0].field_info, "embed", None):
            return made | {"json": next(iter(values.values()))}
        return made | ({"json": values} if body else {})

    @property
    def is_about_a_case(self) -> bool:
        """Whether the request names a triple."""
        made = str(self.request("this one"))
        return "this one" in made or vote_on("this one").id in made

    def params(self, kind: str) -> list[Any]:
        """The parameters of the route and of what it depends on."""
        return [one for dependant in flat(self.route.dependant) for one in getattr(dependant, kind)]

    def value_of(self, one: Any, triple_id: str) -> Any:
        """A value for a parameter."""
        given = VALUES.get(f"{self.path} {one.alias}", VALUES.get(one.alias, ...))
        value = value_like(one.field_info.annotation, one.field_info) if given is ... else given
        return about(value, triple_id)


def value_like(kind: Any, info: Any = None) -> Any:
    """A value of a type."""
    if info is not None and not info.is_required():
        return info.get_default(call_default_factory=True)
    if get_origin(kind) in {Union, UnionType}:
        return value_like(next(one for one in get_args(kind) if one is not NoneType))
    if get_origin(kind) in {list, tuple, set, frozenset}:
        return [value_like(get_args(kind)[0])]
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        return {name: VALUES.get(name) or value_like(one.annotation, one) for name, one in kind.model_fields.items()}
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    return SIMPLE.get(kind) or (next(iter(kind)).value if is_enum(kind) else "x")


def about(value: Any, triple_id: str) -> Any:
    """The same with the triple in its place."""
    if isinstance(value, dict):
        return {name: about(one, triple_id) for name, one in value.items()}
    if isinstance(value, list):
        return [about(one, triple_id) for one in value]
    return {TRIPLE: triple_id, REVIEW: vote_on(triple_id).id}.get(value, value) if isinstance(value, str) else value


def vote_on(triple_id: str) -> Review:
    """The vote that is withdrawn, decided on and the like."""
    return Review(triple_id, "Somebody else", Judgment.SAFE, None, None, NOW)


def is_enum(kind: Any) -> bool:
    """Whether it is one of some values."""
    return inspect.isclass(kind) and issubclass(kind, Enum)


def flat(dependant: Dependant) -> Iterator[Dependant]:
    """What a route depends on, and what that does."""
    yield dependant
    for other in dependant.dependencies:
        yield from flat(other)


def rights_of(dependant: Dependant) -> set[Right]:
    """What is needed, as `visit.needs` was told."""
    calls = [one.call for one in flat(dependant) if inspect.isfunction(one.call)]
    found = [inspect.getclosurevars(call).nonlocals.get("right") for call in calls if call]
    return {one for one in found if isinstance(one, Right)}


def is_of_all_tenants(asked: Asked) -> bool:
    """Whether a route is closed to who sees some tenants alone."""
    calls = [one.call for one in flat(asked.route.dependant) if inspect.isfunction(one.call)]
    wanted = [inspect.getclosurevars(call).nonlocals.get("of_all_tenants") for call in calls if call]
    return asked.right in OF_ALL_TENANTS or True in wanted


def roles_without(right: Right) -> tuple[Role, ...]:
    """All roles that do not give a right."""
    return tuple(role for role in Role if right not in RIGHTS[role])


@lru_cache
def all_routes() -> tuple[Asked, ...]:
    """Every way to ask the service anything, in a fixed order."""
    with Store.open(":memory:") as store:
        owner = Owner(store)
        app = whole_app(owner, Site(owner, load(), Clock(), list))
        owner.end(lambda _: None)
    routes = [one for one in app.routes if isinstance(one, APIRoute)]
    assert len(routes) == len(app.routes), "a route of another kind is not looked at here"
    return tuple(Asked(method, one) for one in routes for method in sorted(one.methods))


def guarded() -> tuple[Asked, ...]:
    """Those that somebody has to be known for."""
    return tuple(one for one in all_routes() if one.path not in OPEN | OF_COMMANDS)


def changing() -> tuple[Asked, ...]:
    """Those of them that change something."""
    return tuple(one for one in guarded() if one.method not in SAFE)


def reading() -> tuple[Asked, ...]:
    """Those that give something."""
    return tuple(one for one in guarded() if one.method in SAFE)
