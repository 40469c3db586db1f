import io
from pathlib import Path

import pytest

from conf.schema import load
from ingest.errors import SourceNotFound, SourceSyntax
from ingest.qta import Record
from ingest.source import Polled, open_source, open_sources, records_of
from ingest.stdin import Stdin

CONFIG = load()


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")
    (source,) = open_sources([str(tmp_path), str(tmp_path / "a.jsonl"), str(tmp_path / "*.jsonl")], CONFIG)
    assert len(list(records_of(source))) == 1


@pytest.mark.parametrize("text", ["s3://bucket/key", "http://host/x"])
def test_an_unknown_scheme_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(SourceSyntax, match="kafka://host:port/topic"):
        open_source(text, CONFIG)


def test_following_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceSyntax, match="--follow"):
        open_sources([str(tmp_path)], CONFIG, follow=True)


@pytest.mark.parametrize("name", ["nowhere", "nowhere/*.jsonl", "folder"])
def test_a_path_that_names_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceNotFound):
        open_source(str(tmp_path / name), CONFIG)


def test_standard_input_is_a_line_a_record() -> None:
    records = list(records_of(Stdin(CONFIG, io.BytesIO(b'{"a":1}\n\nlast'))))
    assert [record.value for record in records] == [b'{"a":1}', b"", b"last"]
    assert [record.position.offset for record in records] == [0, 1, 2]


def test_a_quiet_pipe_returns_from_poll_with_nothing() -> None:
    class Quiet(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:  # noqa: ARG002
            import time

            time.sleep(5)
            return b""

    source = Stdin(load(overrides={"kafka.poll_timeout_s": "0.01"}), Quiet())
    source.resume({})
    assert source.poll() == Polled(starts={(source.source, 0): 0})


def test_records_in_memory_stay_bounded_by_the_batch(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n" * 10)
    source = open_source(str(tmp_path), load(overrides={"batching.max_records": "4"}))
    source.resume({})
    sizes = [len(source.poll().items) for _ in range(3)]
    assert sizes == [4, 4, 2]
    assert all(isinstance(item, Record) for item in source.poll().items)
    source.close()
