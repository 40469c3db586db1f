"""Who sends a request: a program with an API token, somebody whom the proxy names, or a browser with a session."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import HTTPConnection

from auditor.access.person import Person
from auditor.access.proxy import Claim
from auditor.access.sessions import Session
from auditor.access.store_tokens import bearer_of, is_ended, note_use
from auditor.access.store_users import find_user, has_users, id_of
from auditor.evidence.events import Deed, record_event
from auditor.store import Store
from reports.web.entrance import OF_NOBODY, Came, Entrance, Way, headers_of
from reports.web.problems import Ending
from reports.web.site import Site

BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Says who sends a request; see `site.Authenticate`."""

    entrance: Entrance
    site: Site

    def __call__(self, connection: HTTPConnection) -> Person | None:
        """Who it is; how they came in is noted in the connection's scope."""
        now, given = self.site.now(), connection.headers.get("authorization", "")
        if given.startswith(BEARER):
            return self.by_token(connection, given.removeprefix(BEARER), now)
        if self.entrance.proxy:
            peer = connection.client.host if connection.client else ""
            claim, name = self.entrance.proxy.claim(peer, headers_of(connection))
            if claim is not Claim.NONE:
                return self.by_proxy(connection, name, now) if claim is Claim.TRUSTED else None
        cookie = connection.cookies.get(self.entrance.cookie_name)
        session = self.entrance.sessions.read(cookie, now) if cookie else None
        return self.by_session(connection, session, now) if session else None

    def by_token(self, connection: HTTPConnection, text: str, now: datetime) -> Person | None:
        """The bearer of a token; a cookie that comes along counts for nothing."""
        with self.store() as store:
            bearer = bearer_of(store.connection, text, now)
            if bearer and bearer.is_first_today:
                note_use(store, bearer.token_id, now)
        if bearer:
            connection.scope["came"] = Came(Way.TOKEN)
        return bearer.person if bearer else None

    def by_proxy(self, connection: HTTPConnection, name: str, now: datetime) -> Person | None:
        """Whom the proxy names."""
        proxy, met = self.entrance.proxy, (id_of(name), now.date())
        with self.store() as store:
            person = proxy.person(name, find_user(store.connection, name)) if proxy else None
            if person and met not in self.entrance.met:
                self.entrance.met.intersection_update({one for one in self.entrance.met if one[1] == met[1]})
                self.entrance.met.add(met)
                record_event(store, Deed("login.succeeded", person.name, person.name, {"by": Way.PROXY}, now))
        if person:
            connection.scope["came"] = Came(Way.PROXY)
        else:
            connection.scope["stranger"] = name
        return person

    def by_session(self, connection: HTTPConnection, session: Session, now: datetime) -> Person | None:
        """Whose session it is."""
        with self.store() as store:
            person = self.person_of(store, session)
        if person is None:
            return None
        renewed = self.entrance.sessions.renewed(session, now)
        way = Way.PASSWORD if session.user else Way.LINK
        cookie = self.entrance.set_cookie(renewed) if renewed else None
        connection.scope["came"] = Came(way, renewed or session, cookie)
        return person

    def person_of(self, store: Store, session: Session) -> Person | None:
        """Whose session it is; None where it was ended, by its user or for them."""
        if is_ended(store.connection, session.id):
            return None
        if session.user == OF_NOBODY:
            first = self.entrance.first
            good = first and session.id in first.sessions and not has_users(store.connection)
            return first.person if first and good else None
        user = find_user(store.connection, session.user)
        return user.person if user and not user.disabled and user.epoch == session.epoch else None

    @contextmanager
    def store(self) -> Iterator[Store]:
        """A connection to the database."""
        with self.site.owner.connection() as store:
            if store is None:
                raise Ending
            yield store
