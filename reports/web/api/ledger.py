"""The ledger as JSON: whether every offset that was asked for is accounted for."""

from fastapi import APIRouter

from auditor.ledger import LedgerLine
from reports.web.visit import Seeing

router = APIRouter()
where_it_was = APIRouter()


@where_it_was.get("/api/ledger")
@router.get("/ledger")
def ledger(visit: Seeing) -> list[LedgerLine]:
    """Coverage, a line for each source partition; none for who sees some tenants alone."""
    with visit.reading() as store:
        return store.ledger()
