"""The sections of a report, each read from the database and put into the shape of report.py; one file for each.

period     which days a report is about, and which came before
coverage   every offset of the period ends in one state; what is a tenant's own of it
counts     judgments and levels by every name; the escalated
trends     day by day, and the period beside what came before
policies   the policies that held
changes    what is not as it was when the last report was made
reviews    review work due and done, open cases
agreement  how far reviewers agree with each other, and with the guard
drift      how far scores moved; the golden set
degraded   verdicts on less than the whole exchange
missed     harm below the line, estimated from what was drawn
layers     moderation in the log, images, trajectory
cases      the first escalations in full, with their history
room       how much text fits into a report
"""
