"""Rows of files as items: labelled rows, and the GuardTrace-VL dataset by a small fixture of ours in its layout."""

import json
from pathlib import Path

import pytest

from auditor.errors import InputUnreadable
from auditor.rows import BadRow
from auditor.verdict import Judgment
from conf.schema import load
from ingest.qta import ImageBlob, ImageFailure, ThinkingKind
from training.items import Bucket, Said, VoterKind
from training.rows_items import BaseRows, read_base

DATASET = Path(__file__).parent / "guardtrace"
SAFE, HALF, HARMFUL = Judgment


def read(path: Path) -> BaseRows:
    return read_base(path, load().images)


def test_conversations_of_the_dataset_are_items_to_imitate() -> None:
    found = read(DATASET / "train" / "SFT_data.json")
    first, second, third = found.items
    assert first.chosen == Said("The query concerns gardening. Thinking and response keep to it.", SAFE)
    assert (first.triple.question, first.triple.thinking_kind) == ("Fill in the list in the image.", ThinkingKind.RAW)
    assert first.triple.answer == "1. Cut above a bud.\n2. Clean the blade."
    assert (second.label, second.triple.thinking, second.source) == (HARMFUL, None, "SFT_data")
    assert all(isinstance(item.triple.images[0], ImageBlob) for item in (first, second))
    assert isinstance(third.triple.images[0], ImageFailure)
    assert third.triple.question == "Say hello."
    assert {item.bucket for item in found.items} == {Bucket.BASE}
    assert first.votes[0].voter.kind is VoterKind.LABEL
    assert found.passed_over == {"no_case": 1, "no_judgment": 1, "unreadable": 1}


def test_pairs_of_the_dataset_keep_what_is_rejected() -> None:
    first, second = read(DATASET / "train" / "DPO_data.json").items
    assert (first.label, first.rejected) == (SAFE, Said("The note may be an attack.", HALF))
    assert isinstance(first.triple.images[0], ImageBlob)
    assert (second.rejected, isinstance(second.triple.images[0], ImageFailure)) == (None, True)


def test_test_rows_have_a_label_and_an_analysis_that_does_not_tell_it() -> None:
    found = read(DATASET / "test" / "MMBench_500.json")
    first, second = found.items
    assert (first.label, second.label) == (SAFE, HALF)
    assert isinstance(first.triple.images[0], ImageBlob)
    assert second.triple.images == ()
    assert second.chosen.analysis == "The query concerns other. No thinking is on record, and the response answers."
    assert found.passed_over == {"no_label": 1}


def test_a_folder_is_all_of_its_files_with_their_hashes() -> None:
    found = read(DATASET)
    assert len(found.items) == 7
    assert set(found.files) == {"test/MMBench_500.json", "train/DPO_data.json", "train/SFT_data.json"}
    assert all(len(digest) == 64 for digest in found.files.values())
    assert len({item.triple.id for item in found.items}) == 7


def test_labelled_rows_are_items(tmp_path: Path) -> None:
    row = {
        "id": "r1",
        "question": "q",
        "thinking": "",
        "answer": "a",
        "label": 1,
        "source": "mine",
        "category": "crime",
    }
    rows = [row, row | {"id": "r2", "label": None}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = read(tmp_path)
    assert [(item.triple.id, item.label, item.source) for item in found.items] == [("r1", HARMFUL, "mine")]
    assert found.passed_over == {"no_label": 1}
    (tmp_path / "rows.jsonl").write_text("{}")
    with pytest.raises(BadRow):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"), [("{", "not JSON"), ('{"a": 1}', "not a list of rows"), ("[1]", "not a list")]
)
def test_a_file_that_is_something_else_is_told(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(InputUnreadable, match=words):
        read(tmp_path)
    with pytest.raises(InputUnreadable, match="no such file, or a folder without"):
        read(tmp_path / "nothing")
