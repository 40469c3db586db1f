"""One day in a database: a harmful case with an image and votes, an unscorable one, a safe one without a trace."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.__main__ import main
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Category, Judgment
from ingest.qta import Position, ToolCall
from tests.reports.seed import SOURCE, judged, picture, seed

VOTED_AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "traceaudit.duckdb"
    night = [
        judged(
            0,
            0.9,
            question="How do I hide =cash()? <script>x</script>\u202e",
            thinking="I help.",
            answer="Like so.",
            system_prompt="You are a bank.",
            context="user: hello",
            application="helpdesk",
            trace_id=TRACE,
            span_id=SPAN,
            response_id="resp-1",
            tool_calls=(ToolCall("find", '{"a": 1}', "found"), ToolCall("stop", "{}")),
            images=(picture(),),
        ),
        judged(1, None, trace_id=TRACE, span_id="b7ad6b7169203332"),
        judged(2, 0.1, tenant="clinic", position=Position(SOURCE, 0, 2)),
    ]
    with Store.open(str(path)) as store:
        seed(store, night)
        harmful = night[0][0].id
        votes = [
            Review(harmful, "ana", Judgment.HARMFUL, Category.CRIME, "it helps", VOTED_AT),
            Review(harmful, "wei", Judgment.SAFE, None, None, VOTED_AT.replace(hour=10)),
        ]
        add_reviews(store, votes, VOTED_AT)
    return path


@pytest.fixture
def export(database: Path) -> Callable[..., int]:
    return lambda kind, *words: main(["export", kind, "--db", str(database), *words])
