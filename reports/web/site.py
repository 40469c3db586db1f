"""What the pages have of the process that serves them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import HTTPConnection

from auditor.access.person import Person
from auditor.answering import Owner
from conf.schema import Config
from reports.web.entrance import Entrance
from reports.web.kept import Shelf
from reports.web.pictures import Pictures

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
        entrance: lets people in; None where that is somebody else's matter.
        ring: has whoever runs jobs look at once; without it they look every some seconds.
        shelf: what took long to make of the data, until they change.
        pictures: draws images of a log anew.
    """

    owner: Owner
    config: Config
    now: Callable[[], datetime]
    troubles: Callable[[], list[str]]
    entrance: Entrance | None = None
    ring: Callable[[], None] = lambda: None
    shelf: Shelf = field(init=False)
    pictures: Pictures = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shelf", Shelf(self.now))
        object.__setattr__(self, "pictures", Pictures(self.config.images))
