"""The table of the API: routers below /api/v1, which the document at /api/openapi.json describes."""

API: tuple[str, ...] = (
    "reports.web.api.agreement:router",
    "reports.web.api.cases:router",
    "reports.web.api.deciding:router",
    "reports.web.api.ledger:router",
    "reports.web.api.models:router",
    "reports.web.api.operations:router",
    "reports.web.api.policies:router",
    "reports.web.api.reports:router",
    "reports.web.api.trail:router",
    "reports.web.api.versions:router",
)
