"""Whether a request is meant for us, and whether a page of ours sent it; pure.

Host: a foreign page can make a browser believe that its name is our address (DNS rebinding); the browser then still
names the foreign host. Origin: a foreign page can have a browser send forms here, with our cookie; browsers say so in
Sec-Fetch-Site and Origin, and no page can change that. A request that changes something and says neither is refused
too, unless an API token goes with it, which no browser adds by itself.

Source: net/http.CrossOriginProtection of Go 1.25, which lets requests without both headers pass.
"""

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from auditor.service import host_in

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def is_for_us(hosts: Collection[str], here: str, allowed: Collection[str]) -> bool:
    """Whether a request names us.

    Args:
        hosts: its Host headers.
        here: the address of ours that it came to. A browser that was led astray names a name, not that address.
        allowed: the names that are ours besides those of this machine.
    """
    if len(hosts) != 1:
        return False
    host = host_in(next(iter(hosts))).lower().rstrip(".")
    return host in LOCAL or host in {one.lower() for one in allowed} or is_address(host, here)


def is_address(host: str, here: str) -> bool:
    """Whether a host is that address."""
    try:
        return ip_address(host) == ip_address(here)
    except ValueError:
        return False


def is_foreign(method: str, headers: Mapping[str, str], *, https: bool) -> bool:
    """Whether a request may have been sent by a page that is not ours.

    Args:
        method: of HTTP; what reads alone is nobody's harm, since no foreign page gets to see the answer.
        headers: of the request, names in lower case.
        https: whether people come to us by that alone.
    """
    if method in SAFE:
        return False
    if site := headers.get("sec-fetch-site"):
        return site not in {"same-origin", "none"}
    if origin := headers.get("origin"):
        return not is_same(origin, headers.get("host", ""), https=https)
    return not headers.get("authorization", "").startswith("Bearer ")


def is_same(origin: str, host: str, *, https: bool) -> bool:
    """Whether an origin is the host that a request names, by a scheme that leads to us."""
    try:
        found = urlsplit(origin)
    except ValueError:
        return False
    schemes = {"https"} if https else {"http", "https"}
    return found.scheme in schemes and found.netloc.lower() == host.lower() != ""
