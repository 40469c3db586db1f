import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from conf.schema import load
from ingest.errors import SourceChanged
from ingest.json_values import split_values
from ingest.qta import Record
from ingest.replay import Replay, find_files
from ingest.source import open_source, records_of

CONFIG = load()
SMALL = load(overrides={"ingest.max_record_bytes": "16"})


def values(path: Path, max_bytes: int = 10_000) -> list[bytes]:
    config = load(overrides={"ingest.max_record_bytes": str(max_bytes)})
    return [record.value for record in records_of(open_source(str(path), config))]


def resumed(path: Path, offset: int) -> list[Record]:
    source = Replay([path], CONFIG)
    source.resume({(f"file:{path}", 0): offset})
    polled = source.poll()
    assert polled.starts == {}
    return [item for item in polled.items if isinstance(item, Record)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize(
    ("name", "content", "want"),
    [
        ("a.jsonl", b'{"a":1}\r\n\n{"b":2}', [b'{"a":1}', b"", b'{"b":2}']),
        ("a.json", b'[{"a":[1,"],"]}, {"b":2}]', [b'{"a":[1,"],"]}', b'{"b":2}']),
        ("a.json", b'{"a":1}', [b'{"a":1}']),
        ("a.json", b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}']),
        ("a.json", b"not json", [b"not json"]),
        ("a.json", b"", [b""]),
        ("a.json", b'[{"a":1}] more', [b'{"a":1}', b"more"]),
        ("a.pb", b"\x0a\x00\n", [b"\x0a\x00\n"]),
        ("noname", b"\xff", [b"\xff"]),
    ],
)
def test_a_file_becomes_records_by_its_suffix(
    tmp_path: Path, pack: Callable[[bytes], bytes], name: str, content: bytes, want: list[bytes]
) -> None:
    suffix = {gzip.compress: ".gz", zstandard.compress: ".zst"}.get(pack, "")
    path = tmp_path / (name + suffix)
    path.write_bytes(pack(content))
    assert values(path) == want


def test_a_parquet_row_is_a_record_with_bytes_in_base64(tmp_path: Path) -> None:
    pq.write_table(pa.table({"question": ["a", "b"], "image": [b"\x00", None]}), tmp_path / "a.parquet")
    rows = [json.loads(value) for value in values(tmp_path / "a.parquet")]
    assert rows == [{"question": "a", "image": "AA=="}, {"question": "b", "image": None}]


def test_parquet_resumes_inside_a_row_group(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": list(range(10))}), path, row_group_size=4)
    assert [json.loads(record.value)["n"] for record in resumed(path, 6)] == [6, 7, 8, 9]


def test_a_broken_file_ends_with_its_raw_bytes_once(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b'{"n":%d}\n' % n for n in range(20_000)))
    (tmp_path / "a.jsonl.gz").write_bytes(whole[:20_000])
    *lines, last = values(tmp_path / "a.jsonl.gz", max_bytes=100_000)
    assert last == whole[:20_000]
    assert lines[0] == b'{"n":0}'
    assert resumed(tmp_path / "a.jsonl.gz", len(lines) + 1) == []


def test_a_parquet_file_that_is_none_is_one_record(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no")
    assert values(tmp_path / "a.parquet") == [b"PAR1 no"]


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", b"%s\n{}\n"), ("a.json", b"[%s,{}]"), ("a.bin", b"%s")])
def test_a_record_too_long_is_cut_where_it_shows(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content % (b'"' + b"x" * 5_000_000 + b'"'))
    first, *others = values(tmp_path / name, max_bytes=16)
    assert first == b'"' + b"x" * 16
    assert others in ([b"{}"], [])


def test_reading_goes_on_where_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"0\n1\n2\n")
    assert [(record.position.offset, record.value) for record in resumed(path, 1)] == [(1, b"1"), (2, b"2")]
    assert resumed(path, 3) == []


def test_a_file_that_shrank_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"0\n")
    with pytest.raises(SourceChanged, match=r"a\.jsonl was read up to record 3"):
        resumed(path, 3)


def test_a_record_knows_its_file_and_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"{}\n")
    (record,) = records_of(open_source(str(tmp_path), CONFIG))
    assert record.folder == str(tmp_path)
    assert record.position.source == f"file:{tmp_path}/a.jsonl"


def test_a_folder_leaves_out_hidden_files_and_images(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a/c.json", ".hidden", ".git/config", "a/picture.PNG"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in find_files([str(tmp_path)])] == ["c.json", "b.jsonl"]


json_values = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.lists(json_values.filter(lambda value: value is not None)), st.integers(1, 9))
def test_an_array_gives_its_elements_however_it_is_chunked(elements: list[object], size: int) -> None:
    text = json.dumps(elements, indent=1, ensure_ascii=False).encode()
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    assert [json.loads(value) for value in split_values(chunks, 100_000)] == elements
