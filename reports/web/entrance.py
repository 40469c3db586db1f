"""What lets people in: passwords, the one-time link, and the cookies that browsers then have.

It lives as long as the process, longer than an application or a connection to the database.
"""

import getpass
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address
from threading import Lock

from starlette.requests import HTTPConnection

from auditor.access.login import Login, Logins
from auditor.access.person import Person, Role, person_with
from auditor.access.proxy import Proxy, proxy_of
from auditor.access.rate import Attempts, Limits
from auditor.access.sessions import Session, Sessions, session_key
from auditor.access.store_tokens import end_session
from auditor.access.store_users import User, has_users
from auditor.errors import LoginRefused
from auditor.evidence.events import Deed, record_event
from auditor.store import Store
from conf.schema import Access, Config

OF_NOBODY = ""  # the user of a session that the one-time link began


class Way(StrEnum):
    """How somebody came in."""

    TOKEN = "token"  # noqa: S105 - a word
    PROXY = "proxy"
    PASSWORD = "password"  # noqa: S105 - a word
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Came:
    """How whoever sends a request came in; `scope["came"]`.

    Attributes:
        session: for those with a password, or by the link.
        cookie: to be set anew; None where the one that came is good for a while.
    """

    way: Way
    session: Session | None = None
    cookie: str | None = None


@dataclass(slots=True)
class FirstLink:
    """The way in where there are no users yet: whoever has it once is whoever runs the service.

    Attributes:
        code: that the link holds; None once it was used.
        sessions: that it began.
    """

    name: str
    code: str | None = field(repr=False)
    sessions: set[str] = field(default_factory=set, repr=False)
    lock: Lock = field(default_factory=Lock)

    def take(self, given: str) -> bool:
        """Whether it is the code; then it is good no more."""
        with self.lock:
            good = self.code is not None and secrets.compare_digest(given.encode(), self.code.encode())
            self.code = None if good else self.code
            return good

    @property
    def person(self) -> Person:
        """Who runs the service."""
        return person_with(self.name, list(Role))


@dataclass(frozen=True, slots=True)
class Entrance:
    """Lets people in, from any thread.

    Attributes:
        access: how.
        sessions: makes and reads cookies.
        logins: looks at names and passwords.
        proxy: that is believed; None for none.
        first: None where the service is reached from elsewhere.
        met: whom the proxy brought today, so that their coming is in the trail once a day.
    """

    access: Access
    sessions: Sessions
    logins: Logins
    proxy: Proxy | None
    first: FirstLink | None
    met: set[tuple[str, date]] = field(default_factory=set)

    @property
    def cookie_name(self) -> str:
        """Another one for each database, since browsers send cookies of one port to all."""
        mark = sha256(b"name" + self.sessions.key).hexdigest()[:8]
        return f"{'__Host-' if self.access.https else ''}traceaudit-{mark}"

    def set_cookie(self, session: Session) -> str:
        """The header that gives a browser its session."""
        longest_s = int(self.sessions.longest.total_seconds())
        return f"{self.cookie_name}={self.sessions.cookie(session)}; Max-Age={longest_s}{self.how}"

    @property
    def unset_cookie(self) -> str:
        """The header that takes it away."""
        return f"{self.cookie_name}=; Max-Age=0{self.how}"

    @property
    def how(self) -> str:
        """For whom a cookie is: no script, no other site, and no way without TLS where there is one with it."""
        return f"; Path=/; HttpOnly; SameSite=Lax{'; Secure' if self.access.https else ''}"

    def address_of(self, connection: HTTPConnection) -> str:
        """From where somebody comes: behind the proxy, what that says."""
        peer = connection.client.host if connection.client else ""
        if self.proxy and self.proxy.is_proxy(peer, headers_of(connection)):
            return connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or peer
        return peer

    def log_in(self, store: Store, given: Login, now: datetime) -> tuple[User, str]:
        """The user who knows the password, and the header of a new session.

        Raises:
            LoginRefused: see `Logins`.
        """
        user = self.logins.log_in(store, given, now)
        return user, self.begin(user, now)

    def begin(self, user: User, now: datetime) -> str:
        """The header of a new session."""
        return self.set_cookie(self.sessions.begin(user.id, user.epoch, now))

    def way_in(self, store: Store, address: str) -> str | None:
        """The one-time link; None where there are users, or the service is reached from elsewhere."""
        if self.first is None or self.first.code is None or has_users(store.connection):
            return None
        return f"{address}/login/link?code={self.first.code}"

    def by_link(self, store: Store, code: str, now: datetime) -> str:
        """The header of the session that the one-time link begins.

        Raises:
            LoginRefused: it was used, is another, or there are users by now.
        """
        if self.first is None or has_users(store.connection) or not self.first.take(code):
            raise LoginRefused
        session = self.sessions.begin(OF_NOBODY, 0, now)
        self.first.sessions.add(session.id)
        record_event(store, Deed("login.succeeded", self.first.name, self.first.name, {"by": Way.LINK}, now))
        return self.set_cookie(session)

    def log_out(self, store: Store, person: Person, session: Session, now: datetime) -> None:
        """End a session, whoever has its cookie."""
        with store.transaction():
            end_session(store, session.id, self.sessions.ends_at(session), now)
            record_event(store, Deed("logout", person.name, person.name, {}, now))


def entrance_of(config: Config, environ: Mapping[str, str], clock: Callable[[], float]) -> Entrance:
    """What lets people in, as configured.

    Raises:
        ConfigError: the proxy is not configured whole.
        KeyUnusable: the key of the sessions cannot be read or made.
    """
    access = config.access
    longest, idle = timedelta(hours=access.session_h), timedelta(hours=access.session_idle_h)
    limits = Limits(access.login_failures_per_name, access.login_failures_per_address, access.login_window_s)
    first = FirstLink(running_user(), secrets.token_urlsafe(24)) if is_local(config.serve.host) else None
    sessions = Sessions(session_key(config.store.path), longest, idle)
    return Entrance(access, sessions, Logins(Attempts(limits), clock), proxy_of(access, environ), first)


def headers_of(connection: HTTPConnection) -> list[tuple[str, str]]:
    """All headers, as often as they stand there; names are in UTF-8, as proxies write them."""
    return [(key.decode("latin-1").lower(), value.decode(errors="replace")) for key, value in connection.headers.raw]


def running_user() -> str:
    """The name of whoever runs the service; a container may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "local"


def is_local(host: str) -> bool:
    """Whether a service that listens there is reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
