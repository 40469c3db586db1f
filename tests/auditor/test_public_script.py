"""Our prompt against what GuardTrace-VL's public evaluation script would send for the same row, token by token.

The rendering here is a second one, written from what the script does (GitHub xiangyx2020/GuardTrace-VL,
eval/S-Eval_test_eval.py): it makes a list of messages, the chat template makes one string of it, and the processor
repeats the image's token once for each patch group. Nothing of `auditor/prompt.py` is used for it.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from transformers import Qwen2VLImageProcessor

from auditor.backends.prompts import PromptBuilder
from auditor.guard_input import Protocol, guard_input
from auditor.prompt import read_system_prompt
from auditor.tokens import GuardTokenizer
from conf.schema import load
from ingest.qta import ImageBlob, ImageFailure, ImageReason, QTATriple, RefKind
from tests.factories import make_triple

# Of the base model, Qwen2.5-VL: 4 to 16,384 image tokens.
PROCESSOR = {"patch_size": 14, "merge_size": 2, "temporal_patch_size": 2, "min_pixels": 3136, "max_pixels": 12_845_056}
PROMPT = "  # Task\r\nJudge the reasoning – “all” of it.  \r\n\r\n“Judgment”: [0/0.5/1]\r\n\n"

TEXTS = {
    "english": ("What makes the tide?", "The moon pulls.\n\nSo does the sun.", "The moon, mostly."),
    "chinese": ("潮汐是怎么形成的？", "月球的引力……\n先想一想。", "主要是月球。"),
    "arabic": ("ما سبب المد والجزر؟", "القمر يجذب الماء.", "القمر."),
    "hindi": ("ज्वार क्यों आता है?", "चाँद पानी को खींचता है।", "चाँद।"),
    "russian, emoji, combining": ("Отчего прилив? 🌊", "E\u0301tude: cafe\u0301 👩‍👩‍👧", "Луна\u00a0🌕."),
    "code and figures": ("x = 10**9\n\tprint(x)\r\n", "if a<b: pass  \n  # 0.5 | 1", "```py\n12345678\n```"),
    "blanks at the ends": ("  why? ", "\nwell\n", " so \n\n"),
    "protocol words": ("Current Task Thinking: none", "“Judgment”: 0", "Image missing or unavailable"),
}


def script_messages(row: Mapping[str, str], system_prompt: str, image: Image.Image | None) -> list[dict[str, Any]]:
    """What the script hands to the chat template for a row; a key that is absent is absent in the row."""
    content: list[dict[str, Any]] = []
    if "image_name" in row:
        content.append({"type": "image", "image": image} if image else text_part("Image missing or unavailable"))
    query = row.get("question", "No question provided")
    thinking = row.get("thinking", "No thinking provided")
    response = row.get("response", "No response provided")
    content.append(
        text_part(
            f"Current Task Query: {query}\nCurrent Task Thinking: {thinking}\nCurrent Task Cleaned Response: {response}"
        )
    )
    return [{"role": "system", "content": [text_part(system_prompt)]}, {"role": "user", "content": content}]


def text_part(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def render(messages: list[dict[str, Any]]) -> str:
    """Qwen2.5-VL's chat template: each turn between its marks, the parts of a turn with nothing between them."""
    marks = {"image": "<|vision_start|><|image_pad|><|vision_end|>"}
    turns = (
        f"<|im_start|>{m['role']}\n{''.join(marks.get(p['type'], p.get('text', '')) for p in m['content'])}<|im_end|>\n"
        for m in messages
    )
    return "".join(turns) + "<|im_start|>assistant\n"


def script_ids(
    row: Mapping[str, str], prompt_file: Path, image: Image.Image | None, tokenizer: GuardTokenizer
) -> list[int]:
    """The token ids that the script's processor gives the model, before it cuts at 8,192."""
    with prompt_file.open(encoding="utf-8") as file:
        system_prompt = file.read().strip()
    text = render(script_messages(row, system_prompt, image))
    if image:
        grid = Qwen2VLImageProcessor(**PROCESSOR)(images=[image], return_tensors="pt")["image_grid_thw"][0]
        text = text.replace("<|image_pad|>", "<|image_pad|>" * (int(grid.prod()) // PROCESSOR["merge_size"] ** 2))
    return tokenizer.full.encode(text, add_special_tokens=False).ids


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, qwen_tokenizer: GuardTokenizer) -> Path:
    """Tokenizer and image processor of the real model, with its normal form of Unicode, and a prompt file."""
    folder = tmp_path_factory.mktemp("guard")
    described = json.loads(qwen_tokenizer.full.to_str()) | {"normalizer": {"type": "NFC"}}
    (folder / "tokenizer.json").write_text(json.dumps(described))
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    (folder / "prompt.txt").write_bytes(PROMPT.encode())
    return folder


@pytest.fixture(scope="module")
def builder(folder: Path) -> PromptBuilder:
    config = load(overrides={"auditor.max_prompt_tokens": "100000"}).auditor
    return PromptBuilder.load(config, folder, {Protocol.QTA: read_system_prompt(str(folder / "prompt.txt"))})


def our_ids(triple: QTATriple, builder: PromptBuilder) -> list[int]:
    return list(builder.prompt(guard_input(triple)).ids)


def blob_of(image: Image.Image) -> ImageBlob:
    file = io.BytesIO()
    image.save(file, "PNG")
    data = file.getvalue()
    return ImageBlob(hashlib.sha256(data).hexdigest(), "image/png", image.width, image.height, data)


@pytest.mark.parametrize("kind", ["none named", "lost", "shown"])
@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
def test_our_ids_are_those_of_the_script(
    texts: tuple[str, str, str], kind: str, folder: Path, builder: PromptBuilder
) -> None:
    question, thinking, answer = texts
    row = {"question": question, "thinking": thinking, "response": answer}
    image = Image.new("RGB", (300, 200), "teal") if kind == "shown" else None
    lost = ImageFailure(ImageReason.TRUNCATED_BY_LOGGER, RefKind.DATA)
    images = {"none named": (), "lost": (lost,), "shown": (blob_of(image),) if image else ()}[kind]
    triple = make_triple(question=question, thinking=thinking, answer=answer, images=images)
    named = {} if kind == "none named" else {"image_name": "one.png"}
    want = script_ids(row | named, folder / "prompt.txt", image, builder.tokenizer)
    assert our_ids(triple, builder) == want


@pytest.mark.parametrize("absent", [("thinking",), ("answer",), ("question",), ("thinking", "answer")])
def test_what_is_absent_is_named_as_the_script_names_it(
    absent: tuple[str, ...], folder: Path, builder: PromptBuilder
) -> None:
    question, thinking, answer = TEXTS["english"]
    fields = {"question": question, "thinking": thinking, "answer": answer}
    triple = make_triple(**{name: None if name in absent else text for name, text in fields.items()})
    row = {{"answer": "response"}.get(name, name): text for name, text in fields.items() if name not in absent}
    assert our_ids(triple, builder) == script_ids(row, folder / "prompt.txt", None, builder.tokenizer)


@pytest.mark.parametrize("size", [(28, 28), (56, 56), (57, 200), (333, 777), (1000, 990), (20, 1500), (1, 199)])
def test_an_image_takes_as_many_tokens_as_there_up_to_our_limit(
    size: tuple[int, int], folder: Path, builder: PromptBuilder
) -> None:
    question, thinking, answer = TEXTS["english"]
    image = Image.new("RGB", size, "teal")
    triple = make_triple(question=question, thinking=thinking, answer=answer, images=(blob_of(image),))
    row = {"question": question, "thinking": thinking, "response": answer, "image_name": "one.png"}
    assert our_ids(triple, builder) == script_ids(row, folder / "prompt.txt", image, builder.tokenizer)


def test_a_larger_image_differs_in_the_number_of_its_tokens_alone(folder: Path, builder: PromptBuilder) -> None:
    """The script shows up to 16,384 image tokens, which its own limit of 8,192 then cuts; we scale down."""
    image = Image.new("RGB", (2000, 1500), "teal")
    question, thinking, answer = TEXTS["english"]
    triple = make_triple(question=question, thinking=thinking, answer=answer, images=(blob_of(image),))
    row = {"question": question, "thinking": thinking, "response": answer, "image_name": "one.png"}
    theirs = script_ids(row, folder / "prompt.txt", image, builder.tokenizer)
    ours = our_ids(triple, builder)
    pad = builder.tokenizer.specials["<|image_pad|>"]
    assert ours.count(pad) < theirs.count(pad)
    assert [i for i in ours if i != pad] == [i for i in theirs if i != pad]
