"""The files of a night: all of them tell the same numbers, and what a log holds cannot act in any of them."""

import base64
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from auditor.blobs import Blobs
from auditor.store import Store
from auditor.store_backfill import StoreDesk
from auditor.store_rows import Run
from auditor.verdict import ScorerKey
from reports.cli import report as report_command
from reports.export import cell
from reports.nightly import Written, write_nightly
from tests.factories import make_verdict
from tests.reports.seed import EDITION, NOW, config, judged, odds, picture, seed

PAYLOAD = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(":memory:", str(tmp_path / "blobs")) as opened:
        yield opened


def write(store: Store, folder: Path, day: date | None = None) -> Written:
    return write_nightly(store, config(report__out_dir=json.dumps(str(folder))), day, EDITION)


def text_of(written: Written, suffix: str) -> str:
    return next(path for path in written.files if path.suffix == suffix).read_text(encoding="utf-8")


def test_html_json_csv_and_parquet_have_the_same_numbers(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.9), judged(1, 0.1), judged(2, None)], rejected=2)
    written = write(store, tmp_path / "out")
    told = json.loads(text_of(written, ".json"))
    rows = list(csv.DictReader(io.StringIO(text_of(written, ".csv"))))
    table = pq.read_table(next(path for path in written.files if path.suffix == ".parquet"))
    assert told["escalations"]["total"] == len(rows) == table.num_rows == 2
    assert (
        [row["triple_id"] for row in rows] == table["triple_id"].to_pylist() == [c["triple_id"] for c in told["cases"]]
    )
    assert told["totals"]["difference"] == 0
    html = text_of(written, ".html")
    assert "2 of 3 exchanges need a person" in " ".join(html.split())
    assert html.count("<article") == 2


def test_a_script_from_a_log_is_text_in_the_page(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.9, question=PAYLOAD, thinking=PAYLOAD, answer=PAYLOAD, tenant=PAYLOAD, model=PAYLOAD)])
    html = text_of(write(store, tmp_path), ".html")
    assert "<script" not in html
    assert "<img src=x" not in html
    assert html.count("&lt;script&gt;") >= 5


def test_the_page_allows_its_own_style_and_nothing_else(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.9)])
    html = text_of(write(store, tmp_path), ".html")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in html.replace("&#39;", "'").replace("&#43;", "+")
    assert not re.search(r"(src|href)=\"(?!#|data:image/jpeg;base64,)", html)


def test_an_image_is_shown_as_a_new_jpeg_and_not_as_its_original_bytes(store: Store, tmp_path: Path) -> None:
    image = picture()
    seed(store, [judged(0, 0.9, images=(image,))])
    html = text_of(write(store, tmp_path), ".html")
    assert 'src="data:image/jpeg;base64,/9j/' in html
    assert base64.b64encode(image.data).decode() not in html


def test_an_image_whose_file_is_gone_is_named(store: Store, tmp_path: Path) -> None:
    image = picture()
    seed(store, [judged(0, 0.9, images=(image,))])
    assert isinstance(store.blobs, Blobs)
    store.blobs.path(image.sha256).unlink()
    html = text_of(write(store, tmp_path), ".html")
    assert "<img" not in html
    assert "the file is not in the image folder" in html


def test_a_hidden_character_is_visible_in_the_page_and_kept_in_the_json(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.9, question="invoice_\u202efdp.exe")])
    written = write(store, tmp_path)
    assert "\u202e" not in text_of(written, ".html") + text_of(written, ".json") + text_of(written, ".csv")
    assert "invoice_⟦U+202E⟧fdp.exe" in text_of(written, ".html")
    assert json.loads(text_of(written, ".json"))["cases"][0]["question"]["shown"] == "invoice_\u202efdp.exe"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\uff1d1+1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert str(cell(text)).startswith("'")


@pytest.mark.parametrize("text", ["x;=1+1", 'x;"=1+1"', "x | +1", "x\n@a", "x;\uff1d1"])
def test_a_text_begins_no_formula_where_a_spreadsheet_cuts_at_other_characters(text: str) -> None:
    assert re.search("[;|\n][\\s\"]*'", str(cell(text)))


def test_numbers_stay_numbers_in_a_cell() -> None:
    assert cell(-0.5) == -0.5


def test_a_report_of_verdicts_that_a_table_gave_says_so(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.9)])
    assert "come from a table" not in text_of(write(store, tmp_path), ".html")
    store.connection.execute("UPDATE runs SET backend = 'scripted'")
    assert "come from a table" in text_of(write(store, tmp_path), ".html")


def test_a_report_of_the_demo_auditor_says_so(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.9)])
    assert "demo auditor" not in text_of(write(store, tmp_path), ".html")
    store.connection.execute("UPDATE verdicts SET model_id = 'builtin:demo'")
    assert "demo auditor" in text_of(write(store, tmp_path), ".html")


def test_a_partition_that_does_not_add_up_is_on_the_first_screen(store: Store, tmp_path: Path) -> None:
    seed(store, [judged(0, 0.9), judged(1, 0.1)])
    store.connection.execute('DELETE FROM outcomes WHERE "offset" = 0')
    html = text_of(write(store, tmp_path), ".html")
    assert "Not everything is accounted for" in html
    assert "Everything that was read is accounted for" not in html


def test_the_command_names_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = str(tmp_path / "night.duckdb")
    with Store.open(database) as made:
        seed(made, [judged(0, 0.9)])
    options = ["--db", database, "--out", str(tmp_path / "out"), "--set", "report.pdf=never"]
    assert report_command([*options, "--json", "--date", "2026-11-22"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["date"] == str(NOW.date())
    assert {Path(file).suffix for file in told["files"]} == {".html", ".json", ".csv", ".parquet"}
    assert all(Path(file).exists() for file in told["files"])


def test_stored_triples_that_were_judged_once_more_are_no_traffic_of_that_day(store: Store, tmp_path: Path) -> None:
    old, today = NOW - timedelta(days=9), [judged(5, 0.1), judged(6, 0.9)]
    seed(store, [judged(0, 0.2, old), judged(1, 0.3, old)], now=old)
    seed(store, today, start=2)
    before = json.loads(text_of(write(store, tmp_path / "before"), ".json"))
    again = ScorerKey("guard-7b", "r7", "p7", "full/greedy/2000")
    run = Run("again", NOW, "0.1.0", again, "transformers", "default-1", "backfill")
    ids = [judged(n, 0.1)[0].id for n in (0, 1, 6)]
    StoreDesk(store).keep(run, [make_verdict(one, scorer=again, scored_at=NOW, **odds(0.95)) for one in ids])
    written = write(store, tmp_path / "after")
    after = json.loads(text_of(written, ".json"))
    (told,) = after.pop("backfills")
    assert before.pop("backfills") == []
    assert {name for name in after if after[name] != before[name]} <= {"made_at"}
    assert (told["model_id"], told["verdicts"], told["first"][:10]) == ("guard-7b", 3, str(old.date()))
    assert "A backfill ran on this day" in text_of(written, ".html")
    assert "A backfill ran" not in text_of(write(store, tmp_path / "old", old.date()), ".html")
