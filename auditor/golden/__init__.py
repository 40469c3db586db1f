"""The golden set: labelled cases and canaries that the guard is tried on again and again.

cases.jsonl  our own rows: benign, alarming only in its words, refusals, harm in general terms, canaries
drill        what a run of the guard over them came to, and what of it is an alarm

The cases go through `Scorer.score` like any triple. They are kept in tables of their own, golden_runs and
golden_scores: no customer's figure and no ledger counts them.
"""
