"""The end of the audit trail, read by itself: what is changed there is seen, and so is a signature that is not good."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.evidence.answers import verify_chain
from auditor.evidence.events import Deed, record_event
from auditor.evidence.store_checkpoints import sign_checkpoint
from auditor.store import Store
from conf.schema import Config, load

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load(overrides={"store.path": str(tmp_path / "a.duckdb")})


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    """Thirty events, and a checkpoint after every tenth."""
    with Store.open(config.store.path) as store:
        for at in range(30):
            record_event(store, Deed("case.read", "Vera", f"t{at}", {}, NOW))
            if at % 10 == 9:
                sign_checkpoint(store, config, NOW)
        yield store


def bad(store: Store, config: Config, most: int) -> str | None:
    _, verified = verify_chain(store, config, most)
    return None if verified.bad is None else str(verified.bad)


def test_the_end_is_as_it_was_written(store: Store, config: Config) -> None:
    after, verified = verify_chain(store, config, 10)
    ((last,),) = store.connection.execute("SELECT max(seq) FROM events").fetchall()
    assert (after, verified.checked.events, verified.bad) == (last - 10, last, None)
    assert (verified.checked.checkpoints, verified.checked.since_checkpoint) == (3, 0)
    assert verify_chain(store, config, 10**6)[0] == 0
    assert bad(store, config, 10**6) is None


@pytest.mark.parametrize("column", ["actor", "subject", "kind", "details", "hash", "previous"])
def test_a_change_at_the_end_is_seen(store: Store, config: Config, column: str) -> None:
    query = "UPDATE events SET {0} = 'x' || {0} WHERE seq = (SELECT max(seq) - 3 FROM events)"
    store.connection.execute(query.format(column))
    assert bad(store, config, 10) is not None


def test_an_event_that_is_gone_from_the_end_is_missed(store: Store, config: Config) -> None:
    store.connection.execute("DELETE FROM events WHERE seq = (SELECT max(seq) - 3 FROM events)")
    assert "is missing" in str(bad(store, config, 10))


def test_signatures_are_checked_also_where_their_events_are_not_read(store: Store, config: Config) -> None:
    store.connection.execute(
        "UPDATE checkpoints SET signature = repeat('0', 128) WHERE seq = (SELECT min(seq) FROM checkpoints)"
    )
    assert "its signature is not good" in str(bad(store, config, 5))


def test_a_signed_event_that_was_changed_is_seen_however_old(store: Store, config: Config) -> None:
    store.connection.execute("UPDATE events SET hash = repeat('0', 64) WHERE seq = (SELECT min(seq) FROM checkpoints)")
    assert "another hash than was signed" in str(bad(store, config, 5))


def test_an_empty_trail_is_whole(config: Config) -> None:
    with Store.open(":memory:") as empty:
        assert bad(empty, config, 5) is None
