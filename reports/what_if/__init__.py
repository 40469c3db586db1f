"""What a policy would have done: from stored scores and a reviewed sample, without judging anything anew.

weights      how many exchanges each reviewed one stands for
estimates    harmful shares and numbers with intervals, or too few reviews to tell
index        how many verdicts lie at or above any threshold, of each combination
outcome      what a policy comes to in a slice: alerts, precision, recall, misses, hours, cost
finders      the line that costs least, fits the capacity, keeps a recall
comparison   a proposed policy against the one in force
edits        small changes to a policy, from the command line
draft        a policy as a form or a program tells it
effect       what a slider shows, in milliseconds
load         all of it from the database, at one instant
answers      the same, asked of whoever owns the database
words        how figures are written for people
plots, page  the same as a page with plots
console, as_json, cli  the action `policy what-if`
"""
