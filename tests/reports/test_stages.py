"""Where the harm lies, as the report shows it: counted in the table, told with numbers in the case."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditor.store import Store
from reports.nightly import write_nightly
from reports.wording import stage
from tests.reports.seed import EDITION, Judged, config, judged, picture, seed


def diagnosed(number: int, risk: float, **changes: Any) -> Judged:
    triple, verdict = judged(number, risk, images=(picture(),))
    return triple, replace(verdict, **changes)


def night() -> list[Judged]:
    thinking = {"question": -0.02, "thinking": 0.61, "answer": 0.03}
    both = {"image": 0.44, "question": 0.41, "thinking": 0.0, "answer": 0.02}
    return [
        diagnosed(1, 0.97, stage="thinking", contributions=thinking, flags=("harmful_thinking_clean_answer",)),
        diagnosed(2, 0.94, stage="thinking", contributions=thinking),
        diagnosed(3, 0.92, stage="image+question", contributions=both, flags=("needs_image",)),
        diagnosed(4, 0.91, flags=("not_diagnosed",)),
        diagnosed(5, 0.1),
    ]


def test_the_report_says_where_the_harm_lies(tmp_path: Path) -> None:
    with Store.open(":memory:", str(tmp_path / "blobs")) as store:
        seed(store, night())
        written = {
            file.suffix: file
            for file in write_nightly(store, config(report__out_dir=f'"{tmp_path}"'), None, EDITION).files
        }
    data = json.loads(written[".json"].read_text())
    assert [(line["stage"], line["triples"]) for line in data["by_stage"]] == [
        ("thinking", 2),
        ("", 1),
        ("image+question", 1),
    ]
    assert sum(line["triples"] for line in data["by_stage"]) == data["escalations"]["total"] == 4
    assert data["cases"][2]["contributions"] == {"image": 0.44, "question": 0.41, "thinking": 0.0, "answer": 0.02}
    html = written[".html"].read_text()
    assert "Where the harm lies: images, question" in html
    assert "+0.610" in html
    assert html.count("a check of answers alone misses this case.") == 1
    assert html.count("Without its images, the guard scores") == 1
    assert html.count("could not be examined; the judgment stands.") == 1
    lines = list(csv.DictReader(written[".csv"].open()))
    assert [(line["stage"], line["flags"]) for line in lines] == [
        ("thinking", "harmful_thinking_clean_answer"),
        ("thinking", ""),
        ("image+question", "needs_image"),
        ("", "not_diagnosed"),
    ]


def test_a_stage_has_a_name_for_readers() -> None:
    assert [stage(code) for code in (None, "unclear", "answer", "thinking+answer")] == [
        "not examined",
        "no part stands out",
        "answer and actions",
        "thinking, answer and actions",
    ]
