"""What judged since when, kept until the data change; for the page and for programs."""

from auditor.queries_models import Models, models
from reports.web.kept import Kept
from reports.web.marks import mark_of
from reports.web.problems import Ending
from reports.web.site import Site
from reports.web.visit import Visit


def known(visit: Visit, wait_s: float) -> Kept[Models] | None:
    """All guards; None while they are being counted for the first time."""
    site = visit.site
    with visit.writing() as store:
        mark = mark_of(store.connection)
    return site.shelf.get("models", lambda: count(site), mark, wait_s)


def count(site: Site) -> Models:
    """Count them, on a connection of its own."""
    with site.owner.connection() as store:
        if store is None:
            raise Ending
        return models(store.connection)
