"""Coming in, staying in, and being out again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote

import pytest

from auditor.access.store_users import By, Change, change_user
from auditor.store import Store
from reports.web.pages.login import within
from tests.auditor.access.people import PASSWORD
from tests.reports.web.served import OURS, PROXY_SECRET, Served, served

HOUR = timedelta(hours=1)
NEW = "another orchard lamp"
ROOT = "root"


@pytest.fixture
def site() -> Iterator[Served]:
    with Store.open(":memory:") as store, served(store) as made:
        made.user("Ada", "viewer")
        yield made


def log_in(site: Served, name: str = "ada", password: str = PASSWORD, after: str = "/help") -> Any:
    return site.client.post("/login", data={"name": name, "password": password, "after": after}, headers=OURS)


def is_in(site: Served, **headers: str) -> bool:
    return site.client.get("/account", headers=headers).status_code == 200


def trail(site: Served, kind: str) -> list[str]:
    rows = site.store.connection.execute("SELECT actor FROM events WHERE kind = ? ORDER BY seq", [kind]).fetchall()
    return [actor for (actor,) in rows]


def change(site: Served, wanted: Change) -> None:
    change_user(site.store, "ada", wanted, By(ROOT, site.clock.now))


def test_a_password_lets_in_and_leads_to_where_one_wanted_to_go(site: Served) -> None:
    assert site.client.get("/help").headers["location"] == "/login?next=/help"
    assert 'value="/help"' in site.client.get("/login?next=/help").text
    answer = log_in(site)
    assert (answer.status_code, answer.headers["location"]) == (303, "/help")
    assert is_in(site)
    assert trail(site, "login.succeeded") == ["Ada"]


def test_a_cookie_is_for_no_script_and_no_other_site(site: Served) -> None:
    cookie = log_in(site).headers["set-cookie"]
    assert cookie.startswith("traceaudit-")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"):
        assert part in cookie.split("; ")
    assert "Secure" not in cookie


def test_behind_tls_it_goes_over_that_alone() -> None:
    with Store.open(":memory:") as store, served(store, **{"access.https": "true"}) as site:
        site.user("Ada")
        answer = log_in(site)
        assert answer.headers["set-cookie"].startswith("__Host-traceaudit-")
        assert "Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong one"), ("nobody", PASSWORD), ("", ""), ("ada", "")])
def test_a_wrong_one_does_not_and_the_page_says_the_same(site: Served, name: str, password: str) -> None:
    answer = log_in(site, name, password)
    assert answer.status_code == 401
    assert "this name and password do not belong together" in answer.text
    assert "set-cookie" not in answer.headers
    assert password not in answer.text or not password
    assert not is_in(site)


def test_guessing_is_over_after_some_tries(site: Served) -> None:
    statuses = [log_in(site, password=f"guess number {n}").status_code for n in range(11)]
    assert statuses == [401] * 10 + [429]
    answer = log_in(site)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "901")
    assert len(trail(site, "login.failed")) == 10
    site.clock.now += timedelta(seconds=901)
    assert log_in(site).status_code == 303


def test_a_session_ends_without_use_and_in_any_case(site: Served) -> None:
    log_in(site)
    site.clock.now += 2 * HOUR
    assert not is_in(site)
    log_in(site)
    for _ in range(11):
        site.clock.now += HOUR
        assert is_in(site)  # the client takes the cookie that comes with the answer
    site.clock.now += HOUR
    assert not is_in(site)


def test_a_cookie_is_set_anew_only_where_that_is_worth_it(site: Served) -> None:
    log_in(site)
    assert "set-cookie" not in site.client.get("/account").headers
    site.clock.now += HOUR
    assert "set-cookie" not in site.client.get("/static/page.css").headers
    assert "set-cookie" in site.client.get("/account").headers


def test_who_logs_out_is_out_also_with_the_old_cookie(site: Served) -> None:
    cookie = log_in(site).headers["set-cookie"].partition(";")[0]
    assert is_in(site)
    answer = site.client.post("/logout", headers=OURS)
    assert (answer.status_code, "Max-Age=0" in answer.headers["set-cookie"]) == (303, True)
    assert not is_in(site)
    assert not is_in(site, Cookie=cookie)
    assert trail(site, "logout") == ["Ada"]
    assert log_in(site).status_code == 303


@pytest.mark.parametrize(
    "wanted",
    [Change(disabled=True), Change(end_sessions=True), Change(password_hash="$argon2id$x")],  # noqa: S106
)
def test_sessions_end_for_who_is_changed(site: Served, wanted: Change) -> None:
    log_in(site)
    change(site, wanted)
    assert not is_in(site)


def test_another_role_counts_from_the_next_request(site: Served) -> None:
    log_in(site)
    assert "viewer" in site.client.get("/account").text
    change(site, Change(tenants=("acme",)))
    assert "acme" in site.client.get("/account").text


def test_a_cookie_that_was_changed_lets_nobody_in(site: Served) -> None:
    name, _, value = log_in(site).headers["set-cookie"].partition(";")[0].partition("=")
    site.client.cookies.clear()
    assert is_in(site, Cookie=f"{name}={value}")
    for wrong in (value[:-4], value + "A", value[::-1], "", "a.b.c", value.replace(".", "", 1)):
        assert not is_in(site, Cookie=f"{name}={wrong}")


@pytest.mark.parametrize(
    "after",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil",
        "evil",
        "",
        "/a\nb",
        "/a\\..\\b",
        "/\t/evil",
    ],
)
def test_one_is_never_led_to_somebody_else(site: Served, after: str) -> None:
    assert within(after) == "/"
    assert log_in(site, after=after).headers["location"] == "/"
    assert "evil" not in site.client.get(f"/login?next={quote(after)}").text


class TestOwnAccount:
    """What people do about their own account."""

    def change(self, site: Served, current: str = PASSWORD, new: str = NEW, again: str = NEW) -> Any:
        data = {"current": current, "new": new, "again": again}
        return site.client.post("/account/password", data=data, headers=OURS)

    def test_another_password_ends_all_other_sessions(self, site: Served) -> None:
        other = log_in(site).headers["set-cookie"].partition(";")[0]
        site.client.cookies.clear()
        log_in(site)
        assert self.change(site).status_code == 303
        assert is_in(site)
        site.client.cookies.clear()
        assert not is_in(site, Cookie=other)
        assert log_in(site).status_code == 401
        assert log_in(site, password=NEW).status_code == 303
        assert trail(site, "user.changed") == ["Ada"]

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"current": "wrong one"}, "do not belong together"),
            ({"again": "another orchard lamb"}, "two different new passwords"),
            ({"new": "short", "again": "short"}, "12 to 256 characters"),
            ({"new": "ada ada lamp 1", "again": "ada ada lamp 1"}, "too easily guessed"),
        ],
    )
    def test_a_password_stays_where_something_is_wrong(self, site: Served, changes: dict[str, str], why: str) -> None:
        log_in(site)
        answer = self.change(site, **changes)
        assert (answer.status_code, why in answer.text) == (409, True)
        assert log_in(site).status_code == 303

    def test_who_has_a_cookie_alone_cannot_guess_the_password_for_long(self, site: Served) -> None:
        log_in(site)
        for _ in range(10):
            self.change(site, current="wrong one")
        assert "too many logins failed" in self.change(site).text

    def test_log_out_everywhere_else(self, site: Served) -> None:
        other = log_in(site).headers["set-cookie"].partition(";")[0]
        site.client.cookies.clear()
        log_in(site)
        assert site.client.post("/account/sessions/end", headers=OURS).status_code == 303
        assert is_in(site)
        site.client.cookies.clear()
        assert not is_in(site, Cookie=other)

    def test_a_token_is_made_shown_once_used_and_revoked(self, site: Served) -> None:
        log_in(site)
        form = {"scope": ["see", "vote"], "days": "30", "note": "<b>pull"}
        page = site.client.post("/account/tokens", data=form, headers=OURS).text
        text = page.split("<code>ta_")[1].split("</code>")[0]
        assert text not in site.client.get("/account").text
        assert "&lt;b&gt;pull" in page
        site.client.cookies.clear()
        by_token = {"Authorization": f"Bearer ta_{text}"}
        assert site.client.get("/help", headers=by_token).status_code == 200
        log_in(site)
        assert site.client.post("/account/tokens/revoke", data={"token_id": text[:12]}, headers=OURS).status_code == 303
        site.client.cookies.clear()
        assert site.client.get("/api/ledger", headers=by_token).status_code == 401

    def test_a_token_makes_no_token_and_changes_no_password(self, site: Served) -> None:
        user = site.user("Tom", "viewer", "admin")
        headers = site.token_of(user, "see", "vote", "operate", "approve")
        data = {"scope": "see", "days": "1", "current": PASSWORD, "new": NEW, "again": NEW}
        for path in ("tokens", "password", "sessions/end", "tokens/revoke"):
            assert site.client.post(f"/account/{path}", data=data, headers=headers).status_code == 403
        assert site.client.get("/account", headers=headers).status_code == 403
        assert trail(site, "user.changed") == []

    def test_a_token_of_another_cannot_be_revoked(self, site: Served) -> None:
        theirs = site.token_of(site.user("Tom"), "see")
        log_in(site)
        token_id = theirs["Authorization"].split("_")[1]
        assert site.client.post("/account/tokens/revoke", data={"token_id": token_id}, headers=OURS).status_code == 409
        site.client.cookies.clear()
        assert site.client.get("/help", headers=theirs).status_code == 200


class TestTheLink:
    """Where there are no users yet."""

    @pytest.fixture
    def empty(self) -> Iterator[Served]:
        with Store.open(":memory:") as store, served(store) as made:
            yield made

    def link(self, site: Served) -> str:
        way = site.entrance.way_in(site.store, "http://localhost")
        assert way
        return way

    def test_it_lets_in_once_with_all_rights(self, empty: Served) -> None:
        link = self.link(empty)
        assert empty.client.get("/login/link?code=wrong").status_code == 401
        assert empty.client.get("/login/link").status_code == 401
        assert empty.client.get(link).status_code == 303
        page = empty.client.get("/help").text
        assert "administer" in page
        assert empty.entrance.way_in(empty.store, "") is None
        empty.client.cookies.clear()
        assert empty.client.get(link).status_code == 401
        assert len(trail(empty, "login.succeeded")) == 1

    def test_it_is_gone_with_the_first_user_and_so_are_its_sessions(self, empty: Served) -> None:
        link = self.link(empty)
        empty.client.get(link)
        assert is_in(empty)
        empty.user("Ada")
        assert not is_in(empty)
        assert empty.entrance.way_in(empty.store, "") is None

    def test_it_lets_nobody_in_where_there_are_users(self, empty: Served) -> None:
        link = self.link(empty)
        empty.user("Ada")
        assert empty.client.get(link).status_code == 401
        assert not is_in(empty)

    def test_another_process_does_not_know_its_sessions(self, empty: Served) -> None:
        empty.client.get(self.link(empty))
        assert empty.entrance.first
        empty.entrance.first.sessions.clear()
        assert not is_in(empty)

    def test_whoever_came_by_it_has_no_account_to_change(self, empty: Served) -> None:
        empty.client.get(self.link(empty))
        answer = empty.client.post("/account/tokens", data={"scope": "see", "days": "1"}, headers=OURS)
        assert (answer.status_code, "you are no user of this service yet" in answer.text) == (409, True)

    def test_a_service_that_is_reached_from_elsewhere_has_none(self) -> None:
        with Store.open(":memory:") as store, served(store, **{"serve.host": "192.0.2.1"}) as site:
            assert site.entrance.way_in(store, "") is None
            assert site.client.get("/login/link?code=").status_code == 401


class TestBehindAProxy:
    """OIDC is the proxy's; what people may do is ours."""

    GOOD: ClassVar = {"X-Auth-Request-User": "ada", "X-Traceaudit-Proxy-Secret": PROXY_SECRET}

    @pytest.fixture
    def proxied(self) -> Iterator[Served]:
        with (
            Store.open(":memory:") as store,
            served(store, "10.0.3.7", **{"access.proxy_peers": '["10.0.3.7"]'}) as made,
        ):
            made.user("Ada", "viewer", password_hash=None)
            yield made

    def test_its_word_lets_in_and_the_trail_tells_so_once_a_day(self, proxied: Served) -> None:
        for _ in range(3):
            assert proxied.client.get("/help", headers=self.GOOD).status_code == 200
        assert trail(proxied, "login.succeeded") == ["Ada"]
        proxied.clock.now += 24 * HOUR
        assert is_in(proxied, **self.GOOD)
        assert trail(proxied, "login.succeeded") == ["Ada", "Ada"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"X-Auth-Request-User": "eve"},
            {"X-Traceaudit-Proxy-Secret": "guessed"},
            {"X-Traceaudit-Proxy-Secret": ""},
            {"X-Auth-Request-User": ""},
        ],
    )
    def test_all_else_does_not(self, proxied: Served, changes: dict[str, str]) -> None:
        assert not is_in(proxied, **{**self.GOOD, **changes})

    def test_a_stranger_hears_why(self, proxied: Served) -> None:
        strange = {**self.GOOD, "X-Auth-Request-User": "<b>eve"}
        assert proxied.client.get("/help", headers=strange).headers["location"].startswith("/login")
        assert "calls you &lt;b&gt;eve, and there is no such user" in proxied.client.get("/login", headers=strange).text

    def test_from_elsewhere_it_counts_for_nothing_also_with_a_session(self, site: Served) -> None:
        settings = {"access.proxy_peers": '["10.0.3.7"]'}
        with Store.open(":memory:") as store, served(store, "10.0.3.8", **settings) as other:
            user = other.user("Ada", "viewer")
            assert not is_in(other, **self.GOOD)
            assert not is_in(other, **self.GOOD, **other.session_of(user))
            assert is_in(other, **other.session_of(user))
        log_in(site)
        assert is_in(site, **self.GOOD)  # where no proxy is configured these are headers like any other

    def test_what_it_says_of_addresses_counts_for_the_limit(self, proxied: Served) -> None:
        proxied.user("Bob")
        for n in range(30):
            proof = {"X-Traceaudit-Proxy-Secret": PROXY_SECRET, "X-Forwarded-For": "1.2.3.4, 198.51.100.9"}
            proxied.client.post("/login", data={"name": f"x{n}", "password": "y"}, headers={**OURS, **proof})
        good = {"name": "bob", "password": PASSWORD}
        assert proxied.client.post("/login", data=good, headers={**OURS, **proof}).status_code == 429
        proof["X-Forwarded-For"] = "198.51.100.9, 1.2.3.4"
        assert proxied.client.post("/login", data=good, headers={**OURS, **proof}).status_code == 303

    def test_its_people_make_changes_only_from_our_pages(self, proxied: Served) -> None:
        assert proxied.client.post("/account/sessions/end", headers=self.GOOD).status_code == 403
        assert proxied.client.post("/account/sessions/end", headers={**self.GOOD, **OURS}).status_code == 303
