"""Where reports and alerts are sent: one `[delivery.NAME]` table for each place."""

import re
from ipaddress import ip_address
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# What each channel cannot do without.
NEEDS = {
    "files": ("folder",),
    "email": ("server", "sender", "to"),
    "webhook": (),  # url or url_env; see below
    "kafka": ("topic",),
    "siem": ("target",),
}


class Delivery(BaseModel):
    """One place, what is sent there, and how. Secrets are named by the environment variable that holds them.

    Attributes:
        what: kinds of reports, and "urgent" for alerts.
        tenant: only what is this one's; empty: all.
        include_text: whether texts of logs may go there; else counts, names and case ids do.
        attach: files of the report that go along, by suffix; they hold texts of logs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    channel: Literal["files", "email", "webhook", "kafka", "siem"]
    what: Annotated[tuple[Literal["nightly", "weekly", "monthly", "urgent"], ...], Field(min_length=1)]
    tenant: str = ""
    include_text: bool = False
    attach: tuple[Literal["html", "pdf", "json", "csv", "parquet"], ...] = ()
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0
    ca_file: str = ""

    folder: str = ""

    server: str = ""
    tls: Literal["starttls", "smtps", "none"] = "starttls"
    sender: str = ""
    to: tuple[str, ...] = ()
    username_env: str = ""
    password_env: str = ""

    url: str = ""
    url_env: str = ""
    secret_env: str = ""
    details: bool = False

    topic: str = ""

    target: str = ""
    format: Literal["ocsf", "cef"] = "ocsf"
    framing: Literal["lines", "syslog"] = "lines"

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        """Refuse what cannot be sent, or what would send more than was said."""
        for name in NEEDS[self.channel]:
            if not getattr(self, name):
                raise ValueError(f"channel {self.channel} needs {name}")
        if self.attach and not self.include_text:
            raise ValueError("attach needs include_text = true: files of a report hold texts of logs")
        for name in ("username_env", "password_env", "url_env", "secret_env"):
            if (value := getattr(self, name)) and not ENV_NAME.fullmatch(value):
                raise ValueError(f"{name} is the name of an environment variable, not the secret itself")
        check = {"email": self.check_email, "webhook": self.check_webhook, "siem": self.check_siem}
        check.get(self.channel, lambda: None)()
        return self

    def check_email(self) -> None:
        """A password is not sent where all on the way can read it."""
        if bool(self.username_env) != bool(self.password_env):
            raise ValueError("username_env and password_env go together")
        if self.tls == "none" and self.password_env:
            raise ValueError("a password needs tls = starttls or smtps")
        host_and_port(self.server, "server")

    def check_webhook(self) -> None:
        """The address is one, and safe to send to."""
        if bool(self.url) == bool(self.url_env):
            raise ValueError("channel webhook needs url, or url_env where the address itself is a secret")
        if self.url:
            check_url(self.url)

    def check_siem(self) -> None:
        """The target is a file or an address."""
        scheme, _, rest = self.target.partition(":")
        if scheme not in {"file", "tcp", "tls"} or not rest.strip("/"):
            raise ValueError("target is file:PATH, tcp://host:port or tls://host:port")
        if scheme != "file":
            host_and_port(rest.removeprefix("//"), "target")
        elif self.framing == "syslog":
            raise ValueError("framing = syslog is for tcp:// and tls://; a file has lines")


def host_and_port(text: str, name: str) -> tuple[str, int]:
    """Both, of host:port or [address]:port.

    Raises:
        ValueError: it is something else.
    """
    parts = urlsplit(f"//{text}")
    if not parts.hostname or not parts.port or parts.username or parts.path:
        raise ValueError(f"{name} is host:port")
    return parts.hostname, parts.port


def check_url(url: str) -> None:
    """Refuse an address that messages should not go to.

    Raises:
        ValueError: why; it never holds the address, which may be a secret.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ValueError("the address of a webhook holds a name or password; give it as url_env without them")
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        raise ValueError("the address of a webhook begins with https:// (http:// only to this machine)")


def is_loopback(host: str) -> bool:
    """Whether it is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
