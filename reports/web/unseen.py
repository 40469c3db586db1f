"""What a report leaves out for who may vote: what the guard said of cases that they are to judge without knowing; pure.

It is made once for all of them (`live.py`), so it leaves such cases out whether or not this one has voted.
"""

from collections.abc import Collection
from dataclasses import replace

from auditor.policies.policy import Level
from auditor.reviewing.blind import ALL
from auditor.sampling.strata import ESCALATED, URGENT
from reports.report import EscalationReport

REASONS = {Level.URGENT: URGENT, Level.ESCALATE: ESCALATED}  # why a case of a level is drawn


def for_voters(report: EscalationReport, hide: Collection[str]) -> EscalationReport:
    """The report without cases whose verdicts are hidden.

    Args:
        report: as it was read.
        hide: reasons of draws, or "all"; see `ReviewPlan.hide_verdict`.
    """

    def hidden(reason: str) -> bool:
        return ALL in hide or reason in hide

    levels = {level.value for level, reason in REASONS.items() if hidden(reason)}
    oldest = tuple(line for line in report.open_cases.oldest if not hidden(line.reason))
    disagreements = tuple(replace(line, examples=()) for line in report.layers.disagreements)
    return replace(
        report,
        escalated=tuple(line for line in report.escalated if line.level not in levels),
        cases=tuple(case for case in report.cases if case.level not in levels),
        open_cases=replace(report.open_cases, oldest=oldest),
        layers=replace(report.layers, disagreements=disagreements),
    )
