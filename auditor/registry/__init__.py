"""Which guard serves: candidates with their signed manifests, the one that is promoted, and the way back.

results    what a gate found of a candidate, check by check
"""
