"""Run traceaudit, and end it as `kill -9` would at a named point of the way a batch takes into the store.

python die_at.py POINT COUNT run kafka://…   dies when POINT is reached for the COUNTth time
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import auditor.owner
import auditor.retention.cases
import auditor.retention.rewriting
import auditor.sink
import reports.retaining
import reports.shown_cases
from auditor.__main__ import main
from auditor.blobs import Blobs
from auditor.sink import Sink
from auditor.store import Store
from auditor.store_backfill import StoreDesk
from ingest.kafka import KafkaSource
from ingest.kafka_group import GroupSource
from ingest.outlet import Outlet

# What is called there, and whether death comes before or after it.
POINTS: dict[str, tuple[type, str, bool]] = {
    "before_images": (Store, "new_triples", True),
    "image_written": (Blobs, "keep", False),
    "transaction_open": (Store, "check_follows", True),
    "half_of_the_tables": (Store, "insert", False),
    "committed_to_the_store": (Store, "save", False),
    "committed_to_kafka": (KafkaSource, "commit", False),
}

# The same for the way from a worker through the topic of outcomes into the store of the service.
FLEET_POINTS: dict[str, tuple[Any, str, bool]] = {
    "nothing_is_sent": (Outlet, "write", True),
    "sent_and_not_told_to_the_group": (Outlet, "write", False),
    "told_to_the_group": (GroupSource, "commit", False),
    "message_read": (Sink, "take", True),
    "ranges_in_the_transaction": (auditor.sink, "move", True),
    "position_in_the_transaction": (auditor.sink, "move", False),
    "transaction_committed": (Sink, "take", False),
}

# The same for a backfill, on the file and through a service.
BACKFILL_POINTS: dict[str, tuple[Any, str, bool]] = {
    "judged_and_not_kept": (StoreDesk, "keep", True),
    "verdicts_in_the_transaction": (Store, "insert_columns", False),
    "kept": (StoreDesk, "keep", False),
    "asked_the_service": (auditor.owner, "post", False),
    "interrupted": (StoreDesk, "keep", True),
}


# The same for an erasure: in the tables, in files, and in the file of the database.
ERASURE_POINTS: dict[str, tuple[Any, str, bool]] = {
    "rows_half_erased": (auditor.retention.cases, "delete", False),
    "erased": (reports.retaining, "erase_rows", False),
    "blob_deleted": (Blobs, "delete", False),
    "report_made_again": (reports.shown_cases, "write_nightly", False),
    "files_done": (reports.retaining, "finish", False),
    "copied": (auditor.retention.rewriting, "copied", False),
    "renamed": (auditor.retention.rewriting, "sync_folder", False),
}


def dying(
    function: Callable[..., Any], count: int, *, before: bool, number: int = signal.SIGKILL
) -> Callable[..., Any]:
    """`function`, the last thing that happens when it is called for the `count`th time; or as another signal has it."""
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if before and calls == count:
            os.kill(os.getpid(), number)
        result = function(*args, **kwargs)
        if not before and calls == count:
            os.kill(os.getpid(), number)
        return result

    return call


if __name__ == "__main__":
    point, count, *arguments = sys.argv[1:]
    owner, name, before = (POINTS | FLEET_POINTS | BACKFILL_POINTS | ERASURE_POINTS)[point]
    number = signal.SIGINT if point == "interrupted" else signal.SIGKILL
    setattr(owner, name, dying(getattr(owner, name), int(count), before=before, number=number))
    sys.exit(main(arguments))
