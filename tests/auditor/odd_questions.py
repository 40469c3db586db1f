"""Questions that tests ask: one that takes long, one that breaks, one that writes."""

import time

from auditor.store import Store
from conf.schema import Config


def count_forever(store: Store, _: Config) -> int:
    """In the database."""
    rows = store.connection.execute("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range < b.range")
    return int(rows.fetchall()[0][0])


def sleep(_: Store, __: Config, seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def break_down(_: Store, __: Config, text: str) -> int:
    raise ValueError(text)


def keep(store: Store, _: Config, name: str) -> int:
    with store.transaction():
        store.connection.execute("INSERT INTO sink_positions VALUES (?, 0, 0, now()::TIMESTAMP)", [name])
    return 1


def settings(_: Store, config: Config) -> tuple[str, float]:
    """What of the asker's configuration comes over, and a number that JSON has no word for."""
    return config.report.out_dir, float("inf")


ODD = {
    name: f"{__name__}:{function}"
    for name, function in {
        "test.forever": "count_forever",
        "test.sleep": "sleep",
        "test.break": "break_down",
        "test.keep": "keep",
        "test.settings": "settings",
    }.items()
}
