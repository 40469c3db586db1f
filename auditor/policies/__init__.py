"""Which risks need a person: thresholds that a non-programmer can edit, in versions that two people agree on.

policy   the thresholds of any combination, and what they make of a verdict
file     policy.toml, read and checked, with the lines that are wrong
write    the file of a policy with other thresholds
store    versions in the database: proposed by one person, approved by another, in force from a day on
changes  what differs between two policies, in sentences
cli      the command policy
"""
