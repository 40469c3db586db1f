"""The stages of a run, one file each, on TRL, PEFT and accelerate: a checkpoint and items in, a whole checkpoint out.

encoding    items become token ids: the prompt that the guard is asked with, and what it is to say
batches     rows of like length together, a whole run planned beforehand; tensors
context     the prompt's keys and values computed once for all that continues it
loading     the weights to train, with an adapter or without, and the reference
trainers    TRL's trainers on batches that are planned and token ids that are ours
running     one stage from start to end: resumes after a kill, and leaves a whole checkpoint or none
sft         supervised fine-tuning on what all voters agree on
dpo         preference optimisation on what a majority decided
ogdpo       the same once more, on hard negatives that an oracle ruled on, and on experts' pairs
judging     what a checkpoint says of items, with its words
oracle      which of two judgments is right: what an oracle promises, and people as one
oracle_endpoint  a stronger model behind an endpoint as one
"""
