"""The real model without its weights: the vocabulary from the package dashscope, and the numbers of its configuration.

Source of the numbers: config.json and preprocessor_config.json of Qwen/Qwen2.5-VL-3B-Instruct (Qwen research licence);
they are facts of the published model, written down here in our own form.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from transformers.convert_slow_tokenizer import TikTokenConverter

from tests.auditor.injection.texts import QWEN_TOKENS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
N_WEIGHTS_3B = 3_754_622_976  # as the model's page has it
CONFIG_3B = {
    "architectures": ["Qwen2_5_VLForConditionalGeneration"],
    "model_type": "qwen2_5_vl",
    "text_config": {
        "model_type": "qwen2_5_vl_text",
        "vocab_size": 151936,
        "hidden_size": 2048,
        "intermediate_size": 11008,
        "num_hidden_layers": 36,
        "num_attention_heads": 16,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128000,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0, "mrope_section": [16, 24, 24]},
        "bos_token_id": 151643,
        "eos_token_id": 151645,
        "tie_word_embeddings": True,
    },
    "vision_config": {
        "model_type": "qwen2_5_vl_vision",
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "out_hidden_size": 2048,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
    },
    "image_token_id": 151655,
    "video_token_id": 151656,
    "vision_start_token_id": 151652,
    "vision_end_token_id": 151653,
    "tie_word_embeddings": True,
}
PREPROCESSOR = {
    "image_processor_type": "Qwen2VLImageProcessor",
    "min_pixels": 3136,
    "max_pixels": 12845056,
    "patch_size": 14,
    "temporal_patch_size": 2,
    "merge_size": 2,
}


def vocabulary() -> str:
    """tokenizer.json of the real vocabulary, with its special tokens at their real ids."""
    ranks = files("dashscope") / "resources" / "qwen.tiktoken"
    converted: Tokenizer = TikTokenConverter(str(ranks), pattern=PATTERN).converted()
    described = json.loads(converted.to_str())
    described["normalizer"] = {"type": "NFC"}
    kind = {"normalized": False, "single_word": False, "lstrip": False, "rstrip": False}
    described["added_tokens"] = [
        {"id": 151643 + n, "content": token, "special": n < 14, **kind} for n, token in enumerate(QWEN_TOKENS)
    ]
    return json.dumps(described)


def write_3b(folder: Path) -> Path:
    """A folder of the 3B model with everything but its weights."""
    (folder / "config.json").write_text(json.dumps(CONFIG_3B), encoding="utf-8")
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR), encoding="utf-8")
    (folder / "tokenizer.json").write_text(vocabulary(), encoding="utf-8")
    return folder
