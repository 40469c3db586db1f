"""The demo auditor: a Qwen2.5-VL-architecture checkpoint of a few megabytes, from random weights by the paper's recipe.

examples      labelled rows become prompts with the completion to learn
tokenizer     a byte-level BPE tokenizer with Qwen2.5-VL's special tokens
architecture  the configuration of the tiny model
batches       examples of like length together, padded, with images
norms         a faster way to the same norms
base          language modelling without labels: what stands in for a pretrained base
making        the base made, in several processes
judges        three small models of different kinds that vote on the rows
cases         rows and votes become the items of the stages
seeds         SFT, DPO and OGDPO from the base for one seed, measured after each
ablation      the table of stages, with its spread over seeds
card          the model card: data, recipe, figures, limits
"""
