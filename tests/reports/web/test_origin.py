"""Which requests are for us, and which may come from a page that is not ours."""

import pytest

from reports.web.origin import is_for_us, is_foreign

HOST = {"host": "audit.example.org"}


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8470", "127.0.0.1", "127.0.0.1:1", "[::1]:8470", "audit.example.org", "10.0.0.5:80"],
)
def test_names_of_ours_and_the_address_that_was_asked_are_for_us(host: str) -> None:
    assert is_for_us([host], "10.0.0.5", ["audit.example.org"])


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["evil.example"],
        ["evil.example:8470"],
        ["audit.example.org.evil.example"],
        ["xaudit.example.org"],
        ["10.0.0.6"],
        ["localhost.evil.example"],
        ["127.0.0.1.nip.io"],
        ["localhost@evil.example"],
        ["localhost", "evil.example"],
        ["localhost", "localhost"],
        ["[::2]"],
        ["2130706433"],
    ],
)
def test_all_other_names_are_not(hosts: list[str]) -> None:
    assert not is_for_us(hosts, "10.0.0.5", ["audit.example.org"])


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_not_foreign(method: str) -> None:
    assert not is_foreign(
        method, HOST | {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, https=False
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, False),  # as Go: the browser knows best
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://audit.example.org"}, True),
        ({"sec-fetch-site": "cross-site", "authorization": "Bearer ta_x"}, True),
        ({"sec-fetch-site": "nonsense"}, True),
        ({"origin": "http://audit.example.org"}, False),
        ({"origin": "https://audit.example.org"}, False),
        ({"origin": "http://audit.example.org:81"}, True),
        ({"origin": "http://audit.example.org.evil.example"}, True),
        ({"origin": "http://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": "file://audit.example.org"}, True),
        ({"origin": "http://["}, True),
        ({"origin": "https://evil.example", "authorization": "Bearer ta_x"}, True),
        ({}, True),
        ({"cookie": "a=b"}, True),
        ({"authorization": "Basic YTpi"}, True),
        ({"authorization": "Bearer ta_x"}, False),
    ],
)
def test_what_changes_something_has_to_come_from_a_page_of_ours(
    method: str, headers: dict[str, str], foreign: bool
) -> None:
    assert is_foreign(method, HOST | headers, https=False) is foreign


def test_a_page_without_tls_is_not_ours_where_ours_have_it() -> None:
    assert is_foreign("POST", HOST | {"origin": "http://audit.example.org"}, https=True)
    assert not is_foreign("POST", HOST | {"origin": "https://audit.example.org"}, https=True)


def test_a_request_without_a_host_has_no_page_of_ours() -> None:
    assert is_foreign("POST", {"origin": "http://"}, https=False)
