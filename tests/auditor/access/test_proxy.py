"""The word of a proxy counts from its address, with its secret, and once."""

import json
from typing import Any

import pytest

from auditor.access.person import Right, Role
from auditor.access.proxy import Claim, Proxy, proxy_of
from auditor.access.store_users import User
from conf.errors import ConfigError
from conf.schema import Access, load
from tests.factories import NOW

SECRET = "a secret of sixteen"  # noqa: S105 - a made-up one
ENVIRON = {"TRACEAUDIT_PROXY_SECRET": SECRET}
USER, PROOF = "x-auth-request-user", "x-traceaudit-proxy-secret"
PEER = "10.0.3.7"
GOOD = [(USER, "ada"), (PROOF, SECRET)]


def access(**more: Any) -> Access:
    return load(overrides={f"access.{key}": json.dumps(value) for key, value in more.items()}).access


def proxy(**more: Any) -> Proxy:
    made = proxy_of(access(**{"proxy_peers": [PEER, "fd00::/8"], **more}), ENVIRON)
    assert made
    return made


def user(name: str = "Ada", *, disabled: bool = False) -> User:
    return User(name, None, (Role.EXPERT,), ("acme",), disabled, 1, NOW, NOW)


@pytest.mark.parametrize("peer", [PEER, "::ffff:10.0.3.7", "fd00::1"])
def test_a_listed_peer_with_the_secret_is_believed(peer: str) -> None:
    assert proxy().claim(peer, [("accept", "*/*"), *GOOD]) == (Claim.TRUSTED, "ada")


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.3.8", GOOD),
        ("127.0.0.1", GOOD),
        ("testclient", GOOD),
        ("", GOOD),
        (PEER, [(USER, "ada")]),
        (PEER, [(USER, "ada"), (PROOF, "")]),
        (PEER, [(USER, "ada"), (PROOF, SECRET + "x")]),
        (PEER, [(USER, " "), (PROOF, SECRET)]),
        (PEER, [(USER, "ada"), (USER, "root"), (PROOF, SECRET)]),
        (PEER, [(USER, "ada"), (PROOF, "wrong"), (PROOF, SECRET)]),
        (PEER, [(USER, "ada"), (PROOF, "ü")]),
    ],
)
def test_all_else_that_claims_to_be_the_proxy_is_forged(peer: str, headers: list[tuple[str, str]]) -> None:
    assert proxy().claim(peer, headers) == (Claim.FORGED, "")


def test_a_request_without_its_headers_claims_nothing() -> None:
    assert proxy().claim(PEER, [("x-forwarded-user", "ada"), (PROOF, SECRET)]) == (Claim.NONE, "")
    assert proxy().is_proxy(PEER, [(PROOF, SECRET)])
    assert not proxy().is_proxy("10.0.3.8", [(PROOF, SECRET)])
    assert not proxy().is_proxy(PEER, [(PROOF, SECRET), (PROOF, SECRET)])


def test_what_people_may_do_is_in_the_table_of_users() -> None:
    found = proxy().person("ADA", user())
    assert found == user().person
    assert proxy().person("ada", user(disabled=True)) is None
    assert proxy().person("eve", None) is None


def test_whom_the_table_does_not_know_may_what_is_configured() -> None:
    lenient = proxy(proxy_default_roles=["viewer"], proxy_default_tenants=["acme"])
    found = lenient.person(" eve ", None)
    assert found
    assert (found.name, found.rights, found.tenants) == ("eve", frozenset({Right.SEE}), frozenset({"acme"}))
    assert lenient.person("ada", user(disabled=True)) is None
    assert lenient.person("traceaudit", None) is None
    everything = proxy(proxy_default_roles=["viewer"], proxy_default_tenants=["*"]).person("eve", None)
    nothing = proxy(proxy_default_roles=["viewer"]).person("eve", None)
    assert everything
    assert nothing
    assert (everything.tenants, nothing.tenants) == (None, frozenset())


@pytest.mark.parametrize("peer", ["0.0.0.0/0", "::/0", "proxy.local", "10.0.0.300", ""])
def test_a_peer_that_is_everybody_or_nobody_is_a_mistake(peer: str) -> None:
    with pytest.raises(ConfigError, match=r"access\.proxy_peers"):
        proxy(proxy_peers=[peer])


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_proxy_without_a_secret_is_a_mistake(secret: str) -> None:
    with pytest.raises(ConfigError, match="TRACEAUDIT_PROXY_SECRET is to hold the secret"):
        proxy_of(access(proxy_peers=[PEER]), {"TRACEAUDIT_PROXY_SECRET": secret})
    assert proxy_of(access(), {}) is None


def test_its_secret_is_not_shown() -> None:
    assert SECRET not in repr(proxy())
