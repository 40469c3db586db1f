"""Which cases of a day reviewers see: all that are urgent, a share of the escalated, a random sample below the line.

bands   the bands of risk that strata below the line are made of
strata  which verdicts are drawn from together, and how many of each; pure
store   the draw of a day in the database, once
queries what of that is due, done and overdue
case    a case for a reviewer, safe to show in a terminal
cli, case_cli  the command review
"""
