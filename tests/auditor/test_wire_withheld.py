"""What masking withholds does not travel to the sink either, and is stored there as withheld."""

from auditor.ranges import JudgedRange
from auditor.store_rows import dead_letter_rows
from auditor.wire import decode, encode
from conf.schema import load
from ingest.masking import Find, Masks, mask_of
from ingest.normalize import normalizer
from ingest.privacy import Privacy
from tests.factories import NOW, make_record, make_run

ADDRESS = "alice@harbour.example"
MASKS = Masks(active=True, default=mask_of(lambda text: [Find(0, len(text), "X", 1.0)] if "@" in text else []))


def test_a_rejected_record_arrives_without_bytes_and_with_its_hash() -> None:
    read = normalizer(load(), Privacy(b"k" * 16, MASKS))
    values = (
        b'{"broken": ' + ADDRESS.encode(),
        b'{"qta": 1, "question": "%s", "answer": "a"}' % ADDRESS.encode(),
    )
    items = tuple(read(make_record(value, at, key=ADDRESS.encode())) for at, value in enumerate(values))
    (message,) = encode(JudgedRange("kafka:c/topic", 0, 0, 2, make_run(), items), 10**6, lambda _: "")
    arrived = decode(message.value, lambda _: b"")
    assert isinstance(arrived, JudgedRange)
    assert ADDRESS not in repr(arrived)
    assert arrived.items[1].triples[0].question == "<X>"
    (row,) = dead_letter_rows(arrived.items, NOW)
    assert (row["value"], row["key"], row["n_bytes"]) == (None, None, len(values[0]))
