"""Triples in, verdicts out.

verdict     Judgment, Verdict and its key
policy      a verdict and thresholds become an escalation, or not
prompt      a triple becomes the guard's prompt, as token ids
labels      the label trie: 0, 0.5 and 1 as token paths, and their probabilities
microbatch  which triples go through the model together
completion  the guard's text becomes analysis and judgment, or is unreadable
backends/   what runs the model: transformers, vllm, scripted
models      finds and checks a checkpoint; builtin:demo is one of them
scorer      prompt, backend, completion, verdict: one verdict per triple, in order
metrics     AUROC, F1 and what else is measured
store       the DuckDB file: one transaction a batch; it and queries.py are the only places with SQL
store_rows  what is stored, as rows
migrate     brings a database file to this version's tables
blobs       the folder of original images, by content
ledger      whether every offset is accounted for
pipeline    the audit loop: engine, scorer and store put together
console     what run and ledger show, and how they are asked to stop
errors      broken machinery
"""
