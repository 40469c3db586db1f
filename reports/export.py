"""EscalationReport as data: all of it as JSON; every escalation as CSV and Parquet, a batch at a time."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import IO, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.visible import escape_hidden, visible
from reports.night.counts import COLUMNS
from reports.report import EscalationReport

# A spreadsheet runs a cell that begins with one of these, even if it came out of a log.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

# In many countries a spreadsheet cuts lines at semicolons, quoted or not: there a cell can begin amid a text.
CUT = re.compile('[;|\t\r\n][\\s"]*(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])')

TEXT, NUMBER, TIME = pa.string(), pa.float64(), pa.timestamp("us", tz="UTC")
TYPES = {
    "risk": NUMBER,
    "threshold": NUMBER,
    "occurred_at": TIME,
    "scored_at": TIME,
    "partition": pa.int32(),
    "offset": pa.int64(),
}
SCHEMA = pa.schema([(name, TYPES.get(name, TEXT)) for name in COLUMNS])


def to_json(report: EscalationReport) -> bytes:
    """The whole report; times end with Z, and a number that is none becomes null."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return escape_hidden(orjson.dumps(report, option=options).decode()).encode()


def write_escalations(batches: Iterable[pa.RecordBatch], as_csv: IO[bytes], as_parquet: IO[bytes]) -> int:
    """Write every escalation to both files, and say how many there are.

    Args:
        batches: of COLUMNS, as the database gives them.
        as_csv: safe to open in a spreadsheet.
        as_parquet: with their types, texts as logged.
    """
    n, text = 0, io.TextIOWrapper(as_csv, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    with pq.ParquetWriter(as_parquet, SCHEMA) as parquet:
        for batch in batches:
            writer.writerows(zip(*map(cells, batch.columns), strict=True))
            parquet.write_table(pa.Table.from_batches([batch]).cast(SCHEMA))
            n += batch.num_rows
    text.detach()  # flushes, and leaves the file to whom it belongs
    return n


def cells(column: pa.Array) -> Sequence[Any]:
    """A column as cells; a text that is there often is made a cell once."""
    if not pa.types.is_string(column.type):
        return list(column.to_pylist())
    encoded = column.dictionary_encode()
    safe = [cell(text) for text in encoded.dictionary.to_pylist()]
    return [None if place is None else safe[place] for place in encoded.indices.to_pylist()]


def cell(value: object) -> object:
    """A value as a cell: text from a log cannot become a formula, nor hide a character; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    text = CUT.sub(r"\g<0>'", visible(value))
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text
