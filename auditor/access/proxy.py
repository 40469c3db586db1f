"""People whom a proxy before the service has logged in, such as oauth2-proxy with OIDC; pure.

The proxy says who it is in a header. That is believed only of a request that comes from a listed address, and that
carries the secret which proxy and service share. What the person may do is not the proxy's word: it is in the table of
users, by name.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

from auditor.access.person import Person, Role, person_with
from auditor.access.store_users import EVERYBODYS, User, name_of
from auditor.errors import UserRefused
from conf.errors import ConfigError
from conf.schema import Access

MIN_SECRET_CHARS = 16


class Claim(StrEnum):
    """What a request says of a proxy."""

    NONE = "none"
    TRUSTED = "trusted"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy that is believed.

    Attributes:
        peers: addresses and networks that it comes from.
        user_header, secret_header: in lower case.
        secret: shared with it.
        default: what people may do whom the table of users does not know; None: nothing, they are refused.
    """

    peers: tuple[str, ...]
    user_header: str
    secret_header: str
    secret: str
    default: Person | None

    def __repr__(self) -> str:
        return f"Proxy({self.peers})"

    def claim(self, peer: str, headers: Sequence[tuple[str, str]]) -> tuple[Claim, str]:
        """Whether a request comes through the proxy, and the name that it gives.

        Args:
            peer: the address that the connection comes from.
            headers: of the request, names in lower case, as often as they stand there.
        """
        names = [value for key, value in headers if key == self.user_header]
        if not names:
            return Claim.NONE, ""
        good = len(names) == 1 and names[0].strip() and self.is_proxy(peer, headers)
        return (Claim.TRUSTED, names[0]) if good else (Claim.FORGED, "")

    def is_proxy(self, peer: str, headers: Sequence[tuple[str, str]]) -> bool:
        """Whether a request comes through the proxy, whomever it names."""
        given = [value for key, value in headers if key == self.secret_header]
        known = len(given) == 1 and secrets.compare_digest(given[0].encode(), self.secret.encode())
        return known and self.is_peer(peer)

    def is_peer(self, address: str) -> bool:
        """Whether an address is the proxy's."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        return any(found in ip_network(peer, strict=False) for peer in self.peers)

    def person(self, name: str, user: User | None) -> Person | None:
        """Whom the proxy means; None where that person may not come in.

        Args:
            name: that it gives.
            user: of the table, if it has one of that name.
        """
        if user is not None:
            return None if user.disabled else user.person
        if self.default is None:
            return None
        try:
            return Person(name_of(name), self.default.rights, self.default.tenants)
        except UserRefused:
            return None


def proxy_of(access: Access, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that is configured; None where none is.

    Raises:
        ConfigError: an address, a role or the secret cannot be one.
    """
    if not access.proxy_peers:
        return None
    for peer in access.proxy_peers:
        check_peer(peer)
    secret = environ.get(access.proxy_secret_env, "")
    if len(secret) < MIN_SECRET_CHARS:
        raise ConfigError(
            f"access.proxy_peers is set: the environment variable {access.proxy_secret_env} is to hold the secret that "
            f"the proxy sends in {access.proxy_secret_header}, {MIN_SECRET_CHARS} characters or more"
        )
    headers = (access.proxy_user_header.lower(), access.proxy_secret_header.lower())
    return Proxy(access.proxy_peers, *headers, secret, default_of(access))


def default_of(access: Access) -> Person | None:
    """What people may do whom the proxy knows, and the table of users does not."""
    if not access.proxy_default_roles:
        return None
    tenants = None if EVERYBODYS in access.proxy_default_tenants else access.proxy_default_tenants
    return person_with("", [Role(one) for one in access.proxy_default_roles], tenants)


def check_peer(peer: str) -> None:
    """Refuse what is no address, and what would be everybody's.

    Raises:
        ConfigError: says so.
    """
    try:
        network = ip_network(peer, strict=False)
    except ValueError:
        raise ConfigError(f"access.proxy_peers: {peer!r} is no address and no network such as 10.0.3.0/24") from None
    if network.prefixlen == 0:
        raise ConfigError(f"access.proxy_peers: {peer} is everybody; name the proxy")
