"""What all channels are, and how one fails."""

import os
import ssl
from typing import Protocol

from conf.errors import ConfigError, TraceauditError
from reports.sending.message import Letter

ALL = 1_000_000  # cases; a channel that wants all of them


class Channel(Protocol):
    """One way to send. Made for each try, and used by one thread.

    Attributes:
        n_cases: how many cases a letter should hold.
    """

    n_cases: int

    def send(self, letter: Letter) -> str:
        """Send a letter; once this returns, the other side has it.

        It may be called again with a letter that did arrive, when we did not live to note that: what is sent carries
        the letter's id, or that of the case, by which a receiver can tell.

        Returns:
            What came of it, in a few words without a secret or a text of a log.

        Raises:
            SendFailed: it did not arrive, or nobody said that it did.
        """


class SendFailed(TraceauditError):
    """Something that could not be sent; it is tried again.

    Attributes:
        reason: why, without an address's path, a password, or what the other side said.
        asked_s: how long the other side asked us to wait.
    """

    def __init__(self, reason: str, asked_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.asked_s = asked_s

    def __reduce__(self) -> tuple[type["SendFailed"], tuple[str, float | None]]:
        return type(self), (self.reason, self.asked_s)


def secret(name: str) -> str:
    """What the environment variable of that name holds.

    Raises:
        SendFailed: there is none.
    """
    if value := os.environ.get(name):
        return value
    raise SendFailed(f"the environment variable {name} is not set")


def trusting(ca_file: str) -> ssl.SSLContext:
    """TLS that believes the authorities of that file, or of the machine.

    Raises:
        ConfigError: the file cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise ConfigError(f"{ca_file}: {error.strerror or error}") from None
