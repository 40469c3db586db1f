"""What the pages have of the process that serves them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import HTTPConnection

from auditor.access.person import Person
from auditor.answering import Owner
from conf.schema import Config

AT_ONCE = 32  # pages that use the database at a time; each has a connection of its own

Authenticate = Callable[[HTTPConnection], Person | None]
"""Who sends a request; None where that cannot be told."""


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages share.

    Attributes:
        owner: gives connections to the database.
        config: of the service.
        now: the clock.
        troubles: what a person should look at, in words, at the moment.
    """

    owner: Owner
    config: Config
    now: Callable[[], datetime]
    troubles: Callable[[], list[str]]
