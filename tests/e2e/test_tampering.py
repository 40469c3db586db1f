"""Whoever edits the database, however they do it, is noticed."""

from pathlib import Path
from random import SystemRandom

import pytest

from auditor.store import Store
from tests.auditor.evidence.filled import config_for, fill
from tests.auditor.evidence.tampering import unnoticed


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_random_edits_are_all_noticed(tmp_path: Path) -> None:
    path, seed = tmp_path / "made.duckdb", SystemRandom().randrange(2**32)
    with Store.open(str(path)) as store:
        fill(store, config_for(path))
    print(f"seed {seed}")
    assert unnoticed(path, 1000, seed) == []
