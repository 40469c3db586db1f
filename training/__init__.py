"""Labelled rows in, a guard model out.

rows        QTA rows with labels
baseline    TF-IDF and logistic regression: what a guard has to beat
demo_auditor  the demo checkpoint: tokenizer, architecture, training, model card
"""
