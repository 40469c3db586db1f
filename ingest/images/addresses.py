"""Whether an address is one that anybody on the internet could be asked for: nothing of this machine or its network."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# Ranges that carry an IPv4 address to which a gateway may pass a packet on.
NAT64 = IPv6Network("64:ff9b::/96")
COMPATIBLE = IPv6Network("::/96")

# Only these of IPv6 are unicast addresses of the internet, and none of those below, which older Pythons let pass.
UNICAST = IPv6Network("2000::/3")
SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))


def is_public(text: str) -> bool:
    """Whether `text` is an address, globally reachable, and so is each address that it carries inside.

    Source: IANA's special-purpose registries, as `ipaddress` has them; RFC 6052, 3056, 4380, 4291.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.scope_id:
        return False
    return all(is_open(one) for one in (address, *carried(address)))


def is_open(address: Address) -> bool:
    """Whether the registries call it globally reachable, and for a single host."""
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address in NAT64):
        return True  # the IPv4 address inside is looked at for itself
    if isinstance(address, IPv6Address) and address not in UNICAST:
        return False
    if any(address in network for network in SPECIAL):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def carried(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses inside an IPv6 one: mapped, compatible, NAT64, 6to4, Teredo's server and client."""
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    yield from address.teredo or ()
    if address in COMPATIBLE or address in NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
