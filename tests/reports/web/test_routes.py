"""Every route against everybody who may not use it: nothing is changed, and nothing is told.

Routes are taken from the application, so that a new one is in here by itself. What is told is looked for by marks: all
texts and names of the foreign tenant hold one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from auditor.access.person import Right, Role
from auditor.access.store_users import User
from auditor.access.tokens import NEVER
from auditor.sampling.store import draw
from auditor.store import Store
from auditor.store_reviews import add_reviews
from tests.reports.seed import NOW as SEEDED
from tests.reports.seed import config, judged, seed
from tests.reports.web.requests import (
    OF_ANY_CASE,
    OF_COMMANDS,
    OF_ONESELF,
    OPEN,
    Asked,
    all_routes,
    changing,
    guarded,
    is_of_all_tenants,
    reading,
    rights_of,
    roles_without,
    vote_on,
)
from tests.reports.web.served import OURS, Served, served
from tests.reports.web.site import NOW

MARK = "zanzibar"  # in all that is of the foreign tenant, and nowhere else
OWN = judged(1, 0.9)
FOREIGN = judged(
    2,
    0.9,
    tenant=f"{MARK}-bank",
    question=f"a question of {MARK}",
    thinking=f"a thought of {MARK}",
    answer=f"an answer of {MARK}",
)
SHOW_A_CASE = {"/cases", "/cases/{triple_id}", "/api/v1/cases", "/api/v1/cases/{triple_id}"}
OF_FOREIGN_PAGES: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost:8471"},
    {"Origin": "null"},
    {},
)
LOGIN = {401, 303}
REFUSED = {403, 404, 409, 421}

EVERY_CHANGE = pytest.mark.parametrize("asked", changing(), ids=str)
EVERY_READ = pytest.mark.parametrize("asked", reading(), ids=str)
EVERY_ROUTE = pytest.mark.parametrize("asked", guarded(), ids=str)


@dataclass
class World:
    """A service with cases of two tenants, and people."""

    site: Served
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[Right, dict[str, str]] = field(default_factory=dict)  # with all scopes but this
    counting: str = ""

    def user(self, roles: tuple[Role, ...], *tenants: str) -> User:
        name = " ".join((*roles, *tenants)) or "nobody"
        if name not in self.users:
            self.users[name] = self.site.user(name, *roles, tenants=tenants or ("*",))
        return self.users[name]

    @property
    def all_mighty(self) -> User:
        return self.user(tuple(Role))

    def ask(self, asked: Asked, triple_id: str = OWN[0].id, **headers: str) -> Any:
        self.site.client.cookies.clear()
        return self.site.client.request(**asked.request(triple_id), headers=headers)

    def contents(self) -> dict[str, tuple[int, int]]:
        """What the database holds: for each table how many rows, and a number that depends on all of them."""
        connection = self.site.store.connection
        if not self.counting:
            query = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND table_name <> 'token_uses'"
            count = "SELECT '{0}', count(*), coalesce(sum(hash(t)::HUGEINT), 0) FROM {0} t"
            self.counting = " UNION ALL ".join(count.format(name) for (name,) in connection.execute(query).fetchall())
        return {name: (n, content) for name, n, content in connection.execute(self.counting).fetchall()}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Store.open(":memory:") as store:
        seed(store, [OWN, FOREIGN], rejected=1, gaps=1)
        draw(store, config(), SEEDED.date(), NOW)
        add_reviews(store, [vote_on(triple.id) for triple, _ in (OWN, FOREIGN)], NOW)
        with served(store) as site:
            made = World(site)
            for right in Right:  # so that adding people is no change that a test sees
                made.user(roles_without(right))
            made.user(tuple(Role), "harbor-bank")
            for right in Right:
                made.tokens[right] = site.token_of(made.all_mighty, *(set(Right) - {right} - NEVER))
            yield made


@pytest.fixture
def unchanged(world: World) -> Iterator[None]:
    """Whatever a test does, the database is as before."""
    before = world.contents()
    yield
    assert world.contents() == before


def test_every_route_says_what_it_needs_or_is_known_to_need_nothing() -> None:
    assert [str(one) for one in guarded() if len(rights_of(one.route.dependant)) != 1] == []
    assert {one.path for one in all_routes()} >= OPEN | OF_COMMANDS | SHOW_A_CASE
    others = OF_ONESELF | OF_ANY_CASE
    known = [one for one in changing() if is_of_all_tenants(one) or one.is_about_a_case or one.path in others]
    assert known == list(changing()), "name the triple of a route in VALUES, or say that it is about oneself"
    assert len(changing()) > 3
    assert len(reading()) > 3


@pytest.mark.parametrize("asked", [one for one in reading() if one.path in SHOW_A_CASE], ids=str)
def test_the_marks_are_there_for_who_may_see_them(world: World, asked: Asked) -> None:
    """Else the tests below could not fail."""
    answer = world.ask(asked, FOREIGN[0].id, **world.site.session_of(world.all_mighty))
    assert answer.status_code == 200
    assert MARK in answer.text


@pytest.mark.usefixtures("unchanged")
class TestRefused:
    """With all that is needed but one thing."""

    @EVERY_ROUTE
    def test_no_login(self, world: World, asked: Asked) -> None:
        self.refused(world.ask(asked, **OURS), LOGIN)

    @EVERY_ROUTE
    def test_a_token_that_is_none_also_with_a_session(self, world: World, asked: Asked) -> None:
        session = world.site.session_of(world.all_mighty)
        for given in ("Bearer x", "Bearer ta_0123456789ab_" + "A" * 43, "Bearer "):
            self.refused(world.ask(asked, Authorization=given, **session, **OURS), LOGIN)

    @EVERY_ROUTE
    def test_a_wrong_role(self, world: World, asked: Asked) -> None:
        roles = roles_without(asked.right)
        if roles:
            answer = world.ask(asked, **world.site.session_of(world.user(roles)), **OURS)
            self.refused(answer, {403})
        else:
            assert asked.right is Right.SEE  # which each role gives

    @EVERY_ROUTE
    def test_a_token_without_the_scope(self, world: World, asked: Asked) -> None:
        self.refused(world.ask(asked, **world.tokens[asked.right]), {403})

    @EVERY_CHANGE
    def test_a_foreign_page(self, world: World, asked: Asked) -> None:
        session = world.site.session_of(world.all_mighty)
        for headers in OF_FOREIGN_PAGES:
            self.refused(world.ask(asked, **session, **headers), {403})

    @EVERY_ROUTE
    def test_a_wrong_host(self, world: World, asked: Asked) -> None:
        session = world.site.session_of(world.all_mighty)
        for host in ("evil.example", "localhost.evil.example", "192.0.2.1"):
            self.refused(world.ask(asked, **session, **OURS, Host=host), {421})

    @pytest.mark.parametrize("asked", [one for one in changing() if one.path not in OF_ONESELF | OF_ANY_CASE], ids=str)
    def test_a_case_of_another_tenant(self, world: World, asked: Asked) -> None:
        of_own = world.site.session_of(world.user(tuple(Role), "harbor-bank"))
        answer = world.ask(asked, FOREIGN[0].id, **of_own, **OURS)
        self.refused(answer, {403} if is_of_all_tenants(asked) else REFUSED)

    def refused(self, answer: Any, statuses: set[int]) -> None:
        assert answer.status_code in statuses
        assert answer.status_code != 303 or answer.headers["location"].startswith("/login")
        assert MARK not in answer.text
        assert OWN[0].question not in answer.text
        assert "traceaudit-" not in answer.headers.get("set-cookie", "")


@EVERY_READ
def test_nothing_of_another_tenant_is_read(world: World, asked: Asked) -> None:
    of_own = world.site.session_of(world.user(tuple(Role), "harbor-bank"))
    answer = world.ask(asked, FOREIGN[0].id, **of_own)
    assert MARK not in answer.text
    assert answer.status_code < 500
    if is_of_all_tenants(asked):
        assert answer.status_code == 403
    elif asked.is_about_a_case:
        assert answer.status_code in REFUSED


def of_some_tenant() -> list[Asked]:
    """Those that may be asked for one tenant's alone."""
    return [one for one in reading() if "tenant" in {param.alias for param in one.params("query_params")}]


@pytest.mark.parametrize("asked", of_some_tenant(), ids=str)
def test_nothing_is_read_by_naming_another_tenant(world: World, asked: Asked) -> None:
    world.site.client.cookies.clear()
    session = world.site.session_of(world.user(tuple(Role), "harbor-bank"))
    request = asked.request(FOREIGN[0].id)
    answer = world.site.client.request(**{**request, "params": {"tenant": f"{MARK}-bank"}}, headers=session)
    assert f"of {MARK}" not in answer.text
    assert FOREIGN[0].id not in answer.text
    assert answer.status_code < 500


@pytest.mark.parametrize("asked", [one for one in changing() if one.path in OF_ANY_CASE], ids=str)
def test_the_next_case_is_never_one_of_another_tenant(world: World, asked: Asked) -> None:
    session = world.site.session_of(world.user(tuple(Role), "harbor-bank"))
    answers = [world.ask(asked, **session, **OURS) for _ in range(3)]
    assert all(MARK not in answer.text and FOREIGN[0].id not in answer.text for answer in answers)
    assert {answer.status_code for answer in answers} <= {200, 204, 303}
