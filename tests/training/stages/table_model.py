"""A Qwen2.5-VL model whose next-token probabilities are a table that a test writes down.

Its one layer adds nothing (the matrices that write to the residual are zero) and token t is embedded as the t-th unit
vector, which the last normalisation makes sqrt(WIDTH) long. So the logits behind t are sqrt(WIDTH) times column t of
the head, whatever came before: log-probabilities divided by that length, put there, come out as they are.
"""

import math
from collections.abc import Mapping

import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from training.stages.context import take_context

WIDTH = 16
NEVER = -30.0

Table = Mapping[int, Mapping[int, float]]


def table_model(table: Table) -> Qwen2_5_VLForConditionalGeneration:
    """A model with the probabilities of `table`: token -> next token -> probability; other tokens follow evenly."""
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": WIDTH,
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "rms_norm_eps": 1e-12,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]},
            "tie_word_embeddings": False,
            "pad_token_id": 0,
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": WIDTH,
        },
        image_token_id=WIDTH - 1,
        video_token_id=WIDTH - 2,
        vision_start_token_id=WIDTH - 3,
        vision_end_token_id=WIDTH - 4,
        tie_word_embeddings=False,
    )
    model = Qwen2_5_VLForConditionalGeneration(config)
    layer = model.model.language_model.layers[0]
    with torch.no_grad():
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
        model.model.language_model.embed_tokens.weight.copy_(torch.eye(WIDTH))
        logs = torch.zeros(WIDTH, WIDTH)
        for token, following in table.items():
            logs[:, token] = NEVER
            for after, share in following.items():
                logs[after, token] = math.log(share)
        model.lm_head.weight.copy_(logs / math.sqrt(WIDTH))
    return take_context(model)
