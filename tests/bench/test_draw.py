"""The draw of a day of a million verdicts, against only making the table `judged` that all reports count on."""

from datetime import UTC, datetime
from pathlib import Path

from auditor.judged import make_judged
from auditor.policies.file import configured_policy
from auditor.queries import snapshot
from auditor.sampling.store import draw
from auditor.store import Store
from conf.schema import load
from tests.auditor.sampling.seed import DAY, seed
from tests.bench.measure import compare

N_VERDICTS = 1_000_000
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CONFIG = load()


def test_draw_against_making_judged(tmp_path: Path) -> None:
    policies = {DAY: configured_policy(CONFIG.policy)}
    with Store.open(str(tmp_path / "a.duckdb")) as store:
        seed(store, N_VERDICTS, tenants=50)

        def once() -> None:
            assert draw(store, CONFIG, DAY, NOW).is_new
            for table in ("draws", "strata", "events"):
                store.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

        def bare() -> None:
            with snapshot(store.connection) as connection:
                make_judged(connection, DAY, DAY, policies)

        ratio = compare("draw of a day against making its table of verdicts", "verdicts", N_VERDICTS, once, bare)
    assert max(ratio.ours_s) < 60
