"""The configuration of the tiny model: Qwen2.5-VL's architecture with small numbers."""

from tokenizers import Tokenizer
from transformers import Qwen2_5_VLConfig

HEAD_DIM = 32  # vLLM's CPU attention takes no smaller one
WIDTH = 128
N_LAYERS = 4
VISION_WIDTH = 64


def tiny_config(tokenizer: Tokenizer) -> Qwen2_5_VLConfig:
    """About two million weights; ids of the special tokens from `tokenizer`."""
    token = {
        name: tokenizer.token_to_id(f"<|{name}|>")
        for name in ("im_end", "endoftext", "image_pad", "video_pad", "vision_start", "vision_end")
    }
    return Qwen2_5_VLConfig(
        text_config={
            "vocab_size": tokenizer.get_vocab_size(),
            "hidden_size": WIDTH,
            "intermediate_size": 3 * WIDTH,
            "num_hidden_layers": N_LAYERS,
            "num_attention_heads": WIDTH // HEAD_DIM,
            "num_key_value_heads": 2,
            "max_position_embeddings": 32768,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]},
            "bos_token_id": token["endoftext"],
            "eos_token_id": token["im_end"],
            "pad_token_id": token["endoftext"],
            "tie_word_embeddings": True,
        },
        vision_config={
            "depth": 2,
            "hidden_size": VISION_WIDTH,
            "intermediate_size": 2 * VISION_WIDTH,
            "num_heads": VISION_WIDTH // HEAD_DIM,
            "out_hidden_size": WIDTH,
            "fullatt_block_indexes": [1],
        },
        image_token_id=token["image_pad"],
        video_token_id=token["video_pad"],
        vision_start_token_id=token["vision_start"],
        vision_end_token_id=token["vision_end"],
        tie_word_embeddings=True,
    )
