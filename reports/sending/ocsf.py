"""A case as an event of the Open Cybersecurity Schema Framework: class Detection Finding; pure.

Source: github.com/ocsf/ocsf-schema, events/findings/detection_finding.json, objects/finding_info.json,
objects/metadata.json and what they include; version 1.3.0.
"""

from datetime import datetime
from typing import Any

from reports.sending.message import Case

VERSION = "1.3.0"
CATEGORY, CLASS, CREATE = 2, 2004, 1
NEW = 1  # status: not reviewed yet
SEVERITIES = {"urgent": (5, "Critical"), "escalate": (4, "High")}
TITLES = {"urgent": "AI agent exchange needs a person at once", "escalate": "AI agent exchange needs a person"}


def event_of(case: Case, version: str) -> dict[str, Any]:
    """The event.

    Args:
        case: without texts: they have no place here.
        version: of traceaudit.
    """
    severity_id, severity = SEVERITIES[case.level]
    event: dict[str, Any] = {
        "activity_id": CREATE,
        "activity_name": "Create",
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "type_uid": CLASS * 100 + CREATE,
        "type_name": "Detection Finding: Create",
        "time": milliseconds(case.scored_at),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": NEW,
        "status": "New",
        "message": TITLES[case.level],
        "metadata": {
            "version": VERSION,
            "uid": f"{case.triple_id}/{milliseconds(case.scored_at)}",
            "product": {"name": "traceaudit", "vendor_name": "traceaudit", "version": version},
        },
        "finding_info": finding_of(case),
        "resources": [{"type": "tenant", "name": case.tenant, "uid": case.tenant}],
        "unmapped": unmapped_of(case),
    }
    return event if case.risk is None else event | {"risk_score": round(case.risk * 100)}


def finding_of(case: Case) -> dict[str, Any]:
    """What was found; its uid is the triple's, whoever hears of it how often."""
    found: dict[str, Any] = {
        "uid": case.triple_id,
        "title": TITLES[case.level],
        "types": [case.category],
        "created_time": milliseconds(case.scored_at),
        "analytic": {"type_id": 4, "type": "Learning (ML/DL)", "name": case.guard},
    }
    return found | {"first_seen_time": milliseconds(case.occurred_at)} if case.occurred_at else found


def unmapped_of(case: Case) -> dict[str, Any]:
    """What the schema has no names for."""
    source, partition, offset = case.place
    return {
        "tenant": case.tenant,
        "application": case.application,
        "level": case.level,
        "thinking_kind": case.thinking_kind,
        "stage": case.stage,
        "model": case.model,
        "policy": case.policy,
        "unscorable_reason": case.reason,
        "source": source,
        "partition": partition,
        "offset": offset,
    }


def milliseconds(time: datetime) -> int:
    """Since 1970, as OCSF has its times."""
    return round(time.timestamp() * 1000)
