"""Reads an https URL strictly; what is checked here is what is dialled, so that two parsers cannot disagree.

Refused, not mended: whatever browsers and libraries read in different ways, such as backslashes, control characters,
addresses in octal or as one number, names that only look like others, a user's name, a zone.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urljoin

SCHEME = "https://"
DEFAULT_PORT = 443
MAX_CHARS = 8_192
SPLIT = re.compile(r"(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?", re.DOTALL)
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
PORT = re.compile(r"[1-9][0-9]{0,4}")
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
MAX_NAME_CHARS = 253
SAFE = "!$&'()*+,/:;=?@%-._~[]"


class BadUrl(ValueError):
    """A URL that is not dialled; the message is the reason, without any part of the URL."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL that can be dialled.

    Attributes:
        host: lower case ASCII; an address without brackets.
        target: path and query, as they go into the request.
    """

    host: str
    port: int
    target: str

    @property
    def is_address(self) -> bool:
        """Whether the host is an address in its one canonical form."""
        return is_address(self.host)

    @property
    def authority(self) -> str:
        """As the request's Host has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORT else f"{host}:{self.port}"


def read_url(text: str) -> Url:
    """The parts of an https URL.

    Raises:
        BadUrl: it is no https URL, or one that others might read differently.
    """
    if len(text) > MAX_CHARS:
        raise BadUrl("too long")
    if any(ord(char) <= 0x20 or ord(char) == 0x7F or char == "\\" for char in text):
        raise BadUrl("white space, a control character or a backslash")
    if not text[: len(SCHEME)].lower() == SCHEME:
        raise BadUrl("not https")
    parts = SPLIT.fullmatch(text[len(SCHEME) :])
    if not parts:
        raise BadUrl("not a URL")
    host, port = read_authority(parts["authority"])
    return Url(host, port, quote((parts["path"] or "/") + (parts["query"] or ""), safe=SAFE))


def read_authority(text: str) -> tuple[str, int]:
    """Host and port."""
    if "@" in text or "%" in text:
        raise BadUrl("a user's name, an escape or a zone in the host")
    name, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        name, port = text, str(DEFAULT_PORT)
    if not PORT.fullmatch(port) or int(port) > 65_535:
        raise BadUrl("no port number")
    return read_host(name), int(port)


def read_host(text: str) -> str:
    """A name in ASCII and lower case, or an address in its canonical form."""
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1].lower()
        if ":" not in inner or not is_address(inner):
            raise BadUrl("not an IPv6 address in its canonical form")
        return inner
    name = ascii_name(text)
    labels = name.split(".")
    if len(name) > MAX_NAME_CHARS or not all(LABEL.fullmatch(label) for label in labels):
        raise BadUrl("not a host name")
    if NUMBER.fullmatch(labels[-1]) and not is_address(name):
        raise BadUrl("a number that some would read as an address")
    return name


def ascii_name(text: str) -> str:
    """The name in lower case; an international one in its ASCII form, where it has just one."""
    if text.isascii():
        return text.lower()
    try:
        name = text.encode("idna").decode("ascii").lower()
        mended = name.encode("ascii").decode("idna") != text.lower()
    except UnicodeError:
        raise BadUrl("a name without an ASCII form") from None
    if mended:  # full-width letters, ideographic dots: they would become another name
        raise BadUrl("a name that changes when it is written in ASCII")
    return name


def is_address(text: str) -> bool:
    """Whether `text` is an IP address written the one canonical way."""
    try:
        return str(ip_address(text)) == text
    except ValueError:
        return False


def joined(url: Url, location: str) -> str:
    """The URL that a redirect from `url` leads to, as text to be read as strictly as any."""
    origin = f"{SCHEME}{url.authority}"
    if ABSOLUTE.match(location):
        return location
    if location.startswith("//"):
        return f"https:{location}"
    return origin + urljoin(url.target, location)  # of two paths: whatever it gives stays on this host
