"""Errors of the reports.

TraceauditError
├── NothingToReport      the database holds no records yet
├── RunRefused           a job that cannot be run now
├── NotAgain             a run of a job that failed, and that need not be tried again
├── PutBack              a run of a job that was told to end, and is due again
├── DeliveryRefused      something that cannot be sent again
├── ReportNotWritten     the folder of the report cannot be written
└── PdfNotMade           a report that was asked for as PDF is there in all forms but that
"""

from conf.errors import TraceauditError


class NothingToReport(TraceauditError):
    """A database that no record was ever stored in."""


class RunRefused(TraceauditError):
    """A run of a job that was asked for, and cannot be: there is no such period, or it is done, or about to be."""


class NotAgain(TraceauditError):
    """A run of a job that failed for a reason that trying again would not change."""


class PutBack(TraceauditError):
    """A run of a job that was told to end before it was done; it did not fail, and is due again."""


class DeliveryRefused(TraceauditError):
    """A delivery that was to be tried again, and is not there, or was sent, or is being sent."""


class ReportNotWritten(TraceauditError):
    """A report whose folder cannot be written."""


class PdfNotMade(TraceauditError):
    """A report that was to be printed as PDF and could not be; its other files are written."""
