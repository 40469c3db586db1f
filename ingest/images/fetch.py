"""Fetches an image from the internet, where the configuration allows its host; off by default.

For each address, redirects included:

1. Read it strictly (`urls.py`): https, an allowed port, no user's name.
2. Its host is on the list.
3. Resolve the name once; refuse if any answer is not globally reachable (`addresses.py`).
4. Dial one of just these answers, with the name in SNI, Host and the certificate's check.
5. Read no more bytes and seconds than allowed, unpacked as well as packed.

Nothing of the environment is used: no proxies, no cookies, no credentials.
"""

import http.client
import re
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conf.schema import Fetch
from ingest.images.addresses import is_public
from ingest.images.dial import Pinned, Resolve, addresses_of, context_of, in_time
from ingest.images.urls import BadUrl, Url, joined, read_url
from ingest.qta import ImageReason

MAX_REDIRECTS = 5
CHUNK_BYTES = 65_536
REDIRECTS = {301, 302, 303, 307, 308}
SIGNED = re.compile(r"[?&](?:x-amz-|x-goog-|x-oss-|se=|sig=|expires=|signature=|token=|key-pair-id=)", re.IGNORECASE)
HEADERS = {"Accept": "image/*", "Accept-Encoding": "gzip, identity", "User-Agent": "traceaudit", "Connection": "close"}


class Refused(Exception):
    """Why there is no image."""

    def __init__(self, reason: ImageReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """A response's head and body; the body of a redirect is not read."""

    status: int
    location: str | None
    body: bytes


class Fetcher:
    """Fetches images of allowed hosts, one at a time.

    Args:
        config: the configuration's section `fetch`.
        max_bytes: of an image, packed and unpacked.
        resolve: gives a host's addresses.
        may_dial: whether an address may be dialled.
    """

    def __init__(
        self,
        config: Fetch,
        max_bytes: int,
        resolve: Resolve = addresses_of,
        may_dial: Callable[[str], bool] = is_public,
    ) -> None:
        self.config = config
        self.max_bytes = max_bytes
        self.resolve = resolve
        self.may_dial = may_dial

    def fetch(self, text: str) -> bytes | ImageReason:
        """The bytes behind an https URL of a log, not yet looked at; or why there are none."""
        if not self.config.allow_hosts:
            return ImageReason.NOT_FETCHED_POLICY
        try:
            return self.followed(text, time.monotonic() + self.config.timeout_s)
        except Refused as refused:
            return refused.reason
        except TimeoutError:
            return ImageReason.TIMEOUT
        except (OSError, http.client.HTTPException, ValueError, zlib.error):
            return ImageReason.NOT_REACHABLE

    def followed(self, text: str, until: float) -> bytes:
        """The body at the end of a chain of redirects, each of them checked like the first.

        Raises:
            Refused: there is none for us.
            OSError, HTTPException, ValueError, zlib.error: the server does not answer, or not as one.
        """
        for _ in range(MAX_REDIRECTS + 1):
            url = self.allowed(text)
            answer = self.asked(url, until)
            if answer.status == http.client.OK:
                return answer.body
            if answer.status not in REDIRECTS or not answer.location:
                raise Refused(reason_of(answer.status, text))
            text = joined(url, answer.location)
        raise Refused(ImageReason.NOT_REACHABLE)

    def allowed(self, text: str) -> Url:
        """The URL, if it may be dialled by what is written in it."""
        try:
            url = read_url(text)
        except BadUrl:
            raise Refused(ImageReason.HOST_NOT_ALLOWED) from None
        if url.port not in self.config.allow_ports or not is_listed(url.host, self.config.allow_hosts):
            raise Refused(ImageReason.HOST_NOT_ALLOWED)
        return url

    def asked(self, url: Url, until: float) -> Answer:
        """One request to one of the host's addresses, all of which are public."""
        addresses = [url.host] if url.is_address else in_time(lambda: self.resolve(url.host, url.port), until)
        if not all(self.may_dial(address) for address in addresses):
            raise Refused(ImageReason.HOST_NOT_ALLOWED)
        connection = Pinned(url, addresses, until, context_of(self.config.ca_file))
        try:
            connection.request("GET", url.target, headers={"Host": url.authority, **HEADERS})
            response = connection.getresponse()
            if response.status != http.client.OK:
                return Answer(response.status, response.getheader("Location"), b"")
            return Answer(response.status, None, self.body(response))
        finally:
            connection.close()

    def body(self, response: http.client.HTTPResponse) -> bytes:
        """The whole body, unpacked.

        Raises:
            Refused: it is larger than allowed, or packed in a way that was not asked for.
            IncompleteRead: it ends too early.
        """
        encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
        if encoding not in {"identity", "gzip"}:
            raise Refused(ImageReason.NOT_AN_IMAGE)
        if (response.length or 0) > self.max_bytes:
            raise Refused(ImageReason.TOO_LARGE)
        packed = bytearray()
        while chunk := response.read1(CHUNK_BYTES):
            packed += chunk
            if len(packed) > self.max_bytes:
                raise Refused(ImageReason.TOO_LARGE)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return self.unpacked(bytes(packed)) if encoding == "gzip" else bytes(packed)

    def unpacked(self, packed: bytes) -> bytes:
        """What was packed with gzip, up to the limit."""
        unzip = zlib.decompressobj(wbits=31)
        data = unzip.decompress(packed, self.max_bytes + 1)
        if len(data) > self.max_bytes:
            raise Refused(ImageReason.TOO_LARGE)
        if not unzip.eof:
            raise http.client.IncompleteRead(b"")
        return data


def is_listed(host: str, allowed: Sequence[str]) -> bool:
    """Whether a host is one of those allowed, or below one that is written with `*.` before it."""
    names = [name.lower() for name in allowed]
    return host in names or any(name.startswith("*.") and host.endswith(name[1:]) for name in names)


def reason_of(status: int, text: str) -> ImageReason:
    """What an answer other than 200 means for an image in a log, whose link may be old."""
    if status == http.client.UNAUTHORIZED:
        return ImageReason.NEEDS_CREDENTIALS
    if status == http.client.GONE or (status == http.client.FORBIDDEN and SIGNED.search(text)):
        return ImageReason.EXPIRED_URL
    if status >= 500:
        return ImageReason.HTTP_5XX
    return ImageReason.HTTP_4XX if status >= 400 else ImageReason.NOT_REACHABLE
