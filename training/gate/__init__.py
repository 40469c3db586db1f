"""The gate: a candidate beside the guard that serves, check by check; only what passes may be promoted.

cases     what they are tried on: locked cases of reviewers, the golden set, our own sets
injections  harmful cases with words to the auditor in them
trial     both guards over the cases, side by side, with the time that each took
paired    how far two guards differ on the same cases, with intervals
rulings   a difference against what is borne, and the reason in a sentence
ngrams    what stands in newly learned safe texts and nowhere else
checks    one check a file, and the table of them
gate      the run of all checks
"""
