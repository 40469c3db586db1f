"""Labelled rows as exchanges, where a folder of them is there; nothing of them is kept outside the store."""

import base64
import mimetypes
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from auditor.verdict import Category, Judgment
from reports.demo_store.scenes import Kind, Said, Truth

MAX_CHARS = 1500  # of a row's texts together: longer ones make the guard slow, and show nothing more
FILES = ("dev.jsonl", "train.jsonl")
TENANTS = {
    "cybersecurity": "kestrel-software",
    "crime_and_illegal_activities": "harbor-bank",
    "data_privacy": "harbor-bank",
    "physical_and_mental_health": "linden-clinic",
    "inappropriate_suggestions": "linden-clinic",
}
KINDS = {
    Judgment.SAFE: Kind.WARY,
    Judgment.POTENTIALLY_HARMFUL: Kind.SOFT,
    Judgment.HARMFUL: Kind.COMPLIED,
}


def read_labelled(folder: Path, most: int) -> list[Said]:
    """Up to `most` short rows with a label, always the same ones; none where the folder is not there."""
    rows = [row for name in FILES for row in lines_of(folder / name) if is_wanted(row)]
    rows.sort(key=lambda row: sha256(str(row["id"]).encode()).digest())
    return [said_of(row, folder) for row in rows[:most]]


def lines_of(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file; none where it is not there."""
    if file.exists():
        with file.open("rb") as lines:
            yield from map(orjson.loads, lines)


def is_wanted(row: dict[str, Any]) -> bool:
    """Whether a row has a label and an answer, and is short."""
    texts = [row["question"], row["thinking"] or "", row["answer"] or ""]
    return row["label"] is not None and bool(row["answer"]) and sum(map(len, texts)) <= MAX_CHARS


def said_of(row: dict[str, Any], folder: Path) -> Said:
    """A row as an exchange of one of our tenants: by what it is about, else by its id."""
    truth, tenants = Truth(Judgment(row["label"]), category_of(row["category"])), sorted({*TENANTS.values()})
    tenant = TENANTS.get(truth.category) or tenants[sha256(str(row["id"]).encode()).digest()[0] % len(tenants)]
    return Said(
        tenant=tenant,
        application="open-chat",
        system="",
        kind=KINDS[truth.judgment],
        truth=truth,
        language=row.get("lang") or "en",
        question=row["question"],
        thinking=row["thinking"] or "",
        answer=row["answer"],
        files=tuple(data_url(folder / path) for path in row["images"]),
    )


def category_of(words: str | None) -> str:
    """The category of a row in the guard's names; "" where it is none of them."""
    name = (words or "").replace(" ", "_")
    return name if name in {*Category} else ""


def data_url(file: Path) -> str:
    """An image file in the form in which logs carry it."""
    kind = mimetypes.guess_type(file.name)[0] or "image/png"
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
