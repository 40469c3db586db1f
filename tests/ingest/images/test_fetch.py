"""Fetching: addresses of logs that must never be dialled, a real server that misbehaves, and no socket by default."""

import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from conf.schema import Fetch, load
from ingest.images.addresses import is_public
from ingest.images.fetch import Fetcher
from ingest.images.resolve import Resolver
from ingest.images.urls import BadUrl, read_url
from ingest.normalize import normalizer
from ingest.qta import ImageFailure, ImageReason
from tests.factories import make_record
from tests.ingest.images.drawn import encoded, picture
from tests.ingest.images.tls_server import TlsServer

TABLE = tomllib.loads(Path(__file__).with_name("urls.toml").read_text(encoding="utf-8"))
WRITTEN = [url for urls in TABLE["written"].values() for url in urls]
LEADING = [url for urls in TABLE["leading"].values() for url in urls]
PUBLIC = "93.184.215.14"
LOOPBACK = "127.0.0.1"
IMAGE = encoded(picture())
MAX_BYTES = 1_000_000

DIALS: list[Any] = []  # what the interpreter says it dialled or asked a resolver for; an audit hook stays for good


def note(event: str, args: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.__new__"}:
        DIALS.append((event, args[1] if event == "socket.connect" else args[0]))


sys.addaudithook(note)


@pytest.fixture
def dials() -> list[Any]:
    DIALS.clear()
    return DIALS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    running = TlsServer(tmp_path_factory.mktemp("tls"), IMAGE)
    yield running
    running.shutdown()
    running.server_close()


def answers(host: str, port: int) -> Sequence[str]:
    found: list[str] = TABLE["answers"].get(host, [PUBLIC])
    return found


def settings(**changes: Any) -> Fetch:
    return load().fetch.model_copy(update=changes)


def everything(*urls: str) -> Fetch:
    """Allows the host of each URL that can be read, so that nothing but where it leads is left to refuse it."""
    hosts = [read_url(url).host for url in urls]
    return settings(allow_hosts=("*.example.org", "localhost", LOOPBACK, *hosts))


@pytest.mark.parametrize("url", WRITTEN)
def test_a_url_that_others_might_read_differently_is_not_dialled(url: str, dials: list[Any]) -> None:
    config = everything("https://[::1]/", "https://1.1.1.1/")
    assert Fetcher(config, MAX_BYTES, answers).fetch(url) is ImageReason.HOST_NOT_ALLOWED
    assert dials == []


@pytest.mark.parametrize("url", LEADING)
def test_an_address_that_is_not_public_is_not_dialled(url: str, dials: list[Any]) -> None:
    assert Fetcher(everything(url), MAX_BYTES, answers).fetch(url) is ImageReason.HOST_NOT_ALLOWED
    assert dials == []


def test_the_table_is_long_enough() -> None:
    assert len({*WRITTEN, *LEADING}) >= 120
    assert len({*WRITTEN, *LEADING}) == len([*WRITTEN, *LEADING])


@pytest.mark.parametrize("url", [*WRITTEN, *LEADING, "https://img.example.org/a.png", "s3://bucket/a.png", "gs://b/a"])
def test_by_default_no_socket_is_made(url: str, dials: list[Any]) -> None:
    row = {"qta": 1, "question": "?", "answer": "!", "images": [url]}
    (triple,) = NORMALIZE(make_record(orjson.dumps(row))).triples
    assert isinstance(triple.images[0], ImageFailure)
    assert dials == []


NORMALIZE = normalizer(load())


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("https://img.example.org", "img.example.org", 443, "/"),
        ("HTTPS://IMG.Example.ORG:443/A.png?x=1&y=%20#z", "img.example.org", 443, "/A.png?x=1&y=%20"),
        ("https://img.example.org?x", "img.example.org", 443, "/?x"),
        ("https://img.example.org:8443/ä", "img.example.org", 8443, "/%C3%A4"),
        ("https://bücher.example.org/", "xn--bcher-kva.example.org", 443, "/"),
        ("https://1.1.1.1/", "1.1.1.1", 443, "/"),
        ("https://[2606:4700::1111]:443/", "2606:4700::1111", 443, "/"),
        ("https://my_bucket.s3.example.org/k", "my_bucket.s3.example.org", 443, "/k"),
    ],
)
def test_a_url_is_read_into_what_is_dialled(url: str, host: str, port: int, target: str) -> None:
    read = read_url(url)
    assert (read.host, read.port, read.target) == (host, port, target)


def test_a_url_that_is_refused_is_not_quoted() -> None:
    with pytest.raises(BadUrl) as refused:
        read_url("https://secret:token@img.example.org/")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "img.example.org", "127.1", "1.1.1.1 ", "10.0.0.1\n"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize(
    ("host", "allowed", "want"),
    [
        ("img.example.org", ("img.example.org",), True),
        ("img.example.org", ("IMG.example.org",), True),
        ("a.b.example.org", ("*.example.org",), True),
        ("example.org", ("*.example.org",), False),
        ("badexample.org", ("*.example.org",), False),
        ("img.example.org.evil.test", ("*.example.org", "img.example.org"), False),
        ("evil.test", ("*.example.org",), False),
    ],
)
def test_only_listed_hosts_are_dialled(host: str, allowed: tuple[str, ...], want: bool) -> None:
    asked: list[str] = []

    def resolve(name: str, port: int) -> list[str]:
        asked.append(name)
        return []

    Fetcher(settings(allow_hosts=allowed), MAX_BYTES, resolve).fetch(f"https://{host}/")
    assert asked == [host] * want


def fetcher(server: TlsServer, resolve: Callable[[str, int], Sequence[str]] | None = None, **changes: Any) -> Fetcher:
    """Takes this machine's own address for a public one, and no other that is not."""
    base = {"allow_hosts": ("*.example.org", "localhost"), "allow_ports": (server.port, 443), "timeout_s": 5.0}
    config = settings(**{**base, "ca_file": str(server.ca_file), **changes})

    def local(host: str, port: int) -> Sequence[str]:
        return (
            [LOOPBACK] if host in {"img.example.org", "other.example.org", "wrong.example.org"} else answers(host, port)
        )

    return Fetcher(config, MAX_BYTES, resolve or local, lambda address: address == LOOPBACK or is_public(address))


def url(server: TlsServer, path: str, host: str = "img.example.org") -> str:
    return f"https://{host}:{server.port}/{path}"


@pytest.mark.parametrize(
    "path", ["ok", "packed", "chain/5", "to/%2Fok", "to/..%2Fok", "to/%2F%2Fother.example.org:{}/ok"]
)
def test_an_image_of_an_allowed_host_is_fetched(path: str, server: TlsServer, dials: list[Any]) -> None:
    assert fetcher(server).fetch(url(server, path.format(server.port))) == IMAGE
    assert {args for event, args in dials if event == "socket.connect"} == {(LOOPBACK, server.port)}


def test_nothing_of_the_environment_goes_out(server: TlsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.seen.clear()
    assert fetcher(server).fetch(url(server, "ok")) == IMAGE
    ((_, headers),) = server.seen
    assert set(headers) == {"Host", "Accept", "Accept-Encoding", "User-Agent", "Connection"}
    assert headers["Host"] == f"img.example.org:{server.port}"


@pytest.mark.parametrize(
    ("path", "want"),
    [
        ("status/404", ImageReason.HTTP_4XX),
        ("status/403", ImageReason.HTTP_4XX),
        ("status/403?X-Amz-Signature=abc&X-Amz-Expires=60", ImageReason.EXPIRED_URL),
        ("status/403?sv=1&se=2026-01-01&sig=abc", ImageReason.EXPIRED_URL),
        ("status/410", ImageReason.EXPIRED_URL),
        ("status/401", ImageReason.NEEDS_CREDENTIALS),
        ("status/500", ImageReason.HTTP_5XX),
        ("status/503", ImageReason.HTTP_5XX),
        ("status/204", ImageReason.NOT_REACHABLE),
        ("status/302", ImageReason.NOT_REACHABLE),
        ("chain/6", ImageReason.NOT_REACHABLE),
        ("garbage", ImageReason.NOT_REACHABLE),
        ("half", ImageReason.NOT_REACHABLE),
        ("brotli", ImageReason.NOT_AN_IMAGE),
        ("bomb", ImageReason.TOO_LARGE),
        ("claims", ImageReason.TOO_LARGE),
        ("endless", ImageReason.TOO_LARGE),
    ],
)
def test_what_a_server_answers_becomes_a_reason(path: str, want: ImageReason, server: TlsServer) -> None:
    assert fetcher(server).fetch(url(server, path)) is want


@pytest.mark.parametrize("path", ["drip", "drip_head"])
def test_a_server_that_drips_is_given_up_at_the_deadline(path: str, server: TlsServer) -> None:
    assert fetcher(server, timeout_s=0.7).fetch(url(server, path)) is ImageReason.TIMEOUT


def test_a_resolver_that_does_not_answer_is_given_up_at_the_deadline(server: TlsServer) -> None:
    import time

    def slow(host: str, port: int) -> list[str]:
        time.sleep(2)
        return [LOOPBACK]

    assert fetcher(server, slow, timeout_s=0.3).fetch(url(server, "ok")) is ImageReason.TIMEOUT


REDIRECTED = [
    *LEADING,
    *(bad for bad in WRITTEN if bad.startswith("https://") and bad.isascii() and bad.isprintable()),
    "http://img.example.org/",
    "//127.0.0.1/",
    "//169.254.169.254/latest/",
    "https://evil.test/",
    "file:///etc/passwd",
    "https:\\\\evil.test/",
]


@pytest.mark.parametrize("target", REDIRECTED)
def test_no_redirect_leads_to_what_could_not_be_asked_for_at_once(
    target: str, server: TlsServer, dials: list[Any]
) -> None:
    from urllib.parse import quote

    found = fetcher(server).fetch(url(server, f"to/{quote(target, safe='')}"))
    assert found in {ImageReason.HOST_NOT_ALLOWED, ImageReason.NOT_REACHABLE}
    assert {args for event, args in dials if event == "socket.connect"} <= {(LOOPBACK, server.port)}


def test_a_name_that_resolves_differently_the_second_time_is_resolved_once_for_each_request(
    server: TlsServer, dials: list[Any]
) -> None:
    """First to where the test allows it, then to a private address, which is refused."""
    turns = iter([[LOOPBACK], ["10.0.0.1"]])

    def rebinding(host: str, port: int) -> Sequence[str]:
        return next(turns)

    asks = fetcher(server, rebinding)
    assert asks.fetch(url(server, "ok")) == IMAGE
    assert asks.fetch(url(server, "ok")) is ImageReason.HOST_NOT_ALLOWED
    assert {args for event, args in dials if event == "socket.connect"} == {(LOOPBACK, server.port)}


def test_the_certificate_has_to_bear_the_name_and_come_from_a_trusted_authority(server: TlsServer) -> None:
    assert fetcher(server).fetch(url(server, "ok", "wrong.example.org")) is ImageReason.NOT_REACHABLE
    assert fetcher(server, ca_file="").fetch(url(server, "ok")) is ImageReason.NOT_REACHABLE


def test_a_host_that_does_not_answer_or_has_no_address_is_not_reachable(server: TlsServer) -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError(host)

    assert fetcher(server, nowhere).fetch(url(server, "ok")) is ImageReason.NOT_REACHABLE
    assert fetcher(server, lambda *_: []).fetch(url(server, "ok")) is ImageReason.NOT_REACHABLE
    assert fetcher(server, allow_ports=(1,)).fetch("https://img.example.org:1/") is ImageReason.NOT_REACHABLE


def test_a_resolver_of_images_fetches_when_the_configuration_says_so(dials: list[Any]) -> None:
    on = load([], {"fetch.allow_hosts": '["*.example.org", "10.0.0.1"]'})
    row = {"qta": 1, "question": "?", "answer": "!", "images": ["https://10.0.0.1/a.png"]}
    (triple,) = normalizer(on)(make_record(orjson.dumps(row))).triples
    (image,) = triple.images
    assert isinstance(image, ImageFailure)
    assert image.reason is ImageReason.HOST_NOT_ALLOWED
    assert Resolver(on.images).fetcher is None
    assert dials == []
