"""The table of pages, in the order of the navigation; each is a file here, with a `router`."""

from dataclasses import dataclass

from auditor.access.person import Right


@dataclass(frozen=True, slots=True)
class Page:
    """A page that the navigation leads to.

    Attributes:
        path: where it is.
        label: what it is called.
        right: what takes to open it.
        router: its routes, as "module:name".
        of_all_tenants: whether it shows what is of all tenants at once, so that only who sees all of them may open it.
    """

    path: str
    label: str
    right: Right
    router: str
    of_all_tenants: bool = False


PAGES = (
    Page("/", "Tonight", Right.SEE, "reports.web.pages.tonight:router"),
    Page("/queue", "Queue", Right.SEE, "reports.web.pages.queue:router"),
    Page("/cases", "Cases", Right.SEE, "reports.web.pages.cases:router"),
    Page("/thresholds", "Thresholds", Right.SEE, "reports.web.pages.thresholds:router", of_all_tenants=True),
    Page("/agreement", "Agreement", Right.SEE, "reports.web.pages.agreement:router"),
    Page("/models", "Models", Right.SEE, "reports.web.pages.models:router", of_all_tenants=True),
    Page("/operations", "Operations", Right.OPERATE, "reports.web.pages.operations:router"),
    Page("/trail", "Audit trail", Right.OPERATE, "reports.web.pages.trail:router"),
    Page("/users", "Users", Right.ADMINISTER, "reports.web.pages.users:router"),
    Page("/help", "How this works", Right.SEE, "reports.web.pages.help:router"),
)

# Routes that the navigation does not lead to.
OTHERS: tuple[str, ...] = (
    "reports.web.pages.login:router",
    "reports.web.pages.account:router",
    "reports.web.pages.case:router",
    "reports.web.api.ledger:where_it_was",
)
