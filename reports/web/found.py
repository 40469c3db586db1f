"""Cases that a person looks for; that beginnings of their questions are shown is noted in the trail."""

from auditor.reviewing.filters import Filters
from auditor.reviewing.reads import note_search
from auditor.reviewing.search import PAGE, Found, Place, Searcher
from auditor.reviewing.similar import SimilarCase, similar_cases
from auditor.reviewing.store_votes import plan, seen_case
from reports.web.visit import Visit


def found(visit: Visit, filters: Filters, before: Place | None = None, most: int = PAGE) -> Found:
    """The cases that are meant, as far as this person sees them."""
    with visit.reading() as store:
        review = plan(store, visit.config, visit.now.date())
        page = Searcher(store.connection, visit.person, review).find(filters, before, most)
    note(visit, [*filters.given], len(page.cases))
    return page


def like(visit: Visit, triple_id: str) -> list[SimilarCase]:
    """Cases like one, as far as this person sees them.

    Raises:
        NoSuchCase: there is no such case in this person's sight.
    """
    with visit.writing() as store:
        wanted = seen_case(store, visit.config, visit.person, triple_id, visit.now).wanted
    with visit.reading() as store:
        cases = similar_cases(store.connection, triple_id, wanted)
    note(visit, ["similar"], len(cases))
    return cases


def note(visit: Visit, filters: list[str], n_cases: int) -> None:
    """Nothing was read where nothing was found."""
    if n_cases:
        with visit.writing() as store:
            note_search(store, visit.person, filters, n_cases, visit.now)
