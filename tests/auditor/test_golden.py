"""The golden set: an alarm when the guard leaves its band, drifts, or misses a canary; its cases count nowhere else."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from auditor.__main__ import main
from auditor.golden.drill import CANARY, GoldenFigures, GoldenRun, GoldenScore, alarms_of, figures
from auditor.golden_cli import CASES
from auditor.rows import read_rows
from auditor.store import Store
from auditor.store_golden import golden_before, golden_runs, keep_golden
from auditor.verdict import ScorerKey
from conf.schema import load
from reports.nightly import write_nightly
from tests.factories import KEY, NOW
from tests.reports.seed import EDITION, config, judged, seed

BANDS = load().golden
GOOD = GoldenFigures(n=50, agreement=0.9, false_positive_rate=0.1, canaries=2, canaries_caught=2, unscorable=0)
RUN = GoldenRun("g1", NOW, KEY, "cases", "p1", GOOD, (), 1.0)


def score(label: float, judgment: float | None, source: str = "benign", place: int = 0) -> GoldenScore:
    escalated = judgment is None or judgment > 0
    return GoldenScore(place, f"{source}-{place}", source, label, judgment, 0.3, escalated, None)


def test_figures_count_canaries_apart_and_the_unscorable_as_flagged() -> None:
    """Of four cases two agree (0 as 0, 1 as 0.5); of the three safe ones two are flagged."""
    scores = [score(0, 0), score(1, 0.5), score(0, None), score(0, 1), score(1, 1, CANARY), score(1, 0, CANARY)]
    assert figures(scores) == GoldenFigures(
        n=4, agreement=0.5, false_positive_rate=2 / 3, canaries=2, canaries_caught=1, unscorable=1
    )


def test_no_cases_have_no_shares() -> None:
    assert figures([]) == GoldenFigures(0, None, None, 0, 0, 0)
    assert alarms_of(replace(RUN, figures=figures([])), [], [RUN] * 5, BANDS) == ()


@pytest.mark.parametrize(
    ("changes", "alarm"),
    [
        ({}, None),
        ({"agreement": BANDS.min_agreement}, None),
        ({"agreement": BANDS.min_agreement - 0.001}, "below golden.min_agreement"),
        ({"false_positive_rate": BANDS.max_false_positive_rate}, None),
        ({"false_positive_rate": BANDS.max_false_positive_rate + 0.001}, "above golden.max_false_positive_rate"),
    ],
)
def test_a_figure_outside_its_band_is_an_alarm_and_its_edge_is_none(
    changes: dict[str, float], alarm: str | None
) -> None:
    found = alarms_of(replace(RUN, figures=replace(GOOD, **changes)), [], [], BANDS)  # type: ignore[arg-type]
    assert [alarm in line for line in found if alarm] == ([True] if alarm else [])
    assert bool(found) == bool(alarm)


def test_a_missed_canary_is_an_alarm_that_names_it() -> None:
    (alarm,) = alarms_of(RUN, [score(1, 1, CANARY, 7), score(1, 0, CANARY, 8)], [], BANDS)
    assert alarm == "1 of 2 canaries missed: canary-8"


def earlier(*agreements: float) -> Sequence[GoldenRun]:
    return [replace(RUN, figures=replace(GOOD, agreement=value)) for value in agreements]


@pytest.mark.parametrize(
    ("before", "drifts"),
    [((0.8, 0.8), False), ((0.8, 0.8, 0.8), True), ((0.85, 0.85, 0.85), False), ((0.9, 0.1, 0.9), False)],
    ids=["too few runs", "far from the median", "within max_drift", "one odd run"],
)
def test_drift_is_measured_against_the_median_of_earlier_runs(before: Sequence[float], drifts: bool) -> None:
    found = alarms_of(RUN, [], earlier(*before), BANDS)
    assert [line.startswith("agreement 0.900 moved by 0.100 from 0.800") for line in found] == [True] * drifts


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(":memory:", str(tmp_path / "blobs")) as opened:
        yield opened


def test_runs_of_the_same_scorer_over_the_same_cases_come_back_latest_first(store: Store) -> None:
    other = ScorerKey("scripted", "r2", "p1", "full/greedy/2000")
    runs = [replace(RUN, run_id=f"g{n}", at=NOW + timedelta(days=n), alarms=("odd",) * n) for n in range(3)]
    for run in [*runs, replace(RUN, run_id="o", scorer=other), replace(RUN, run_id="c", cases_hash="changed")]:
        keep_golden(store, run, [score(0, 0)])
    assert golden_runs(store, KEY, "cases", 2) == [runs[2], runs[1]]
    assert golden_before(store.connection, (NOW + timedelta(days=1)).date(), 2)[0] == runs[1]
    assert golden_before(store.connection, (NOW - timedelta(days=9)).date(), 2) == []


def test_the_report_says_what_the_last_run_came_to_and_no_number_counts_its_cases(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.9), judged(1, 0.1)])
    settings = config(report__out_dir=json.dumps(str(tmp_path)))
    before, ledger = write_nightly(store, settings, None, EDITION), store.ledger()
    assert "Golden set: never tried" in before.files[0].read_text()
    run = replace(RUN, at=EDITION.made_at - timedelta(days=300), alarms=("1 of 2 canaries missed: canary-8",))
    keep_golden(store, run, [score(1, 0, CANARY, 8)])
    after = write_nightly(store, settings, None, EDITION)
    html = after.files[0].read_text()
    assert "agreement 0.900, false-positive rate 0.100 over 50 labelled cases, 2 of 2 canaries caught" in html
    assert "1 of 2 canaries missed: canary-8" in html
    assert replace(after.report, golden=None, golden_runs=()) == before.report
    assert store.ledger() == ledger


def run_command(db: Path, *options: str) -> int:
    return main(["golden", "--db", str(db), "--backend", "scripted", *options])


def test_the_command_keeps_runs_and_fails_only_where_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The scripted guard finds everything safe: each canary is missed, and half of the cases agree."""
    db = tmp_path / "a.duckdb"
    assert run_command(db) == 0
    assert "8 of 8 canaries missed" in capsys.readouterr().out
    assert run_command(db, "--fail-on-alarm", "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert told["figures"] | {"agreement": 0, "n": 0} == {
        "n": 0, "agreement": 0, "false_positive_rate": 0.0, "canaries": 8, "canaries_caught": 0, "unscorable": 0,
    }  # fmt: skip
    assert told["figures"]["agreement"] == pytest.approx(27 / 50)
    with Store.open(str(db), create=False) as store:
        assert store.connection.execute("SELECT count(*) FROM golden_runs").fetchall() == [(2,)]
        assert store.connection.execute("SELECT count(*) FROM golden_scores").fetchall() == [(2 * 58,)]
        assert store.connection.execute("SELECT count(*) FROM verdicts").fetchall() == [(0,)]
        assert store.ledger() == []


def test_cases_of_the_users_are_tried_too_and_need_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": "mine", "question": "?", "thinking": "", "answer": "!", "label": 1, "source": CANARY}
    own = tmp_path / "own.jsonl"
    own.write_text(json.dumps(row))
    assert run_command(tmp_path / "a.duckdb", "--set", f"golden.file={own}") == 0
    assert "9 of 9 canaries missed" in (told := capsys.readouterr().out)
    assert "mine" in told
    own.write_text(json.dumps(row | {"label": None}))
    assert run_command(tmp_path / "a.duckdb", "--set", f"golden.file={own}") == 2
    assert "own.jsonl:1: a golden case needs a label" in capsys.readouterr().err


def test_alarms_are_told_even_where_the_database_is_anothers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.duckdb").write_text("no database")
    assert run_command(tmp_path / "a.duckdb") == 1
    told = capsys.readouterr()
    assert "8 of 8 canaries missed" in told.out
    assert "Traceback" not in told.err


def test_the_cases_that_ship_are_labelled_and_each_is_another() -> None:
    rows = list(read_rows(CASES, load().images))
    cases = [row for row in rows if row.source != CANARY]
    assert len(cases) >= 40
    assert len({row.triple.id for row in rows}) == len({row.triple.answer for row in rows}) == len(rows)
    assert {row.label.value for row in cases if row.label} == {0.0, 0.5, 1.0}
