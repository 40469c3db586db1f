"""Disturbs audits for as long as asked, and proves that nothing is lost and nothing twice: `make chaos`.

load             the records that are audited, the same for the same seed
proof            a disturbed database against an undisturbed one: lost, duplicated, ledger, report
embedded         `traceaudit run`, killed at points of its write path and at random moments
fleet            workers and a service, killed in the same way
broker_restarts  the broker killed under load
storm            workers that join, leave and are suspended
"""
