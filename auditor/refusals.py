"""What a checkpoint folder must not hold: pickled weights instead of safetensors, and code of its own."""

import json
from pathlib import Path
from typing import Any

from auditor.errors import ModelUnusable

WEIGHTS = "*.safetensors"
INDEX = "*.safetensors.index.json"
CONFIGS = (
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer_config.json",
    "video_preprocessor_config.json",
)


def refuse_unsafe(folder: Path) -> None:
    """Pass a folder that holds data alone.

    Raises:
        ModelUnusable: it has no safetensors weights, its index names others, or it brings code.
    """
    if not any(folder.glob(WEIGHTS)):
        raise ModelUnusable(f"{folder}: no safetensors weights there; other kinds are not loaded")
    for index in folder.glob(INDEX):
        refuse_index(index)
    if scripts := sorted(path.name for path in folder.glob("*.py")):
        raise ModelUnusable(f"{folder}: brings code ({', '.join(scripts)}), which is never run; take it out of there")
    for name in CONFIGS:
        described = read_json(folder / name) if (folder / name).exists() else {}
        if "auto_map" in described:
            raise ModelUnusable(f"{folder / name}: asks for code of its own (auto_map), which is never run")


def refuse_index(index: Path) -> None:
    """Pass an index whose weights are safetensors files beside it.

    Raises:
        ModelUnusable: it names something else, or files that are not there.
    """
    parts = read_json(index).get("weight_map")
    if not isinstance(parts, dict) or not parts:
        raise ModelUnusable(f"{index}: names no weights")
    for name in sorted({str(part) for part in parts.values()}):
        if not name.endswith(".safetensors") or Path(name).name != name:
            raise ModelUnusable(f"{index}: names {name!r}; only safetensors files beside it are loaded")
        if not (index.parent / name).is_file():
            raise ModelUnusable(f"{index}: names {name!r}, which is not there")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        ModelUnusable: it holds none.
    """
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ModelUnusable(f"{path}: not readable as JSON") from None
    if not isinstance(described, dict):
        raise ModelUnusable(f"{path}: not a JSON object")
    return described
