"""Errors of the reports.

TraceauditError
├── NothingToReport      the database holds no records yet
├── ReportNotWritten     the folder of the report cannot be written
└── PdfNotMade           a report that was asked for as PDF is there in all forms but that
"""

from conf.errors import TraceauditError


class NothingToReport(TraceauditError):
    """A database that no record was ever stored in."""


class ReportNotWritten(TraceauditError):
    """A report whose folder cannot be written."""


class PdfNotMade(TraceauditError):
    """A report that was to be printed as PDF and could not be; its other files are written."""
