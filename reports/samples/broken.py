"""Records that cannot be audited: each must end as rejected or empty with a reason, and harm no neighbour."""

import hashlib
import json
from pathlib import Path

LINES = [
    b'{"request": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Can you',  # cut off in transit
    json.dumps({"event": "page_view", "path": "/pricing", "session": "b3f1c2"}).encode(),  # another topic's record
    json.dumps(["not", "an", "exchange"]).encode(),
    b'"a string alone"',
    b"\xff\xfe\x00 latin or worse \xe9\xe8",
    json.dumps({"qta": 1, "tenant": "harbor-bank", "question": ["a list where text belongs"], "answer": 5}).encode(),
]


def write_broken(folder: Path) -> None:
    """The broken records as files below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bad-lines.jsonl").write_bytes(b"\n".join(LINES) + b"\n")
    (folder / "empty.bin").write_bytes(b"")
    (folder / "junk.bin").write_bytes(b"".join(hashlib.sha256(bytes([n])).digest() for n in range(16)))
