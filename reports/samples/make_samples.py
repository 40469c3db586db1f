"""cases/*.toml -> logs/: writes the sample logs anew, byte for byte the same each time.

Run: python -m reports.samples.make_samples [FOLDER]
"""

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from reports.samples import anthropic_messages, openai_chat, otel_genai, rows
from reports.samples.broken import write_broken
from reports.samples.cases_file import Case, read_cases

HERE = Path(__file__).parent

RECORDS = {
    "openai_chat": openai_chat.record,
    "anthropic_messages": anthropic_messages.record,
    "sharegpt": rows.sharegpt,
    "qta": rows.qta,
}


def make_samples(folder: Path) -> None:
    """Write one folder for each tenant with one JSONL file for each format, and one with broken records."""
    for file in sorted((HERE / "cases").glob("*.toml")):
        write_tenant(folder / file.stem, read_cases(file))
    write_broken(folder / "broken")


def write_tenant(folder: Path, cases: list[Case]) -> None:
    """One JSONL file for each format, in the order of the cases."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(case.format for case in cases):
        records = records_of([case for case in cases if case.format == name])
        lines = (
            json.dumps(record, separators=(",", ":")) for record in records
        )  # ASCII: no hidden characters in a file
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def records_of(cases: list[Case]) -> Iterator[dict[str, Any]]:
    """The records of cases of one format; cases of one message share a record."""
    for _, group in groupby(enumerate(cases), key=lambda item: item[1].message or item[0]):
        together = [case for _, case in group]
        yield (
            otel_genai.record(together)
            if together[0].format == "otel_genai"
            else RECORDS[together[0].format](together[0])
        )


if __name__ == "__main__":
    make_samples(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "logs")
