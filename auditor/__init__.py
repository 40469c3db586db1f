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
store       the DuckDB file: the only place that writes SQL
pipeline    the audit loop: engine, scorer and store put together
errors      broken machinery
"""
