"""What proves that the record is whole: events that are chained by their hashes.

events   the audit trail
"""
