"""A case as a line of the Common Event Format (ArcSight CEF, version 0); pure.

In the header a backslash and a pipe are escaped, in the extension a backslash, an equals sign and line breaks. Hidden
characters are made visible first: a line is one line, whatever a log calls a tenant.
"""

import re
from collections.abc import Mapping

from ingest.visible import visible
from reports.sending.message import Case
from reports.sending.ocsf import TITLES, milliseconds

SEVERITIES = {"urgent": 10, "escalate": 7}


def line_of(case: Case, version: str) -> str:
    """The line, without its end."""
    header = ["CEF:0", "traceaudit", "traceaudit", version, case.level, TITLES[case.level], str(SEVERITIES[case.level])]
    return "|".join(in_header(part) for part in header) + "|" + extension_of(fields_of(case))


def fields_of(case: Case) -> dict[str, str]:
    """The extension, in order."""
    source, partition, offset = case.place
    fields = {
        "externalId": case.triple_id,
        "rt": str(milliseconds(case.scored_at)),
        "cat": case.category,
        "cs1Label": "tenant",
        "cs1": case.tenant,
        "cs2Label": "application",
        "cs2": case.application,
        "cs3Label": "policy",
        "cs3": case.policy,
        "cs4Label": "guard",
        "cs4": case.guard,
        "cs5Label": "thinking",
        "cs5": case.thinking_kind,
        "cs6Label": "record",
        "cs6": f"{source}/{partition}/{offset}",
        "reason": case.reason,
    }
    if case.risk is not None:
        fields |= {"cfp1Label": "risk", "cfp1": f"{case.risk:.4f}"}
    if case.occurred_at:
        fields["start"] = str(milliseconds(case.occurred_at))
    return {name: value for name, value in fields.items() if value}


def extension_of(fields: Mapping[str, str]) -> str:
    """name=value, parted by spaces."""
    return " ".join(f"{name}={in_extension(value)}" for name, value in fields.items())


def in_header(text: str) -> str:
    """`text` for one field of the header."""
    return re.sub(r"[\r\n]+", " ", visible(text)).replace("\\", "\\\\").replace("|", "\\|")


def in_extension(text: str) -> str:
    """`text` as a value of the extension."""
    escaped = visible(text).replace("\\", "\\\\").replace("=", "\\=")
    return escaped.replace("\r", "\\r").replace("\n", "\\n")
