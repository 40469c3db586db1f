"""How long what is kept: for each class and tenant the instant before which it has outlived its period; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from conf.retention import EVIDENCE_DAYS, Retention

ClassName = Literal["raw", "image", "text", "verdict", "review", "evidence"]
CLASSES: tuple[ClassName, ...] = get_args(ClassName)

WHAT: dict[ClassName, str] = {
    "raw": "bytes of records that could not be read, or wait",
    "image": "image files",
    "text": "question, thinking, answer, context, system prompt, tool calls, and the analyses that quote them",
    "verdict": "verdicts",
    "review": "rationales and corrected analyses",
    "evidence": "files of reports and bundles",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a tenant was stored before that has outlived its period."""

    tenant: str
    before: datetime


def days_of(retention: Retention, name: ClassName, tenant: str | None) -> int:
    """The period of a class, in days; 0 for ever. None for the tenants that have no period of their own."""
    own = retention.tenants.get(tenant) if tenant is not None else None
    found = getattr(own, name) if own else None
    return int(getattr(retention, name) if found is None else found)


def longest(retention: Retention, name: ClassName) -> int:
    """The longest period of a class that anybody has, for what is of nobody in particular; 0 for ever."""
    periods = [days_of(retention, name, tenant) for tenant in (None, *retention.tenants)]
    return 0 if 0 in periods else max(periods)


def before(now: datetime, days: int) -> datetime | None:
    """What was stored before that has outlived a period of so many days; None where nothing does."""
    return now - timedelta(days=days) if days else None


def cuts(retention: Retention, name: ClassName, tenants: Iterable[str], now: datetime) -> list[Cut]:
    """Of each tenant of which something may have outlived its period: before when."""
    found = ((tenant, before(now, days_of(retention, name, tenant))) for tenant in tenants)
    return [Cut(tenant, at) for tenant, at in found if at]


def warnings(retention: Retention) -> list[str]:
    """What a reader of the periods has to know."""
    periods = {tenant: days_of(retention, "evidence", tenant) for tenant in (None, *retention.tenants)}
    return [
        f"evidence{f' of {tenant}' if tenant else ''} is kept for {days} days: the AI Act asks for {EVIDENCE_DAYS} at "
        "least (Articles 19 and 26), unless other law says otherwise"
        for tenant, days in periods.items()
        if 0 < days < EVIDENCE_DAYS
    ]
