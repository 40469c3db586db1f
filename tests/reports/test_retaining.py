"""Files of reports and bundles go when evidence has outlived its period; nothing that may show what is held does."""

from collections.abc import Iterator
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest

from auditor.retention.files import CASE, kept_files, note_file
from auditor.retention.holds import Wanted, place_hold
from auditor.store import Store
from conf.retention import TenantPeriods
from conf.schema import Config
from reports.nightly import write_nightly
from reports.retaining import apply, standing
from tests.reports.seed import EDITION, NOW, config, judged, seed

MADE = NOW.replace(tzinfo=UTC)
DAY = date(2026, 11, 22)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Reports of all, and of one tenant; a bundle."""
    with Store.open(str(tmp_path / "a.duckdb")) as opened:
        seed(opened, [judged(0, 0.97), judged(1, 0.9, tenant="linden-clinic")])
        for tenant in (None, "harbor-bank"):
            write_nightly(opened, made_in(tmp_path), DAY, EDITION, tenant=tenant)
        (tmp_path / "case.zip").write_bytes(b"bundle")
        note_file(opened, str(tmp_path / "case.zip"), CASE, MADE)
        yield opened


def made_in(folder: Path, **days: int) -> Config:
    own = {"harbor-bank": TenantPeriods(evidence=days.pop("bank"))} if "bank" in days else {}
    found = config(report__out_dir=str(folder / "out"), store__path=str(folder / "a.duckdb"))
    periods = found.retention.model_copy(update=days | {"tenants": own})
    return found.model_copy(update={"retention": periods})


def left(folder: Path) -> set[str]:
    names = {path.stem for path in (folder / "out").iterdir()}
    return names | ({"case"} if (folder / "case.zip").exists() else set())


ALL, BANK = "audit-2026-11-22", "audit-2026-11-22-harbor-bank"


@pytest.mark.parametrize(
    ("days", "after", "stay"),
    [
        ({"evidence": 200}, 199, {ALL, BANK, "case"}),
        ({"evidence": 200}, 201, set()),
        ({"evidence": 200, "bank": 30}, 31, {ALL, "case"}),
        ({"evidence": 30, "bank": 200}, 31, {ALL, BANK, "case"}),  # what shows all tenants is kept for the longest
        ({"bank": 30}, 31, {ALL, "case"}),
        ({}, 36_000, {ALL, BANK, "case"}),
    ],
)
def test_files_go_when_their_time_is_over(
    store: Store, tmp_path: Path, days: dict[str, int], after: int, stay: set[str]
) -> None:
    apply(store, made_in(tmp_path, **days), MADE + timedelta(days=after), 7)
    assert left(tmp_path) == stay
    assert ("case" in stay) == bool([one for one in kept_files(store) if one.kind == CASE])


@pytest.mark.parametrize(
    ("subject", "value", "stay"),
    [
        ("tenant", "harbor-bank", {ALL, BANK, "case"}),
        ("tenant", "linden-clinic", {ALL, "case"}),
        ("triple", judged(0, 0.9)[0].id, {ALL, BANK, "case"}),
        ("triple", judged(1, 0.9)[0].id, {ALL, "case"}),
    ],
)
def test_what_may_show_what_is_held_stays(
    store: Store, tmp_path: Path, subject: str, value: str, stay: set[str]
) -> None:
    place_hold(store, Wanted(subject, value, "claim", "Lea"), MADE)  # type: ignore[arg-type]
    applied = apply(store, made_in(tmp_path, evidence=5), MADE + timedelta(days=9), 7)
    assert left(tmp_path) == stay
    assert bool(applied.files) == (stay != {ALL, BANK, "case"})


def test_the_standing_says_what_holds(store: Store, tmp_path: Path) -> None:
    hold = place_hold(store, Wanted("tenant", "harbor-bank", "claim", "Lea"), MADE)
    found = standing(store, made_in(tmp_path, text=90, bank=30))
    assert (found.periods["text"], found.periods["evidence"]) == (
        {"": 90, "harbor-bank": 90},
        {"": 0, "harbor-bank": 30},
    )
    assert [one.id for one in found.holds] == [hold.id]
    assert (len(found.warnings), found.rewrite_due, found.unfinished) == (1, False, False)
