"""EscalationReport as data: all of it as JSON, and the table of escalations as CSV and Parquet."""

import csv
import io
from dataclasses import fields
from operator import attrgetter

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.visible import escape_hidden, visible
from reports.report import EscalatedLine, EscalationReport

# A spreadsheet runs a cell that begins with one of these, even if it came out of a log.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

COLUMNS = tuple(column.name for column in fields(EscalatedLine))
VALUES = attrgetter(*COLUMNS)
TEXT, TIME = pa.string(), pa.timestamp("us", tz="UTC")
TYPES = {"risk": pa.float64(), "occurred_at": TIME, "scored_at": TIME, "partition": pa.int32(), "offset": pa.int64()}
SCHEMA = pa.schema([(name, TYPES.get(name, TEXT)) for name in COLUMNS])


def to_json(report: EscalationReport) -> bytes:
    """The whole report; times end with Z, and a number that is none becomes null."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return escape_hidden(orjson.dumps(report, option=options).decode()).encode()


def to_csv(report: EscalationReport) -> bytes:
    """All escalations, safe to open in a spreadsheet."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    writer.writerows(map(cell, VALUES(line)) for line in report.escalated)
    return target.getvalue().encode()


def cell(value: object) -> object:
    """A value as a cell: text from a log cannot become a formula, nor hide a character; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def to_parquet(report: EscalationReport) -> bytes:
    """All escalations with their types, texts as logged."""
    target = io.BytesIO()
    columns = [[getattr(line, name) for line in report.escalated] for name in COLUMNS]
    pq.write_table(pa.table(columns, schema=SCHEMA), target)
    return target.getvalue()
