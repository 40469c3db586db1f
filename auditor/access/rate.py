"""How often somebody may try to log in: failures count for the name that was tried and for the address they came from.

Pure: the time is an argument. What it remembers is in the process alone, and is bounded.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

MOST_KEYS = 20_000
IPV6_BITS = 64  # what one household or machine has of IPv6; it can choose among the rest


@dataclass(frozen=True, slots=True)
class Limits:
    """What is borne.

    Attributes:
        per_name, per_address: failures.
        window_s: in so many seconds.
    """

    per_name: int
    per_address: int
    window_s: float


@dataclass(slots=True)
class Attempts:
    """The attempts to log in of late. Not for several threads at once."""

    limits: Limits
    tries: dict[str, list[float]] = field(default_factory=dict)

    def begin(self, name: str, address: str, now_s: float) -> float:
        """Count an attempt, before it is known what comes of it; gives the seconds to wait where it may not be made.

        Args:
            name: that is tried.
            address: from which.
            now_s: seconds of any clock that does not go back.
        """
        wait_s = max(self.wait_s(key, most, now_s) for key, most in self.keys(name, address))
        if wait_s <= 0:
            for key, _ in self.keys(name, address):
                self.tries.setdefault(key, []).append(now_s)
            self.forget(now_s)
        return max(wait_s, 0.0)

    def succeeded(self, name: str, address: str, now_s: float) -> None:
        """The attempt that was begun at that time was no failure: the name starts anew."""
        (of_name, _), (of_address, _) = self.keys(name, address)
        self.tries.pop(of_name, None)
        if now_s in self.tries.get(of_address, ()):
            self.tries[of_address].remove(now_s)

    def wait_s(self, key: str, most: int, now_s: float) -> float:
        """Seconds until there are fewer failures than `most`; 0 or less where there are."""
        late = [at for at in self.tries.get(key, ()) if at > now_s - self.limits.window_s]
        return late[-most] + self.limits.window_s - now_s if len(late) >= most else 0.0

    def keys(self, name: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
        """What an attempt counts for, and how often that may be."""
        hashed = hashlib.sha256(name.strip().casefold().encode(errors="surrogatepass")).hexdigest()
        of_address = f"from {network_of(address)}"
        return (f"name {hashed}", self.limits.per_name), (of_address, self.limits.per_address)

    def forget(self, now_s: float) -> None:
        """Let go of what is past, and, where there is too much, of what is oldest."""
        if len(self.tries) <= MOST_KEYS:
            return
        kept = {key: times for key, times in self.tries.items() if times[-1:] > [now_s - self.limits.window_s]}
        self.tries = dict(latest(kept.items())[: MOST_KEYS * 9 // 10])


def latest(tries: Iterable[tuple[str, list[float]]]) -> list[tuple[str, list[float]]]:
    """The latest first."""
    return sorted(tries, key=lambda one: one[1][-1], reverse=True)


def network_of(address: str) -> str:
    """The address, or the network that one machine has of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(found) >> IPV6_BITS << IPV6_BITS))
    return str(found)
