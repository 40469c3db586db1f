from typing import Any

import pytest

from auditor.ledger import LedgerLine


def line(**changes: Any) -> LedgerLine:
    whole: dict[str, Any] = {
        "source": "kafka:c/t",
        "partition": 1,
        "start": 10,
        "end": 22,
        "records": 7,
        "offsets": 7,
        "states": {"scored": 5, "rejected": 2},
        "gaps": {"retention": 1, "compacted_or_transaction": 2},
        "held": 2,
    }
    return LedgerLine(**whole | changes)


def test_a_line_says_what_became_of_each_offset() -> None:
    assert line().as_json() == {
        "source": "kafka:c/t",
        "partition": 1,
        "from": 10,
        "to": 22,
        "records": 7,
        "states": {"scored": 5, "rejected": 2},
        "gaps": 3,
        "gap_reasons": {"retention": 1, "compacted_or_transaction": 2},
        "held": 2,
        "missing": 0,
        "balanced": True,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": 23},
        {"held": 1},
        {"records": 8, "offsets": 8, "states": {"scored": 8}},
        {"offsets": 6},
        {"states": {"scored": 5}},
        {"gaps": {}},
    ],
)
def test_a_line_that_lost_or_repeated_an_offset_is_not_balanced(wrong: dict[str, Any]) -> None:
    assert not line(**wrong).balanced
