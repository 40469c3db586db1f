"""What training asks of the database: cases to learn from, cases that are locked, and what runs made of them.

cases         what is known of one case when a training looks for items, on the wire
snapshot      those of the database, in pages
annotations   what judges said, kept once each
locks         cases that no guard is ever trained on, and the set that a gate tries guards on
store_runs    trainings, and what each of their items rests on
answers       all of it, as commands ask for it
"""
