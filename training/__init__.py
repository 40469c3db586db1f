"""Labelled rows and reviewed cases in, a guard model out.

items       what is learned from: triple, label, votes, texts
baseline    TF-IDF and logistic regression: what a guard has to beat
demo        the demo checkpoint: tokenizer, architecture, training, model card
"""
