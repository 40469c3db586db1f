"""Which cases a guard may learn from, and which it never will.

snapshot    all that a training may look at, asked of whoever owns the database
votes_of    what was said of a case, as votes
agreed      whether two people agree on a case, and what the guard should have said of it
alike       cases that read nearly alike
locking     cases that are kept for the gate, by lot
caps        how much may rest on one person, one pair, one source
choose      all of it: items, what is left out and why, what is locked
prepare     the same against a database: locked first, images brought, erased ones out
card        the data card of a training
"""
