"""A report of one tenant holds nothing of any other: no name, no text, no count, no offset."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from auditor.policies.file import BUILT_IN
from auditor.reviews import Review
from auditor.sampling.store import draw
from auditor.store import Store
from auditor.store_reviews import add_reviews
from auditor.verdict import Judgment
from ingest.qta import GuardSignal, ImageFailure, ImageReason, Position, RefKind, ThinkingKind, ToolCall
from reports.nightly import Written, write_nightly
from tests.reports.seed import EDITION, NOW, Judged, config, judged, seed

OWN, OTHER, MARK = "linden-clinic", "harbor-bank", "foreign-mark"
SHARED = "kafka:cluster/foreign-mark-topic"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(":memory:", str(tmp_path / "blobs")) as opened:
        yield opened


def foreign(number: int, risk: float | None, now: datetime) -> Judged:
    """An exchange of the other tenant, with a mark in every text that it has."""
    triple, verdict = judged(
        number,
        risk,
        now,
        tenant=f"{OTHER}-{MARK}",
        application=MARK,
        user=MARK,
        model=MARK,
        conversation_id=MARK,
        response_id=MARK,
        system_prompt=MARK,
        context=MARK,
        question=MARK,
        thinking=MARK,
        thinking_kind=ThinkingKind.SUMMARY,
        answer=MARK,
        warnings=(MARK,),
        tool_calls=(ToolCall(MARK, MARK, MARK),),
        guards=(GuardSignal(MARK, "input", "passed", (MARK,), 0.1),),
        images=(ImageFailure(ImageReason.TOO_LARGE, RefKind.DATA),),
        position=Position(SHARED, 0, number),
    )
    return triple, replace(verdict, analysis=MARK, stage="thinking", flags=("needs_image",))


def own(number: int, risk: float | None, now: datetime = NOW) -> Judged:
    return judged(number, risk, now, tenant=OWN, application="intake", position=Position(SHARED, 0, number))


def fill(store: Store, others: int) -> None:
    """Two nights of a shared partition, with as many exchanges of the other tenant; drawn, and voted on."""
    for night in (1, 0):
        now, at, start = NOW - timedelta(days=night), 10_000 * (1 - night), (1 - night) * (4 + 3 * others)
        mine = [own(at + n, risk, now) for n, risk in enumerate((0.97, 0.6, None, 0.1))]
        theirs = [foreign(at + 100 + n, 0.99 if n % 2 else None, now) for n in range(others)]
        seed(store, [*mine, *theirs], rejected=others, gaps=others, now=now, start=start)
        draw(store, config(), now.date(), now + timedelta(hours=3), early=True)
    votes = [Review(t.id, MARK, Judgment.HARMFUL, None, MARK, EDITION.instant) for t, _ in theirs]
    add_reviews(store, [*votes, Review(mine[0][0].id, "ada", Judgment.SAFE, None, "fine", EDITION.instant)], NOW)


def policy_file(folder: Path) -> str:
    file = folder / "policy.toml"
    rule = f'[[rule]]\ntenant = "{OTHER}-{MARK}"\nescalate = 0.1234\n'
    rule += f'[[rule]]\napplication = "{MARK}"\nwatch = 0.0321\n'
    file.write_text(BUILT_IN.read_text().replace("[costs]", f"{rule}\n[costs]"))
    return json.dumps(str(file))


def write(store: Store, folder: Path, **more: str) -> Written:
    overrides = {"report__out_dir": json.dumps(str(folder)), "policy__file": policy_file(folder.parent)}
    return write_nightly(store, config(**overrides), None, EDITION, tenant=OWN, **more)


@pytest.mark.parametrize("period", ["day", "week"])
def test_no_byte_of_another_tenant_is_in_any_file(store: Store, tmp_path: Path, period: str) -> None:
    fill(store, 7)
    written = write(store, tmp_path / "out", period=period)
    rows = pq.read_table(written.files[3]).to_pylist()
    for content in [*(file.read_bytes() for file in written.files), json.dumps(rows, default=str).encode()]:
        for word in (MARK, OTHER, "kafka:cluster", "0.1234", "0.0321"):
            assert word.encode() not in content
    assert all(row["tenant"] == OWN for row in rows)
    assert all(OWN in file.name for file in written.files)


def test_how_much_others_wrote_changes_nothing_in_it(store: Store, tmp_path: Path) -> None:
    """The same nights with 3 and with 40 exchanges of another: every file is the same, byte for byte."""
    fill(store, 3)
    few = [file.read_bytes() for file in write(store, tmp_path / "few").files]
    with Store.open(":memory:", str(tmp_path / "blobs")) as busy:
        fill(busy, 40)
        many = [file.read_bytes() for file in write(busy, tmp_path / "many").files]
    assert few == many


def test_what_is_its_own_reconciles(store: Store, tmp_path: Path) -> None:
    fill(store, 5)
    report = write(store, tmp_path / "out").report
    coverage = report.tenant_coverage
    assert coverage
    assert (coverage.records, coverage.exchanges, coverage.judged, coverage.difference) == (4, 4, 4, 0)
    assert (report.verdicts.triples, report.escalations.total, report.partitions, report.examples) == (4, 3, (), ())
    assert (report.reviews.votes, report.degraded.traces, report.failed_deliveries) == (1, None, ())
    store.connection.execute("DELETE FROM verdicts WHERE triple_id = ?", [own(10_003, 0.1)[0].id])
    after = write(store, tmp_path / "after").report
    assert after.tenant_coverage
    assert (after.tenant_coverage.difference, after.totals.unbalanced) == (1, 1)


@pytest.mark.parametrize("tenant", ["../../etc", "a/b", "=cmd()", "\u202ex", "", "x" * 300])
def test_a_tenant_of_any_name_has_files_in_the_folder(store: Store, tmp_path: Path, tenant: str) -> None:
    seed(store, [judged(0, 0.9, tenant=tenant)])
    settings = config(report__out_dir=json.dumps(str(tmp_path / "out")))
    written = write_nightly(store, settings, None, EDITION, tenant=tenant)
    assert written.report.verdicts.triples == 1
    assert {file.parent for file in written.files} == {tmp_path / "out"}
    assert all(file.exists() for file in written.files)
