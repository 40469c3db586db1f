"""Errors of the reports.

TraceauditError
├── NothingToReport      the database holds no records yet
└── ReportNotWritten     the folder of the report cannot be written
"""

from conf.errors import TraceauditError


class NothingToReport(TraceauditError):
    """A database that no record was ever stored in."""


class ReportNotWritten(TraceauditError):
    """A report whose folder cannot be written."""
