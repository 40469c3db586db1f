"""What changed since the last report: measured from the event that it left in the audit trail."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from auditor.policies.file import BUILT_IN, configured_policy
from auditor.policies.store import Act, decide, propose
from auditor.store import Store
from reports.nightly import Written, write_nightly
from tests.reports.seed import EDITION, NOW, SCORER, config, judged, seed

BEFORE = NOW - timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(":memory:", str(tmp_path / "blobs")) as opened:
        seed(opened, [judged(0, 0.9, BEFORE)], now=BEFORE)
        seed(opened, [judged(1, 0.9)], start=1)
        yield opened


def write(store: Store, folder: Path, day: int = 0, version: str = "0.1.0", **more: str) -> Written:
    edition = replace(EDITION, version=version, made_at=NOW - timedelta(days=day) + timedelta(hours=3))
    settings = config(report__out_dir=json.dumps(str(folder)))
    return write_nightly(store, settings, (NOW - timedelta(days=day)).date(), edition, **more)


def test_the_first_report_has_nothing_to_compare_with_and_the_second_says_that_nothing_changed(
    store: Store, tmp_path: Path
) -> None:
    assert write(store, tmp_path, day=1).report.changes.since is None
    changes = write(store, tmp_path).report.changes
    assert (changes.name, changes.lines) == (str(BEFORE.date()), ())
    assert changes.since == BEFORE + timedelta(hours=3)


def test_the_event_holds_the_hashes_of_the_files(store: Store, tmp_path: Path) -> None:
    written = write(store, tmp_path)
    ((subject, details),) = store.connection.execute(
        "SELECT subject, details FROM events WHERE kind = 'report.made'"
    ).fetchall()
    told = json.loads(details)
    assert subject == f"day/{NOW.date()}"
    assert told["files"] == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in written.files}
    assert (told["exchanges"], told["escalated"]) == (1, 1)


def test_a_policy_a_model_and_a_version_that_changed_are_named_with_who_stands_for_it(
    store: Store, tmp_path: Path
) -> None:
    write(store, tmp_path, day=1)
    text = BUILT_IN.read_text().replace('"built-in"', '"stricter"').replace("escalate = 0.5", "escalate = 0.45")
    at = NOW.replace(tzinfo=UTC, hour=1)
    propose(store, text, "mine.toml", NOW.date(), Act("ada", at))
    decide(store, 1, Act("bob", at), configured_policy(config().policy), approve=True)
    store.connection.execute("UPDATE verdicts SET model_revision = 'r2' WHERE scored_at >= ?", [NOW])
    report = write(store, tmp_path, version="0.2.0").report
    lines = {(line.what, line.name): line for line in report.changes.lines}
    policy, threshold = lines["policy", ""], lines["threshold", "default: escalate"]
    assert (policy.before, policy.now) == ("built-in", "stricter (1)")
    assert (policy.proposed_by, policy.approved_by) == ("ada", "bob")
    assert policy.at == NOW.replace(hour=0, minute=0)
    assert (threshold.before, threshold.now, threshold.approved_by) == ("0.5", "0.45", "bob")
    model = lines["model", ""]
    assert (model.before, model.now, model.at) == (f"guard-3b {SCORER.model_revision}", "guard-3b r2", NOW)
    assert lines["version", ""].now == "0.2.0"
    assert len(lines) == 4
    assert (report.policy.version, report.policy.approved_by, report.policy.number) == ("stricter", "bob", 1)
    assert [line.policy for line in report.trend[-2:]] == ["built-in", "stricter"]


def test_a_day_without_verdicts_is_no_change_of_the_guard(store: Store, tmp_path: Path) -> None:
    write(store, tmp_path, day=1)
    write(store, tmp_path)
    assert write(store, tmp_path, day=-1).report.changes.lines == ()
    assert write(store, tmp_path, day=-2).report.changes.lines == ()


def test_reports_of_another_kind_or_tenant_are_not_the_last_one(store: Store, tmp_path: Path) -> None:
    write(store, tmp_path, day=1, tenant="harbor-bank")
    write(store, tmp_path, day=1, period="week")
    assert write(store, tmp_path).report.changes.since is None
    assert write(store, tmp_path, tenant="harbor-bank").report.changes.since is not None
