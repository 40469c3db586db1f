"""The demo auditor: a Qwen2.5-VL-architecture checkpoint of a few megabytes, trained from random weights.

examples      labelled rows become prompts with the completion to learn
tokenizer     a byte-level BPE tokenizer with Qwen2.5-VL's special tokens
architecture  the configuration of the tiny model
batches       examples of like length together, padded, with images
train         the training loop
card          the model card: data, recipe, figures, limits
"""
